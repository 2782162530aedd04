//! Findings as a SARIF log: one object with one run, for what shows findings of any tool.
//!
//! Source: OASIS SARIF 2.1.0, sections 3.13 (log), 3.14 (run), 3.19 (tool component), 3.27
//! (result), 3.28 to 3.30 (places), 3.49 (rules) and 3.55 to 3.57 (fixes). Lines and columns count from 1, columns in
//! Unicode scalar values; an end is the place just behind the last character.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use crate::diag::text::{dropped_text, file_path};
use crate::diag::{Diagnostic, Diagnostics, FileId, Severity, SourceMap, Span};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// What a path keeps in a URI: RFC 3986, `pchar` and `/` without what would need a scheme.
const URI_PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The findings of one run, bundle after bundle.
#[derive(Debug, Default)]
pub struct SarifLog {
    /// The codes that were found, in the order of their first finding.
    rules: Vec<&'static str>,
    results: Vec<Value>,
    dropped: usize,
}

impl SarifLog {
    /// `path` is what a finding without a file speaks of; `root` stands before each file name.
    pub fn add(&mut self, path: &str, root: &str, diags: &Diagnostics, sources: &SourceMap) {
        for found in diags.iter() {
            let rule = self.rule_index(found.code);
            let places = Places { path, root, sources };
            self.results.push(result(found, rule, &places));
        }
        self.dropped += diags.dropped();
    }

    /// `describe` says in a few words what a code finds.
    pub fn into_json(self, describe: impl Fn(&str) -> Option<&'static str>) -> Value {
        let rules = self.rules.iter().map(|code| {
            let mut rule = Map::from_iter([("id".to_owned(), json!(code))]);
            if let Some(text) = describe(code) {
                rule.insert("shortDescription".to_owned(), json!({"text": text}));
            }
            Value::Object(rule)
        });
        let driver = json!({
            "name": env!("CARGO_PKG_NAME"),
            "version": env!("CARGO_PKG_VERSION"),
            "rules": rules.collect::<Vec<_>>(),
        });
        let mut run = json!({
            "tool": {"driver": driver},
            "columnKind": "unicodeCodePoints",
            "results": self.results,
        });
        if self.dropped > 0 {
            let text = dropped_text(self.dropped);
            run["invocations"] = json!([{
                "executionSuccessful": true,
                "toolExecutionNotifications": [{"level": "warning", "message": {"text": text}}],
            }]);
        }
        json!({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})
    }

    fn rule_index(&mut self, code: &'static str) -> usize {
        self.rules.iter().position(|known| *known == code).unwrap_or_else(|| {
            self.rules.push(code);
            self.rules.len() - 1
        })
    }
}

/// What the places of one bundle stand against.
struct Places<'a> {
    path: &'a str,
    root: &'a str,
    sources: &'a SourceMap,
}

fn result(found: &Diagnostic, rule: usize, places: &Places<'_>) -> Value {
    let unplaced = found.notes.iter().filter(|note| note.span.is_none());
    let mut text = found.message.clone();
    for more in unplaced.map(|note| &note.message).chain(&found.help) {
        text.push_str("; ");
        text.push_str(more);
    }
    let related = found.notes.iter().filter_map(|note| {
        let mut location = places.location(Some(note.span?));
        location["message"] = json!({"text": note.message});
        Some(location)
    });
    let related: Vec<Value> = related.collect();
    let mut result = json!({
        "ruleId": found.code,
        "ruleIndex": rule,
        "level": level(found.severity),
        "message": {"text": text},
        "locations": [places.location(found.span)],
    });
    if !related.is_empty() {
        result["relatedLocations"] = json!(related);
    }
    if !found.fix.is_empty() {
        result["fixes"] = json!([places.fix(found)]);
    }
    result
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

impl Places<'_> {
    /// Its edits, file by file.
    fn fix(&self, found: &Diagnostic) -> Value {
        let mut files: Vec<(FileId, Vec<Value>)> = Vec::new();
        for edit in &found.fix {
            let replacement = json!({
                "deletedRegion": self.region(edit.span),
                "insertedContent": {"text": edit.text},
            });
            match files.iter_mut().find(|(file, _)| *file == edit.span.file) {
                Some((_, replacements)) => replacements.push(replacement),
                None => files.push((edit.span.file, vec![replacement])),
            }
        }
        let changes = files.into_iter().map(|(file, replacements)| {
            let file = file_path(self.root, self.sources.name(file));
            json!({"artifactLocation": {"uri": uri(&file)}, "replacements": replacements})
        });
        let text = found.help.as_deref().unwrap_or("what `tollgate lint --fix` does");
        json!({"description": {"text": text}, "artifactChanges": changes.collect::<Vec<_>>()})
    }

    fn location(&self, span: Option<Span>) -> Value {
        let file = match span {
            Some(span) => file_path(self.root, self.sources.name(span.file)),
            None => self.path.to_owned(),
        };
        let mut place = json!({"artifactLocation": {"uri": uri(&file)}});
        if let Some(span) = span {
            place["region"] = self.region(span);
        }
        json!({"physicalLocation": place})
    }

    fn region(&self, span: Span) -> Value {
        let start = self.sources.position(span.file, span.start);
        let end = self.sources.position(span.file, span.end);
        json!({
            "startLine": start.line,
            "startColumn": start.column,
            "endLine": end.line,
            "endColumn": end.column,
        })
    }
}

/// A reference, relative where the path is.
fn uri(path: &str) -> String {
    let encoded = utf8_percent_encode(path, URI_PATH);
    if path.starts_with('/') { format!("file://{encoded}") } else { encoded.to_string() }
}
