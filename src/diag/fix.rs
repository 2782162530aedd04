//! Edits that mend what findings speak of, and how they change a file's text.
//!
//! A finding's edits are done all together or not at all; bytes outside of them stay as they
//! are. What would overlap waits for the next pass, in which the files are read anew.

use std::collections::BTreeMap;

use crate::diag::{Diagnostic, Diagnostics, FileId, SourceMap, Span};

/// One text in the place of another. An empty span is a place to insert at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub span: Span,
    pub text: String,
}

/// What one pass made of the files.
#[derive(Debug, Default)]
pub struct Pass {
    /// The whole new texts, by the names that the files have in their [`SourceMap`].
    pub texts: BTreeMap<String, String>,
    /// How many findings are mended.
    pub mended: usize,
}

/// Does as many findings' edits as do not touch each other.
pub fn apply_fixes(diags: &Diagnostics, sources: &SourceMap) -> Pass {
    let mut chosen: BTreeMap<FileId, Vec<&Edit>> = BTreeMap::new();
    let mut mended = 0;
    for found in diags.iter().filter(|found| !found.fix.is_empty()) {
        if !fits(found, &chosen, sources) {
            continue;
        }
        mended += 1;
        for edit in &found.fix {
            chosen.entry(edit.span.file).or_default().push(edit);
        }
    }
    let texts = chosen
        .into_iter()
        .map(|(file, edits)| (sources.name(file).to_owned(), edited(sources.text(file), edits)));
    Pass { texts: texts.collect(), mended }
}

/// Whether each edit is inside its file, and apart from those chosen and from each other.
fn fits(found: &Diagnostic, chosen: &BTreeMap<FileId, Vec<&Edit>>, sources: &SourceMap) -> bool {
    found.fix.iter().enumerate().all(|(at, edit)| {
        let text = sources.text(edit.span.file);
        let is_inside = text.get(edit.span.start as usize..edit.span.end as usize).is_some();
        let mut others = chosen.get(&edit.span.file).into_iter().flatten().copied();
        let mut own = found.fix.iter().take(at);
        is_inside
            && !others.any(|other| touch(edit.span, other.span))
            && !own.any(|other| touch(edit.span, other.span))
    })
}

/// Whether two places share a byte, or an insertion stands in or at the other.
fn touch(a: Span, b: Span) -> bool {
    if a.file != b.file {
        return false;
    }
    match a.start == a.end || b.start == b.end {
        true => a.start <= b.end && b.start <= a.end,
        false => a.start < b.end && b.start < a.end,
    }
}

fn edited(text: &str, mut edits: Vec<&Edit>) -> String {
    edits.sort_by_key(|edit| edit.span);
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for Edit { span, text: replacement } in edits {
        out.push_str(text.get(done..span.start as usize).unwrap_or_default());
        out.push_str(replacement);
        done = span.end as usize;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}
