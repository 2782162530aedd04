//! PO008: a policy whose display name is not its file's, or is empty.
//! Source: apigeelint PO008.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::model::file_stem;

pub(super) static RULE: Rule = Rule {
    code: "PO008",
    severity: Severity::Warning,
    summary: "display name unlike its file",
    check,
};

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for policy in cx.policies {
        let mut shared = policy.head.shared.iter();
        let Some(written) = shared.find(|child| child.name == "DisplayName") else { continue };
        let (text, stem) = (written.text(), file_stem(&policy.head.file));
        let name = text.trim();
        if name.is_empty() {
            RULE.report(diags, written.open_span, "`DisplayName` is empty")
                .help("delete it, or write the policy's name")
                .fix(written.removal(), "");
        } else if name != stem {
            let message = format!("the policy in `{stem}.xml` is shown as `{name}`");
            RULE.report(diags, written.text_span(), message)
                .help("show it under its name, or delete `DisplayName`");
        }
    }
}
