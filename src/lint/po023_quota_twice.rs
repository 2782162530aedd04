//! PO023: a Quota that one run of steps names twice under one condition, so that it counts a
//! message twice.
//! Source: apigeelint PO023; Apigee docs, "Quota policy".

use std::collections::{HashMap, HashSet};

use crate::diag::{Diagnostics, Severity, Span};
use crate::lint::rule::{LintContext, Rule};

pub(super) static RULE: Rule =
    Rule { code: "PO023", severity: Severity::Warning, summary: "Quota counts twice", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    let quotas: HashSet<&str> =
        cx.of_kind("Quota").map(|policy| policy.head.name.value.as_str()).collect();
    if quotas.is_empty() {
        return;
    }
    for steps in cx.proxy.step_lists() {
        let mut seen: HashMap<(&str, Option<&str>), Span> = HashMap::new();
        for step in steps.iter().filter(|step| quotas.contains(step.name.value.as_str())) {
            let name = step.name.value.as_str();
            let condition = step.condition.as_ref().map(|found| found.text.value.as_str());
            match seen.get(&(name, condition)) {
                Some(first) => {
                    let message = format!("Quota `{name}` counts the same message again");
                    RULE.report(diags, step.name.span, message)
                        .note(*first, "it counts it here")
                        .help("delete one of the two steps, or give them different conditions");
                }
                None => {
                    seen.insert((name, condition), step.name.span);
                }
            }
        }
    }
}
