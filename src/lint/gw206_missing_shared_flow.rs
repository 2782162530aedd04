//! GW206: a FlowCallout of a shared flow that is not deployed: the step faults when it is reached.
//! Source: Apigee docs, "FlowCallout policy": checked at run time only.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};

pub(super) static RULE: Rule =
    Rule { code: "GW206", severity: Severity::Warning, summary: "missing shared flow", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for name in cx.policies.iter().flat_map(|policy| &policy.uses.shared_flows) {
        if !cx.view.shared_flows.contains(&name.value) {
            RULE.report(diags, name.span, format!("shared flow `{}` is not deployed", name.value))
                .note(None, "a step that calls it faults with `flow.SharedFlowNotFound`");
        }
    }
}
