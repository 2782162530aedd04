//! BN005: a policy that no step names.
//! Source: apigeelint BN005.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};

pub(super) static RULE: Rule =
    Rule { code: "BN005", severity: Severity::Warning, summary: "policy without a step", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    if !cx.knows_all_steps() {
        return;
    }
    for policy in cx.policies {
        if !cx.is_attached(&policy.head) {
            let name = &policy.head.name;
            RULE.report(diags, name.span, format!("no Step names policy `{}`", name.value));
        }
    }
}
