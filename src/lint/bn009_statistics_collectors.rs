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
    let collects = |name: &str| {
        cx.policy(name).is_some_and(|policy| policy.head.kind == "StatisticsCollector")
    };
    let mut steps =
        cx.proxy.steps().filter(|step| step.condition.is_none() && collects(&step.name.value));
    let Some(first) = steps.next() else { return };
    for again in steps.filter(|step| step.name.value != first.name.value) {
        let message =
            format!("StatisticsCollector `{}` always runs beside another", again.name.value);
        RULE.report(diags, again.name.span, message)
            .note(first.name.span, format!("`{}` always runs too", first.name.value))
            .help("collect both in one policy, or give all steps but one a Condition");
    }
}
