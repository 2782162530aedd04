//! One pass over XML text that counts and keeps nothing but a number for each open element.
//!
//! Source: XML 1.0 (fifth edition), Namespaces in XML 1.0. Events come from quick-xml. Unknown:
//! what the platform makes of a document type declaration; one with an internal subset, the
//! only kind that could declare entities, is refused, and no entity but the five of XML is
//! known. Text of white space alone is no text.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// Deeper XML is refused whatever the policy says.
const DEPTH_MAX: usize = 10_000;

/// `None` is no limit.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limits {
    pub(super) element_name: Option<u64>,
    pub(super) attribute_name: Option<u64>,
    pub(super) prefix: Option<u64>,
    pub(super) instruction_target: Option<u64>,
    pub(super) depth: Option<u64>,
    pub(super) attributes: Option<u64>,
    pub(super) namespaces: Option<u64>,
    pub(super) children: ChildCount,
    pub(super) text: Option<u64>,
    pub(super) attribute_value: Option<u64>,
    pub(super) namespace_uri: Option<u64>,
    pub(super) comment: Option<u64>,
    pub(super) instruction_data: Option<u64>,
}

/// How many children one element may have, and what counts as one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ChildCount {
    pub(super) max: Option<u64>,
    pub(super) comments: bool,
    pub(super) elements: bool,
    pub(super) instructions: bool,
    pub(super) texts: bool,
}

/// Why the text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Threat {
    Exceeded {
        what: &'static str,
        limit: u64,
        place: Position,
    },
    /// It is no XML before its root element.
    Prologue,
    /// It is no XML behind that.
    Syntax {
        place: Position,
    },
    /// It ends too early.
    Premature {
        line: usize,
    },
}

/// Line from 1, characters from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) line: usize,
    pub(super) char: usize,
}

/// Whether the text is XML within its limits.
pub(super) fn scan(bytes: &[u8], limits: &Limits) -> Result<(), Threat> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|_| Threat::Prologue)?;
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_comments = true;
    let mut scanner = Scanner { limits, open: Vec::new(), has_root: false, run: None };
    loop {
        let event = reader.read_event();
        let end = usize::try_from(reader.buffer_position()).unwrap_or(text.len());
        let found = match event {
            Ok(Event::Eof) => scanner.end(),
            Ok(event) => scanner.event(&event).map(|()| false),
            Err(_) => Err(scanner.syntax()),
        };
        match found {
            Ok(false) => {}
            Ok(true) => return Ok(()),
            Err(found) => return Err(found.at(text, end)),
        }
    }
}

enum Found {
    Exceeded(&'static str, u64),
    Prologue,
    Syntax,
    Premature,
}

impl Found {
    fn at(self, text: &str, end: usize) -> Threat {
        let read = text.get(..end).unwrap_or(text);
        let line = read.bytes().filter(|b| *b == b'\n').count() + 1;
        let place = Position { line, char: read.chars().count() };
        match self {
            Self::Exceeded(what, limit) => Threat::Exceeded { what, limit, place },
            Self::Prologue => Threat::Prologue,
            Self::Syntax => Threat::Syntax { place },
            Self::Premature => Threat::Premature { line },
        }
    }
}

struct Scanner<'l> {
    limits: &'l Limits,
    /// How many children each open element has so far.
    open: Vec<u64>,
    has_root: bool,
    run: Option<Run>,
}

/// Character data that may still go on, with references and CDATA in it.
struct Run {
    length: u64,
    /// Not white space alone, and counted among the children.
    is_text: bool,
}

impl Scanner<'_> {
    fn event(&mut self, event: &Event<'_>) -> Result<(), Found> {
        if !matches!(event, Event::Text(_) | Event::CData(_) | Event::GeneralRef(_)) {
            self.run = None;
        }
        let children = self.limits.children;
        match event {
            Event::Start(tag) => {
                self.element(tag)?;
                self.open.push(0);
                self.depth(0)
            }
            Event::Empty(tag) => {
                self.element(tag)?;
                self.depth(1)
            }
            Event::End(_) => self.open.pop().map(|_| ()).ok_or(Found::Syntax),
            Event::Text(text) => self.text(text),
            Event::CData(text) => self.text_run(characters(text), true),
            Event::GeneralRef(reference) => {
                if !is_known_reference(reference) {
                    return Err(self.syntax());
                }
                self.text_run(1, true)
            }
            Event::Comment(comment) => {
                self.child(children.comments)?;
                exceeds(characters(comment), self.limits.comment, "Comment length")
            }
            Event::PI(instruction) => {
                self.child(children.instructions)?;
                let target = characters(instruction.target());
                let what = "Processing Instruction target length";
                exceeds(target, self.limits.instruction_target, what)?;
                let data = characters(instruction.content().trim());
                let what = "Processing Instruction data length";
                exceeds(data, self.limits.instruction_data, what)
            }
            Event::DocType(doctype) => match self.has_root || doctype.contains('[') {
                true => Err(Found::Prologue),
                false => Ok(()),
            },
            Event::Decl(_) if self.has_root => Err(Found::Syntax),
            Event::Decl(_) | Event::Eof => Ok(()),
        }
    }

    /// True where the document is whole.
    fn end(&self) -> Result<bool, Found> {
        if !self.open.is_empty() {
            return Err(Found::Premature);
        }
        if self.has_root { Ok(true) } else { Err(Found::Prologue) }
    }

    fn syntax(&self) -> Found {
        if self.has_root { Found::Syntax } else { Found::Prologue }
    }

    fn element(&mut self, tag: &BytesStart<'_>) -> Result<(), Found> {
        if self.open.is_empty() && self.has_root {
            return Err(Found::Syntax);
        }
        let name = tag.name();
        if !starts_a_name(name.as_ref()) {
            return Err(self.syntax());
        }
        self.has_root = true;
        self.child(self.limits.children.elements)?;
        let name_length = characters(name.local_name().as_ref());
        exceeds(name_length, self.limits.element_name, "Element name length")?;
        self.prefix(name.prefix().as_ref().map(AsRef::as_ref))?;
        let (mut attributes, mut namespaces) = (0, 0);
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|_| Found::Syntax)?;
            let value = value_length(&attribute.value).ok_or(Found::Syntax)?;
            let name = attribute.key.as_ref();
            if !starts_a_name(name) {
                return Err(Found::Syntax);
            }
            if name == "xmlns" || name.starts_with("xmlns:") {
                namespaces += 1;
                exceeds(namespaces, self.limits.namespaces, "Namespace count")?;
                self.prefix(name.strip_prefix("xmlns:"))?;
                exceeds(value, self.limits.namespace_uri, "Namespace uri length")?;
                continue;
            }
            attributes += 1;
            exceeds(attributes, self.limits.attributes, "Attribute count")?;
            let length = characters(attribute.key.local_name().as_ref());
            exceeds(length, self.limits.attribute_name, "Attribute name length")?;
            self.prefix(attribute.key.prefix().as_ref().map(AsRef::as_ref))?;
            exceeds(value, self.limits.attribute_value, "Attribute value length")?;
        }
        Ok(())
    }

    fn prefix(&self, prefix: Option<&str>) -> Result<(), Found> {
        let length = prefix.map_or(0, characters);
        exceeds(length, self.limits.prefix, "Namespace prefix length")
    }

    /// `beyond`: levels that are not among the open ones.
    fn depth(&self, beyond: usize) -> Result<(), Found> {
        let depth = (self.open.len() + beyond) as u64;
        exceeds(depth, self.limits.depth, "Node depth")?;
        exceeds(depth, Some(DEPTH_MAX as u64), "Node depth")
    }

    fn child(&mut self, counts: bool) -> Result<(), Found> {
        let Some(children) = self.open.last_mut().filter(|_| counts) else { return Ok(()) };
        *children += 1;
        exceeds(*children, self.limits.children.max, "Children count")
    }

    fn text(&mut self, text: &str) -> Result<(), Found> {
        let is_text = !text.bytes().all(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n'));
        self.text_run(characters(text), is_text)
    }

    fn text_run(&mut self, length: u64, is_text: bool) -> Result<(), Found> {
        if self.open.is_empty() {
            return if is_text { Err(self.syntax()) } else { Ok(()) };
        }
        let run = self.run.get_or_insert(Run { length: 0, is_text: false });
        let begins = is_text && !run.is_text;
        run.is_text |= is_text;
        run.length += length;
        let (length, is_text) = (run.length, run.is_text);
        if begins {
            self.child(self.limits.children.texts)?;
        }
        if is_text { exceeds(length, self.limits.text, "Text length") } else { Ok(()) }
    }
}

fn exceeds(count: u64, limit: Option<u64>, what: &'static str) -> Result<(), Found> {
    match limit {
        Some(limit) if count > limit => Err(Found::Exceeded(what, limit)),
        Some(_) | None => Ok(()),
    }
}

fn characters(text: &str) -> u64 {
    text.chars().count() as u64
}

fn starts_a_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | ':') || !c.is_ascii())
}

/// A reference is one character. `None` where one is unknown, or a `<` stands in the value.
fn value_length(value: &str) -> Option<u64> {
    let mut parts = value.split('&');
    let mut length = characters(parts.next().unwrap_or_default());
    for part in parts {
        let (reference, rest) = part.split_once(';')?;
        if !is_known_reference(reference) {
            return None;
        }
        length += 1 + characters(rest);
    }
    (!value.contains('<')).then_some(length)
}

fn is_known_reference(name: &str) -> bool {
    if matches!(name, "lt" | "gt" | "amp" | "apos" | "quot") {
        return true;
    }
    let Some(number) = name.strip_prefix('#') else { return false };
    let (digits, radix) = match number.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    // `from_str_radix` would take a sign.
    let is_number = digits.bytes().all(|b| b.is_ascii_hexdigit());
    let code = is_number.then(|| u32::from_str_radix(digits, radix).ok()).flatten();
    code.and_then(char::from_u32).is_some_and(|c| c >= ' ' || matches!(c, '\t' | '\n' | '\r'))
}
