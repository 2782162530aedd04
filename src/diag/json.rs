//! The JSON form of findings, one object a bundle.
//!
//! Lines and columns count from 1, columns in Unicode scalar values; an end is the place
//! just behind the last character. What has no place has `null` in these fields. What can be
//! mended has `fix`, a list of places and of the texts that belong there.

use serde_json::{Map, Value, json};

use crate::diag::{Diagnostic, Diagnostics, SourceMap, Span};

/// `{"path", "name", "diagnostics": [...]}` of one bundle.
pub fn bundle_json(path: &str, name: &str, diags: &Diagnostics, sources: &SourceMap) -> Value {
    let findings: Vec<Value> = diags.iter().map(|found| finding(found, sources)).collect();
    json!({"path": path, "name": name, "diagnostics": findings})
}

fn finding(found: &Diagnostic, sources: &SourceMap) -> Value {
    let mut fields = Map::new();
    fields.insert("code".to_owned(), json!(found.code));
    fields.insert("severity".to_owned(), json!(found.severity.as_str()));
    place(&mut fields, found.span, sources);
    let end = found.span.map(|span| sources.position(span.file, span.end));
    fields.insert("end_line".to_owned(), json!(end.map(|end| end.line)));
    fields.insert("end_column".to_owned(), json!(end.map(|end| end.column)));
    fields.insert("message".to_owned(), json!(found.message));
    let notes = found.notes.iter().map(|note| {
        let mut fields = Map::new();
        fields.insert("message".to_owned(), json!(note.message));
        place(&mut fields, note.span, sources);
        Value::Object(fields)
    });
    fields.insert("notes".to_owned(), notes.collect());
    if let Some(help) = &found.help {
        fields.insert("help".to_owned(), json!(help));
    }
    if !found.fix.is_empty() {
        let edits = found.fix.iter().map(|edit| {
            let mut fields = Map::new();
            place(&mut fields, Some(edit.span), sources);
            let end = sources.position(edit.span.file, edit.span.end);
            fields.insert("end_line".to_owned(), json!(end.line));
            fields.insert("end_column".to_owned(), json!(end.column));
            fields.insert("text".to_owned(), json!(edit.text));
            Value::Object(fields)
        });
        fields.insert("fix".to_owned(), edits.collect());
    }
    Value::Object(fields)
}

fn place(fields: &mut Map<String, Value>, span: Option<Span>, sources: &SourceMap) {
    let start = span.map(|span| sources.position(span.file, span.start));
    fields.insert("file".to_owned(), json!(span.map(|span| sources.name(span.file))));
    fields.insert("line".to_owned(), json!(start.map(|start| start.line)));
    fields.insert("column".to_owned(), json!(start.map(|start| start.column)));
}
