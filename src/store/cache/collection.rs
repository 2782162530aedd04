//! Collections in memory, made so that a reader takes one out of a lock by counting a
//! reference, and a writer changes a copy that shares all but a few nodes with it.
//!
//! Sources: Momento's protocol (`cache_client.proto`) for what operations mean. One element is
//! found, added or removed in steps that grow with the logarithm of the length, a read or write
//! of many in such steps for each; only a list's removal by value looks at all of it. Sizes are
//! bytes: each element counts with what it takes beside its own bytes.

pub(super) mod dictionary;
pub(super) mod list;
pub(super) mod set;
pub(super) mod sorted_set;
#[cfg(test)]
mod tests;
mod tree;

pub use self::dictionary::Dictionary;
pub use self::list::List;
pub use self::set::Set;
pub use self::sorted_set::SortedSet;
use self::tree::Weighed;
use crate::store::cache::{
    CacheError, CollectionOperation, Element, ItemKind, Outcome, WriteLimits,
};

/// What a collection takes beside its elements: its own allocation and those of its root.
pub const COLLECTION_OVERHEAD_BYTES: usize = 208;
/// The counts of references that an element's block begins with.
const COUNTS_BYTES: usize = 16;
/// What an element of a list or set, a field, or a field's value takes beside its block: its place
/// (16) with what its leaf and those above have in spare.
const PLACE_BYTES: usize = 32;
/// What a member of a sorted set takes beside its block: it has two places of 24 each.
const SCORED_PLACES_BYTES: usize = 96;

#[derive(Clone, Debug, PartialEq)]
pub enum Collection {
    Dictionary(Dictionary),
    List(List),
    Set(Set),
    SortedSet(SortedSet),
}

/// What of an operation can be refused without the collection is; the rest of it is put into
/// the form that takes the fewest steps.
pub(super) fn checked(
    operation: CollectionOperation,
    limits: &WriteLimits,
) -> Result<CollectionOperation, CacheError> {
    use CollectionOperation::{Dictionary, List, Set, SortedSet};
    Ok(match operation {
        Dictionary(operation) => Dictionary(dictionary::checked(operation, limits)?),
        List(operation) => List(list::checked(operation, limits)?),
        Set(operation) => Set(set::checked(operation, limits)?),
        SortedSet(operation) => SortedSet(sorted_set::checked(operation, limits)?),
    })
}

impl Collection {
    pub fn kind(&self) -> ItemKind {
        match self {
            Self::Dictionary(_) => ItemKind::Dictionary,
            Self::List(_) => ItemKind::List,
            Self::Set(_) => ItemKind::Set,
            Self::SortedSet(_) => ItemKind::SortedSet,
        }
    }

    /// Its elements.
    pub fn len(&self) -> usize {
        match self {
            Self::Dictionary(it) => it.len(),
            Self::List(it) => it.len(),
            Self::Set(it) => it.len(),
            Self::SortedSet(it) => it.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its elements with what each takes beside its bytes, and what it takes itself.
    pub fn size_bytes(&self) -> usize {
        COLLECTION_OVERHEAD_BYTES
            + match self {
                Self::Dictionary(it) => it.size_bytes(),
                Self::List(it) => it.size_bytes(),
                Self::Set(it) => it.size_bytes(),
                Self::SortedSet(it) => it.size_bytes(),
            }
    }
}

/// What `operation`, which is [`checked`], makes of `before`, and what its
/// caller hears. Where nothing is there it begins with an empty collection; an error makes
/// nothing of it.
pub(super) fn apply(
    operation: &CollectionOperation,
    before: Option<&Collection>,
) -> Result<(Collection, Outcome), CacheError> {
    /// A copy of what is there, where that is of the kind.
    macro_rules! begun {
        ($kind:ident) => {
            match before {
                None => $kind::default(),
                Some(Collection::$kind(it)) => it.clone(),
                Some(other) => return Err(CacheError::WrongType { found: other.kind() }),
            }
        };
    }
    Ok(match operation {
        CollectionOperation::Dictionary(operation) => {
            let mut it = begun!(Dictionary);
            let outcome = it.apply(operation)?;
            (Collection::Dictionary(it), outcome)
        }
        CollectionOperation::List(operation) => {
            let mut it = begun!(List);
            let outcome = it.apply(operation);
            (Collection::List(it), outcome)
        }
        CollectionOperation::Set(operation) => {
            let mut it = begun!(Set);
            let outcome = it.apply(operation);
            (Collection::Set(it), outcome)
        }
        CollectionOperation::SortedSet(operation) => {
            let mut it = begun!(SortedSet);
            let outcome = it.apply(operation)?;
            (Collection::SortedSet(it), outcome)
        }
    })
}

impl Weighed for Element {
    fn weight_bytes(&self) -> usize {
        element_weight_bytes(self)
    }
}

fn element_weight_bytes(element: &[u8]) -> usize {
    block_bytes(element.len().saturating_add(COUNTS_BYTES)) + PLACE_BYTES
}

fn scored_weight_bytes(member: &[u8]) -> usize {
    block_bytes(member.len().saturating_add(COUNTS_BYTES)) + SCORED_PLACES_BYTES
}

/// What a block of so many bytes takes: mimalloc has blocks of each multiple of 16 bytes up to 64,
/// then four sizes in each doubling, and leaves pages that nobody writes to out of memory.
pub(crate) fn block_bytes(bytes: usize) -> usize {
    const SMALL_BYTES: usize = 64;
    const PAGE_BYTES: usize = 4096;
    let step_bytes = match bytes.saturating_sub(1) {
        ..SMALL_BYTES => 16,
        before => (1 << (before.ilog2() - 2)).min(PAGE_BYTES),
    };
    bytes.checked_next_multiple_of(step_bytes).unwrap_or(bytes)
}

fn check_element(element: &[u8], limits: &WriteLimits) -> Result<(), CacheError> {
    let (element_bytes, limit_bytes) = (element.len(), limits.element_bytes_max);
    if element_bytes > limit_bytes {
        return Err(CacheError::ElementTooLarge { element_bytes, limit_bytes });
    }
    Ok(())
}

/// A collection has at least the elements that are added to it, so that one of too many is
/// refused before it is made.
fn check_collection(
    weights: impl IntoIterator<Item = usize>,
    limits: &WriteLimits,
) -> Result<(), CacheError> {
    let elements_bytes: usize = weights.into_iter().sum();
    let value_bytes = elements_bytes.saturating_add(COLLECTION_OVERHEAD_BYTES);
    let limit_bytes = limits.collection_bytes_max;
    if value_bytes > limit_bytes {
        return Err(CacheError::ValueTooLarge { value_bytes, limit_bytes });
    }
    Ok(())
}

/// In the order of their names, of equal ones the last.
fn last_of_equals<T>(mut items: Vec<T>, name: impl Fn(&T) -> &Element) -> Vec<T> {
    items.reverse();
    items.sort_by(|one, other| name(one).cmp(name(other)));
    items.dedup_by(|one, other| name(one) == name(other));
    items
}
