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
        check_rules(endpoint.fault_rules.rules.iter().rev().collect(), order, diags);
    }
    for endpoint in &cx.proxy.target_endpoints {
        let order = "a TargetEndpoint tries its FaultRules from the first to the last";
        check_rules(endpoint.fault_rules.rules.iter().collect(), order, diags);
    }
}

/// `rules` in the order in which they are tried.
fn check_rules(rules: Vec<&FaultRule>, order: &str, diags: &mut Diagnostics) {
    let mut rest = rules.as_slice();
    while let Some((rule, behind)) = rest.split_first() {
        rest = behind;
        if rule.condition.is_some() || behind.is_empty() {
            continue;
        }
        let message = format!(
            "FaultRule `{}` has no Condition and hides those that are tried after it",
            rule.name.value
        );
        let found = RULE.report(diags, rule.span, message);
        for hidden in behind {
            found.note(hidden.name.span, format!("`{}` never runs", hidden.name.value));
        }
        found.note(None, order).help("move it to where it is tried last");
    }
}
