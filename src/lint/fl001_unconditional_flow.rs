//! FL001: a Flow without a Condition hides every Flow after it.
//! Source: Apigee docs, "API proxy configuration reference": the first Flow whose condition
//! is true runs, and no other; apigeelint FL001.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::model::{Flow, Flows};

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
    let (conditional, unconditional): (Vec<&Flow>, Vec<&Flow>) =
        flows.partition(|flow| flow.condition.is_some());
    if !conditional.is_empty() {
        let message =
            format!("Flow `{}` has no Condition and hides those behind it", taken.name.value);
        let found = RULE.report(diags, taken.span, message);
        for hidden in conditional {
            found.note(hidden.name.span, format!("`{}` never runs", hidden.name.value));
        }
        found.help("move it to the end");
    }
    for again in unconditional {
        let message =
            format!("a second Flow without a Condition, `{}`, never runs", again.name.value);
        RULE.report(diags, again.span, message)
            .note(taken.name.span, format!("`{}` takes every request", taken.name.value));
    }
}
