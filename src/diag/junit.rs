//! Findings as a JUnit report: one testsuite a bundle, one testcase a finding.
//!
//! Source: the schema of the Ant JUnit task, as build servers read it. A bundle without findings
//! has one testcase, which passes, so that no server takes an empty suite for a broken run.

use std::fmt::Write as _;
use std::io;

use quick_xml::Writer;
use quick_xml::events::BytesText;

use crate::diag::text::{dropped_text, file_path};
use crate::diag::{Diagnostic, Diagnostics, Severity, SourceMap};

/// Which findings fail their testcase; the others are told in its output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failing {
    Errors,
    ErrorsAndWarnings,
}

/// The report of one run, bundle after bundle.
#[derive(Debug)]
pub struct JunitReport {
    failing: Failing,
    suites: Vec<Suite>,
}

#[derive(Debug)]
struct Suite {
    name: String,
    cases: Vec<Case>,
}

#[derive(Debug)]
struct Case {
    name: String,
    outcome: Outcome,
}

#[derive(Debug)]
enum Outcome {
    Passed,
    /// A finding that does not fail its testcase.
    Told(String),
    Failed {
        kind: &'static str,
        message: String,
        text: String,
    },
}

impl JunitReport {
    pub fn new(failing: Failing) -> Self {
        Self { failing, suites: Vec::new() }
    }

    /// `path` names the suite; `root` stands before each file name.
    pub fn add(&mut self, path: &str, root: &str, diags: &Diagnostics, sources: &SourceMap) {
        let case = |found: &Diagnostic| self.case(path, root, found, sources);
        let mut cases: Vec<Case> = diags.iter().map(case).collect();
        if diags.dropped() > 0 {
            let text = dropped_text(diags.dropped());
            cases.push(Case { name: "not shown".to_owned(), outcome: Outcome::Told(text) });
        }
        if cases.is_empty() {
            cases.push(Case { name: "lint".to_owned(), outcome: Outcome::Passed });
        }
        self.suites.push(Suite { name: path.to_owned(), cases });
    }

    fn case(&self, path: &str, root: &str, found: &Diagnostic, sources: &SourceMap) -> Case {
        let place = match found.span {
            Some(span) => {
                let position = sources.position(span.file, span.start);
                let file = file_path(root, sources.name(span.file));
                format!("{file}:{}:{}", position.line, position.column)
            }
            None => path.to_owned(),
        };
        let (kind, code) = (found.severity.as_str(), found.code);
        let text = text(&place, found);
        let fails = match found.severity {
            Severity::Error => true,
            Severity::Warning => self.failing == Failing::ErrorsAndWarnings,
            Severity::Note => false,
        };
        let outcome = if fails {
            Outcome::Failed { kind, message: found.message.clone(), text }
        } else {
            Outcome::Told(text)
        };
        Case { name: format!("{code} {place}"), outcome }
    }

    pub fn into_xml(self) -> io::Result<String> {
        let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
        let cases = self.suites.iter().flat_map(|suite| &suite.cases);
        let (tests, failures) = counts(cases);
        writer
            .create_element("testsuites")
            .with_attribute(("name", "tollgate lint"))
            .with_attribute(("tests", tests.as_str()))
            .with_attribute(("failures", failures.as_str()))
            .with_attribute(("errors", "0"))
            .write_inner_content(|writer| {
                self.suites.iter().try_for_each(|suite| suite.write(writer))
            })?;
        let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        text.push_str(&String::from_utf8_lossy(&writer.into_inner()));
        text.push('\n');
        Ok(text)
    }
}

impl Suite {
    fn write(&self, writer: &mut Writer<Vec<u8>>) -> io::Result<()> {
        let (tests, failures) = counts(self.cases.iter());
        let name = written(&self.name);
        writer
            .create_element("testsuite")
            .with_attribute(("name", name.as_str()))
            .with_attribute(("tests", tests.as_str()))
            .with_attribute(("failures", failures.as_str()))
            .with_attribute(("errors", "0"))
            .with_attribute(("skipped", "0"))
            .write_inner_content(|writer| {
                self.cases.iter().try_for_each(|case| case.write(&name, writer))
            })?;
        Ok(())
    }
}

impl Case {
    fn write(&self, suite: &str, writer: &mut Writer<Vec<u8>>) -> io::Result<()> {
        let name = written(&self.name);
        let case = writer
            .create_element("testcase")
            .with_attribute(("classname", suite))
            .with_attribute(("name", name.as_str()));
        match &self.outcome {
            Outcome::Passed => {
                case.write_empty()?;
            }
            Outcome::Told(text) => {
                case.write_inner_content(|writer| {
                    let text = written(text);
                    let output = writer.create_element("system-out");
                    output.write_text_content(BytesText::new(&text)).map(drop)
                })?;
            }
            Outcome::Failed { kind, message, text } => {
                case.write_inner_content(|writer| {
                    let (message, text) = (written(message), written(text));
                    let failure = writer
                        .create_element("failure")
                        .with_attribute(("type", *kind))
                        .with_attribute(("message", message.as_str()));
                    failure.write_text_content(BytesText::new(&text)).map(drop)
                })?;
            }
        }
        Ok(())
    }
}

fn counts<'c>(cases: impl Iterator<Item = &'c Case>) -> (String, String) {
    let (mut tests, mut failures) = (0_usize, 0_usize);
    for case in cases {
        tests += 1;
        failures += usize::from(matches!(case.outcome, Outcome::Failed { .. }));
    }
    (tests.to_string(), failures.to_string())
}

/// The finding, its notes and its help, a line each.
fn text(place: &str, found: &Diagnostic) -> String {
    let (kind, code, message) = (found.severity.as_str(), found.code, &found.message);
    let mut text = format!("{place}: {kind}[{code}]: {message}");
    for note in &found.notes {
        let _written = write!(text, "\nnote: {}", note.message);
    }
    if let Some(help) = &found.help {
        let _written = write!(text, "\nhelp: {help}");
    }
    text
}

/// The text without the characters that XML 1.0 cannot hold, not even as references.
fn written(text: &str) -> String {
    let is_foreign = |c: char| {
        (c.is_control() && !matches!(c, '\n' | '\t')) || matches!(c, '\u{FFFE}' | '\u{FFFF}')
    };
    text.replace(is_foreign, "\u{FFFD}")
}
