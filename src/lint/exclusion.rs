//! Takes out the warnings and notes that nobody wants to hear.
//!
//! Source: apigeelint's README, "Disabling rules within specific files" and `--excluded`. A
//! comment `apigeelint disable=RULEID[,RULEID...]` inside the root element is for the line below
//! it; the first one below the root's start tag, or one on line 2 or 3, is for what is said of
//! that tag too. An error stays, with a note: what refuses a bundle is not a matter of taste.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use memchr::memmem;

use crate::diag::{Diagnostic, Diagnostics, FileId, Severity, SourceMap, Span};
use crate::lint::EnvironmentView;

#[cfg(test)]
mod tests;

const COMMENT: (&str, &str) = ("<!--", "-->");

/// Applies the excluded codes and the comments of the files.
pub fn exclude(diags: &mut Diagnostics, sources: &SourceMap, view: &EnvironmentView) {
    let mut files: HashMap<FileId, Directives> = HashMap::new();
    diags.retain(|found| {
        let comment = found.span.filter(|_| !view.lint.ignores_comments).and_then(|span| {
            let read = || Directives::read(span.file, sources);
            files.entry(span.file).or_insert_with(read).comment_for(found.code, span, sources)
        });
        let is_excluded = view.lint.excludes(found.code);
        if comment.is_none() && !is_excluded {
            return true;
        }
        if found.severity == Severity::Error {
            keep(found, comment);
            return true;
        }
        false
    });
}

fn keep(found: &mut Diagnostic, comment: Option<Span>) {
    match comment {
        Some(comment) => found.note(comment, "an error is not switched off by this"),
        None => found.note(None, "an error is not switched off by an excluded code"),
    };
}

/// The comments of one file that switch something off.
struct Directives {
    /// In bytes of the file.
    root_tag: Range<usize>,
    comments: Vec<Directive>,
}

struct Directive {
    codes: BTreeSet<String>,
    span: Span,
    /// The line on which it starts, from 1.
    line: usize,
    /// Whether it stands where a comment for the whole file does.
    is_for_root: bool,
}

impl Directives {
    fn read(file: FileId, sources: &SourceMap) -> Self {
        let text = sources.text(file);
        let mut root_tag = None;
        let mut comments: Vec<Directive> = Vec::new();
        let mut at = 0;
        while let Some(markup) = next_markup(text, at) {
            at = markup.range().end;
            match markup {
                Markup::Tag(range) => {
                    root_tag.get_or_insert(range);
                }
                Markup::Comment(range) => {
                    // A comment before the root is for nobody.
                    let Some(root) = &root_tag else { continue };
                    let Some(codes) = text.get(range.clone()).and_then(codes) else { continue };
                    let span = Span::new(file, range.start, range.end);
                    let line_of = |at: u32| sources.position(file, at).line;
                    let line = line_of(span.start);
                    let root_line = line_of(Span::new(file, root.start, root.end).end);
                    let is_for_root = line == root_line + 1 || line == 2 || line == 3;
                    comments.push(Directive { codes, span, line, is_for_root });
                }
                Markup::Other(_) => {}
            }
        }
        Self { root_tag: root_tag.unwrap_or_default(), comments }
    }

    /// The comment that switches off a finding at a place.
    fn comment_for(&self, code: &str, place: Span, sources: &SourceMap) -> Option<Span> {
        if self.comments.is_empty() {
            return None;
        }
        let line = sources.position(place.file, place.start).line;
        let is_of_root = (place.start as usize) < self.root_tag.end;
        let comment = self.comments.iter().find(|comment| {
            comment.codes.contains(code)
                && (comment.line + 1 == line || (comment.is_for_root && is_of_root))
        })?;
        Some(comment.span)
    }
}

/// The codes of `<!-- apigeelint disable=A,B -->`. White space may stand before it, but the list ends
/// with the comment, on one line; one space may stand before the `=`.
fn codes(comment: &str) -> Option<BTreeSet<String>> {
    let inside = comment.strip_prefix(COMMENT.0)?.strip_suffix(COMMENT.1)?;
    let rest = inside.trim_start().strip_prefix("apigeelint")?;
    let words = rest.trim_start();
    if words.len() == rest.len() {
        return None;
    }
    let rest = words.strip_prefix("disable")?;
    let list = rest.strip_prefix('=').or_else(|| {
        let mut chars = rest.chars();
        chars.next().filter(|c| c.is_whitespace())?;
        chars.as_str().strip_prefix('=')
    })?;
    if list.is_empty() || list.contains(['\n', '\r']) {
        return None;
    }
    Some(list.split(',').map(|code| code.trim().to_owned()).collect())
}

/// A piece of markup by the bytes that it takes.
enum Markup {
    /// A start tag, or an end tag.
    Tag(Range<usize>),
    Comment(Range<usize>),
    /// A processing instruction, a declaration or a CDATA section.
    Other(Range<usize>),
}

impl Markup {
    fn range(&self) -> &Range<usize> {
        match self {
            Self::Tag(range) | Self::Comment(range) | Self::Other(range) => range,
        }
    }
}

/// The next piece of markup at or behind a place; what does not end has none.
fn next_markup(text: &str, at: usize) -> Option<Markup> {
    let start = at + memchr::memchr(b'<', text.as_bytes().get(at..)?)?;
    let rest = text.get(start..)?;
    let to = |end: &str| {
        let found = memmem::find(rest.as_bytes(), end.as_bytes())?;
        Some(start..start + found + end.len())
    };
    if rest.starts_with(COMMENT.0) {
        return Some(Markup::Comment(to(COMMENT.1)?));
    }
    if rest.starts_with("<![CDATA[") {
        return Some(Markup::Other(to("]]>")?));
    }
    if rest.starts_with("<?") {
        return Some(Markup::Other(to("?>")?));
    }
    let end = start + tag_length(rest)?;
    Some(if rest.starts_with("<!") { Markup::Other(start..end) } else { Markup::Tag(start..end) })
}

/// Up to the `>` that stands in no attribute's value.
fn tag_length(tag: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in tag.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at + 1),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            (None | Some(_), _) => {}
        }
    }
    None
}
