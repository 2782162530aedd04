//! PO031: an AssignMessage that sets a payload and does not say of which type it is, or says it
//! twice; a second payload.
//! Source: apigeelint PO031; Apigee docs, "AssignMessage policy": `Payload@contentType` sets the
//! header Content-Type.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::lint::shape::Checker;
use crate::xml::Element;

pub(super) static RULE: Rule =
    Rule { code: "PO031", severity: Severity::Warning, summary: "payload without a type", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for policy in cx.of_kind("AssignMessage") {
        let mut checker = Checker::new(&RULE, cx, diags);
        let sets = policy.head.body.elements().filter(|child| child.name == "Set");
        let mut payloads =
            sets.flat_map(|set| named(set, "Payload").map(move |payload| (set, payload)));
        if let Some((set, first)) = payloads.next() {
            for (parent, again) in payloads {
                checker.doubled(first, again, parent);
            }
            check_type(set, first, &mut checker);
        }
        checker.finish();
    }
}

fn check_type(set: &Element, payload: &Element, checker: &mut Checker<'_>) {
    let headers = named(set, "Headers").flat_map(|headers| named(headers, "Header"));
    let mut typing = headers.filter(|header| {
        header.attribute("name").is_some_and(|name| name.value.eq_ignore_ascii_case("content-type"))
    });
    let header = typing.next();
    match (payload.attribute("contentType"), header) {
        (None, None) => {
            checker
                .report(payload.open_span, "nothing says of which type the payload is")
                .help("write the attribute `contentType`");
        }
        (Some(attribute), Some(header)) => {
            checker
                .report(header.open_span, "the header sets the payload's type again")
                .note(attribute.span, "the payload says it itself");
        }
        (Some(_), None) | (None, Some(_)) => {}
    }
    if let Some(header) = header {
        for again in typing {
            checker
                .report(again.open_span, "the header sets the payload's type again")
                .note(header.open_span, "it is set here");
        }
    }
}

fn named<'e>(element: &'e Element, name: &'static str) -> impl Iterator<Item = &'e Element> {
    element.elements().filter(move |child| child.name == name)
}
