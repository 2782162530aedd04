//! YAML, there and back.
//!
//! Source: YAML 1.2.2, chapter 10 (core schema) for what is null, a number or a truth value;
//! the merge key `<<` of YAML 1.1, which configuration files use. One document; aliases within
//! the bounds of [`json`](crate::json), counted where they are used.

use std::fmt::Write as _;

use hashbrown::{HashMap, HashSet};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, Tag};
use serde_json::{Map, Value};

use crate::cli::kv::document::{Malformed, Node};
use crate::json::{BYTES_MAX, NESTING_MAX, NODES_MAX};

/// The name that brings another map's members along.
const MERGE: &str = "<<";

pub(super) fn read(text: &str) -> Result<Node, Malformed> {
    let mut reader = Reader::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| Malformed {
            place: Some(place(error.marker())),
            reason: error.info().to_owned(),
        })?;
        reader.take(event, span)?;
    }
    Ok(reader.whole.unwrap_or(Node::Null))
}

#[derive(Default)]
struct Reader {
    /// The containers around this place, the innermost last, each with its anchor.
    open: Vec<(Open, usize)>,
    anchors: HashMap<usize, Node>,
    /// Values so far, each copy of an anchor's counted.
    nodes: usize,
    /// Of the texts that were copied.
    copied_bytes: usize,
    whole: Option<Node>,
}

enum Open {
    List(Vec<Node>),
    Map(Members),
}

#[derive(Default)]
struct Members {
    own: Vec<(String, Node)>,
    names: HashSet<String>,
    merged: Vec<(String, Node)>,
    /// The name whose value comes next.
    name: Option<String>,
}

impl Reader {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Malformed> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) => match self.whole {
                Some(_) => Err(at(span, "a second document begins; a file has one")),
                None => Ok(()),
            },
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor) else {
                    return Err(at(span, "an alias stands inside what it stands for"));
                };
                let node = node.clone();
                self.copy(&node, span)?;
                self.put(node, 0, span)
            }
            Event::Scalar(text, style, anchor, tag) => {
                check_tag(tag.as_deref(), span)?;
                let is_plain = style == ScalarStyle::Plain && tag.is_none() && !self.is_at_name();
                let node = match is_plain {
                    true => plain(&text),
                    false => Node::Text(text.into_owned()),
                };
                self.count(1, span)?;
                self.put(node, anchor, span)
            }
            Event::SequenceStart(anchor, tag) => {
                check_tag(tag.as_deref(), span)?;
                self.begin(Open::List(Vec::new()), anchor, span)
            }
            Event::MappingStart(anchor, tag) => {
                check_tag(tag.as_deref(), span)?;
                self.begin(Open::Map(Members::default()), anchor, span)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some((open, anchor)) = self.open.pop() else { return Ok(()) };
                let node = match open {
                    Open::List(items) => Node::List(items),
                    Open::Map(members) => Node::Map(members.all()),
                };
                self.put(node, anchor, span)
            }
        }
    }

    fn is_at_name(&self) -> bool {
        matches!(self.open.last(), Some((Open::Map(Members { name: None, .. }), _)))
    }

    fn begin(&mut self, open: Open, anchor: usize, span: Span) -> Result<(), Malformed> {
        if self.is_at_name() {
            return Err(at(span, NO_NAME));
        }
        if self.open.len() >= NESTING_MAX {
            return Err(at(span, format!("it nests deeper than {NESTING_MAX} levels")));
        }
        self.count(1, span)?;
        self.open.push((open, anchor));
        Ok(())
    }

    /// `anchor`: 0 for none.
    fn put(&mut self, node: Node, anchor: usize, span: Span) -> Result<(), Malformed> {
        if anchor != 0 {
            self.copy(&node, span)?;
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut() {
            None => self.whole = Some(node),
            Some((Open::List(items), _)) => items.push(node),
            Some((Open::Map(members), _)) => {
                members.put(node).map_err(|reason| at(span, reason))?;
            }
        }
        Ok(())
    }

    fn count(&mut self, nodes: usize, span: Span) -> Result<(), Malformed> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > NODES_MAX {
            return Err(at(span, format!("it has more than {NODES_MAX} values")));
        }
        Ok(())
    }

    fn copy(&mut self, node: &Node, span: Span) -> Result<(), Malformed> {
        let Extent { nodes, bytes, depth } = Extent::of(node);
        if self.open.len().saturating_add(depth) > NESTING_MAX {
            return Err(at(span, format!("it nests deeper than {NESTING_MAX} levels")));
        }
        self.copied_bytes = self.copied_bytes.saturating_add(bytes);
        if self.copied_bytes > BYTES_MAX {
            return Err(at(span, format!("its anchors stand for more than {BYTES_MAX} bytes")));
        }
        self.count(nodes, span)
    }
}

const NO_NAME: &str = "a name is a text, neither a list nor an object";

impl Members {
    fn put(&mut self, node: Node) -> Result<(), String> {
        match (self.name.take(), node) {
            (None, Node::Text(text) | Node::Bare(text)) => {
                if text != MERGE && !self.names.insert(text.clone()) {
                    return Err(format!("`{text}` stands here twice"));
                }
                self.name = Some(text);
                Ok(())
            }
            (None, _) => Err(NO_NAME.to_owned()),
            (Some(name), Node::Map(members)) if name == MERGE => {
                self.merged.extend(members);
                Ok(())
            }
            (Some(name), Node::List(maps)) if name == MERGE => {
                for map in maps {
                    let Node::Map(members) = map else { return Err(NO_MERGE.to_owned()) };
                    self.merged.extend(members);
                }
                Ok(())
            }
            (Some(name), _) if name == MERGE => Err(NO_MERGE.to_owned()),
            (Some(name), node) => {
                self.own.push((name, node));
                Ok(())
            }
        }
    }

    /// What stands here wins over what was merged, and of that what came first.
    fn all(mut self) -> Vec<(String, Node)> {
        for (name, node) in self.merged {
            if self.names.insert(name.clone()) {
                self.own.push((name, node));
            }
        }
        self.own
    }
}

const NO_MERGE: &str = "`<<` takes an object, or a list of objects";

struct Extent {
    nodes: usize,
    bytes: usize,
    /// Of containers.
    depth: usize,
}

impl Extent {
    /// What was read nests within bounds, so this does.
    fn of(node: &Node) -> Self {
        let mut extent = Self { nodes: 1, bytes: 0, depth: 0 };
        let mut inside = |node: &Node| {
            let Self { nodes, bytes, depth } = Self::of(node);
            extent.nodes = extent.nodes.saturating_add(nodes);
            extent.bytes = extent.bytes.saturating_add(bytes);
            extent.depth = extent.depth.max(depth + 1);
        };
        match node {
            Node::Null => {}
            Node::Text(text) | Node::Bare(text) => extent.bytes = text.len(),
            Node::List(items) => {
                items.iter().for_each(&mut inside);
                extent.depth = extent.depth.max(1);
            }
            Node::Map(members) => {
                members.iter().for_each(|(_, node)| inside(node));
                let names = members.iter().map(|(name, _)| name.len());
                extent.bytes = extent.bytes.saturating_add(names.sum());
                extent.depth = extent.depth.max(1);
            }
        }
        extent
    }
}

/// A plain scalar. What is no number of JSON, such as `0x10` or `.5`, is a text.
fn plain(text: &str) -> Node {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Node::Null,
        "true" | "false" => Node::Bare(text.to_owned()),
        text if is_number(text) => Node::Bare(text.to_owned()),
        text => Node::Text(text.to_owned()),
    }
}

/// As RFC 8259 has it.
fn is_number(text: &str) -> bool {
    let begins = text.starts_with(|letter: char| letter == '-' || letter.is_ascii_digit());
    begins && matches!(serde_json::from_str(text), Ok(Value::Number(_)))
}

/// Tags of the core schema say what the text says; others would mean something else.
fn check_tag(tag: Option<&Tag>, span: Span) -> Result<(), Malformed> {
    match tag {
        // `!` alone: the text as it stands.
        Some(tag) if !tag.is_yaml_core_schema() && !tag.suffix.is_empty() => {
            Err(at(span, format!("the tag `{}{}` is not known", tag.handle, tag.suffix)))
        }
        Some(_) | None => Ok(()),
    }
}

fn at(span: Span, reason: impl Into<String>) -> Malformed {
    Malformed { place: Some(place(&span.start)), reason: reason.into() }
}

/// The parser counts lines from 1 and columns from 0.
fn place(marker: &Marker) -> (usize, usize) {
    (marker.line(), marker.col().saturating_add(1))
}

/// Block style. Texts are quoted unless they are plainly words.
pub(super) fn write(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(members) if !members.is_empty() => write_members(members, 0, &mut out),
        value => {
            write_flow(value, &mut out);
            out.push('\n');
        }
    }
    out
}

fn write_members(members: &Map<String, Value>, indent: usize, out: &mut String) {
    for (index, (name, value)) in members.iter().enumerate() {
        // The first one stands behind the dash of its list.
        if index > 0 || indent == 0 {
            out.extend(std::iter::repeat_n(' ', indent));
        }
        write_text(name, out);
        out.push(':');
        write_value(value, indent, out);
    }
}

fn write_value(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent + INDENT));
            write_members(members, indent + INDENT, out);
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('\n');
            for item in items {
                out.extend(std::iter::repeat_n(' ', indent + INDENT));
                out.push('-');
                match item {
                    Value::Object(members) if !members.is_empty() => {
                        out.push(' ');
                        write_members(members, indent + 2 * INDENT, out);
                    }
                    item => {
                        out.push(' ');
                        write_flow(item, out);
                        out.push('\n');
                    }
                }
            }
        }
        value => {
            out.push(' ');
            write_flow(value, out);
            out.push('\n');
        }
    }
}

const INDENT: usize = 2;

/// On one line.
fn write_flow(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => write_text(text, out),
        // JSON is YAML too.
        value => out.push_str(&value.to_string()),
    }
}

fn write_text(text: &str, out: &mut String) {
    if is_word(text) {
        out.push_str(text);
        return;
    }
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // What no YAML file may hold as it is, and what would end a line.
            letter
                if letter.is_control()
                    || matches!(
                        letter,
                        '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}'..='\u{ffff}'
                    ) =>
            {
                // Writing to a String does not fail.
                write!(out, "\\u{:04x}", u32::from(letter)).unwrap_or_default();
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
}

/// Whether every reader of YAML takes the plain text for a text.
fn is_word(text: &str) -> bool {
    const OTHERS: [&str; 9] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    text.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-./".contains(letter))
        && !OTHERS.iter().any(|other| other.eq_ignore_ascii_case(text))
}
