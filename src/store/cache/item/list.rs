//! Lists: values in an order of their own.

use std::num::NonZero;

use crate::store::cache::item::Element;
use crate::store::cache::operation::{CollectionTtl, End};

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

/// Positions from `start` (with it) to `end` (without it). A negative one counts from the end
/// of the list, -1 being its last value; what is past an end of the list is that end. `None`
/// is the list's own end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slice {
    pub start: Option<i64>,
    pub end: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListRange {
    pub begin: u32,
    pub count: u32,
}
