//! PO024: a ResponseCache that keeps errors too.
//! Source: apigeelint PO024; Apigee docs, "ResponseCache policy": `ExcludeErrorResponse` is
//! `false` by default.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::xml::fields::parse_flag;

pub(super) static RULE: Rule =
    Rule { code: "PO024", severity: Severity::Warning, summary: "errors cached", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for policy in cx.policies.iter().filter(|policy| policy.head.kind == "ResponseCache") {
        let body = &policy.head.body;
        let written = body.child("ExcludeErrorResponse");
        if written.is_some_and(|flag| parse_flag(&flag.text()) == Some(true)) {
            continue;
        }
        let place = written.map_or(body.name_span, |flag| flag.text_span());
        let message = format!("ResponseCache `{}` keeps errors too", policy.head.name.value);
        RULE.report(diags, place, message)
            .help("write `<ExcludeErrorResponse>true</ExcludeErrorResponse>`");
    }
}
