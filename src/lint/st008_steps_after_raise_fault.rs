//! ST008: steps behind a RaiseFault that always runs.
//! Source: apigeelint ST008; Apigee docs, "RaiseFault policy": it ends the flow.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::model::Step;

pub(super) static RULE: Rule =
    Rule { code: "ST008", severity: Severity::Warning, summary: "step after RaiseFault", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    let raises = |step: &&Step| {
        let policy = cx.policy(&step.name.value).map(|policy| &policy.head);
        step.condition.is_none()
            && policy.is_some_and(|head| {
                head.kind == "RaiseFault" && head.enabled && !head.continue_on_error
            })
    };
    for steps in cx.proxy.step_lists() {
        let mut steps = steps.iter();
        let Some(raise) = steps.find(raises) else { continue };
        for hidden in steps {
            let message = format!("Step `{}` never runs", hidden.name.value);
            RULE.report(diags, hidden.span, message).note(
                raise.name.span,
                format!("`{}` always raises a fault here", raise.name.value),
            );
        }
    }
}
