//! The tree: elements, attributes, text and comments, each with its place.

use std::sync::Arc;

use crate::diag::{Diagnostics, Span};
use crate::xml::Fields;
#[cfg(test)]
use crate::xml::asked;

/// An element as written. Names are local names: a prefix and `xmlns` do not matter.
#[derive(Clone, Debug)]
pub struct Element {
    pub name: String,
    /// From `<` to the end of the end tag.
    pub span: Span,
    /// The name in the start tag.
    pub name_span: Span,
    /// From `<` to `>` of the start tag.
    pub open_span: Span,
    /// What stands between start and end tag.
    pub inner_span: Span,
    pub attributes: Vec<Attribute>,
    pub children: Vec<Node>,
    /// The whole document, for [`Element::inner_xml`].
    pub(super) source: Arc<str>,
}

#[derive(Clone, Debug)]
pub struct Attribute {
    pub name: String,
    /// Entities replaced.
    pub value: String,
    /// The value without its quotes.
    pub span: Span,
    pub name_span: Span,
}

#[derive(Clone, Debug)]
pub enum Node {
    Element(Element),
    /// Character data with entities replaced; CDATA as it stands. Adjacent runs are one node.
    Text {
        text: String,
        span: Span,
    },
    Comment {
        text: String,
        span: Span,
    },
}

impl Element {
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text { .. } | Node::Comment { .. } => None,
        })
    }

    /// The element itself and every element below it, in document order.
    pub fn descendants(&self) -> impl Iterator<Item = &Element> {
        let mut open = vec![self];
        std::iter::from_fn(move || {
            let next = open.pop()?;
            let below = open.len();
            open.extend(next.elements());
            if let Some(children) = open.get_mut(below..) {
                children.reverse();
            }
            Some(next)
        })
    }

    /// Every attribute value and every run of text of the element and of those below it.
    pub fn texts_below(&self) -> impl Iterator<Item = &str> {
        self.descendants().flat_map(|element| {
            let values = element.attributes.iter().map(|attribute| attribute.value.as_str());
            values.chain(element.children.iter().filter_map(|node| match node {
                Node::Text { text, .. } => Some(text.as_str()),
                Node::Element(_) | Node::Comment { .. } => None,
            }))
        })
    }

    /// The first child of that name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        #[cfg(test)]
        asked::note(self, asked::About::Child, name);
        self.elements().find(|element| element.name == name)
    }

    /// An attribute's value; an empty one means "not given".
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        #[cfg(test)]
        asked::note(self, asked::About::Attribute, name);
        self.attributes.iter().find(|found| found.name == name && !found.value.is_empty())
    }

    /// All text directly inside, joined, untrimmed.
    pub fn text(&self) -> String {
        self.children
            .iter()
            .filter_map(|node| match node {
                Node::Text { text, .. } => Some(text.as_str()),
                Node::Element(_) | Node::Comment { .. } => None,
            })
            .collect()
    }

    /// The place of the text directly inside, white space around it left out;
    /// the whole element where there is none.
    pub fn text_span(&self) -> Span {
        let mut texts = self.children.iter().filter_map(|node| match node {
            Node::Text { text, span } if !text.trim().is_empty() => Some(*span),
            Node::Text { .. } | Node::Element(_) | Node::Comment { .. } => None,
        });
        let Some(first) = texts.next() else { return self.span };
        let last = texts.next_back().unwrap_or(first);
        let (start, end) = (first.start as usize, last.end as usize);
        let Some(raw) = self.source.get(start..end) else { return first };
        let lead = raw.len() - raw.trim_start().len();
        Span::new(first.file, start + lead, start + raw.trim_end().len())
    }

    /// The source between start and end tag, as it stands.
    pub fn inner_xml(&self) -> &str {
        self.source
            .get(self.inner_span.start as usize..self.inner_span.end as usize)
            .unwrap_or_default()
    }

    pub fn has_elements(&self) -> bool {
        self.elements().next().is_some()
    }

    /// No child element and no text but white space: Apigee takes it as absent.
    pub fn is_empty(&self) -> bool {
        !self.has_elements() && self.text().trim().is_empty()
    }

    pub fn reader<'e, 'd>(&'e self, diags: &'d mut Diagnostics) -> Fields<'e, 'd> {
        Fields::new(self, diags)
    }
}
