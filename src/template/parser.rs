//! A text to the pieces of a template.
//!
//! Source: Apigee docs, "Message templates": `{name}`, `{name:default}` and
//! `{function(argument,...)}`; a text in quotes inside a call may hold the delimiters. Unknown: which braces are text; as apigeelint
//! checks templates, a reference starts with a letter and runs over letters, digits, `_`, `.`
//! and `-` to its end, and `{{a}}` is none. Unknown: what a default may hold; we take anything
//! but braces, quotes, line breaks and a space at its start, so that `{a: 1}` stays text.

use memchr::memmem;

use crate::diag::{Diagnostics, Span};
use crate::template::call::{self, Parsed, Written};
use crate::template::{Piece, Template};
use crate::variable::{NAME_BYTES_MAX, VarRef};

/// A longer call or default is text.
const INNER_BYTES_MAX: usize = 8 * 1024;

pub(super) fn parse(
    text: &str,
    prefix: &str,
    suffix: &str,
    span: Span,
    diags: &mut Diagnostics,
) -> Template {
    let mut template = Template::default();
    let mut text_start = 0;
    let mut at = 0;
    let prefixes = memmem::Finder::new(prefix);
    let mut suffixes = Suffixes { text, finder: memmem::Finder::new(suffix), found: None };
    while let Some(found) = prefixes.find(text.as_bytes().get(at..).unwrap_or_default()) {
        let start = at + found;
        let inner_start = start + prefix.len();
        if let Some((call, end)) = call_at(text, prefix, suffix, start, inner_start) {
            let parsed = call.parse(place(span, text, start, end), diags);
            if !matches!(parsed, Parsed::Refused) {
                template.push_text(text.get(text_start..start).unwrap_or(""));
                text_start = end;
            }
            match parsed {
                Parsed::Call(call) => template.pieces.push(Piece::Call(Box::new(call))),
                Parsed::Text(result) => template.push_text(&result),
                Parsed::Refused => {}
            }
            at = end;
            continue;
        }
        let Some(close) = suffixes.from(inner_start) else { break };
        let end = close + suffix.len();
        let inner = text.get(inner_start..close).unwrap_or("");
        let reference = match read(inner) {
            Some(_) if is_doubled(text, prefix, suffix, start, end) => None,
            other => other,
        };
        match reference {
            Some(Inner::Variable { name, default }) => {
                template.push_text(text.get(text_start..start).unwrap_or(""));
                template.pieces.push(Piece::Reference {
                    variable: VarRef::parse(name),
                    default: default.map(Box::from),
                });
                text_start = end;
                at = end;
            }
            Some(Inner::Call { name }) => {
                call::report_other(name, place(span, text, start, end), diags);
                at = end;
            }
            None => at = next_char(text, start),
        }
    }
    template.push_text(text.get(text_start..).unwrap_or(""));
    template
}

/// The call of a known function between the delimiters, and where its suffix ends.
fn call_at<'t>(
    text: &'t str,
    prefix: &str,
    suffix: &str,
    start: usize,
    inner_start: usize,
) -> Option<(Written<'t>, usize)> {
    let call = call::read(text.get(inner_start..)?)?;
    let close = inner_start + call.length;
    text.get(close..)?.starts_with(suffix).then_some(())?;
    let end = close + suffix.len();
    (!is_doubled(text, prefix, suffix, start, end)).then_some((call, end))
}

enum Inner<'t> {
    Variable { name: &'t str, default: Option<&'t str> },
    Call { name: &'t str },
}

/// What stands between the delimiters, where that is a reference.
fn read(inner: &str) -> Option<Inner<'_>> {
    if !inner.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    let length = inner.bytes().take(NAME_BYTES_MAX + 1).take_while(|b| is_name(*b)).count();
    if length > NAME_BYTES_MAX || inner.len() > INNER_BYTES_MAX {
        return None;
    }
    let (name, rest) = inner.split_at(length);
    if rest.is_empty() {
        return Some(Inner::Variable { name, default: None });
    }
    if let Some(default) = rest.strip_prefix(':') {
        let foreign = |c: char| matches!(c, '{' | '}' | '"' | '\'' | '\n' | '\r');
        let is_text = default.starts_with(char::is_whitespace) || default.contains(foreign);
        return (!is_text).then_some(Inner::Variable { name, default: Some(default) });
    }
    let arguments = rest.strip_prefix('(')?.strip_suffix(')')?;
    let foreign = |c: char| c.is_whitespace() || c == '{';
    let is_call = name.bytes().all(|b| b.is_ascii_alphanumeric()) && !arguments.contains(foreign);
    is_call.then_some(Inner::Call { name })
}

/// `{{a}}`: text, as other template languages have it.
fn is_doubled(text: &str, prefix: &str, suffix: &str, start: usize, end: usize) -> bool {
    text.get(..start).is_some_and(|before| before.ends_with(prefix))
        && text.get(end..).is_some_and(|after| after.starts_with(suffix))
}

/// Exact where the text is the source as it stands; the whole place where entities were
/// replaced in it.
fn place(span: Span, text: &str, start: usize, end: usize) -> Span {
    let source_bytes = (span.end - span.start) as usize;
    if source_bytes == text.len() { span.part(start, end) } else { span }
}

fn next_char(text: &str, at: usize) -> usize {
    let width = text.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8);
    at + width
}

/// The next suffix at or behind a place; places are asked for in rising order.
struct Suffixes<'t> {
    text: &'t str,
    finder: memmem::Finder<'t>,
    found: Option<usize>,
}

impl Suffixes<'_> {
    fn from(&mut self, at: usize) -> Option<usize> {
        if self.found.is_none_or(|found| found < at) {
            let rest = self.text.as_bytes().get(at..)?;
            self.found = Some(at + self.finder.find(rest)?);
        }
        self.found
    }
}
