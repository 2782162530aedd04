//! FR003: a single FaultRule without a Condition is a DefaultFaultRule.
//! Source: apigeelint FR003.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};

pub(super) static RULE: Rule = Rule {
    code: "FR003",
    severity: Severity::Warning,
    summary: "FaultRule in place of a DefaultFaultRule",
    check,
};

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    let proxies = cx.proxy.proxy_endpoints.iter().map(|endpoint| &endpoint.fault_rules);
    let targets = cx.proxy.target_endpoints.iter().map(|endpoint| &endpoint.fault_rules);
    for fault_rules in proxies.chain(targets) {
        let [rule] = fault_rules.rules.as_slice() else { continue };
        if rule.condition.is_some() {
            continue;
        }
        let message = format!("FaultRule `{}` stands alone and has no Condition", rule.name.value);
        let found = RULE.report(diags, rule.span, message);
        match &fault_rules.default {
            Some(default) => found
                .note(default.span, "this one runs after it only where it is always enforced")
                .help("move its steps to the `DefaultFaultRule`"),
            None => found.help("write it as `DefaultFaultRule`"),
        };
    }
}
