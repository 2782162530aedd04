//! PO012: an AssignTo that names no message, names it wrongly, or stands twice.
//! Source: apigeelint PO012; Apigee docs, "AssignMessage policy": without a name the message in
//! scope is changed, `transport` is always `http`, `type` is `request` or `response`.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::lint::shape::Checker;
use crate::xml::Element;
use crate::xml::fields::parse_flag;

pub(super) static RULE: Rule =
    Rule { code: "PO012", severity: Severity::Warning, summary: "AssignTo", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for policy in cx.of_kind("AssignMessage") {
        let body = &policy.head.body;
        let mut written = body.elements().filter(|child| child.name == "AssignTo");
        let Some(first) = written.next() else { continue };
        let mut checker = Checker::new(&RULE, cx, diags);
        for again in written {
            checker.doubled(first, again, body);
        }
        check_one(first, &mut checker);
        checker.finish();
    }
}

fn check_one(element: &Element, checker: &mut Checker<'_>) {
    if let Some(transport) = element.attribute("transport")
        && transport.value.trim() != "http"
    {
        let message = format!("`{}` is no transport", transport.value);
        checker.report(transport.span, message).note(None, "a message has `http`");
    }
    if let Some(kind) = element.attribute("type")
        && !matches!(kind.value.trim(), "request" | "response")
    {
        let message = format!("`{}` is no type of message", kind.value);
        checker.report(kind.span, message).note(None, "the type is that of the flow");
    }
    let creates = element.attribute("createNew").map(|found| parse_flag(&found.value));
    if creates == Some(Some(false)) && element.is_empty() {
        checker
            .report(element.open_span, "`AssignTo` names no message and makes none")
            .help("delete it: the message in scope is changed without it");
    }
}
