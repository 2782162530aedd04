//! GW342: a ResponseCache in a shared flow.
//! Source: Apigee docs, "ResponseCache policy": it cannot be used there.

use crate::diag::{Diagnostics, Severity};
use crate::lint::response_cache::{Place, attachments};
use crate::lint::rule::{LintContext, Rule};

pub(super) static RULE: Rule = Rule {
    code: "GW342",
    severity: Severity::Error,
    summary: "ResponseCache in a shared flow",
    check,
};

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for found in attachments(cx) {
        if matches!(found.place, Place::SharedFlow) {
            let message = format!(
                "ResponseCache `{}` cannot be used in a shared flow",
                found.step.name.value
            );
            RULE.report(diags, found.step.name.span, message)
                .help("attach it in the flows of the proxy, or use LookupCache and PopulateCache");
        }
    }
}
