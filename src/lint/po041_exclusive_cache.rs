//! PO041: a KeyValueMapOperations with an ExclusiveCache, which has no effect any more, or with
//! several scopes.
//! Source: apigeelint PO041; Apigee docs, "KeyValueMapOperations policy".

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};

pub(super) static RULE: Rule = Rule {
    code: "PO041",
    severity: Severity::Warning,
    summary: "ExclusiveCache or several scopes",
    check,
};

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    let policies = cx.policies.iter().filter(|policy| policy.head.kind == "KeyValueMapOperations");
    for body in policies.map(|policy| &policy.head.body) {
        let named = |name| body.elements().filter(move |child| child.name == name);
        for cache in named("ExclusiveCache") {
            RULE.report(diags, cache.name_span, "`ExclusiveCache` has no effect any more")
                .help("delete it")
                .fix(cache.removal(), "");
        }
        let mut scopes = named("Scope");
        if let Some(first) = scopes.next() {
            for again in scopes {
                RULE.report(diags, again.name_span, "a second `Scope`")
                    .note(first.name_span, "the first one stands here");
            }
        }
    }
}
