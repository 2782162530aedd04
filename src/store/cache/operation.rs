//! The operations that a backend does on one key, and what comes of them.
//!
//! Sources: Momento's protocol (`cache_client.proto`, its data calls), memcached
//! `doc/protocol.txt` (add, replace, cas, append, incr, touch). Each operation is atomic: it
//! happens whole or not at all, and one that fails changes nothing. What has expired is as
//! good as absent. Sizes are bytes.

use std::time::Duration;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::store::cache::collection;
use crate::store::cache::item::dictionary::DictionaryOperation;
use crate::store::cache::item::list::ListOperation;
use crate::store::cache::item::set::SetOperation;
use crate::store::cache::item::sorted_set::{Aggregate, Scored, SortedSetOperation};
use crate::store::cache::item::{Element, Item, ItemKind};
use crate::store::cache::{CacheError, KEY_BYTES_MAX, TTL_MAX, VALUE_BYTES_MAX_DEFAULT};

/// One thing to do to the item under a key.
///
/// Every operation but [`Operation::Put`], [`Operation::Delete`], [`Operation::Ttl`] and
/// [`Operation::Kind`] fails with [`WrongType`](super::CacheError::WrongType) on an item of
/// another kind; a stored response is of another kind to all of them.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// [`Outcome::Scalar`] or [`Outcome::Missing`]. Counts as a lookup.
    Get,
    /// As [`Operation::Get`], and the item lives for this long from now on.
    GetAndTouch(Lifetime),
    /// Stores a scalar over whatever is there, where its condition holds. [`Outcome::Stored`]
    /// or [`Outcome::NotStored`].
    Put(Put),
    /// Removes an item of any kind. [`Outcome::Done`] where there was one,
    /// [`Outcome::Missing`], or [`Outcome::NotStored`] where `cas` is another than the item's.
    Delete {
        cas: Option<u64>,
    },
    /// Adds to a scalar that is a decimal integer of 64 bits with sign; an absent one counts as
    /// zero. The sum replaces it as decimal text and lives for `lifetime`.
    /// [`Outcome::Number`]; `NotAnInteger`, `Overflow`.
    Increment {
        by: i64,
        lifetime: Lifetime,
    },
    /// memcached's `incr` and `decr`. [`Outcome::Count`], [`Outcome::Missing`] or
    /// [`Outcome::NotStored`]; `NotAnInteger`.
    Count(Count),
    /// memcached's `append` and `prepend`: keeps flags and expiry. [`Outcome::Stored`] or
    /// [`Outcome::NotStored`], where there is nothing to extend too.
    Extend {
        end: End,
        bytes: Bytes,
        cas: Option<u64>,
    },
    /// Of any kind of item.
    Ttl(TtlOperation),
    /// [`Outcome::Kind`] or [`Outcome::Missing`]: also tells whether there is an item at all.
    Kind,
    Collection(CollectionOperation),
}

/// What an operation does to a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    /// It creates none; where it says so, the one that is there lives for another time.
    Take(Option<CollectionTtl>),
    /// It creates one where there is none.
    Add(CollectionTtl),
}

/// On a collection of one kind; an item of another one is a `WrongType`.
#[derive(Clone, Debug, PartialEq)]
pub enum CollectionOperation {
    Dictionary(DictionaryOperation),
    List(ListOperation),
    Set(SetOperation),
    SortedSet(SortedSetOperation),
}

impl Operation {
    /// Whether it counts as a hit or a miss.
    pub fn is_lookup(&self) -> bool {
        matches!(self, Self::Get | Self::GetAndTouch(_))
    }

    /// As a backend in memory does it: what it stores is copied, as [`Item::owned`] says, and
    /// what can be refused without the item that is there is refused.
    pub(super) fn checked(self, limits: &WriteLimits) -> Result<Self, CacheError> {
        Ok(match self {
            Self::Put(put) => Self::Put(Put { item: put.item.owned(), ..put }),
            Self::Collection(operation) => {
                Self::Collection(collection::checked(operation, limits)?)
            }
            other => other,
        })
    }
}

impl CollectionOperation {
    pub(super) fn access(&self) -> Access {
        match self {
            Self::Dictionary(operation) => operation.access(),
            Self::List(operation) => operation.access(),
            Self::Set(operation) => operation.access(),
            Self::SortedSet(operation) => operation.access(),
        }
    }

    /// How many elements of a collection of `length` it adds, removes or looks at, at most.
    pub(super) fn steps(&self, length: usize) -> usize {
        match self {
            Self::Dictionary(operation) => operation.steps(length),
            Self::List(operation) => operation.steps(length),
            Self::Set(operation) => operation.steps(length),
            Self::SortedSet(operation) => operation.steps(length),
        }
    }
}

/// How long an item lives from its write on. `None`: until it is removed or evicted. Zero is
/// over at once: the item is removed. More than [`WriteLimits::ttl_max`] is that much.
pub type Lifetime = Option<Duration>;

/// A lifetime for a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CollectionTtl {
    /// Of a collection that the operation creates.
    pub lifetime: Lifetime,
    /// One that is there already lives for `lifetime` too; else it keeps its expiry.
    pub refresh: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Put {
    /// No [`Item::Response`] and no collection where the caller is a door.
    pub item: Item,
    /// Opaque to the cache; memcached's clients keep there what type a value has.
    pub flags: u32,
    pub lifetime: Lifetime,
    pub condition: Condition,
}

/// What must hold for a [`Put`] to store. Scalars are compared as [`Item::as_bytes`] says.
/// Where a value or a hash is to be compared and the item is no scalar: `WrongType`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    Always,
    /// An item of any kind is there.
    Present,
    /// No item is there.
    Absent,
    Equal(Bytes),
    /// Holds for an absent item.
    NotEqual(Bytes),
    PresentAndNotEqual(Bytes),
    AbsentOrEqual(Bytes),
    HashEqual(ValueHash),
    PresentAndNotHashEqual(ValueHash),
    AbsentOrHashEqual(ValueHash),
    AbsentOrNotHashEqual(ValueHash),
    /// memcached's `cas`: the item, of any kind, is unchanged since it was read with this.
    Cas(u64),
}

/// The first 16 bytes of the SHA-256 of a scalar's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueHash(pub [u8; 16]);

impl ValueHash {
    pub fn of(value: &[u8]) -> Self {
        let digest = Sha256::digest(value);
        let mut hash = [0; 16];
        hash.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        Self(hash)
    }

    /// `None`: no hash has this length, so that none is equal to it.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    pub step: CountStep,
    /// Stored as it is where there is no item: the number, memcached's flags are zero.
    pub initial: Option<(u64, Lifetime)>,
    /// A new lifetime for the item that is there; `None` keeps its expiry.
    pub touch: Option<Lifetime>,
    /// Only where the item has this `cas`.
    pub cas: Option<u64>,
}

/// On unsigned decimal integers of 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountStep {
    /// Wraps around at 2^64.
    Up(u64),
    /// Stops at zero. The text keeps its length: a shorter number has blanks behind it.
    Down(u64),
}

/// An end of a list or of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Front,
    Back,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TtlOperation {
    /// [`Outcome::Remaining`] or [`Outcome::Missing`].
    Remaining,
    /// memcached's `touch`. [`Outcome::Done`] or [`Outcome::Missing`].
    Overwrite(Lifetime),
    /// Where that is more than what remains; an item without expiry has the most.
    /// [`Outcome::Done`], [`Outcome::NotSet`] or [`Outcome::Missing`].
    Increase(Lifetime),
    /// Where that is less than what remains. As [`TtlOperation::Increase`].
    Decrease(Lifetime),
}

/// A decimal integer as Momento's increment reads it: a sign is a minus or nothing.
pub(super) fn integer(text: &[u8]) -> Result<i64, CacheError> {
    let is_digits = |digits: &[u8]| digits.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(text)
        .ok()
        .filter(|text| is_digits(text.strip_prefix('-').unwrap_or(text).as_bytes()));
    text.and_then(|text| text.parse().ok()).ok_or(CacheError::NotAnInteger)
}

/// What the writer's door allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteLimits {
    /// `KeyTooLong`.
    pub key_bytes_max: usize,
    /// A scalar: `ValueTooLarge`.
    pub value_bytes_max: usize,
    /// A value, member or field: `ElementTooLarge`.
    pub element_bytes_max: usize,
    /// A whole collection, with what each element takes beside its bytes: `ValueTooLarge`.
    pub collection_bytes_max: usize,
    /// A longer lifetime is this much; none stays none.
    pub ttl_max: Duration,
}

impl Default for WriteLimits {
    /// Those of a policy that writes into a cache without limits of its own.
    fn default() -> Self {
        Self {
            key_bytes_max: KEY_BYTES_MAX,
            value_bytes_max: VALUE_BYTES_MAX_DEFAULT,
            element_bytes_max: VALUE_BYTES_MAX_DEFAULT,
            collection_bytes_max: usize::MAX,
            ttl_max: TTL_MAX,
        }
    }
}

/// What came of an [`Operation`]. Which of these one can have stands at the operation.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// No item is there.
    Missing,
    Done,
    Scalar(Scalar),
    Stored {
        /// The item's from now on.
        cas: u64,
    },
    /// The condition does not hold.
    NotStored {
        /// Whether an item is there.
        present: bool,
    },
    /// The lifetime is as it was.
    NotSet,
    Number(i64),
    Count {
        number: u64,
        cas: u64,
    },
    /// `None`: it does not expire.
    Remaining(Option<Duration>),
    Kind(ItemKind),
    /// Of a collection after the operation; zero: it is gone.
    Length(u64),
    /// Of a list or a set.
    Values(Vec<Element>),
    Popped {
        value: Element,
        /// Of the list from now on.
        length: u64,
    },
    /// Of a whole dictionary, in the order of the fields' bytes.
    Fields(Vec<(Element, Element)>),
    /// One for each field that was asked for.
    FieldValues(Vec<Option<Element>>),
    /// One for each member that was asked for.
    Contains(Vec<bool>),
    /// Of a sorted set.
    Elements(Vec<Scored>),
    /// One for each member that was asked for.
    Scores(Vec<Option<f64>>),
    Score(f64),
    /// From zero; `None`: the set has no such member.
    Rank(Option<u64>),
}

/// A scalar with what belongs to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Scalar {
    pub item: Item,
    pub flags: u32,
    /// Another after each change of the item, and never zero.
    pub cas: u64,
    /// `None`: it does not expire.
    pub remaining: Option<Duration>,
}

/// Stores the union of sorted sets of one cache. An absent source counts as an empty one.
#[derive(Clone, Debug, PartialEq)]
pub struct Union {
    /// Keys, and what each score is multiplied by.
    pub sources: Vec<(Bytes, f64)>,
    pub aggregate: Aggregate,
    pub lifetime: Lifetime,
}

/// Live keys out of a cache, in no order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPage {
    pub keys: Vec<Bytes>,
    /// Where the next page begins. `None`: this was the last.
    pub next: Option<KeyCursor>,
}

/// A place in a listing, which only the backend that gave it can read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyCursor(pub Bytes);
