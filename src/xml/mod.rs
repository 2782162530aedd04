//! XML text to elements with spans, and the reader that takes an element's fields.
//!
//! Events come from quick-xml; the tree is our own because every finding needs the byte
//! range it speaks of. Sources: XML 1.0 (fifth edition); Apigee docs, "API proxy
//! configuration reference", for what a missing or empty element means.

#[cfg(test)]
pub(crate) mod asked;
mod edit;
mod element;
pub mod fields;
mod parse;
pub mod scan;
#[cfg(test)]
mod tests;

pub use element::{Attribute, Element, Node};
pub use fields::{Fields, FromXml, Text};
pub use parse::{
    DOCTYPE, ELEMENTS_MAX, ENCODING, MALFORMED, NESTING_MAX, TOO_LARGE, parse, refuses_encoding,
};
