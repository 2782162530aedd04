//! PO038: a KeyValueMapOperations whose map is named in no way, or in two.
//! Source: apigeelint PO038; Apigee docs, "KeyValueMapOperations policy": Edge takes the
//! attribute `mapIdentifier`, X takes it or `MapName`.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::lint::shape::Checker;
use crate::profile::Profile;
use crate::xml::Element;

pub(super) static RULE: Rule =
    Rule { code: "PO038", severity: Severity::Warning, summary: "map without a name", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for policy in cx.of_kind("KeyValueMapOperations") {
        let mut checker = Checker::new(&RULE, cx, diags);
        match cx.view.profile {
            Profile::Edge => check_edge(&policy.head.body, &mut checker),
            Profile::X => check_x(&policy.head.body, &mut checker),
        }
        checker.finish();
    }
}

fn check_edge(body: &Element, checker: &mut Checker<'_>) {
    for name in names(body) {
        checker
            .report(name.open_span, "Apigee X alone has `MapName`")
            .help("name the map in the attribute `mapIdentifier`");
    }
    if body.attribute("mapIdentifier").is_none() {
        let message = "the map is not named";
        checker.report(body.name_span, message).help("write the attribute `mapIdentifier`");
    }
}

fn check_x(body: &Element, checker: &mut Checker<'_>) {
    let mut written = names(body);
    match (written.next(), body.attribute("mapIdentifier")) {
        (None, None) => {
            checker
                .report(body.name_span, "the map is not named")
                .help("write `MapName`, or the attribute `mapIdentifier`");
        }
        (None, Some(_)) => {}
        (Some(name), identifier) => {
            if let Some(identifier) = identifier {
                checker
                    .report(name.open_span, "`MapName` beside `mapIdentifier`")
                    .note(identifier.span, "this name has no effect");
            }
            if name.is_empty() && name.attribute("ref").is_none() {
                checker.report(name.open_span, "`MapName` is empty");
            }
            for again in written {
                checker.doubled(name, again, body);
            }
        }
    }
}

fn names(body: &Element) -> impl Iterator<Item = &Element> {
    body.elements().filter(|child| child.name == "MapName")
}
