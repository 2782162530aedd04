//! PO036: a Response of a ServiceCallout that names no variable, or several.
//! Source: apigeelint PO036; Apigee docs, "ServiceCallout policy": the text is the name of the
//! variable that takes the answer; without the element nobody waits for one.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::lint::shape::{Checker, Holds, Shape, once};

pub(super) static RULE: Rule = Rule {
    code: "PO036",
    severity: Severity::Warning,
    summary: "Response of a ServiceCallout",
    check,
};

static CALLOUT: Shape = Shape::of(Holds::AmongOthers(&[once("Response", &RESPONSE)]));
static RESPONSE: Shape = Shape::with(&[], &[], Holds::Text);

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for policy in cx.of_kind("ServiceCallout") {
        let body = &policy.head.body;
        let mut checker = Checker::new(&RULE, cx, diags);
        checker.element(body, &CALLOUT);
        if let Some(response) = body.child("Response") {
            let text = response.text();
            if text.trim().contains(char::is_whitespace) {
                let message = format!("`{}` is not the name of a variable", text.trim());
                checker.report(response.text_span(), message);
            }
        }
        checker.finish();
    }
}
