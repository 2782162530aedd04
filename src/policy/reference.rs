//! A policy kind's page as a section of `docs/policies.md`, and as text for a terminal.

use std::fmt::Write as _;

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
            format!("| `{code}` | {status} | `{}` | {} |", cell(faultstring), cell(when))
        });
        paragraph(&mut out, &self.after_a_fault());
        paragraph(&mut out, page.notes);
        out
    }

    /// The rows of `docs/faults.md`.
    pub fn fault_rows(&self) -> String {
        let row = |fault: &FaultRow| {
            let FaultRow { code, status, faultstring, when } = fault;
            let (text, when) = (cell(faultstring), cell(when));
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
                "required" => " (required)".to_owned(),
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
            wrap(&mut out, "      ", faultstring);
        }
        heading(&mut out, "Notes", false);
        for text in [self.after_a_fault().as_str(), page.notes] {
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

/// A text inside a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// Words in lines that begin with `indent`.
pub fn wrap(out: &mut String, indent: &str, text: &str) {
    const WIDTH: usize = 80;
    for paragraph in text.split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()) {
        let mut width = 0;
        for word in plain(paragraph).split_whitespace() {
            let length = word.chars().count();
            if width > 0 && width + 1 + length > WIDTH {
                out.push('\n');
                width = 0;
            }
            if width == 0 {
                out.push_str(indent);
                width = indent.len();
            } else {
                out.push(' ');
                width += 1;
            }
            out.push_str(word);
            width += length;
        }
        out.push('\n');
    }
}

/// Links as their texts: where they lead is a page that a terminal does not show.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("](") {
        let (text, link) = match (before.rsplit_once('['), behind.split_once(')')) {
            (Some((lead, text)), Some((_, tail))) => (format!("{lead}{text}"), tail),
            (_, _) => (format!("{before}]("), behind),
        };
        out.push_str(&text);
        rest = link;
    }
    out.push_str(rest);
    out
}
