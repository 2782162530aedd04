//! BN012: a TargetEndpoint that no RouteRule names.
//! Source: apigeelint BN012.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};

pub(super) static RULE: Rule =
    Rule { code: "BN012", severity: Severity::Warning, summary: "unused TargetEndpoint", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    if !cx.knows_all_steps() {
        return;
    }
    for target in &cx.proxy.target_endpoints {
        if !cx.is_routed_to(&target.name.value) {
            let message = format!("no RouteRule leads to TargetEndpoint `{}`", target.name.value);
            RULE.report(diags, target.name.span, message);
        }
    }
}
