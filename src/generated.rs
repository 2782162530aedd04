//! For tests alone: the parts of documentation pages that are made of tables.
//!
//! Such a part stands between `<!-- generated: NAME -->` and `<!-- end -->`. `UPDATE_EXPECT=1
//! cargo test` writes it, a plain `cargo test` fails where it is stale.

#![expect(clippy::disallowed_methods, reason = "pages are files")]

use std::fs;
use std::path::Path;

use expect_test::expect_file;

use crate::message::faults::{CATALOGUE, GatewayFault};
use crate::model::properties::{self, PropertyKind, PropertyRow};
use crate::policy::POLICIES;
use crate::policy::kind::PolicyKind;
use crate::variable::{Access, FLOW_VARIABLES, FlowVariable, Scope, Type};

const END: &str = "<!-- end -->";

/// Holds a page to its parts, each a name and its text. The page has these and no others.
#[track_caller]
pub(crate) fn check(page: &str, parts: &[(&str, String)]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let mut text = fs::read_to_string(&path).expect("the page is there");
    assert_eq!(text.matches("<!-- generated: ").count(), parts.len(), "the parts of {page}");
    for (name, part) in parts {
        let mark = format!("<!-- generated: {name} -->\n");
        let start = text.find(&mark).unwrap_or_else(|| panic!("{page} has no part {name}"));
        let start = start + mark.len();
        let rest = text.get(start..).unwrap_or_default();
        let length = rest.find(END).unwrap_or_else(|| panic!("{page}: {name} has no end"));
        text.replace_range(start..start + length, &format!("\n{}\n\n", part.trim()));
    }
    expect_file![path].assert_eq(&text);
}

#[test]
fn the_page_of_policies_is_that_of_the_table() {
    let links: Vec<String> = POLICIES
        .iter()
        .map(|kind| format!("[{}](#{})", kind.element, kind.element.to_lowercase()))
        .collect();
    let sections: String = POLICIES.iter().map(|kind| kind.section(&sample(kind))).collect();
    check("docs/policies.md", &[("types", links.join(", ") + "."), ("policies", sections)]);
}

fn sample(kind: &PolicyKind) -> String {
    let path = format!("{}/policies/{}.xml", env!("CARGO_MANIFEST_DIR"), kind.element);
    fs::read_to_string(path).expect("each type has a sample")
}

#[test]
fn the_page_of_faults_has_those_of_policies() {
    let head = "| policy | when | status | errorcode | faultstring |\n|---|---|---|---|---|\n";
    let rows: String = POLICIES.iter().map(PolicyKind::fault_rows).collect();
    let policies = format!("{head}{rows}");
    let head = "| when | status | errorcode | faultstring | reason |\n|---|---|---|---|---|\n";
    let rows: String = CATALOGUE.iter().map(|row| gateway_fault(row)).collect();
    check("docs/faults.md", &[("gateway", format!("{head}{rows}")), ("policies", policies)]);
}

fn gateway_fault(row: &GatewayFault) -> String {
    let status = row.status.map_or("the target's".to_owned(), |status| status.as_str().to_owned());
    let reason = row.reason.map_or(String::new(), |reason| format!("`{reason}`"));
    let GatewayFault { when, code, faultstring, .. } = row;
    format!("| {when} | {status} | `{code}` | `{faultstring}` | {reason} |\n")
}

#[test]
fn the_page_of_properties_is_the_table() {
    let table = |rows: &[PropertyRow]| {
        let head = "| property | takes | default | what it does |\n|---|---|---|---|\n";
        let rows: String = rows.iter().map(property_row).collect();
        format!("{head}{rows}")
    };
    let parts = [("proxy", table(properties::PROXY)), ("target", table(properties::TARGET))];
    check("docs/properties.md", &parts);
}

fn property_row(row: &PropertyRow) -> String {
    let takes = match row.kind {
        PropertyKind::Flag => "`true`, `false`".to_owned(),
        PropertyKind::Millis => "milliseconds".to_owned(),
        PropertyKind::Size => "a size, such as `10M`".to_owned(),
        PropertyKind::Codes => "status codes, such as `2XX, 304`".to_owned(),
        PropertyKind::Word(words) => format!("`{}`", words.join("`, `")),
        PropertyKind::Text => "text".to_owned(),
    };
    let effect = if row.has_effect { "" } else { "no effect yet: " };
    let PropertyRow { name, default, meaning, .. } = row;
    format!("| `{name}` | {takes} | {default} | {effect}{meaning} |\n")
}

#[test]
fn the_page_of_variables_is_the_table() {
    let head = "| variable | type | set by | meaning |\n|---|---|---|---|\n";
    let of_policies: String = POLICIES.iter().map(PolicyKind::variable_rows).collect();
    let of_policies = format!("{head}{of_policies}");
    let head = "| variable | type | written | from when on | meaning |\n|---|---|---|---|---|\n";
    let rows: String = FLOW_VARIABLES.iter().map(variable_row).collect();
    let variables = format!("{head}{rows}");
    check("docs/variables.md", &[("of policies", of_policies), ("variables", variables)]);
}

fn variable_row(row: &FlowVariable) -> String {
    let value_type = match row.value_type {
        Type::String => "text",
        Type::Integer => "integer",
        Type::Long => "long",
        Type::Boolean => "boolean",
        Type::Array => "list",
    };
    let written = match row.access {
        Access::ReadOnly => "",
        Access::ReadWrite => "yes",
    };
    let scope = match row.scope {
        Scope::ProxyRequest => "always",
        Scope::TargetRequest => "the target is chosen",
        Scope::TargetResponse => "the target was called",
        Scope::Error => "error flow",
        Scope::PostClient => "PostClientFlow",
    };
    let FlowVariable { name, meaning, .. } = row;
    format!("| `{name}` | {value_type} | {written} | {scope} | {meaning} |\n")
}
