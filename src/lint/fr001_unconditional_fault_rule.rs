//! FR001: a FaultRule without a Condition hides those that are tried after it.
//! Source: Apigee docs, "Handling faults": a ProxyEndpoint tries its FaultRules from the
//! last to the first, a TargetEndpoint from the first to the last; apigeelint FR001.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::model::FaultRule;

pub(super) static RULE: Rule =
    Rule { code: "FR001", severity: Severity::Warning, summary: "unreachable FaultRule", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for endpoint in &cx.proxy.proxy_endpoints {
        let order = "a ProxyEndpoint tries its FaultRules from the last to the first";
        check_rules(endpoint.fault_rules.rules.iter().rev(), order, diags);
    }
    for endpoint in &cx.proxy.target_endpoints {
        let order = "a TargetEndpoint tries its FaultRules from the first to the last";
        check_rules(endpoint.fault_rules.rules.iter(), order, diags);
    }
}

/// `rules` in the order in which they are tried.
fn check_rules<'a>(
    mut rules: impl Iterator<Item = &'a FaultRule>,
    order: &str,
    diags: &mut Diagnostics,
) {
    let Some(taken) = rules.find(|rule| rule.condition.is_none()) else { return };
    for hidden in rules {
        let message = format!("FaultRule `{}` never runs", hidden.name.value);
        RULE.report(diags, hidden.name.span, message)
            .note(
                taken.name.span,
                format!("`{}` has no Condition and takes every fault", taken.name.value),
            )
            .note(None, order);
    }
}
