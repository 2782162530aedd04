//! The text form of findings: source line, caret under the exact place, notes, help.
//!
//! annotate-snippets draws. It gets only the lines that a finding speaks of, and of a long
//! line only the part around the place, so that a bundle in one line costs no more than
//! another. What could steer a terminal is replaced before it is drawn.

use std::fmt::Write as _;
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::diag::{Diagnostic, Diagnostics, Severity, SourceMap, Span};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Plain,
    Colored,
}

/// How much of a line is handed to the drawing, on either side of the place; the drawing
/// itself then cuts to the width of a terminal.
const LINE_SIDE_BYTES_MAX: usize = 1000;
/// A place longer than this is drawn only as far as its first line goes.
const PLACE_BYTES_MAX: usize = 4000;

/// The long form, as a compiler prints it. `root` stands before each file name.
pub fn render_text(root: &str, diags: &Diagnostics, sources: &SourceMap, style: Style) -> String {
    let renderer = match style {
        Style::Plain => Renderer::plain(),
        Style::Colored => Renderer::styled(),
    };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let mut out = String::new();
    for found in diags.iter() {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&renderer.render(&groups(root, found, sources)));
        out.push('\n');
    }
    if diags.dropped() > 0 {
        let separator = if out.is_empty() { "" } else { "\n" };
        let _written = writeln!(out, "{separator}{}", dropped_text(diags.dropped()));
    }
    out
}

/// One line a finding: `path:line:column: error[CODE]: message`.
pub fn render_short(root: &str, diags: &Diagnostics, sources: &SourceMap) -> String {
    let prefix = if root.is_empty() { String::new() } else { format!("{}: ", visible(root)) };
    let mut out = String::new();
    for found in diags.iter() {
        match found.span {
            Some(span) => {
                let position = sources.position(span.file, span.start);
                out.push_str(&path_text(root, sources.name(span.file)));
                let _written = write!(out, ":{}:{}: ", position.line, position.column);
            }
            None => out.push_str(&prefix),
        }
        let _written = writeln!(
            out,
            "{}[{}]: {}",
            found.severity.as_str(),
            found.code,
            visible(&found.message),
        );
    }
    if diags.dropped() > 0 {
        let _written = writeln!(out, "{prefix}{}", dropped_text(diags.dropped()));
    }
    out
}

/// That some findings were made past the limit.
pub(super) fn dropped_text(dropped: usize) -> String {
    let noun = if dropped == 1 { "finding is" } else { "findings are" };
    format!("{dropped} more {noun} not shown")
}

fn groups<'a>(root: &str, found: &Diagnostic, sources: &SourceMap) -> Vec<Group<'a>> {
    let title = level(found.severity).primary_title(visible(&found.message)).id(found.code);
    let mut primary = Group::with_title(title);
    primary = match found.span {
        Some(span) => draw(primary, root, span, sources),
        None if root.is_empty() => primary,
        None => primary.element(Origin::path(visible(root))),
    };
    let mut placed = Vec::new();
    for note in &found.notes {
        match note.span {
            Some(span) => {
                let title = Level::NOTE.secondary_title(visible(&note.message));
                placed.push(draw(Group::with_title(title), root, span, sources));
            }
            None => primary = primary.element(Level::NOTE.message(visible(&note.message))),
        }
    }
    if let Some(help) = &found.help {
        primary = primary.element(Level::HELP.message(visible(help)));
    }
    placed.insert(0, primary);
    placed
}

fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    }
}

fn draw<'a>(group: Group<'a>, root: &str, span: Span, sources: &SourceMap) -> Group<'a> {
    let position = sources.position(span.file, span.start);
    let path = path_text(root, sources.name(span.file));
    let drawn = cut(sources.text(span.file), span);
    let snippet = Snippet::source(drawn.lines)
        .line_start(position.line)
        .annotation(AnnotationKind::Primary.span(drawn.place));
    if drawn.from_line_start {
        return group.element(snippet.path(path));
    }
    // The drawing would count columns from where the line was cut.
    let origin = Origin::path(path).line(position.line).char_column(position.column);
    group.element(origin).element(snippet)
}

/// What of a file is drawn, and the place in it.
struct Drawn {
    lines: String,
    place: Range<usize>,
    /// The place stands as many characters into `lines` as it does into its own line.
    from_line_start: bool,
}

/// The lines of a place, cut to what is worth drawing.
fn cut(text: &str, span: Span) -> Drawn {
    let start = text.floor_char_boundary(span.start as usize);
    let mut end = text.floor_char_boundary(span.end as usize).max(start);
    let (before, after) = text.split_at(start);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let first_line = after.find('\n').map_or(text.len(), |at| start + at);
    if end - start > PLACE_BYTES_MAX {
        end = end.min(first_line).min(text.floor_char_boundary(start + PLACE_BYTES_MAX));
    }
    let line_end =
        text.get(end..).and_then(|tail| tail.find('\n')).map_or(text.len(), |at| end + at);
    let from = line_start.max(text.ceil_char_boundary(start.saturating_sub(LINE_SIDE_BYTES_MAX)));
    let to = line_end.min(text.floor_char_boundary(end.saturating_add(LINE_SIDE_BYTES_MAX)));
    let part = text.get(from..to).unwrap_or_default();
    let part = part.strip_suffix('\r').unwrap_or(part);
    let place = (start - from).min(part.len())..(end - from).min(part.len());
    let from_line_start = from == line_start && start - from <= part.len();
    Drawn { lines: harmless(part), place, from_line_start }
}

fn path_text(root: &str, name: &str) -> String {
    visible(&file_path(root, name))
}

/// The path of a file of the bundle that `root` stands before.
pub(super) fn file_path(root: &str, name: &str) -> String {
    match root.trim_end_matches('/') {
        "" if root.is_empty() => name.to_owned(),
        trimmed => format!("{trimmed}/{name}"),
    }
}

/// The text with each character that could steer a terminal written as an escape.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if steers(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// The text with each character that could steer a terminal replaced by one of the same length
/// in bytes, so that places stay where they are. ASCII control characters and tabs are left to
/// the drawing, which replaces them and keeps the caret in place.
pub fn harmless(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            c if c.is_ascii() || !steers(c) => c,
            c if c.len_utf8() == 2 => '¿',
            c if c.len_utf8() == 3 => char::REPLACEMENT_CHARACTER,
            _ => '\u{1FBC4}',
        })
        .collect()
}

/// Control characters, and those that turn the direction of writing or show nothing.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E007F}')
}
