//! quick-xml events to nodes.
//!
//! Sources: XML 1.0 (fifth edition), Namespaces in XML 1.0 (third edition). quick-xml finds
//! where markup begins and ends; what the standards demand beyond that is checked here with
//! the scanner of `xml`.

use std::ops::Range;

use quick_xml::errors::{Error, IllFormedError, SyntaxError};
use quick_xml::events::Event;
use quick_xml::reader::Reader;

use crate::xml::scan::{
    Attributes, BYTE_ORDER_MARK, Fault, Reference, check_declaration, declared_encoding, is_name,
    is_utf8_name, is_white_space, is_xml_char, reference, shown,
};
use crate::xmltree::{
    BYTES_MAX, Declaration, NAMESPACES_MAX, NESTING_MAX, NODES_MAX, NONE, NodeData, NodeKind,
    Slice, XML_NAMESPACE, XMLNS_NAMESPACE, XmlTree, XmlTreeError, offset, slice,
};

impl XmlTree {
    /// `bytes` is UTF-8, with or without a byte order mark.
    pub fn parse(bytes: &[u8]) -> Result<Self, XmlTreeError> {
        if bytes.len() > BYTES_MAX {
            return Err(XmlTreeError::TooLong { bytes: bytes.len() });
        }
        let source = str::from_utf8(bytes).map_err(|_| XmlTreeError::Encoding)?;
        let text = source.strip_prefix(BYTE_ORDER_MARK).unwrap_or(source);
        let read = Parser::new(text).read();
        read.map_err(|refusal| match refusal {
            Refusal::Limit(error) => error,
            Refusal::Malformed { message, at } => {
                let before = text.get(..at.min(text.len())).unwrap_or(text);
                let line_start = before.rfind('\n').map_or(0, |end| end + 1);
                XmlTreeError::Malformed {
                    message,
                    line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
                    column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
                }
            }
        })
    }
}

enum Refusal {
    /// `at` is a byte of the text.
    Malformed {
        message: String,
        at: usize,
    },
    Limit(XmlTreeError),
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Malformed { message: fault.message, at: fault.range.start }
    }
}

fn malformed(at: usize, message: impl Into<String>) -> Refusal {
    Refusal::Malformed { message: message.into(), at }
}

struct Parser<'t> {
    source: &'t str,
    tree: XmlTree,
    open: Vec<Open<'t>>,
    has_element: bool,
}

/// A node whose children are being read.
struct Open<'t> {
    index: u32,
    name: &'t str,
    last_child: u32,
    /// Where the text of a node not yet made starts.
    text_start: Option<usize>,
    scope: u32,
    /// How many declarations are in scope.
    scope_len: usize,
}

/// An attribute that declares no namespace.
struct Named<'t> {
    name: &'t str,
    value: Slice,
    at: usize,
}

impl<'t> Parser<'t> {
    fn new(source: &'t str) -> Self {
        let mut words = String::with_capacity(source.len() / 2 + 64);
        words.push_str("xml");
        words.push_str(XML_NAMESPACE);
        let xml = Declaration { prefix: slice(0..3), uri: slice(3..words.len()), outer: NONE };
        let root = NodeData {
            kind: NodeKind::Root,
            parent: NONE,
            previous: NONE,
            end: 1,
            children: 1,
            name: Slice::default(),
            prefix_len: 0,
            namespace: NONE,
            scope: 0,
            value: Slice::default(),
        };
        let mut nodes = Vec::with_capacity(source.len() / 32 + 8);
        nodes.push(root);
        let text = String::with_capacity(source.len() / 2);
        Self {
            source,
            tree: XmlTree { nodes, declarations: vec![xml], text, words },
            open: vec![Open {
                index: 0,
                name: "",
                last_child: NONE,
                text_start: None,
                scope: 0,
                scope_len: 1,
            }],
            has_element: false,
        }
    }

    fn read(mut self) -> Result<XmlTree, Refusal> {
        if let Some((at, c)) = self.source.char_indices().find(|(_, c)| !is_xml_char(*c)) {
            let message = format!("the character U+{:04X} is not allowed in XML", u32::from(c));
            return Err(malformed(at, message));
        }
        let source = self.source;
        if declared_encoding(source).is_some_and(|(name, _)| !is_utf8_name(name)) {
            return Err(Refusal::Limit(XmlTreeError::Encoding));
        }
        let mut reader = Reader::from_str(source);
        let config = reader.config_mut();
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        let place = |position: u64| usize::try_from(position).unwrap_or(source.len());
        loop {
            let start = place(reader.buffer_position());
            let event = reader.read_event();
            let range = start..place(reader.buffer_position());
            match event {
                Ok(Event::Eof) => return self.end_of_text(),
                Ok(event) => self.event(&event, range)?,
                Err(error) => {
                    let at = place(reader.error_position());
                    return Err(malformed(at, said(&error)));
                }
            }
        }
    }

    fn event(&mut self, event: &Event, range: Range<usize>) -> Result<(), Refusal> {
        match event {
            Event::Start(tag) => self.start_tag(range, tag.name().as_ref().len(), 1),
            Event::Empty(tag) => {
                self.start_tag(range, tag.name().as_ref().len(), 2)?;
                self.close();
                Ok(())
            }
            Event::End(_) => self.end_tag(range),
            Event::Text(_) => self.text(range),
            Event::GeneralRef(_) => self.reference(range),
            Event::CData(_) => {
                let inside = range.start + "<![CDATA[".len()..range.end.saturating_sub(3);
                let raw = self.slice(inside);
                self.character_data(range.start, |text| push_lines(text, raw))
            }
            Event::Comment(_) => self.comment(range),
            Event::Decl(_) if range.start == 0 => {
                let inside = range.start + "<?xml".len()..range.end.saturating_sub(2);
                Ok(check_declaration(self.source, inside)?)
            }
            Event::Decl(_) => {
                Err(malformed(range.start, "the XML declaration is not the first thing"))
            }
            Event::PI(_) => self.instruction(range),
            Event::DocType(_) => Err(Refusal::Limit(XmlTreeError::Doctype)),
            Event::Eof => Ok(()),
        }
    }

    /// The last `tail` bytes of the tag close it.
    fn start_tag(
        &mut self,
        range: Range<usize>,
        name_len: usize,
        tail: usize,
    ) -> Result<(), Refusal> {
        let name_range = range.start + 1..range.start + 1 + name_len;
        let name = self.slice(name_range.clone());
        if !is_name(name) {
            return Err(malformed(range.start, format!("`<{}` begins no element", shown(name))));
        }
        // The root is open, too.
        if self.open.len() == 1 && std::mem::replace(&mut self.has_element, true) {
            return Err(malformed(name_range.start, format!("`{}` is a second root", shown(name))));
        }
        if self.open.len() > NESTING_MAX {
            return Err(Refusal::Limit(XmlTreeError::TooDeep));
        }
        let (mut scope, mut scope_len) =
            self.open.last().map_or((0, 1), |parent| (parent.scope, parent.scope_len));
        let mut named = Vec::new();
        for raw in Attributes::new(self.source, name_range.end..range.end.saturating_sub(tail)) {
            let raw = raw?;
            let at = raw.name_range.start;
            let value = self.attribute_value(raw.value, raw.value_range.start)?;
            let declared = match raw.name.split_once(':') {
                None if raw.name == "xmlns" => Some(""),
                Some(("xmlns", prefix)) => Some(prefix),
                _ => None,
            };
            let Some(prefix) = declared else {
                named.push(Named { name: raw.name, value, at });
                continue;
            };
            scope = self.declare(prefix, value, scope, at)?;
            scope_len += 1;
            if scope_len > NAMESPACES_MAX {
                return Err(Refusal::Limit(XmlTreeError::TooManyNamespaces));
            }
        }
        let first_declared = self.open.last().map_or(0, |parent| parent.scope);
        self.refuse_repeated_declarations(scope, first_declared, name_range.start)?;

        let namespace = self.namespace_of(name, scope, name_range.start)?;
        let text_start = self.tree.text.len();
        let element = self.push_child(NodeKind::Element, name, slice(text_start..text_start))?;
        if let Some(data) = self.tree.nodes.get_mut(element as usize) {
            data.prefix_len = prefix_len(name);
            data.namespace = namespace;
            data.scope = scope;
        }
        self.attributes(&named, element, scope)?;
        let children = offset(self.tree.nodes.len());
        if let Some(data) = self.tree.nodes.get_mut(element as usize) {
            data.children = children;
        }
        self.open.push(Open {
            index: element,
            name,
            last_child: NONE,
            text_start: None,
            scope,
            scope_len,
        });
        Ok(())
    }

    fn declare(&mut self, prefix: &str, uri: Slice, outer: u32, at: usize) -> Result<u32, Refusal> {
        let text = uri.of(&self.tree.words);
        let is_reserved = match prefix {
            "xml" => text != XML_NAMESPACE,
            "xmlns" => true,
            _ => text == XML_NAMESPACE || text == XMLNS_NAMESPACE,
        };
        if is_reserved {
            return Err(malformed(at, "a reserved prefix or namespace is declared"));
        }
        if text.is_empty() && !prefix.is_empty() {
            return Err(malformed(at, format!("prefix `{}` stands for nothing", shown(prefix))));
        }
        let prefix = self.push_word(prefix);
        self.tree.declarations.push(Declaration { prefix, uri, outer });
        Ok(offset(self.tree.declarations.len() - 1))
    }

    /// Those of one tag are the ones from `scope` outward to `outer`.
    fn refuse_repeated_declarations(
        &self,
        scope: u32,
        outer: u32,
        at: usize,
    ) -> Result<(), Refusal> {
        let mut prefixes = Vec::new();
        let mut next = scope;
        while next != outer
            && let Some(declaration) = self.tree.declaration(next)
        {
            let prefix = declaration.prefix.of(&self.tree.words);
            if prefixes.contains(&prefix) {
                let message = format!("prefix `{}` is declared twice", shown(prefix));
                return Err(malformed(at, message));
            }
            prefixes.push(prefix);
            next = declaration.outer;
        }
        Ok(())
    }

    fn attributes(&mut self, named: &[Named<'t>], element: u32, scope: u32) -> Result<(), Refusal> {
        for attribute in named {
            // An attribute without a prefix is in no namespace.
            let namespace = match prefix_len(attribute.name) {
                0 => NONE,
                _ => self.namespace_of(attribute.name, scope, attribute.at)?,
            };
            let name = self.push_word(attribute.name);
            let index = self.push_node(NodeKind::Attribute, element, name, attribute.value)?;
            if let Some(data) = self.tree.nodes.get_mut(index as usize) {
                data.prefix_len = prefix_len(attribute.name);
                data.namespace = namespace;
            }
        }
        if named.len() < 2 {
            return Ok(());
        }
        let tree = &self.tree;
        let mut names: Vec<(&str, &str, usize)> = (element.saturating_add(1)..)
            .map(super::Node::at)
            .zip(named)
            .map(|(node, named)| (tree.local_name(node), tree.namespace_uri(node), named.at))
            .collect();
        names.sort_unstable();
        for pair in names.windows(2) {
            if let [(local, uri, _), (other_local, other_uri, at)] = pair
                && (local, uri) == (other_local, other_uri)
            {
                let message = format!("attribute `{}` stands twice", shown(local));
                return Err(malformed(*at, message));
            }
        }
        Ok(())
    }

    fn namespace_of(&self, name: &str, scope: u32, at: usize) -> Result<u32, Refusal> {
        let prefix = name.split_once(':').map_or("", |(prefix, _)| prefix);
        let mut next = scope;
        while let Some(declaration) = self.tree.declaration(next) {
            if declaration.prefix.of(&self.tree.words) == prefix {
                return Ok(next);
            }
            next = declaration.outer;
        }
        if prefix.is_empty() {
            return Ok(NONE);
        }
        Err(malformed(at, format!("prefix `{}` is not declared", shown(prefix))))
    }

    /// References replaced, each white space character a space (XML 1.0, 3.3.3).
    fn attribute_value(&mut self, raw: &str, start: usize) -> Result<Slice, Refusal> {
        let from = self.tree.words.len();
        let mut rest = raw;
        while let Some(at) = rest.find(['&', '\t', '\r', '\n']) {
            let (head, tail) = rest.split_at(at);
            self.tree.words.push_str(head);
            let place = start + raw.len() - tail.len();
            rest = if let Some(after) = tail.strip_prefix('&') {
                let Some((name, after)) = after.split_once(';') else {
                    return Err(bare_ampersand(place));
                };
                self.tree.words.push(resolve(name, place)?);
                after
            } else {
                self.tree.words.push(' ');
                tail.strip_prefix("\r\n").or_else(|| tail.get(1..)).unwrap_or_default()
            };
        }
        self.tree.words.push_str(rest);
        Ok(slice(from..self.tree.words.len()))
    }

    fn end_tag(&mut self, range: Range<usize>) -> Result<(), Refusal> {
        let inside = self.slice(range.start + 2..range.end.saturating_sub(1));
        let name = inside.trim_end_matches(is_white_space);
        let open = self.open.last().filter(|_| self.open.len() > 1).map(|open| open.name);
        let Some(open) = open else {
            let message = format!("`</{}>` closes no open element", shown(name));
            return Err(malformed(range.start, message));
        };
        if open != name {
            let message = format!("`</{}>` where `</{}>` should stand", shown(name), shown(open));
            return Err(malformed(range.start, message));
        }
        self.end_text()?;
        self.close();
        Ok(())
    }

    fn close(&mut self) {
        let Some(open) = self.open.pop() else { return };
        let end = offset(self.tree.nodes.len());
        let text_end = offset(self.tree.text.len());
        if let Some(data) = self.tree.nodes.get_mut(open.index as usize) {
            data.end = end;
            data.value.end = text_end;
        }
    }

    fn text(&mut self, range: Range<usize>) -> Result<(), Refusal> {
        let raw = self.slice(range.clone());
        if let Some(at) = raw.find("]]>") {
            return Err(malformed(range.start + at, "`]]>` outside of CDATA"));
        }
        if self.open.len() > 1 {
            return self.character_data(range.start, |text| push_lines(text, raw));
        }
        match raw.find(|c| !is_white_space(c)) {
            None => Ok(()),
            Some(at) => Err(self.outside_root(range.start + at)),
        }
    }

    fn reference(&mut self, range: Range<usize>) -> Result<(), Refusal> {
        let name = self.slice(range.start + 1..range.end.saturating_sub(1));
        let resolved = resolve(name, range.start)?;
        self.character_data(range.start, |text| text.push(resolved))
    }

    fn character_data(&mut self, at: usize, add: impl FnOnce(&mut String)) -> Result<(), Refusal> {
        if self.open.len() < 2 {
            return Err(self.outside_root(at));
        }
        if let Some(open) = self.open.last_mut() {
            open.text_start.get_or_insert(self.tree.text.len());
        }
        add(&mut self.tree.text);
        Ok(())
    }

    fn comment(&mut self, range: Range<usize>) -> Result<(), Refusal> {
        let raw = self.slice(range.start + 4..range.end.saturating_sub(3));
        if let Some(at) = raw.find("--").or_else(|| raw.ends_with('-').then(|| raw.len() - 1)) {
            return Err(malformed(range.start + 4 + at, "`--` inside a comment"));
        }
        let start = self.tree.words.len();
        push_lines(&mut self.tree.words, raw);
        let value = slice(start..self.tree.words.len());
        self.push_child(NodeKind::Comment, "", value)?;
        Ok(())
    }

    fn instruction(&mut self, range: Range<usize>) -> Result<(), Refusal> {
        let raw = self.slice(range.start + 2..range.end.saturating_sub(2));
        let target = raw.split(is_white_space).next().unwrap_or_default();
        if !is_name(target) || target.contains(':') || target.eq_ignore_ascii_case("xml") {
            let message = format!("`<?{}` begins no processing instruction", shown(target));
            return Err(malformed(range.start, message));
        }
        let data = raw.get(target.len()..).unwrap_or_default().trim_start_matches(is_white_space);
        let start = self.tree.words.len();
        push_lines(&mut self.tree.words, data);
        let value = slice(start..self.tree.words.len());
        self.push_child(NodeKind::Instruction, target, value)?;
        Ok(())
    }

    fn push_child(&mut self, kind: NodeKind, name: &str, value: Slice) -> Result<u32, Refusal> {
        self.end_text()?;
        let name = self.push_word(name);
        self.push_to_open(kind, name, value)
    }

    /// Makes the text node that is not yet made.
    fn end_text(&mut self) -> Result<(), Refusal> {
        let end = self.tree.text.len();
        let start = self.open.last_mut().and_then(|open| open.text_start.take());
        if let Some(start) = start.filter(|start| *start < end) {
            self.push_to_open(NodeKind::Text, Slice::default(), slice(start..end))?;
        }
        Ok(())
    }

    fn push_to_open(&mut self, kind: NodeKind, name: Slice, value: Slice) -> Result<u32, Refusal> {
        let (parent, previous) =
            self.open.last().map_or((0, NONE), |open| (open.index, open.last_child));
        let index = self.push_node(kind, parent, name, value)?;
        if let Some(data) = self.tree.nodes.get_mut(index as usize) {
            data.previous = previous;
        }
        if let Some(open) = self.open.last_mut() {
            open.last_child = index;
        }
        Ok(index)
    }

    fn push_node(
        &mut self,
        kind: NodeKind,
        parent: u32,
        name: Slice,
        value: Slice,
    ) -> Result<u32, Refusal> {
        if self.tree.nodes.len() > NODES_MAX {
            return Err(Refusal::Limit(XmlTreeError::TooManyNodes));
        }
        let index = offset(self.tree.nodes.len());
        self.tree.nodes.push(NodeData {
            kind,
            parent,
            previous: NONE,
            end: index + 1,
            children: index + 1,
            name,
            prefix_len: 0,
            namespace: NONE,
            scope: NONE,
            value,
        });
        Ok(index)
    }

    fn push_word(&mut self, word: &str) -> Slice {
        let start = self.tree.words.len();
        self.tree.words.push_str(word);
        slice(start..self.tree.words.len())
    }

    fn end_of_text(mut self) -> Result<XmlTree, Refusal> {
        let end = self.source.len();
        if self.open.len() > 1 {
            let name = self.open.last().map_or("", |open| open.name);
            return Err(malformed(end, format!("`{}` is never closed", shown(name))));
        }
        if !self.has_element {
            return Err(malformed(end, "there is no root element"));
        }
        self.close();
        Ok(self.tree)
    }

    fn outside_root(&self, at: usize) -> Refusal {
        let place = if self.has_element { "after" } else { "before" };
        malformed(at, format!("text {place} the root element"))
    }

    fn slice(&self, range: Range<usize>) -> &'t str {
        self.source.get(range).unwrap_or_default()
    }
}

/// `name` stands between the `&` at `at` and its `;`.
fn resolve(name: &str, at: usize) -> Result<char, Refusal> {
    match reference(name) {
        Reference::Char(c) => Ok(c),
        Reference::Bare => Err(bare_ampersand(at)),
        Reference::NoChar => {
            Err(malformed(at, format!("`&{};` names no character that XML allows", shown(name))))
        }
        Reference::Entity => {
            Err(malformed(at, format!("`&{};` is an unknown entity", shown(name))))
        }
    }
}

fn bare_ampersand(at: usize) -> Refusal {
    malformed(at, "a `&` that begins no reference")
}

fn prefix_len(name: &str) -> u32 {
    name.find(':').map_or(0, offset)
}

/// Line ends become `\n` (XML 1.0, 2.11).
fn push_lines(text: &mut String, raw: &str) {
    let mut rest = raw;
    while let Some((head, tail)) = rest.split_once('\r') {
        text.push_str(head);
        text.push('\n');
        rest = tail.strip_prefix('\n').unwrap_or(tail);
    }
    text.push_str(rest);
}

fn said(error: &Error) -> String {
    match error {
        Error::Syntax(SyntaxError::UnclosedTag) => "a tag is never closed".to_owned(),
        Error::IllFormed(IllFormedError::UnclosedReference) => {
            "a `&` that begins no reference".to_owned()
        }
        other => other.to_string(),
    }
}
