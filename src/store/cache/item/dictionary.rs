//! Dictionaries: fields to values.

use crate::store::cache::item::Element;
use crate::store::cache::operation::{Access, CollectionTtl};

/// Those that read or remove have [`Missing`](crate::store::cache::operation::Outcome::Missing)
/// for an outcome where there is no dictionary. A dictionary without fields does not exist.
#[derive(Clone, Debug, PartialEq)]
pub enum DictionaryOperation {
    /// `Fields`.
    Fetch,
    /// `FieldValues`.
    Get { fields: Vec<Element> },
    /// `Length`. Of equal fields the last one counts.
    Set { fields: Vec<(Element, Element)>, ttl: CollectionTtl },
    /// `Number`. As a scalar's increment; `NotAnInteger`, `Overflow`.
    Increment { field: Element, by: i64, ttl: CollectionTtl },
    /// `Length`.
    Delete { fields: Vec<Element> },
    /// `Length`: zero.
    DeleteAll,
    /// `Length`.
    Length,
}

impl DictionaryOperation {
    pub(in crate::store::cache) fn access(&self) -> Access {
        match self {
            Self::Fetch | Self::Get { .. } | Self::Length => Access::Read,
            Self::Set { ttl, .. } | Self::Increment { ttl, .. } => Access::Add(*ttl),
            Self::Delete { .. } | Self::DeleteAll => Access::Take(None),
        }
    }

    pub(in crate::store::cache) fn steps(&self, length: usize) -> usize {
        match self {
            Self::Fetch => length,
            Self::Get { fields } | Self::Delete { fields } => fields.len(),
            Self::Set { fields, .. } => fields.len(),
            Self::Increment { .. } | Self::DeleteAll | Self::Length => 1,
        }
    }
}
