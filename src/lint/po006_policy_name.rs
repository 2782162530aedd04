//! PO006: a policy whose name is not its file's.
//! Source: apigeelint PO006.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::model::file_stem;

pub(super) static RULE: Rule =
    Rule { code: "PO006", severity: Severity::Warning, summary: "policy unlike its file", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for policy in cx.policies {
        let (name, stem) = (&policy.head.name, file_stem(&policy.head.file));
        if name.value != stem {
            let message = format!("policy `{}` stands in file `{stem}.xml`", name.value);
            RULE.report(diags, name.span, message)
                .note(None, "a Step calls it by its name, not by its file");
        }
    }
}
