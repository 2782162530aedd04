//! Sets: members, each once, in no order.

use crate::store::cache::item::Element;
use crate::store::cache::operation::{Access, CollectionTtl};

/// Those that read or remove have [`Missing`](crate::store::cache::operation::Outcome::Missing)
/// for an outcome where there is no set. A set without members does not exist.
#[derive(Clone, Debug, PartialEq)]
pub enum SetOperation {
    /// `Values`.
    Fetch,
    /// `Values`: different ones at random, at most `limit`.
    Sample { limit: u64 },
    /// `Length`.
    Union { members: Vec<Element>, ttl: CollectionTtl },
    /// `Length`. What is left of the set without the members.
    Subtract { members: Vec<Element> },
    /// `Length`. What is left of the members without the set; it replaces the set.
    SubtractFrom { members: Vec<Element> },
    /// `Length`: zero.
    DeleteAll,
    /// `Contains`.
    Contains { members: Vec<Element> },
    /// `Length`.
    Length,
    /// `Values`: members at random, at most `count`, which are then no longer in the set.
    Pop { count: u64 },
}

impl SetOperation {
    pub(in crate::store::cache) fn access(&self) -> Access {
        match self {
            Self::Fetch | Self::Sample { .. } | Self::Contains { .. } | Self::Length => {
                Access::Read
            }
            Self::Union { ttl, .. } => Access::Add(*ttl),
            Self::Subtract { .. }
            | Self::SubtractFrom { .. }
            | Self::DeleteAll
            | Self::Pop { .. } => Access::Take(None),
        }
    }

    pub(in crate::store::cache) fn steps(&self, length: usize) -> usize {
        match self {
            Self::Fetch => length,
            Self::Sample { limit: count } | Self::Pop { count } => {
                usize::try_from(*count).unwrap_or(usize::MAX).min(length)
            }
            Self::Union { members, .. }
            | Self::Subtract { members }
            | Self::SubtractFrom { members }
            | Self::Contains { members } => members.len(),
            Self::DeleteAll | Self::Length => 1,
        }
    }
}
