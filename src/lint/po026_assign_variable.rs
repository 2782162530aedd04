//! PO026: an AssignVariable with too much, too little or the wrong thing in it.
//! Source: apigeelint PO026; Apigee docs, "AssignMessage policy". A missing or bad `Name` the
//! platform refuses (`GW312`), and what a `Template` calls is told as in every template
//! (`GW121`). `PropertySetRef` names a set and a key: `set.key`.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::lint::shape::{ANYTHING, Checker, Holds, MAY_TEXT, Shape, TEXT, once, once_in_x};
use crate::xml::Element;

pub(super) static RULE: Rule = Rule {
    code: "PO026",
    severity: Severity::Warning,
    summary: "AssignVariable without effect",
    check,
};

const SOURCES: [&str; 5] = ["Ref", "Value", "Template", "PropertySetRef", "ResourceURL"];

static ASSIGN_VARIABLE: Shape = Shape::of(Holds::Elements(&[
    once("Name", &MAY_TEXT),
    once("Ref", &TEXT),
    once("Value", &ANYTHING),
    once("Template", &ANYTHING),
    once_in_x("PropertySetRef", &TEXT),
    once_in_x("ResourceURL", &TEXT),
]));

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for (kind, parent) in [("AssignMessage", None), ("RaiseFault", Some("FaultResponse"))] {
        for policy in cx.of_kind(kind) {
            let body = &policy.head.body;
            let Some(actions) = parent.map_or(Some(body), |parent| body.child(parent)) else {
                continue;
            };
            let mut checker = Checker::new(&RULE, cx, diags);
            for element in actions.elements().filter(|child| child.name == "AssignVariable") {
                checker.element(element, &ASSIGN_VARIABLE);
                check_sources(element, &mut checker);
            }
            checker.finish();
        }
    }
}

fn check_sources(element: &Element, checker: &mut Checker<'_>) {
    if !SOURCES.iter().any(|name| element.child(name).is_some()) {
        checker
            .report(element.open_span, "`AssignVariable` gives the variable no value")
            .help("write `Ref`, `Value` or `Template` in it");
    }
    if let Some(found) = element.child("Ref")
        && found.text().contains(['{', '}'])
    {
        checker
            .report(found.text_span(), "`Ref` takes the name of a variable")
            .help("write it without braces, or write a `Template`");
    }
    if let Some(found) = element.child("Template")
        && has_open_reference(&found.text())
    {
        let message = "a `{` in `Template` has no `}`";
        checker.report(found.text_span(), message).note(None, "it stays text");
    }
    if let Some(found) = element.child("PropertySetRef") {
        let text = found.text();
        let text = text.trim();
        let dots = dots_outside_references(text);
        // A variable may stand for a part, or for all of it.
        let is_property = dots == 1 || (dots == 0 && text.contains('{'));
        if !text.is_empty() && !is_property {
            checker
                .report(found.text_span(), format!("`{text}` is no property of a set"))
                .help("write the set's name, a dot and the property's name");
        }
    }
}

/// Whether a reference starts behind the last `}`.
fn has_open_reference(text: &str) -> bool {
    let tail = text.rsplit('}').next().unwrap_or_default();
    tail.split('{').skip(1).any(|inner| inner.starts_with(|c: char| c.is_ascii_alphabetic()))
}

fn dots_outside_references(text: &str) -> usize {
    let pieces = text.split('{').enumerate().map(|(at, piece)| match piece.split_once('}') {
        Some((_, behind)) if at > 0 => behind,
        Some(_) | None => piece,
    });
    pieces.map(|piece| piece.matches('.').count()).sum()
}
