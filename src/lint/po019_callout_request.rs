//! PO019: a ServiceCallout that builds its request in the variable of the request in hand.
//! Source: apigeelint PO019; Apigee docs, "ServiceCallout policy".

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};

pub(super) static RULE: Rule = Rule {
    code: "PO019",
    severity: Severity::Warning,
    summary: "ServiceCallout over request",
    check,
};

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    let callouts = cx.policies.iter().filter(|policy| policy.head.kind == "ServiceCallout");
    for request in callouts.filter_map(|policy| policy.head.body.child("Request")) {
        if let Some(variable) = request.attribute("variable")
            && variable.value == "request"
        {
            RULE.report(diags, variable.span, "the callout changes the request in hand")
                .help("name a variable of its own, such as `calloutRequest`");
        }
    }
}
