//! DC001: a ConcurrentRatelimit, which Apigee has given up.
//! Source: apigeelint DC001; Apigee docs, "Deprecations and retirements".

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};

pub(super) static RULE: Rule = Rule {
    code: "DC001",
    severity: Severity::Warning,
    summary: "ConcurrentRatelimit deprecated",
    check,
};

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for policy in cx.of_kind("ConcurrentRatelimit") {
        RULE.report(diags, policy.head.body.name_span, "ConcurrentRatelimit is deprecated")
            .help("limit the load with a SpikeArrest");
    }
}
