//! Lists: values in an order of their own.

use std::num::NonZero;
use std::ops::Range;

use crate::store::cache::item::Element;
use crate::store::cache::operation::{Access, CollectionTtl, End};

/// Those that read or remove have [`Missing`](crate::store::cache::operation::Outcome::Missing)
/// for an outcome where there is no list. A list without values does not exist.
#[derive(Clone, Debug, PartialEq)]
pub enum ListOperation {
    /// `Values`.
    Fetch { slice: Slice },
    /// `Length`.
    Length,
    /// `Length`. Adds the values at an end of the list, in their order: the first of them is
    /// the list's first after a push to the front, the last of them its last after one to the
    /// back.
    Push {
        end: End,
        values: Vec<Element>,
        /// How many values then stay, counted from the same end; `None`: all.
        truncate_to: Option<NonZero<u32>>,
        ttl: CollectionTtl,
    },
    /// `Popped`.
    Pop { end: End },
    /// `Length`. Removes what is outside of the slice.
    Retain { slice: Slice, ttl: CollectionTtl },
    /// `Length`. Removes each value that is equal to this.
    Remove { value: Element },
    /// `Length`. Removes ranges of positions of the list as it is before; what is past its end
    /// counts for nothing.
    Erase { ranges: Vec<ListRange> },
    /// `Length`: zero.
    EraseAll,
}

impl ListOperation {
    pub(in crate::store::cache) fn access(&self) -> Access {
        match self {
            Self::Fetch { .. } | Self::Length => Access::Read,
            Self::Push { ttl, .. } => Access::Add(*ttl),
            Self::Retain { ttl, .. } => Access::Take(Some(*ttl)),
            Self::Pop { .. } | Self::Remove { .. } | Self::Erase { .. } | Self::EraseAll => {
                Access::Take(None)
            }
        }
    }

    pub(in crate::store::cache) fn steps(&self, length: usize) -> usize {
        match self {
            Self::Push { values, truncate_to, .. } => {
                let whole = length.saturating_add(values.len());
                let kept = truncate_to.and_then(|to| usize::try_from(to.get()).ok());
                let cut = kept.map_or(0, |kept| whole.saturating_sub(kept));
                values.len().saturating_add(cut)
            }
            Self::Erase { ranges } => length.saturating_add(ranges.len()),
            Self::Fetch { .. } | Self::Retain { .. } | Self::Remove { .. } => length,
            Self::Pop { .. } | Self::EraseAll | Self::Length => 1,
        }
    }
}

/// Positions from `start` (with it) to `end` (without it). A negative one counts from the end
/// of the list, -1 being its last value; what is past an end of the list is that end. `None`
/// is the list's own end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slice {
    pub start: Option<i64>,
    pub end: Option<i64>,
}

impl Slice {
    /// Of a list of `len` values.
    pub fn positions(self, len: usize) -> Range<usize> {
        let position = |at: i64| {
            let distance = usize::try_from(at.unsigned_abs()).unwrap_or(usize::MAX);
            if at < 0 { len.saturating_sub(distance) } else { distance.min(len) }
        };
        let start = self.start.map_or(0, position);
        let end = self.end.map_or(len, position);
        start..end.max(start)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListRange {
    pub begin: u32,
    pub count: u32,
}
