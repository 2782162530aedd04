//! GW349: a ResponseCache where there is no response that others could be given.
//! Source: Apigee docs, "ResponseCache policy": it belongs into a request flow and a response
//! flow.

use crate::diag::{Diagnostics, Severity};
use crate::lint::response_cache::{Place, attachments};
use crate::lint::rule::{LintContext, Rule};

pub(super) static RULE: Rule = Rule {
    code: "GW349",
    severity: Severity::Warning,
    summary: "ResponseCache without effect",
    check,
};

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for found in attachments(cx) {
        if matches!(found.place, Place::Aside) {
            let name = &found.step.name.value;
            let message = format!("ResponseCache `{name}` has no effect here");
            RULE.report(diags, found.step.name.span, message)
                .note(None, "it works in request flows and response flows alone");
        }
    }
}
