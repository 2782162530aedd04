//! GW200: a policy of a type that Apigee has and this gateway does not run yet.
//! Differs: Apigee deploys it. An error where a step would run it and `[deploy] unsupported`
//! is `refuse`, else a warning.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::policy::apigee_types;

pub(super) static RULE: Rule =
    Rule { code: "GW200", severity: Severity::Error, summary: "unsupported policy type", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for policy in cx.policies {
        let head = &policy.head;
        if policy.kind.is_some() || !apigee_types::ALL.contains(&head.kind.as_str()) {
            continue;
        }
        let severity = cx.unsupported(head.enabled && cx.is_attached(head));
        let message = format!("policy type `{}` is not supported yet", head.kind);
        let found = RULE.report_as(severity, diags, head.body.name_span, message);
        if severity == Severity::Error {
            found.help(
                "set `unsupported = \"fault\"` under `[deploy]` to deploy the bundle and fault \
                 where a request reaches the policy",
            );
        }
    }
}
