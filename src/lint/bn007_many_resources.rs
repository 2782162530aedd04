//! BN007: more resource files than a bundle should have.
//! Source: apigeelint BN007.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};

pub(super) static RULE: Rule =
    Rule { code: "BN007", severity: Severity::Warning, summary: "many resource files", check };

const RESOURCES_MAX: usize = 20;

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    let count = cx.proxy.resources.len();
    if count > RESOURCES_MAX {
        let message = format!("the bundle has {count} resource files, more than {RESOURCES_MAX}");
        RULE.report(diags, cx.proxy.name.span, message)
            .help("move what other bundles need too to resources of the environment");
    }
}
