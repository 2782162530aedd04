//! GW340: a ResponseCache in two request flows.
//! Source: Apigee docs, "ResponseCache policy deployment error troubleshooting",
//! ResponseCacheStepAttachmentNotAllowedReq, in its own words.

use crate::diag::{Diagnostics, Severity};
use crate::lint::response_cache::{Place, attachments, repeated};
use crate::lint::rule::{LintContext, Rule};

pub(super) static RULE: Rule =
    Rule { code: "GW340", severity: Severity::Error, summary: "two request sides", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    let is_request = |place: Place<'_>| matches!(place, Place::Request(_));
    for (again, first) in repeated(&attachments(cx), is_request) {
        let message = format!(
            "Response cache step definition {} can not be attached more than once in the request \
             path.",
            again.step.name.value
        );
        RULE.report(diags, again.step.name.span, message)
            .note(first.step.name.span, "it is attached here");
    }
}
