//! Dictionaries: fields to values.

use crate::store::cache::item::Element;
use crate::store::cache::operation::CollectionTtl;

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
