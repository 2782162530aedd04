//! Reads the fields of one element and reports what is missing, doubled or unknown.
//!
//! Source: Apigee docs, "API proxy configuration reference": order does not matter, an
//! empty element or attribute means "not given", text is trimmed. An unknown child is a
//! finding and not a failure: the platform ignores it.

use crate::diag::{Diagnostics, Severity, Span};
#[cfg(test)]
use crate::xml::asked;
use crate::xml::{Attribute, Element};

/// A required element, attribute or text is missing or empty.
pub const MISSING: &str = "GW101";
/// A child or attribute that nothing reads.
pub const UNKNOWN: &str = "GW102";
/// An element that may stand once stands again.
pub const DOUBLED: &str = "GW103";
/// A text that is not of the kind its element takes.
pub const BAD_VALUE: &str = "GW104";

/// A trimmed, non-empty text with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    pub value: String,
    pub span: Span,
}

impl Text {
    /// The place of bytes `start..end` of the text. Where entities or comments make the source
    /// longer than the text, that of the whole text.
    pub fn part(&self, start: usize, end: usize) -> Span {
        let source_bytes = self.span.end.saturating_sub(self.span.start) as usize;
        if source_bytes == self.value.len() { self.span.part(start, end) } else { self.span }
    }
}

/// What an element's content can be read as. Reports to `diags` and answers `None` where
/// the content is no such thing. Never called for an absent or empty element.
pub trait FromXml: Sized {
    fn from_xml(element: &Element, diags: &mut Diagnostics) -> Option<Self>;
}

impl FromXml for Text {
    fn from_xml(element: &Element, _diags: &mut Diagnostics) -> Option<Self> {
        let text = element.text();
        let value = text.trim();
        (!value.is_empty()).then(|| Self { value: value.to_owned(), span: element.text_span() })
    }
}

impl FromXml for i64 {
    fn from_xml(element: &Element, diags: &mut Diagnostics) -> Option<Self> {
        let text = Text::from_xml(element, diags)?;
        let parsed = text.value.parse();
        if parsed.is_err() {
            diags.error(
                BAD_VALUE,
                text.span,
                format!("`{}` in {} is not an integer", text.value, element.name),
            );
        }
        parsed.ok()
    }
}

impl FromXml for bool {
    fn from_xml(element: &Element, diags: &mut Diagnostics) -> Option<Self> {
        let text = Text::from_xml(element, diags)?;
        match parse_flag(&text.value) {
            Some(value) => Some(value),
            None => {
                diags
                    .warning(
                        BAD_VALUE,
                        text.span,
                        format!("`{}` in {} is neither true nor false", text.value, element.name),
                    )
                    .note(None, "it counts as false");
                Some(false)
            }
        }
    }
}

/// `true` and `false` in any case.
pub fn parse_flag(text: &str) -> Option<bool> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// The reader of one element. Ask for each field, then call [`Fields::finish`].
pub struct Fields<'e, 'd> {
    element: &'e Element,
    asked: Vec<&'static str>,
    asked_attributes: Vec<&'static str>,
    /// The code of a child that nobody asks for.
    stray: &'static str,
    /// The code of a second child where one is read.
    doubled: &'static str,
    diags: &'d mut Diagnostics,
}

impl<'e, 'd> Fields<'e, 'd> {
    pub(super) fn new(element: &'e Element, diags: &'d mut Diagnostics) -> Self {
        Self {
            element,
            asked: Vec::new(),
            asked_attributes: Vec::new(),
            stray: UNKNOWN,
            doubled: DOUBLED,
            diags,
        }
    }

    /// A child that nobody asks for has that code, in place of [`UNKNOWN`].
    pub fn strays_as(&mut self, code: &'static str) {
        self.stray = code;
    }

    /// A second child where one is read has that code, in place of [`DOUBLED`].
    pub fn doubles_as(&mut self, code: &'static str) {
        self.doubled = code;
    }

    pub fn element(&self) -> &'e Element {
        self.element
    }

    pub fn diags(&mut self) -> &mut Diagnostics {
        self.diags
    }

    /// The one child of that name, whether empty or not; a second one is reported.
    pub fn child(&mut self, name: &'static str) -> Option<&'e Element> {
        self.single(name, self.doubled)
    }

    /// The same, where a second one has a code of its own.
    pub fn single(&mut self, name: &'static str, doubled: &'static str) -> Option<&'e Element> {
        self.note_child(name);
        let mut found = self.element.elements().filter(|child| child.name == name);
        let first = found.next()?;
        for again in found {
            let found = self
                .diags
                .warning(doubled, again.open_span, format!("a second `{name}` is never read"))
                .note(first.open_span, "the first one counts");
            if again.is_written_as(first) {
                found.fix(again.removal(), "");
            }
        }
        Some(first)
    }

    /// All children of that name, in document order.
    pub fn children(&mut self, name: &'static str) -> Vec<&'e Element> {
        self.note_child(name);
        self.element.elements().filter(|child| child.name == name).collect()
    }

    /// Absent, empty or unreadable: `None`.
    pub fn optional<T: FromXml>(&mut self, name: &'static str) -> Option<T> {
        let child = self.child(name)?;
        if child.is_empty() && !child.attributes.iter().any(|found| !found.value.is_empty()) {
            return None;
        }
        T::from_xml(child, self.diags)
    }

    /// Absent or empty is an error at the place where it should stand.
    pub fn required<T: FromXml>(&mut self, name: &'static str) -> Option<T> {
        let errors = self.diags.count(Severity::Error);
        let read = self.optional(name);
        if read.is_none() && self.diags.count(Severity::Error) == errors {
            let parent = &self.element.name;
            match self.element.child(name) {
                Some(empty) => self.diags.error(
                    MISSING,
                    empty.open_span,
                    format!("`{name}` in `{parent}` is empty"),
                ),
                None => self.diags.error(
                    MISSING,
                    self.element.name_span,
                    format!("`{parent}` has no `{name}`"),
                ),
            };
        }
        read
    }

    pub fn flag(&mut self, name: &'static str, default: bool) -> bool {
        self.optional(name).unwrap_or(default)
    }

    /// An attribute of the element itself; an empty one means "not given".
    pub fn attribute(&mut self, name: &'static str) -> Option<&'e Attribute> {
        self.asked_attributes.push(name);
        self.element.attribute(name)
    }

    pub fn attribute_flag(&mut self, name: &'static str, default: bool) -> bool {
        let Some(found) = self.attribute(name) else { return default };
        parse_flag(&found.value).unwrap_or_else(|| {
            self.diags
                .warning(
                    BAD_VALUE,
                    found.span,
                    format!("`{}` in attribute `{name}` is neither true nor false", found.value),
                )
                .note(None, "it counts as false");
            false
        })
    }

    /// Children that the caller takes from the element itself, for their order.
    pub fn leave(&mut self, names: &[&'static str]) {
        for name in names {
            self.note_child(name);
        }
    }

    /// Known and without effect.
    pub fn ignore(&mut self, names: &[&'static str]) {
        #[cfg(test)]
        for name in names {
            asked::note(self.element, asked::About::Ignored, name);
        }
        self.asked.extend_from_slice(names);
        self.asked_attributes.extend_from_slice(names);
    }

    fn note_child(&mut self, name: &'static str) {
        #[cfg(test)]
        asked::note(self.element, asked::About::Child, name);
        self.asked.push(name);
    }

    /// Reports every child and attribute that nobody asked for.
    pub fn finish(self) {
        let parent = &self.element.name;
        for child in self.element.elements() {
            if !self.asked.contains(&child.name.as_str()) {
                let found = self.diags.warning(
                    self.stray,
                    child.name_span,
                    format!("`{}` is unknown in `{parent}` and has no effect", child.name),
                );
                if let Some(near) = nearest(&child.name, &self.asked) {
                    found.help(format!("did you mean `{near}`?"));
                }
            }
        }
        for attribute in &self.element.attributes {
            let name = attribute.name.as_str();
            if !self.asked_attributes.contains(&name) && !is_foreign(name) {
                let found = self.diags.warning(
                    UNKNOWN,
                    attribute.name_span,
                    format!("attribute `{name}` is unknown in `{parent}` and has no effect"),
                );
                if let Some(near) = nearest(name, &self.asked_attributes) {
                    found.help(format!("did you mean `{near}`?"));
                }
            }
        }
    }
}

/// Namespace declarations and schema hints, which exporters add.
fn is_foreign(attribute: &str) -> bool {
    attribute.starts_with("xml") || attribute.contains(':') || attribute == "schemaLocation"
}

/// The known name that differs least, if it is near enough to be a slip.
pub fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|candidate| (distance(name, candidate), *candidate))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, candidate)| *distance <= (candidate.len() / 3).max(1))
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance without regard to ASCII case; long names count as far apart.
fn distance(a: &str, b: &str) -> usize {
    const LENGTH_MAX: usize = 64;
    if a.len() > LENGTH_MAX || b.len() > LENGTH_MAX {
        return usize::MAX;
    }
    let b: Vec<char> = b.chars().map(|c| c.to_ascii_lowercase()).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().map(|c| c.to_ascii_lowercase()).enumerate() {
        let mut diagonal = i;
        let mut previous = i + 1;
        for (right, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let substituted = diagonal + usize::from(left != *right);
            diagonal = *cell;
            previous = substituted.min(diagonal + 1).min(previous + 1);
            *cell = previous;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(usize::MAX)
}
