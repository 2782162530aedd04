//! BN006: more policies than a bundle should have.
//! Source: apigeelint BN006 and its `--policyCountLimit`.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};

pub(super) static RULE: Rule =
    Rule { code: "BN006", severity: Severity::Warning, summary: "many policies", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    let (count, max) = (cx.policies.len(), cx.view.lint.policy_count_max());
    if count > max {
        let message = format!("the bundle has {count} policies, more than {max}");
        RULE.report(diags, cx.proxy.name.span, message)
            .help("split the bundle, or move what its parts share to a shared flow");
    }
}
