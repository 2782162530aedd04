//! PO028: a policy of a type that the platform which the environment behaves like does not
//! have.
//! Source: apigeelint PO028; Apigee docs, "Comparing Apigee Edge to Apigee X". This gateway
//! runs it under either profile, so that it is no more than a warning; a policy of the
//! environment goes to neither platform.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::policy::apigee_types;
use crate::profile::Profile;

pub(super) static RULE: Rule =
    Rule { code: "PO028", severity: Severity::Warning, summary: "type of another profile", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    let (types, name, profile) = match cx.view.profile {
        Profile::Edge => (apigee_types::X_ONLY, "Apigee Edge", "edge"),
        Profile::X => (apigee_types::EDGE_ONLY, "Apigee X", "x"),
    };
    for policy in cx.policies {
        let kind = policy.head.kind.as_str();
        if types.contains(&kind) {
            let message = format!("{name} has no policy type `{kind}`");
            RULE.report(diags, policy.head.body.name_span, message)
                .note(None, format!("the configured `profile` is `{profile}`"));
        }
    }
}
