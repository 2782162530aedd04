//! CC004: a condition of more terms than a reader takes in.
//! Source: apigeelint CC004 and its `--complexConditionTermCount`: variables, literals, comparisons
//! and what joins or negates them are counted.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};

pub(super) static RULE: Rule =
    Rule { code: "CC004", severity: Severity::Warning, summary: "condition too complex", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    let max = cx.view.lint.condition_terms_max();
    for found in cx.proxy.conditions() {
        let terms = found.condition.terms();
        if terms > max {
            let message = format!("the condition has {terms} terms, more than {max}");
            RULE.report(diags, found.text.span, message)
                .note(
                    None,
                    "variables, literals, comparisons, and what joins or negates them count",
                )
                .help("split it, or let a policy work out a part of it before");
        }
    }
}
