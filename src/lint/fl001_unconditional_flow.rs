//! FL001: a Flow without a Condition hides every Flow after it.
//! Source: Apigee docs, "API proxy configuration reference": the first Flow whose condition
//! is true runs, and no other; apigeelint FL001.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::model::Flows;

pub(super) static RULE: Rule =
    Rule { code: "FL001", severity: Severity::Warning, summary: "unreachable Flow", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for endpoint in &cx.proxy.proxy_endpoints {
        check_flows(&endpoint.flows, diags);
    }
    for endpoint in &cx.proxy.target_endpoints {
        check_flows(&endpoint.flows, diags);
    }
}

fn check_flows(flows: &Flows, diags: &mut Diagnostics) {
    let mut flows = flows.conditional.iter();
    let Some(taken) = flows.find(|flow| flow.condition.is_none()) else { return };
    for hidden in flows {
        RULE.report(diags, hidden.name.span, format!("Flow `{}` never runs", hidden.name.value))
            .note(
                taken.name.span,
                format!("`{}` has no Condition and takes every request", taken.name.value),
            );
    }
}
