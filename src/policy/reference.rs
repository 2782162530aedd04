//! A policy kind's page as a section of `docs/policies.md`, and as text for a terminal.

use std::fmt::Write as _;

use crate::diag::{plain, wrap};
use crate::policy::kind::{ElementRow, FaultRow, PolicyKind, VariableRow};

impl PolicyKind {
    /// The section, which ends with an empty line. `sample` is the XML of its example.
    pub fn section(&self, sample: &str) -> String {
        let page = self.page;
        let mut out = format!("## {}\n\n{}\n\n", self.element, page.summary);
        paragraph(&mut out, &format!("```xml\n{}\n```", sample.trim_end()));
        let head = "| element or attribute | default | meaning |\n|---|---|---|\n";
        table(&mut out, head, page.elements, |row| {
            format!("| {} | {} | {} |", paths(row.path), cell(row.default), cell(row.meaning))
        });
        let head = "| variable | type | meaning |\n|---|---|---|\n";
        table(&mut out, head, page.variables, |row| {
            format!("| `{}` | {} | {} |", cell(row.name), cell(row.kind), cell(row.meaning))
        });
        let head = "| fault | status | text | when |\n|---|---|---|---|\n";
        table(&mut out, head, page.faults, |row| {
            let FaultRow { code, status, faultstring, when } = row;
            format!("| `{code}` | {status} | `{}` | {} |", cell(bare(faultstring)), cell(when))
        });
        paragraph(&mut out, &self.after_a_fault());
        paragraph(&mut out, page.notes);
        out
    }

    /// The rows of `docs/faults.md`.
    pub fn fault_rows(&self) -> String {
        let row = |fault: &FaultRow| {
            let FaultRow { code, status, faultstring, when } = fault;
            let (text, when) = (cell(bare(faultstring)), cell(when));
            format!("| {} | {when} | {status} | `{code}` | `{text}` |\n", self.element)
        };
        self.page.faults.iter().map(row).collect()
    }

    /// The rows of `docs/variables.md`.
    pub fn variable_rows(&self) -> String {
        let row = |variable: &VariableRow| {
            let VariableRow { name, kind, meaning } = variable;
            format!("| `{name}` | {kind} | {} | {} |\n", self.element, cell(meaning))
        };
        self.page.variables.iter().map(row).collect()
    }

    /// The section without its example, its lines no longer than 80 characters where words allow.
    pub fn text(&self) -> String {
        let page = self.page;
        let mut out = format!("{}: a policy\n\n", self.element);
        wrap(&mut out, "", page.summary);
        heading(&mut out, "Elements and attributes", page.elements.is_empty());
        for ElementRow { path, default, meaning } in page.elements {
            let path = path.replace(", ", "\n  ");
            let default = match *default {
                "" => String::new(),
                "required" | "must have a value" => format!(" ({default})"),
                default => format!(" (default: {default})"),
            };
            let _written = writeln!(out, "  {path}{}", plain(&default));
            wrap(&mut out, "      ", meaning);
        }
        heading(&mut out, "Variables that it sets", page.variables.is_empty());
        for VariableRow { name, kind, meaning } in page.variables {
            let _written = writeln!(out, "  {name} ({kind})");
            wrap(&mut out, "      ", meaning);
        }
        heading(&mut out, "Faults", page.faults.is_empty());
        for FaultRow { code, status, faultstring, when } in page.faults {
            let _written = writeln!(out, "  {code} ({status})");
            wrap(&mut out, "      ", when);
            let _written = writeln!(out, "      {}", bare(faultstring));
        }
        let notes = [self.after_a_fault(), page.notes.to_owned()];
        heading(&mut out, "Notes", notes.iter().all(String::is_empty));
        for text in &notes {
            wrap(&mut out, "  ", text);
        }
        out
    }

    fn after_a_fault(&self) -> String {
        let prefix = self.failed_prefix;
        match self.page.faults.is_empty() {
            true => String::new(),
            false => format!("A fault sets `{prefix}.failed` and `{prefix}.{{policy}}.failed`."),
        }
    }
}

/// Nothing where there are no rows.
fn table<T>(out: &mut String, head: &str, rows: &[T], row: impl Fn(&T) -> String) {
    if rows.is_empty() {
        return;
    }
    out.push_str(head);
    for each in rows {
        out.push_str(&row(each));
        out.push('\n');
    }
    out.push('\n');
}

fn paragraph(out: &mut String, text: &str) {
    if !text.is_empty() {
        out.push_str(text);
        out.push_str("\n\n");
    }
}

fn heading(out: &mut String, title: &str, is_empty: bool) {
    if !is_empty {
        let _written = write!(out, "\n{title}\n\n");
    }
}

/// Each path in backticks.
fn paths(paths: &str) -> String {
    let paths: Vec<String> = paths.split(", ").map(|path| format!("`{}`", cell(path))).collect();
    paths.join(", ")
}

/// A faultstring, which a page may have in backticks.
pub fn bare(faultstring: &str) -> &str {
    faultstring.trim_matches('`')
}

/// A text inside a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
