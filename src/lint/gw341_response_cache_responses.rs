//! GW341: a ResponseCache in two response flows.
//! Source: Apigee docs, "ResponseCache policy deployment error troubleshooting",
//! ResponseCacheStepAttachmentNotAllowedResp, in its own words.

use crate::diag::{Diagnostics, Severity};
use crate::lint::response_cache::{Place, attachments, repeated};
use crate::lint::rule::{LintContext, Rule};

pub(super) static RULE: Rule =
    Rule { code: "GW341", severity: Severity::Error, summary: "two response sides", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    let is_response = |place: Place<'_>| matches!(place, Place::Response);
    for (again, first) in repeated(&attachments(cx), is_response) {
        let message = format!(
            "Response cache step definition {} can not be attached more than once in the response \
             path.",
            again.step.name.value
        );
        RULE.report(diags, again.step.name.span, message)
            .note(first.step.name.span, "it is attached here");
    }
}
