//! PO029: a policy file whose root element is no policy type.
//! Source: apigeelint PO029; Apigee refuses the bundle, its exact words are not public.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::policy::apigee_types;
use crate::xml::fields::nearest;

pub(super) static RULE: Rule =
    Rule { code: "PO029", severity: Severity::Error, summary: "unknown policy type", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for policy in cx.policies {
        let head = &policy.head;
        if policy.kind.is_some() || apigee_types::ALL.contains(&head.kind.as_str()) {
            continue;
        }
        let message = format!("policy type `{}` does not exist", head.kind);
        let found = RULE.report(diags, head.body.name_span, message);
        if let Some(near) = nearest(&head.kind, apigee_types::ALL) {
            found.help(format!("did you mean `{near}`?"));
        }
    }
}
