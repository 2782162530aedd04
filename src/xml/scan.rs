//! The parts of a tag that quick-xml hands over unread: names, attributes, references and
//! the XML declaration.
//!
//! Sources: XML 1.0 (fifth edition), productions 2 to 5 (characters and names), 40 and 41
//! (tags), 66 to 68 (references), 23 to 32 (declaration); Namespaces in XML 1.0, production
//! 7 (one colon in a name). Ranges are byte offsets into the whole text.

use std::ops::Range;

pub const BYTE_ORDER_MARK: char = '\u{FEFF}';

/// What is wrong with a piece of markup, and where.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    pub message: String,
    pub range: Range<usize>,
    pub help: Option<&'static str>,
}

impl Fault {
    fn new(range: Range<usize>, message: impl Into<String>) -> Self {
        Self { message: message.into(), range, help: None }
    }

    fn help(mut self, help: &'static str) -> Self {
        self.help = Some(help);
        self
    }
}

/// An attribute as written; `value` is without its quotes.
#[derive(Debug)]
pub struct RawAttribute<'t> {
    pub name: &'t str,
    pub name_range: Range<usize>,
    pub value: &'t str,
    pub value_range: Range<usize>,
}

/// Reads attributes from `at` up to `end`; after a fault it reads nothing more.
pub struct Attributes<'t> {
    text: &'t str,
    at: usize,
    end: usize,
}

impl<'t> Attributes<'t> {
    pub fn new(text: &'t str, range: Range<usize>) -> Self {
        Self { text, at: range.start, end: range.end }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..self.end).unwrap_or_default()
    }

    /// True where there was any.
    fn skip_white_space(&mut self) -> bool {
        let rest = self.rest();
        let skipped = rest.len() - rest.trim_start_matches(is_white_space).len();
        self.at += skipped;
        skipped > 0
    }

    fn read(&mut self, spaced: bool) -> Result<RawAttribute<'t>, Fault> {
        let rest = self.rest();
        let name_end = rest
            .find(|c| is_white_space(c) || matches!(c, '=' | '"' | '\'' | '<' | '>' | '/' | '?'))
            .unwrap_or(rest.len());
        let (name, _) = rest.split_at(name_end);
        let name_range = self.at..self.at + name_end;
        if name.is_empty() {
            let found = rest.chars().next().unwrap_or_default();
            let range = self.at..self.at + found.len_utf8();
            let fault = Fault::new(range, format!("`{found}` where an attribute should stand"));
            return Err(if found == '<' {
                fault.help("close the tag with `>` before this one begins")
            } else {
                fault
            });
        }
        if !is_name(name) {
            let message = format!("`{}` cannot be the name of an attribute", shown(name));
            return Err(Fault::new(name_range, message));
        }
        if !spaced {
            let message = format!("no white space before attribute `{}`", shown(name));
            return Err(Fault::new(name_range, message));
        }
        self.at = name_range.end;
        self.skip_white_space();
        let Some(after) = self.rest().strip_prefix('=') else {
            let message = format!("attribute `{}` has no value", shown(name));
            return Err(Fault::new(name_range, message).help("write it as `name=\"value\"`"));
        };
        self.at = self.end - after.len();
        self.skip_white_space();
        let rest = self.rest();
        let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            let message = format!("the value of attribute `{}` has no quotes", shown(name));
            return Err(Fault::new(name_range, message).help("write it as `name=\"value\"`"));
        };
        let opening = self.at..self.at + 1;
        let inside = rest.get(1..).unwrap_or_default();
        let closing = inside.find(quote);
        let value = inside.get(..closing.unwrap_or(inside.len())).unwrap_or_default();
        if let Some(less) = value.find('<') {
            let message = format!("`<` in the value of attribute `{}`", shown(name));
            let at = opening.end + less;
            return Err(Fault::new(at..at + 1, message)
                .help("write it as `&lt;`, or close the value with its quote before it"));
        }
        if closing.is_none() {
            let message = format!("the value of attribute `{}` is never closed", shown(name));
            return Err(Fault::new(opening, message).help("close it with the same quote"));
        }
        let value_range = opening.end..opening.end + value.len();
        self.at = value_range.end + 1;
        Ok(RawAttribute { name, name_range, value, value_range })
    }
}

impl<'t> Iterator for Attributes<'t> {
    type Item = Result<RawAttribute<'t>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        let spaced = self.skip_white_space();
        if self.at >= self.end {
            return None;
        }
        let read = self.read(spaced);
        if read.is_err() {
            self.at = self.end;
        }
        Some(read)
    }
}

/// What `&...;` stands for, or why it stands for nothing.
#[derive(Debug, PartialEq, Eq)]
pub enum Reference {
    Char(char),
    /// The name of an entity that is none of the five.
    Entity,
    /// A number that names no character of XML.
    NoChar,
    /// Not a reference at all: a `&` that should have been written `&amp;`.
    Bare,
}

/// `name` is what stands between `&` and `;`.
pub fn reference(name: &str) -> Reference {
    match name {
        "amp" => return Reference::Char('&'),
        "lt" => return Reference::Char('<'),
        "gt" => return Reference::Char('>'),
        "quot" => return Reference::Char('"'),
        "apos" => return Reference::Char('\''),
        _ => {}
    }
    let Some(number) = name.strip_prefix('#') else {
        return if is_name(name) { Reference::Entity } else { Reference::Bare };
    };
    let (digits, radix) = match number.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return Reference::Bare;
    }
    u32::from_str_radix(digits, radix)
        .ok()
        .and_then(char::from_u32)
        .filter(|c| is_xml_char(*c))
        .map_or(Reference::NoChar, Reference::Char)
}

/// The encoding that the XML declaration names, with its place; `None` where there is no
/// declaration, it names none, or it cannot be read.
pub fn declared_encoding(text: &str) -> Option<(&str, Range<usize>)> {
    let body = text.trim_start_matches(BYTE_ORDER_MARK).strip_prefix("<?xml")?;
    let start = text.len() - body.len();
    Attributes::new(text, start..start + body.find("?>")?)
        .map_while(Result::ok)
        .find(|attribute| attribute.name == "encoding")
        .map(|attribute| (attribute.value, attribute.value_range))
}

/// UTF-8 and what is a part of it.
pub fn is_utf8_name(encoding: &str) -> bool {
    ["UTF-8", "UTF8", "US-ASCII", "ASCII"].iter().any(|known| known.eq_ignore_ascii_case(encoding))
}

/// Checks `<?xml ... ?>`; `range` holds what stands between `<?xml` and `?>`.
pub fn check_declaration(text: &str, range: Range<usize>) -> Result<(), Fault> {
    const ORDER: [&str; 3] = ["version", "encoding", "standalone"];
    let mut expected = ORDER.iter();
    let mut versions = 0;
    for attribute in Attributes::new(text, range.clone()) {
        let attribute = attribute?;
        if !expected.any(|name| *name == attribute.name) {
            let message = format!("`{}` is out of place in the declaration", shown(attribute.name));
            return Err(Fault::new(attribute.name_range, message)
                .help("the order is version, encoding, standalone"));
        }
        let known = match attribute.name {
            "version" => {
                versions += 1;
                attribute.value.strip_prefix("1.").is_some_and(|minor| {
                    !minor.is_empty() && minor.bytes().all(|b| b.is_ascii_digit())
                })
            }
            "standalone" => matches!(attribute.value, "yes" | "no"),
            _ => true,
        };
        if !known {
            let message = format!("`{}` is no {} of XML", shown(attribute.value), attribute.name);
            return Err(Fault::new(attribute.value_range, message));
        }
    }
    if versions == 0 {
        return Err(Fault::new(range, "the XML declaration has no version")
            .help("write `<?xml version=\"1.0\" encoding=\"UTF-8\"?>`"));
    }
    Ok(())
}

/// White space as XML means it, which is less than Unicode's.
pub fn is_white_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

pub fn is_xml_char(c: char) -> bool {
    matches!(c,
        '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// A name with at most one colon, and that one inside.
pub fn is_name(name: &str) -> bool {
    let mut parts = name.split(':');
    let local = parts.next().is_some_and(is_local_name);
    let prefixed = parts.next().is_none_or(is_local_name);
    local && prefixed && parts.next().is_none()
}

fn is_local_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(starts_name) && chars.all(continues_name)
}

pub fn starts_name(c: char) -> bool {
    matches!(c,
        'A'..='Z' | '_' | 'a'..='z' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}'
        | '\u{F8}'..='\u{2FF}' | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}'
        | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}'
        | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}'
        | '\u{10000}'..='\u{EFFFF}')
}

pub fn continues_name(c: char) -> bool {
    starts_name(c)
        || matches!(c,
            '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

/// A name short enough for a message.
pub fn shown(name: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 64;
    match name.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((cut, _)) => format!("{}…", name.get(..cut).unwrap_or_default()),
        None => name.to_owned(),
    }
}
