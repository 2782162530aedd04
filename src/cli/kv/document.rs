//! Files of key-values: JSON, YAML and Java's .properties.
//!
//! Two forms. A *set* is what App Configuration's own lists and exports are: an object whose
//! `items` have `key`, `label`, `value`, `content_type`, `tags`, `description`. A *flat* file has
//! names and values; objects in it are parts of names. A scalar is the text that it is written
//! as: `no` and `1.10` stay so. A list, or an empty object, is the JSON of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::cli::kv::FileFormat;
use crate::cli::kv::pair::{Beside, Pair};
use crate::cli::kv::yaml;
use crate::diag::{Diagnostics, SourceMap};
use crate::json::{self, JsonError};
use crate::model::property_set;

/// The members of an item that are read, and those that the API shows and that are passed over.
const READ: [&str; 6] = ["key", "label", "value", "content_type", "tags", "description"];
const PASSED: [&str; 3] = ["etag", "last_modified", "locked"];
/// Beside `items`, in an answer of the API.
const OF_PAGES: [&str; 2] = ["etag", "@nextLink"];

/// How key-values stand in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Set,
    Flat,
}

/// A file that is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Document<'a> {
    pub(super) name: &'a Path,
    pub(super) form: FileFormat,
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Null,
    Text(String),
    /// A number or a truth value, as it is written.
    Bare(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// Why a file cannot be imported. `place` is a line and a column, both from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}: {reason}", path.display(), place.map_or_else(String::new, |(line, column)| format!(":{line}:{column}")))]
pub struct DocumentError {
    pub(super) path: PathBuf,
    pub(super) place: Option<(usize, usize)>,
    pub(super) reason: String,
}

/// Why, without where the file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    pub(super) place: Option<(usize, usize)>,
    pub(super) reason: String,
}

impl Malformed {
    pub(super) fn whole(reason: impl Into<String>) -> Self {
        Self { place: None, reason: reason.into() }
    }
}

impl Document<'_> {
    pub(super) fn read(self, bytes: &[u8], separator: &str) -> Result<Vec<Pair>, DocumentError> {
        let read = || {
            let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            let text =
                std::str::from_utf8(bytes).map_err(|_| Malformed::whole("it is no UTF-8 text"))?;
            match self.form {
                FileFormat::Json => pairs(read_json(text)?, separator),
                FileFormat::Yaml => pairs(yaml::read(text)?, separator),
                FileFormat::Properties => read_properties(text),
            }
        };
        read().map_err(|Malformed { place, reason }| DocumentError {
            path: self.name.to_owned(),
            place,
            reason,
        })
    }
}

fn read_json(text: &str) -> Result<Node, Malformed> {
    let malformed = |error| match error {
        JsonError::Malformed { reason, line, column } => {
            Malformed { place: Some((line, column.max(1))), reason }
        }
        error => Malformed::whole(error.to_string()),
    };
    // One knows what is a number, the other how it is written.
    let typed = json::read(text.as_bytes()).map_err(malformed)?;
    let literal = json::read_literal(text.as_bytes()).map_err(malformed)?;
    Ok(joined(&typed, &literal))
}

fn joined(typed: &json::Value<'_>, literal: &json::Value<'_>) -> Node {
    match (typed, literal) {
        (json::Value::Null, _) => Node::Null,
        (json::Value::Bool(value), _) => Node::Bare(value.to_string()),
        (json::Value::Number(_), json::Value::String(text)) => Node::Bare(text.to_string()),
        (json::Value::Number(number), _) => Node::Bare(number.to_string()),
        (json::Value::String(text), _) => Node::Text(text.to_string()),
        (json::Value::Array(typed), json::Value::Array(literal)) => {
            Node::List(typed.iter().zip(literal).map(|(typed, text)| joined(typed, text)).collect())
        }
        (json::Value::Object(typed), json::Value::Object(literal)) => {
            let member = |(name, typed): (&str, &json::Value<'_>)| {
                let text = literal.get(name).unwrap_or(&json::Value::Null);
                (name.to_owned(), joined(typed, text))
            };
            Node::Map(typed.iter().map(member).collect())
        }
        (json::Value::Array(_) | json::Value::Object(_), _) => Node::Null,
    }
}

fn read_properties(text: &str) -> Result<Vec<Pair>, Malformed> {
    let (mut sources, mut diags) = (SourceMap::default(), Diagnostics::default());
    let file = sources.add("", Arc::from(text));
    let pairs = property_set::parse(text, file, &mut diags);
    if let Some(finding) = diags.iter().next() {
        let place = finding.span.map(|span| {
            let at = sources.position(file, span.start);
            (at.line, at.column)
        });
        return Err(Malformed { place, reason: finding.message.clone() });
    }
    // Of a name that stands twice the last value counts, as Java has it.
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    let mut found: Vec<Pair> = Vec::new();
    for (key, value) in pairs {
        match names.get(&key).and_then(|index| found.get_mut(*index)) {
            Some(pair) => pair.value = Some(value),
            None => {
                names.insert(key.clone(), found.len());
                found.push(Pair { key, label: None, value: Some(value), beside: Beside::Kept });
            }
        }
    }
    Ok(found)
}

fn pairs(whole: Node, separator: &str) -> Result<Vec<Pair>, Malformed> {
    let members = match whole {
        Node::Map(members) => members,
        Node::Null => Vec::new(),
        Node::Text(_) | Node::Bare(_) | Node::List(_) => {
            return Err(Malformed::whole("it is no object of names and values"));
        }
    };
    if let Some(items) = set_items(&members) {
        return items.iter().enumerate().map(|(index, item)| set_item(index, item)).collect();
    }
    let mut found = Vec::new();
    for (name, node) in members {
        flatten(name, node, separator, &mut found);
    }
    Ok(found)
}

/// The items, where this is a set and no flat file that happens to have a list of that name.
fn set_items(members: &[(String, Node)]) -> Option<&[Node]> {
    let is_page = |name: &str| name == "items" || OF_PAGES.contains(&name);
    if !members.iter().all(|(name, _)| is_page(name)) {
        return None;
    }
    let items = members.iter().find(|(name, _)| name == "items")?;
    let Node::List(items) = &items.1 else { return None };
    let has_key = |item: &Node| match item {
        Node::Map(fields) => fields.iter().any(|(name, _)| name == "key"),
        Node::Null | Node::Text(_) | Node::Bare(_) | Node::List(_) => false,
    };
    // One that lacks its key is a mistake to be told, not a text.
    (items.is_empty() || items.iter().any(has_key)).then_some(items)
}

fn set_item(index: usize, item: &Node) -> Result<Pair, Malformed> {
    let Node::Map(fields) = item else {
        return Err(Malformed::whole(format!("items[{index}] is no object")));
    };
    let known = |name: &str| READ.contains(&name) || PASSED.contains(&name);
    if let Some((name, _)) = fields.iter().find(|(name, _)| !known(name)) {
        let known = READ.join(", ");
        return Err(Malformed::whole(format!(
            "items[{index}] has `{name}`, which no key-value has; there are {known}"
        )));
    }
    let text = |name: &str| match fields.iter().find(|(field, _)| field == name) {
        None | Some((_, Node::Null)) => Ok(None),
        Some((_, Node::Text(text) | Node::Bare(text))) => Ok(Some(text.clone())),
        Some((_, Node::List(_) | Node::Map(_))) => {
            Err(Malformed::whole(format!("`{name}` of items[{index}] is no text")))
        }
    };
    let tags = match fields.iter().find(|(name, _)| name == "tags").map(|(_, node)| node) {
        None | Some(Node::Null) => BTreeMap::new(),
        Some(Node::Map(tags)) => {
            tags.iter().map(|(name, value)| tag(index, name, value)).collect::<Result<_, _>>()?
        }
        // A relic of the API's documentation.
        Some(Node::List(list)) if list.is_empty() => BTreeMap::new(),
        Some(Node::Text(_) | Node::Bare(_) | Node::List(_)) => {
            return Err(Malformed::whole(format!("`tags` of items[{index}] is no object")));
        }
    };
    Ok(Pair {
        key: text("key")?
            .ok_or_else(|| Malformed::whole(format!("items[{index}] has no `key`")))?,
        label: text("label")?.filter(|label| !label.is_empty()),
        value: text("value")?,
        beside: Beside::All {
            content_type: text("content_type")?,
            tags,
            description: text("description")?,
        },
    })
}

fn tag(index: usize, name: &str, value: &Node) -> Result<(String, Option<String>), Malformed> {
    match value {
        Node::Null => Ok((name.to_owned(), None)),
        Node::Text(text) | Node::Bare(text) => Ok((name.to_owned(), Some(text.clone()))),
        Node::List(_) | Node::Map(_) => {
            Err(Malformed::whole(format!("the tag `{name}` of items[{index}] is no text")))
        }
    }
}

/// Documents nest within bounds, so this does.
fn flatten(key: String, node: Node, separator: &str, found: &mut Vec<Pair>) {
    let mut pair = |value, beside| {
        found.push(Pair { key: key.clone(), label: None, value, beside });
    };
    match node {
        Node::Null => pair(None, Beside::Kept),
        Node::Text(text) | Node::Bare(text) => pair(Some(text), Beside::Kept),
        Node::Map(members) if !members.is_empty() => {
            for (name, node) in members {
                flatten(format!("{key}{separator}{name}"), node, separator, found);
            }
        }
        node @ (Node::List(_) | Node::Map(_)) => {
            let mut text = String::new();
            write_json(&node, &mut text);
            pair(Some(text), Beside::Json);
        }
    }
}

/// Compact JSON, with numbers as they are written.
fn write_json(node: &Node, out: &mut String) {
    match node {
        Node::Null => out.push_str("null"),
        Node::Bare(text) => out.push_str(text),
        Node::Text(text) => out.push_str(&Value::from(text.as_str()).to_string()),
        Node::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_json(item, out);
            }
            out.push(']');
        }
        Node::Map(members) => {
            out.push('{');
            for (index, (name, node)) in members.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push(':');
                write_json(node, out);
            }
            out.push('}');
        }
    }
}

/// The text of a file. In a flat one all pairs have keys of their own.
pub(super) fn write(pairs: &[Pair], format: FileFormat, form: Form) -> String {
    match format {
        FileFormat::Json => format!("{:#}\n", value(pairs, form)),
        FileFormat::Yaml => yaml::write(&value(pairs, form)),
        FileFormat::Properties => write_properties(pairs),
    }
}

fn value(pairs: &[Pair], form: Form) -> Value {
    match form {
        Form::Flat => {
            let pairs = pairs.iter().map(|pair| (pair.key.clone(), json!(pair.value)));
            Value::Object(pairs.collect())
        }
        Form::Set => json!({ "items": pairs.iter().map(set_value).collect::<Vec<_>>() }),
    }
}

fn set_value(pair: &Pair) -> Value {
    let mut fields = Map::new();
    fields.insert("key".to_owned(), json!(pair.key));
    fields.insert("label".to_owned(), json!(pair.label));
    fields.insert("value".to_owned(), json!(pair.value));
    if let Beside::All { content_type, tags, description } = &pair.beside {
        fields.insert("content_type".to_owned(), json!(content_type));
        fields.insert("tags".to_owned(), json!(tags));
        if let Some(description) = description {
            fields.insert("description".to_owned(), json!(description));
        }
    }
    Value::Object(fields)
}

/// Source: Java's documentation of `Properties.store`; letters beyond ASCII stay.
fn write_properties(pairs: &[Pair]) -> String {
    let mut out = String::new();
    for pair in pairs {
        escape(&pair.key, true, &mut out);
        out.push('=');
        escape(pair.value.as_deref().unwrap_or_default(), false, &mut out);
        out.push('\n');
    }
    out
}

fn escape(text: &str, is_name: bool, out: &mut String) {
    for (index, letter) in text.chars().enumerate() {
        match letter {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{c}' => out.push_str("\\f"),
            '\\' | '=' | ':' | '#' | '!' => out.extend(['\\', letter]),
            ' ' if is_name || index == 0 => out.push_str("\\ "),
            letter if letter.is_control() => {
                let mut units = [0; 2];
                for unit in letter.encode_utf16(&mut units) {
                    // Writing to a String does not fail.
                    write!(out, "\\u{unit:04x}").unwrap_or_default();
                }
            }
            letter => out.push(letter),
        }
    }
}
