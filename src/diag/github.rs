//! Findings as workflow commands, which GitHub shows beside the lines of a change.
//!
//! Source: GitHub docs, "Workflow commands for GitHub Actions", `error`, `warning` and `notice`.
//! Lines and columns count from 1; the page does not say whether an end column is the last
//! character or the place behind it. Unknown: we take the last character.

use std::fmt::Write as _;

use crate::diag::text::{dropped_text, file_path, visible};
use crate::diag::{Diagnostics, Severity, SourceMap, Span};

/// One line a finding. `path` is what a finding without a file speaks of; `root` stands before
/// each file name.
pub fn render_github(path: &str, root: &str, diags: &Diagnostics, sources: &SourceMap) -> String {
    let mut out = String::new();
    for found in diags.iter() {
        let mut message = visible(&found.message);
        for note in &found.notes {
            let _written = write!(message, "\nnote: {}", visible(&note.message));
            if let Some(span) = note.span {
                let position = sources.position(span.file, span.start);
                let file = visible(&file_path(root, sources.name(span.file)));
                let _written = write!(message, ", {file}:{}:{}", position.line, position.column);
            }
        }
        if let Some(help) = &found.help {
            let _written = write!(message, "\nhelp: {}", visible(help));
        }
        let _written = writeln!(
            out,
            "::{} {},title={}::{}",
            command(found.severity),
            place(path, root, found.span, sources),
            property(found.code),
            data(&message),
        );
    }
    if diags.dropped() > 0 {
        let message = dropped_text(diags.dropped());
        let _written = writeln!(out, "::notice file={}::{message}", property(path));
    }
    out
}

fn command(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    }
}

/// The properties that say where; columns only within one line, as GitHub takes them.
fn place(path: &str, root: &str, span: Option<Span>, sources: &SourceMap) -> String {
    let Some(span) = span else { return format!("file={}", property(path)) };
    let file = property(&file_path(root, sources.name(span.file)));
    let start = sources.position(span.file, span.start);
    let end = sources.position(span.file, span.end);
    let mut place = format!("file={file},line={},endLine={}", start.line, end.line);
    if start.line == end.line {
        let last = end.column.saturating_sub(1).max(start.column);
        let _written = write!(place, ",col={},endColumn={last}", start.column);
    }
    place
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(&visible(text)).replace(':', "%3A").replace(',', "%2C")
}
