//! quick-xml events to a tree, under limits.
//!
//! quick-xml finds where markup begins and ends; what XML 1.0 demands beyond that
//! (characters, names, attributes, references, one root) is checked here and in
//! `scan.rs`. Findings: `BN011` not well-formed, `GW105` document types and entities,
//! `GW106` limits, `GW107` encodings.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use quick_xml::errors::{Error, IllFormedError, SyntaxError};
use quick_xml::events::Event;
use quick_xml::reader::Reader;

use crate::diag::{Diagnostic, Diagnostics, FileId, Span};
use crate::xml::scan::{
    self, Attributes, BYTE_ORDER_MARK, Fault, Reference, declared_encoding, is_name, is_utf8_name,
    is_white_space, is_xml_char, reference, shown,
};
use crate::xml::{Attribute, Element, Node};

/// How deep elements may nest.
pub const NESTING_MAX: usize = 64;
/// How many elements one document may hold.
pub const ELEMENTS_MAX: usize = 50_000;

/// The text is not well-formed XML.
pub const MALFORMED: &str = "BN011";
/// A document type declaration, or an entity that only one could declare.
///
/// Unknown: whether the platform reads them. They are refused here because an entity can
/// read files and grow without bound.
pub const DOCTYPE: &str = "GW105";
/// More elements, or deeper ones, than a document may hold.
pub const TOO_LARGE: &str = "GW106";
/// A text that is not UTF-8, or says that it is not.
pub const ENCODING: &str = "GW107";

/// The root element, or `None` with at least one error in `diags`. `text` is the file's
/// text as registered with the source map, so that every span points into it.
pub fn parse(file: FileId, text: &Arc<str>, diags: &mut Diagnostics) -> Option<Element> {
    let mut parser = Parser {
        file,
        source: text,
        diags,
        open: Vec::new(),
        root: None,
        elements: 0,
        sound: true,
    };
    parser.read();
    let root = parser.root.take();
    if parser.sound && root.is_none() {
        let empty = text.trim_matches(is_white_space).is_empty();
        let message = if empty { "the file is empty" } else { "the file has no root element" };
        parser
            .report(MALFORMED, 0..0, message)
            .help("write the element that the file is for, or delete the file");
    }
    root.filter(|_| parser.sound)
}

/// Reports an XML declaration that names another encoding than UTF-8; true where it does.
pub fn refuses_encoding(file: FileId, text: &str, diags: &mut Diagnostics) -> bool {
    let Some((name, range)) = declared_encoding(text).filter(|(name, _)| !is_utf8_name(name))
    else {
        return false;
    };
    diags
        .error(
            ENCODING,
            Span::new(file, range.start, range.end),
            format!("the file says that it is `{}`; only UTF-8 is read", shown(name)),
        )
        .help("save the file as UTF-8 and say so in its XML declaration");
    true
}

struct Parser<'t, 'd> {
    file: FileId,
    source: &'t Arc<str>,
    diags: &'d mut Diagnostics,
    open: Vec<Open<'t>>,
    root: Option<Element>,
    elements: usize,
    /// No error so far.
    sound: bool,
}

/// An element whose end tag has not come yet.
struct Open<'t> {
    /// With its prefix.
    name: &'t str,
    element: Element,
    pending: Option<PendingText>,
}

/// Character data that may still go on.
struct PendingText {
    text: String,
    range: Range<usize>,
}

impl Open<'_> {
    fn push_text(&mut self, range: Range<usize>, add: impl FnOnce(&mut String)) {
        let pending = self
            .pending
            .get_or_insert_with(|| PendingText { text: String::new(), range: range.clone() });
        pending.range.end = range.end;
        add(&mut pending.text);
    }

    fn push_node(&mut self, node: Node) {
        self.end_text();
        self.element.children.push(node);
    }

    fn end_text(&mut self) {
        let Some(PendingText { text, range }) = self.pending.take() else { return };
        if !text.is_empty() {
            let span = Span::new(self.element.span.file, range.start, range.end);
            self.element.children.push(Node::Text { text, span });
        }
    }
}

impl<'t> Parser<'t, '_> {
    fn read(&mut self) {
        let text: &'t str = self.source;
        if let Some((at, c)) = text.char_indices().find(|(_, c)| !is_xml_char(*c)) {
            self.report(
                MALFORMED,
                at..at + c.len_utf8(),
                format!("the character U+{:04X} is not allowed in XML", u32::from(c)),
            );
            return;
        }
        let body = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        let base = text.len() - body.len();
        if body.starts_with(BYTE_ORDER_MARK) {
            self.report(
                MALFORMED,
                base..base + BYTE_ORDER_MARK.len_utf8(),
                "a second byte order mark",
            );
            return;
        }
        let mut reader = Reader::from_str(body);
        let config = reader.config_mut();
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        let offset = |position: u64| base + usize::try_from(position).unwrap_or(body.len());
        loop {
            let start = offset(reader.buffer_position());
            let event = reader.read_event();
            let range = start..offset(reader.buffer_position());
            let went_on = match event {
                Ok(Event::Eof) => {
                    self.end_of_file();
                    return;
                }
                Ok(event) => self.event(&event, range, base),
                Err(error) => self.syntax_error(&error, offset(reader.error_position())),
            };
            if went_on.is_none() {
                return;
            }
        }
    }

    /// `None` where nothing sensible can be said about what follows.
    fn event(&mut self, event: &Event, range: Range<usize>, base: usize) -> Option<()> {
        match event {
            Event::Start(tag) => self.start_tag(range, tag.name().as_ref().len()),
            Event::Empty(tag) => self.empty_tag(range, tag.name().as_ref().len()),
            Event::End(_) => self.end_tag(range),
            Event::Text(_) => self.text(range),
            Event::GeneralRef(_) => self.reference(range),
            Event::CData(_) => self.cdata(range),
            Event::Comment(_) => self.comment(range),
            Event::Decl(_) => self.declaration(range, base),
            Event::PI(_) => self.instruction(range),
            Event::DocType(_) => self.doctype(range),
            Event::Eof => None,
        }
    }

    fn start_tag(&mut self, range: Range<usize>, name_len: usize) -> Option<()> {
        let inner_start = range.end;
        let mut open = self.open_tag(range, name_len, 1)?;
        open.element.inner_span = self.span(inner_start..inner_start);
        self.open.push(open);
        Some(())
    }

    fn empty_tag(&mut self, range: Range<usize>, name_len: usize) -> Option<()> {
        let mut open = self.open_tag(range.clone(), name_len, 2)?;
        open.element.inner_span = self.span(range.end..range.end);
        self.close(open);
        Some(())
    }

    /// Reads the name and the attributes of a start tag whose last `tail` bytes close it.
    fn open_tag(&mut self, range: Range<usize>, name_len: usize, tail: usize) -> Option<Open<'t>> {
        let name_range = range.start + 1..range.start + 1 + name_len;
        let name = self.slice(name_range.clone());
        if !is_name(name) {
            self.bad_tag_name(name, range.start);
            return None;
        }
        if self.open.is_empty()
            && let Some(root) = self.root.as_ref().map(|root| root.name_span)
        {
            self.report(MALFORMED, name_range, format!("`{}` is a second root", shown(name)))
                .note(root, "the first root element")
                .help("put both into one element, or into two files");
            return None;
        }
        if self.open.len() >= NESTING_MAX {
            let message = format!("elements nest deeper than {NESTING_MAX} levels");
            self.report(TOO_LARGE, name_range, message).help("split the document");
            return None;
        }
        self.elements += 1;
        if self.elements > ELEMENTS_MAX {
            self.report(TOO_LARGE, name_range, format!("more than {ELEMENTS_MAX} elements"))
                .help("split the document");
            return None;
        }
        let attributes = self.attributes(name_range.end..range.end.saturating_sub(tail), name)?;
        let element = Element {
            name: local(name).to_owned(),
            span: self.span(range.clone()),
            name_span: self.span(name_range),
            open_span: self.span(range.clone()),
            inner_span: self.span(range.end..range.end),
            attributes,
            children: Vec::new(),
            source: Arc::clone(self.source),
        };
        Some(Open { name, element, pending: None })
    }

    fn attributes(&mut self, range: Range<usize>, tag: &str) -> Option<Vec<Attribute>> {
        let mut attributes = Vec::new();
        let mut first_places: HashMap<&str, Span> = HashMap::new();
        for raw in Attributes::new(self.source, range) {
            let raw = match raw {
                Ok(raw) => raw,
                Err(fault) => {
                    self.report_fault(fault);
                    return None;
                }
            };
            let name_span = self.span(raw.name_range);
            if let Some(first) = first_places.get(raw.name).copied() {
                self.report_span(
                    MALFORMED,
                    name_span,
                    format!("attribute `{}` stands twice in `{}`", shown(raw.name), shown(tag)),
                )
                .note(first, "it stands here first");
                continue;
            }
            first_places.insert(raw.name, name_span);
            let value = self.attribute_value(raw.value, raw.value_range.start);
            let span = self.span(raw.value_range);
            attributes.push(Attribute { name: raw.name.to_owned(), value, span, name_span });
        }
        Some(attributes)
    }

    /// References replaced, each white space character a space (XML 1.0, 3.3.3).
    fn attribute_value(&mut self, raw: &str, start: usize) -> String {
        let mut value = String::with_capacity(raw.len());
        let mut rest = raw;
        while let Some(at) = rest.find(['&', '\t', '\r', '\n']) {
            let (head, tail) = rest.split_at(at);
            value.push_str(head);
            let place = start + raw.len() - tail.len();
            rest = if let Some(after) = tail.strip_prefix('&') {
                match after.find([';', '&']).filter(|end| after.get(*end..*end + 1) == Some(";")) {
                    Some(end) => {
                        let range = place..place + end + 2;
                        value.extend(self.resolve(after.get(..end).unwrap_or_default(), range));
                        after.get(end + 1..).unwrap_or_default()
                    }
                    None => {
                        self.bare_ampersand(place);
                        after
                    }
                }
            } else {
                value.push(' ');
                tail.strip_prefix("\r\n").or_else(|| tail.get(1..)).unwrap_or_default()
            };
        }
        value.push_str(rest);
        value
    }

    fn end_tag(&mut self, range: Range<usize>) -> Option<()> {
        let inside = self.slice(range.start + 2..range.end.saturating_sub(1));
        let name = inside.trim_end_matches(is_white_space);
        let name_range = range.start + 2..range.start + 2 + name.len();
        let Some(open) = self.open.pop() else {
            self.report(
                MALFORMED,
                name_range,
                format!("`</{}>` closes no open element", shown(name)),
            )
            .help("delete it, or open the element before it");
            return None;
        };
        if open.name != name {
            let start = open.element.name_span;
            self.report(
                MALFORMED,
                name_range,
                format!("`</{}>` where `</{}>` should stand", shown(name), shown(open.name)),
            )
            .note(start, format!("`{}` is opened here", shown(open.name)));
            return None;
        }
        let mut open = open;
        open.end_text();
        open.element.span.end = self.span(range.clone()).end;
        open.element.inner_span.end = self.span(range.start..range.start).end;
        self.close(open);
        Some(())
    }

    fn close(&mut self, closed: Open<'t>) {
        match self.open.last_mut() {
            Some(parent) => parent.push_node(Node::Element(closed.element)),
            None => self.root = Some(closed.element),
        }
    }

    fn text(&mut self, range: Range<usize>) -> Option<()> {
        let raw = self.slice(range.clone());
        if let Some(at) = raw.find("]]>") {
            let at = range.start + at;
            self.report(MALFORMED, at..at + 3, "`]]>` outside of CDATA")
                .help("write it as `]]&gt;`");
        }
        match self.open.last_mut() {
            Some(open) if !raw.is_empty() => {
                open.push_text(range, |text| push_lines(text, raw));
                Some(())
            }
            Some(_) => Some(()),
            None => {
                let lead = raw.len() - raw.trim_start_matches(is_white_space).len();
                let solid = raw.trim_matches(is_white_space);
                if solid.is_empty() {
                    return Some(());
                }
                let start = range.start + lead;
                self.outside_root(start..start + solid.len())
            }
        }
    }

    fn reference(&mut self, range: Range<usize>) -> Option<()> {
        if self.open.is_empty() {
            return self.outside_root(range);
        }
        let name = self.slice(range.start + 1..range.end.saturating_sub(1));
        let resolved = self.resolve(name, range.clone());
        if let Some(open) = self.open.last_mut() {
            open.push_text(range, |text| text.extend(resolved));
        }
        Some(())
    }

    /// `name` stands between `&` and `;` of `range`.
    fn resolve(&mut self, name: &str, range: Range<usize>) -> Option<char> {
        match reference(name) {
            Reference::Char(c) => return Some(c),
            Reference::Bare => self.bare_ampersand(range.start),
            Reference::NoChar => {
                self.report(
                    MALFORMED,
                    range,
                    format!("`&{};` names no character that XML allows", shown(name)),
                );
            }
            Reference::Entity => {
                self.report(DOCTYPE, range, format!("`&{};` is an unknown entity", shown(name)))
                    .note(None, "only amp, lt, gt, quot, apos and numbers are known")
                    .help("write the character itself, or its number as `&#160;`");
            }
        }
        None
    }

    fn bare_ampersand(&mut self, at: usize) {
        self.report(MALFORMED, at..at + 1, "a `&` that begins no reference")
            .help("write it as `&amp;`");
    }

    fn cdata(&mut self, range: Range<usize>) -> Option<()> {
        let inside = "<![CDATA[".len();
        let raw = self.slice(range.start + inside..range.end.saturating_sub("]]>".len()));
        match self.open.last_mut() {
            Some(open) => {
                open.push_text(range, |text| push_lines(text, raw));
                Some(())
            }
            None => self.outside_root(range),
        }
    }

    fn comment(&mut self, range: Range<usize>) -> Option<()> {
        let start = range.start + "<!--".len();
        let raw = self.slice(start..range.end.saturating_sub("-->".len()));
        if let Some(at) = raw.find("--").or_else(|| raw.ends_with('-').then(|| raw.len() - 1)) {
            let at = start + at;
            self.report(MALFORMED, at..at + 2, "`--` inside a comment")
                .help("comments cannot nest, and dashes stand alone in them");
        }
        let span = self.span(range);
        if let Some(open) = self.open.last_mut() {
            let mut text = String::with_capacity(raw.len());
            push_lines(&mut text, raw);
            open.push_node(Node::Comment { text, span });
        }
        Some(())
    }

    fn declaration(&mut self, range: Range<usize>, base: usize) -> Option<()> {
        if range.start != base {
            self.report(MALFORMED, range, "the XML declaration is not the first thing in the file")
                .help("delete what stands before it");
            return None;
        }
        let text: &'t str = self.source;
        let inside = range.start + "<?xml".len()..range.end.saturating_sub("?>".len());
        if let Err(fault) = scan::check_declaration(text, inside) {
            self.report_fault(fault);
            return None;
        }
        if refuses_encoding(self.file, text, self.diags) {
            self.sound = false;
            return None;
        }
        Some(())
    }

    fn instruction(&mut self, range: Range<usize>) -> Option<()> {
        let raw = self.slice(range.start + 2..range.end.saturating_sub(2));
        let target = raw.split(is_white_space).next().unwrap_or_default();
        if !is_name(target) || target.eq_ignore_ascii_case("xml") {
            self.report(
                MALFORMED,
                range.start..range.start + 2 + target.len(),
                format!("`<?{}` begins no processing instruction", shown(target)),
            );
        }
        Some(())
    }

    fn doctype(&mut self, range: Range<usize>) -> Option<()> {
        let keyword = range.start..(range.start + "<!DOCTYPE".len()).min(range.end);
        self.report(DOCTYPE, keyword, "a document type declaration is not read")
            .help("delete it, and write the characters that its entities stand for");
        None
    }

    fn outside_root(&mut self, range: Range<usize>) -> Option<()> {
        let place = if self.root.is_some() { "after" } else { "before" };
        self.report(MALFORMED, range, format!("text {place} the root element"));
        None
    }

    fn end_of_file(&mut self) {
        let Some(open) = self.open.last() else { return };
        let (name, span) = (open.name, open.element.name_span);
        self.report_span(MALFORMED, span, format!("`{}` is never closed", shown(name)))
            .help(format!("write `</{}>` where it ends", shown(name)));
    }

    /// What quick-xml cannot take apart; `at` is where the markup begins.
    fn syntax_error(&mut self, error: &Error, at: usize) -> Option<()> {
        let rest = self.slice(at..self.source.len());
        if rest.get(..9).is_some_and(|head| head.eq_ignore_ascii_case("<!DOCTYPE")) {
            return self.doctype(at..at + 9);
        }
        let (length, message) = match error {
            Error::IllFormed(IllFormedError::UnclosedReference) => {
                self.bare_ampersand(at);
                return Some(());
            }
            Error::Syntax(SyntaxError::UnclosedComment) => {
                (4, "the comment is never closed with `-->`")
            }
            Error::Syntax(SyntaxError::UnclosedCData) => {
                (9, "the CDATA section is never closed with `]]>`")
            }
            Error::Syntax(SyntaxError::UnclosedPI | SyntaxError::UnclosedXmlDecl) => {
                (2, "`<?` is never closed with `?>`")
            }
            Error::Syntax(SyntaxError::InvalidBangMarkup | SyntaxError::UnclosedDoctype) => {
                (2, "`<!` begins neither a comment nor a CDATA section")
            }
            Error::Syntax(
                SyntaxError::UnclosedTag
                | SyntaxError::UnclosedSingleQuotedAttributeValue
                | SyntaxError::UnclosedDoubleQuotedAttributeValue,
            ) => {
                self.unclosed_tag(rest, at);
                return None;
            }
            other => {
                self.report(MALFORMED, at..at, format!("not well-formed XML: {other}"));
                return None;
            }
        };
        let end = if rest.is_char_boundary(length) { at + length } else { self.source.len() };
        self.report(MALFORMED, at..end, message);
        None
    }

    /// `rest` begins with a tag that has no end: says what in it hides the end.
    fn unclosed_tag(&mut self, rest: &str, at: usize) {
        let inside = rest.trim_start_matches(['<', '/']);
        let name_start = at + rest.len() - inside.len();
        let name_len =
            inside.find(|c| is_white_space(c) || "<>/\"'=".contains(c)).unwrap_or(inside.len());
        let name = inside.get(..name_len).unwrap_or_default();
        if !is_name(name) {
            return self.bad_tag_name(name, at);
        }
        let name_range = name_start..name_start + name_len;
        let text: &'t str = self.source;
        let fault = Attributes::new(text, name_range.end..text.len()).find_map(Result::err);
        match fault {
            Some(fault) if !rest.starts_with("</") => self.report_fault(fault),
            _ => {
                let message = format!("the tag `{}` is never closed with `>`", shown(name));
                self.report(MALFORMED, name_range, message);
            }
        }
    }

    fn bad_tag_name(&mut self, name: &str, at: usize) {
        let message = if name.is_empty() {
            "`<` is followed by no name".to_owned()
        } else {
            format!("`{}` cannot be the name of an element", shown(name))
        };
        let end = self.slice(at + 1..self.source.len()).find(name).map_or(at, |skip| at + skip);
        self.report(MALFORMED, at..end + 1 + name.len(), message)
            .help("a `<` that begins no tag is written `&lt;`");
    }

    fn report_fault(&mut self, fault: Fault) {
        let help = fault.help;
        let found = self.report(MALFORMED, fault.range, fault.message);
        if let Some(help) = help {
            found.help(help);
        }
    }

    fn report(
        &mut self,
        code: &'static str,
        range: Range<usize>,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        let span = self.span(range);
        self.report_span(code, span, message)
    }

    fn report_span(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        self.sound = false;
        self.diags.error(code, span, message)
    }

    fn span(&self, range: Range<usize>) -> Span {
        Span::new(self.file, range.start, range.end)
    }

    fn slice(&self, range: Range<usize>) -> &'t str {
        self.source.get(range).unwrap_or_default()
    }
}

/// The name without its prefix.
fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

/// Line ends become `\n` (XML 1.0, 2.11).
fn push_lines(text: &mut String, raw: &str) {
    let mut rest = raw;
    while let Some((line, after)) = rest.split_once('\r') {
        text.push_str(line);
        text.push('\n');
        rest = after.strip_prefix('\n').unwrap_or(after);
    }
    text.push_str(rest);
}
