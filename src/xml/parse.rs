//! quick-xml events to a tree, under limits.

use std::sync::Arc;

use crate::diag::{Diagnostics, FileId};
use crate::xml::Element;

/// How deep elements may nest.
pub const NESTING_MAX: usize = 64;
/// How many elements one document may hold.
pub const ELEMENTS_MAX: usize = 50_000;

/// The root element, or `None` with at least one error in `diags`. `text` is the file's
/// text as registered with the source map, so that every span points into it.
pub fn parse(file: FileId, text: &Arc<str>, diags: &mut Diagnostics) -> Option<Element> {
    let _ = (file, text, diags);
    None
}
