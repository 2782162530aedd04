//! For tests alone: what readers ask of elements, so that documentation can be held to it.

use std::cell::RefCell;

use crate::diag::Span;
use crate::xml::Element;

thread_local! {
    static ASKED: RefCell<Option<Vec<Ask>>> = const { RefCell::new(None) };
}

/// One question.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    /// The element's start tag.
    pub(crate) element: Span,
    pub(crate) name: String,
    pub(crate) about: About,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    Child,
    Attribute,
    /// A child or an attribute that has no effect.
    Ignored,
}

/// Runs a reader and hands back what it asked.
pub(crate) fn record<T>(read: impl FnOnce() -> T) -> (T, Vec<Ask>) {
    ASKED.set(Some(Vec::new()));
    let result = read();
    (result, ASKED.take().unwrap_or_default())
}

pub(super) fn note(element: &Element, about: About, name: &str) {
    ASKED.with_borrow_mut(|asked| {
        if let Some(asked) = asked {
            asked.push(Ask { element: element.open_span, name: name.to_owned(), about });
        }
    });
}
