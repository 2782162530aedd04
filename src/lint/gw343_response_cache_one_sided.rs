//! GW343: a ResponseCache that is attached in a request flow or in a response flow alone.
//! Source: Apigee docs, "ResponseCache policy": it has to be in both.

use crate::diag::{Diagnostics, Severity};
use crate::lint::response_cache::{Place, attachments};
use crate::lint::rule::{LintContext, Rule};

pub(super) static RULE: Rule =
    Rule { code: "GW343", severity: Severity::Warning, summary: "one side alone", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    if !cx.knows_all_steps() {
        return;
    }
    let attachments = attachments(cx);
    for found in &attachments {
        let name = &found.step.name.value;
        let has = |is_meant: fn(Place<'_>) -> bool| {
            attachments.iter().any(|other| other.step.name.value == *name && is_meant(other.place))
        };
        let in_request = has(|place| matches!(place, Place::Request(_)));
        let in_response = has(|place| matches!(place, Place::Response));
        let (missing, follows) = match found.place {
            Place::Request(_) if !in_response => ("response", "it keeps nothing"),
            Place::Response if !in_request => ("request", "it has no key, and keeps nothing"),
            Place::Request(_) | Place::Response | Place::Aside | Place::SharedFlow => continue,
        };
        let message = format!("ResponseCache `{name}` is in no {missing} flow");
        RULE.report(diags, found.step.name.span, message)
            .note(None, follows)
            .help("attach the policy in a request flow and in a response flow");
    }
}
