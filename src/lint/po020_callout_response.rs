//! PO020: a ServiceCallout that puts its answer into the variable of the response in hand.
//! Source: apigeelint PO020; Apigee docs, "ServiceCallout policy".

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};

pub(super) static RULE: Rule = Rule {
    code: "PO020",
    severity: Severity::Warning,
    summary: "ServiceCallout over response",
    check,
};

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    let callouts = cx.policies.iter().filter(|policy| policy.head.kind == "ServiceCallout");
    for response in callouts.filter_map(|policy| policy.head.body.child("Response")) {
        if response.text().trim() == "response" {
            RULE.report(diags, response.text_span(), "the callout replaces the response in hand")
                .help("name a variable of its own, such as `calloutResponse`");
        }
    }
}
