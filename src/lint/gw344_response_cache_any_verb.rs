//! GW344: a ResponseCache that answers POST as it answers GET.
//! Source: Apigee docs, "ResponseCache policy": it asks for a key and for no verb.

use crate::diag::{Diagnostics, Severity};
use crate::lint::response_cache::{Place, attachments};
use crate::lint::rule::{LintContext, Rule};

pub(super) static RULE: Rule =
    Rule { code: "GW344", severity: Severity::Warning, summary: "any verb is answered", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for found in attachments(cx) {
        let Place::Request(flow) = found.place else { continue };
        let conditions = [&found.step.condition, &flow.condition];
        let asked =
            conditions.into_iter().flatten().any(|condition| names_verb(&condition.text.value));
        // In its own conditions, and in its key.
        let Some(body) = found.policy.map(|own| &own.head.body) else { continue };
        let has_own = body.texts_below().any(names_verb);
        if asked || has_own {
            continue;
        }
        let message = format!("ResponseCache `{}` answers every verb", found.step.name.value);
        RULE.report(diags, found.step.name.span, message)
            .note(None, "a POST with the key of a GET gets the answer of the GET")
            .help("give the Step the Condition `request.verb = \"GET\"`");
    }
}

fn names_verb(text: &str) -> bool {
    text.contains("request.verb") || text.contains("message.verb")
}
