//! A value of JSON as XML text, well-formed whatever the value's names are.
//!
//! Source: Apigee docs, "JSON to XML policy", which shows each option by an example; Namespaces
//! in XML 1.0. An array inside an object is one element for each item. Numbers stand as they are
//! written. Unknown: what the platform makes of an empty array inside an object; here it is no
//! element at all.

use std::borrow::Cow;

use hashbrown::HashSet;

use crate::json::{Members, Value};
use crate::policy::json_to_xml::name::safe_name;
use crate::xml::scan::is_xml_char;
use crate::xmltree::{NAMESPACES_MAX, XML_NAMESPACE};

/// How long the XML may become.
pub(super) const OUTPUT_BYTES_MAX: usize = 32 * 1024 * 1024;

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
const XMLNS_NAMESPACE: &str = "http://www.w3.org/2000/xmlns/";
const INDENT: &str = "  ";

#[derive(Clone, Debug)]
pub(super) struct Options {
    /// A text that stands for null.
    pub(super) null_value: String,
    pub(super) namespace_block: String,
    pub(super) default_namespace: String,
    pub(super) namespace_separator: String,
    pub(super) text_name: String,
    pub(super) attribute_block: String,
    pub(super) attribute_prefix: String,
    /// For what no name or text of XML may hold.
    pub(super) replacement: String,
    /// These three are names of elements without a prefix.
    pub(super) object_root: String,
    pub(super) array_root: String,
    pub(super) array_item: String,
    pub(super) omit_declaration: bool,
    pub(super) indent: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            null_value: "NULL".to_owned(),
            namespace_block: "#namespaces".to_owned(),
            default_namespace: "$default".to_owned(),
            namespace_separator: ":".to_owned(),
            text_name: "#text".to_owned(),
            attribute_block: "#attrs".to_owned(),
            attribute_prefix: "@".to_owned(),
            replacement: "_".to_owned(),
            object_root: "Root".to_owned(),
            array_root: "Array".to_owned(),
            array_item: "Item".to_owned(),
            omit_declaration: false,
            indent: false,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the XML would have more than {OUTPUT_BYTES_MAX} bytes")]
pub(super) struct TooLong;

pub(super) fn to_xml(value: &Value<'_>, options: &Options) -> Result<String, TooLong> {
    to_xml_within(value, options, OUTPUT_BYTES_MAX)
}

/// `bytes_max` bounds the whole text.
pub(super) fn to_xml_within(
    value: &Value<'_>,
    options: &Options,
    bytes_max: usize,
) -> Result<String, TooLong> {
    let mut writer =
        Writer { options, xml: String::new(), bytes_max, declared: Vec::new(), depth: 0 };
    if !options.omit_declaration {
        writer.push(DECLARATION)?;
        if options.indent {
            writer.push("\n")?;
        }
    }
    match value {
        Value::Array(_) => writer.element(&options.array_root, value)?,
        Value::Object(members) => match writer.only_root(members) {
            Some((name, inner)) => writer.element(name, inner)?,
            None => writer.element(&options.object_root, value)?,
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            writer.element(&options.object_root, value)?;
        }
    }
    if options.indent {
        writer.push("\n")?;
    }
    Ok(writer.xml)
}

struct Writer<'v> {
    options: &'v Options,
    xml: String,
    bytes_max: usize,
    /// The namespaces in scope, the nearest last.
    declared: Vec<Declaration<'v>>,
    /// How many elements are open.
    depth: usize,
}

struct Declaration<'v> {
    /// As in JSON; empty for the default namespace.
    prefix: &'v str,
    /// As in XML.
    safe: String,
    uri: Cow<'v, str>,
}

/// What a member of an object becomes.
enum Part<'v> {
    Declarations(&'v Members<'v>),
    Declaration(&'v str, Cow<'v, str>),
    Attributes(&'v Members<'v>),
    Attribute(&'v str, Cow<'v, str>),
    Text(&'v Value<'v>),
    /// Under the name behind an attribute's prefix where the value can be no attribute.
    Elements(&'v str, &'v Value<'v>),
}

impl<'v> Writer<'v> {
    /// The member that is the document's element, where there is one.
    fn only_root(&self, members: &'v Members<'v>) -> Option<(&'v str, &'v Value<'v>)> {
        let mut members = members.iter();
        let (name, value) = members.next().filter(|_| members.next().is_none())?;
        match self.part(name, value) {
            Part::Elements(name, value) if !value.is_array() => Some((name, value)),
            _ => None,
        }
    }

    fn element(&mut self, name: &str, value: &'v Value<'v>) -> Result<(), TooLong> {
        let outer = self.declared.len();
        let parts = match value {
            Value::Object(members) => {
                members.iter().map(|(name, value)| self.part(name, value)).collect()
            }
            Value::Array(_)
            | Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_) => Vec::new(),
        };
        self.declare(&parts);
        let name = self.name(name);
        self.push("<")?;
        self.push(&name)?;
        self.declarations(outer)?;
        self.attributes(&parts)?;
        self.push(">")?;
        self.depth += 1;
        match value {
            Value::Array(items) => {
                for item in items {
                    self.line()?;
                    let options = self.options;
                    self.element(&options.array_item, item)?;
                }
                self.last_line(!items.is_empty())?;
            }
            Value::Object(_) => self.content(&parts)?,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                self.text(&self.scalar(value))?;
                self.depth -= 1;
            }
        }
        self.declared.truncate(outer);
        self.push("</")?;
        self.push(&name)?;
        self.push(">")
    }

    /// Elements and texts of an object.
    fn content(&mut self, parts: &[Part<'v>]) -> Result<(), TooLong> {
        let is_mixed = parts.iter().any(|part| matches!(part, Part::Text(_)));
        let mut has_elements = false;
        for part in parts {
            match part {
                Part::Elements(name, Value::Array(items)) => {
                    for item in items {
                        has_elements = true;
                        self.line_unless(is_mixed)?;
                        self.element(name, item)?;
                    }
                }
                Part::Elements(name, value) => {
                    has_elements = true;
                    self.line_unless(is_mixed)?;
                    self.element(name, value)?;
                }
                Part::Text(Value::Array(items)) => {
                    for item in items {
                        self.text(&self.scalar(item))?;
                    }
                }
                Part::Text(value) => self.text(&self.scalar(value))?,
                // What can be no attribute.
                Part::Attributes(block) => {
                    for (name, value) in block.iter().filter(|(_, value)| is_container(value)) {
                        has_elements = true;
                        self.line_unless(is_mixed)?;
                        self.element(name, value)?;
                    }
                }
                Part::Declarations(_) | Part::Declaration(..) | Part::Attribute(..) => {}
            }
        }
        self.last_line(has_elements && !is_mixed)
    }

    fn part(&self, name: &'v str, value: &'v Value<'v>) -> Part<'v> {
        let options = self.options;
        match value {
            Value::Object(block) if name == options.namespace_block => {
                return Part::Declarations(block);
            }
            Value::Object(block) if name == options.attribute_block => {
                return Part::Attributes(block);
            }
            _ if name == options.text_name && is_text(value) => return Part::Text(value),
            _ => {}
        }
        match (name.strip_prefix(options.attribute_prefix.as_str()), value) {
            // `@xmlns` as BadgerFish has it.
            (Some("xmlns"), Value::Object(block)) => Part::Declarations(block),
            (Some(name), value) if !name.is_empty() && !is_container(value) => {
                self.attribute(name, value)
            }
            (Some(name), _) if !name.is_empty() => Part::Elements(name, value),
            _ => Part::Elements(name, value),
        }
    }

    fn attribute(&self, name: &'v str, value: &'v Value<'v>) -> Part<'v> {
        let text = self.scalar(value);
        match name.strip_prefix("xmlns") {
            Some("") => Part::Declaration("", text),
            Some(rest) if rest.starts_with(&self.options.namespace_separator) => {
                let prefix = rest.get(self.options.namespace_separator.len()..);
                Part::Declaration(prefix.unwrap_or_default(), text)
            }
            _ => Part::Attribute(name, text),
        }
    }

    /// Brings the namespaces of an element into scope.
    fn declare(&mut self, parts: &[Part<'v>]) {
        let outer = self.declared.len();
        for part in parts {
            match part {
                Part::Declarations(block) => {
                    for (name, value) in block.iter().filter(|(_, value)| !is_container(value)) {
                        let is_default =
                            name == self.options.default_namespace || matches!(name, "$" | "xmlns");
                        // Some write the prefix as an attribute would have it.
                        let prefix = name.strip_prefix("xmlns:").unwrap_or(name);
                        let prefix = if is_default { "" } else { prefix };
                        self.declare_one(outer, prefix, self.scalar(value));
                    }
                }
                Part::Declaration(prefix, uri) => self.declare_one(outer, prefix, uri.clone()),
                Part::Attributes(block) => {
                    for (name, value) in block.iter().filter(|(_, value)| !is_container(value)) {
                        if let Part::Declaration(prefix, uri) = self.attribute(name, value) {
                            self.declare_one(outer, prefix, uri);
                        }
                    }
                }
                Part::Attribute(..) | Part::Text(_) | Part::Elements(..) => {}
            }
        }
    }

    /// What XML keeps for itself, and a prefix that stands for nothing, is left out, and what is
    /// more than [`NAMESPACES_MAX`] in one place; of a prefix that stands twice in an element the
    /// first counts.
    fn declare_one(&mut self, outer: usize, prefix: &'v str, uri: Cow<'v, str>) {
        let uri = if uri.chars().all(is_xml_char) {
            uri
        } else {
            Cow::Owned(uri.replace(|c| !is_xml_char(c), &self.options.replacement))
        };
        let safe = if prefix.is_empty() {
            String::new()
        } else {
            safe_name(prefix, &self.options.replacement)
        };
        let is_reserved = matches!(safe.as_str(), "xml" | "xmlns")
            || matches!(&*uri, XML_NAMESPACE | XMLNS_NAMESPACE);
        let is_nothing = uri.is_empty() && !prefix.is_empty();
        let own = self.declared.get(outer..).unwrap_or_default();
        let is_known = own.iter().any(|known| known.safe == safe);
        if !is_reserved && !is_nothing && !is_known && self.declared.len() < NAMESPACES_MAX {
            self.declared.push(Declaration { prefix, safe, uri });
        }
    }

    fn declarations(&mut self, outer: usize) -> Result<(), TooLong> {
        for at in outer..self.declared.len() {
            let Some(declaration) = self.declared.get(at) else { break };
            let name = match declaration.safe.as_str() {
                "" => " xmlns=\"".to_owned(),
                prefix => format!(" xmlns:{prefix}=\""),
            };
            let uri = declaration.uri.clone();
            self.push(&name)?;
            self.attribute_value(&uri)?;
            self.push("\"")?;
        }
        Ok(())
    }

    /// Of two with one name the first counts.
    fn attributes(&mut self, parts: &[Part<'v>]) -> Result<(), TooLong> {
        let mut seen = HashSet::new();
        for part in parts {
            match part {
                Part::Attribute(name, text) => self.one_attribute(name, text, &mut seen)?,
                Part::Attributes(block) => {
                    for (name, value) in block.iter().filter(|(_, value)| !is_container(value)) {
                        if let Part::Attribute(name, text) = self.attribute(name, value) {
                            self.one_attribute(name, &text, &mut seen)?;
                        }
                    }
                }
                Part::Declarations(_)
                | Part::Declaration(..)
                | Part::Text(_)
                | Part::Elements(..) => {}
            }
        }
        Ok(())
    }

    fn one_attribute(
        &mut self,
        name: &str,
        text: &str,
        seen: &mut HashSet<(String, String)>,
    ) -> Result<(), TooLong> {
        let (prefix, local) = self.split(name);
        let uri = match prefix {
            "" => String::new(),
            prefix => self.uri_of(prefix).to_owned(),
        };
        let local = safe_name(local, &self.options.replacement);
        let name = self.name(name);
        if name == "xmlns" || !seen.insert((uri, local)) {
            return Ok(());
        }
        self.push(" ")?;
        self.push(&name)?;
        self.push("=\"")?;
        self.attribute_value(text)?;
        self.push("\"")
    }

    /// The name in XML.
    fn name(&self, name: &str) -> String {
        let (prefix, local) = self.split(name);
        let local = safe_name(local, &self.options.replacement);
        let declared = self.declared.iter().rev().find(|known| known.prefix == prefix);
        match (prefix, declared) {
            ("", _) => local,
            ("xml", _) => format!("xml:{local}"),
            (_, Some(declared)) => format!("{}:{local}", declared.safe),
            (_, None) => local,
        }
    }

    /// Prefix and local name. The prefix is empty where none of that name is declared.
    fn split<'n>(&self, name: &'n str) -> (&'n str, &'n str) {
        match name.split_once(&self.options.namespace_separator) {
            Some((prefix, local))
                if !prefix.is_empty()
                    && !local.is_empty()
                    && (prefix == "xml" || !self.uri_of(prefix).is_empty()) =>
            {
                (prefix, local)
            }
            _ => ("", name),
        }
    }

    /// Empty where the prefix is not declared.
    fn uri_of(&self, prefix: &str) -> &str {
        if prefix == "xml" {
            return XML_NAMESPACE;
        }
        let mut declared = self.declared.iter().rev();
        let found = declared.find(|known| known.prefix == prefix);
        // A nearer prefix of another JSON name may have become the same one in XML.
        let shadowed = |found: &&Declaration<'v>| {
            let nearest = self.declared.iter().rev().find(|known| known.safe == found.safe);
            nearest.is_some_and(|nearest| nearest.prefix == found.prefix)
        };
        found.filter(shadowed).map_or("", |found| &found.uri)
    }

    /// Null and the text that stands for it are empty.
    fn scalar(&self, value: &'v Value<'v>) -> Cow<'v, str> {
        match value {
            Value::String(text) if *text == self.options.null_value => Cow::Borrowed(""),
            Value::String(text) => Cow::Borrowed(text),
            Value::Bool(true) => Cow::Borrowed("true"),
            Value::Bool(false) => Cow::Borrowed("false"),
            Value::Number(number) => Cow::Owned(number.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => Cow::Borrowed(""),
        }
    }

    fn line(&mut self) -> Result<(), TooLong> {
        if self.options.indent {
            self.push("\n")?;
            for _ in 0..self.depth {
                self.push(INDENT)?;
            }
        }
        Ok(())
    }

    fn line_unless(&mut self, is_mixed: bool) -> Result<(), TooLong> {
        if is_mixed { Ok(()) } else { self.line() }
    }

    /// Before the end tag of the innermost element.
    fn last_line(&mut self, is_wanted: bool) -> Result<(), TooLong> {
        self.depth -= 1;
        if is_wanted { self.line() } else { Ok(()) }
    }

    fn text(&mut self, text: &str) -> Result<(), TooLong> {
        self.escaped(text, |c| matches!(c, '&' | '<' | '>' | '\r') || !is_xml_char(c))
    }

    fn attribute_value(&mut self, text: &str) -> Result<(), TooLong> {
        self.escaped(text, |c| {
            matches!(c, '&' | '<' | '>' | '"' | '\t' | '\n' | '\r') || !is_xml_char(c)
        })
    }

    fn escaped(&mut self, text: &str, is_special: fn(char) -> bool) -> Result<(), TooLong> {
        let mut rest = text;
        while let Some(at) = rest.find(is_special) {
            let (plain, tail) = rest.split_at(at);
            self.push(plain)?;
            let mut after = tail.chars();
            let replaced = match after.next() {
                Some('&') => "&amp;",
                Some('<') => "&lt;",
                Some('>') => "&gt;",
                Some('"') => "&quot;",
                Some('\t') => "&#9;",
                Some('\n') => "&#10;",
                Some('\r') => "&#13;",
                _ => &self.options.replacement,
            };
            self.push(replaced)?;
            rest = after.as_str();
        }
        self.push(rest)
    }

    fn push(&mut self, text: &str) -> Result<(), TooLong> {
        if text.len() > self.bytes_max.saturating_sub(self.xml.len()) {
            return Err(TooLong);
        }
        self.xml.push_str(text);
        Ok(())
    }
}

fn is_container(value: &Value<'_>) -> bool {
    value.is_array() || value.is_object()
}

/// What a text node can be made of.
fn is_text(value: &Value<'_>) -> bool {
    match value {
        Value::Array(items) => items.iter().all(|item| !is_container(item)),
        other => !other.is_object(),
    }
}
