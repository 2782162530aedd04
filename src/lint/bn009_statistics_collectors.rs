//! BN009: several StatisticsCollectors that can run for one request.
//! Source: apigeelint BN009; Apigee docs, "StatisticsCollector policy": the last one wins.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};

pub(super) static RULE: Rule = Rule {
    code: "BN009",
    severity: Severity::Warning,
    summary: "several StatisticsCollectors",
    check,
};

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    let collectors: Vec<_> =
        cx.policies.iter().filter(|policy| policy.head.kind == "StatisticsCollector").collect();
    for policy in &collectors {
        let name = &policy.head.name;
        let steps: Vec<_> = cx.proxy.steps().filter(|step| step.name.value == name.value).collect();
        let Some(always) = steps.iter().find(|step| step.condition.is_none()) else { continue };
        let message = match (collectors.len(), steps.len()) {
            (2.., _) => format!("StatisticsCollector `{}` always runs beside another", name.value),
            (_, 2..) => format!("StatisticsCollector `{}` can run twice for a request", name.value),
            (..) => continue,
        };
        RULE.report(diags, name.span, message)
            .note(always.name.span, "this Step has no Condition")
            .help("collect all in one policy that runs once, or give the Steps Conditions");
    }
}
