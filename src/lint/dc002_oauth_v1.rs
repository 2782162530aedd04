//! DC002: a policy of OAuth 1.0a, which Apigee has given up.
//! Source: apigeelint DC002; Apigee docs, "Deprecations and retirements".

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};

pub(super) static RULE: Rule =
    Rule { code: "DC002", severity: Severity::Warning, summary: "OAuth 1.0a deprecated", check };

const TYPES: [&str; 3] = ["OAuthV1", "GetOAuthV1Info", "DeleteOAuthV1Info"];

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for policy in cx.policies.iter().filter(|policy| TYPES.contains(&policy.head.kind.as_str())) {
        let message = format!("{} is deprecated", policy.head.kind);
        RULE.report(diags, policy.head.body.name_span, message).help("use OAuthV2");
    }
}
