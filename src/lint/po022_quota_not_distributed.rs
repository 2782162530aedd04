//! PO022: a Quota that counts in each gateway apart.
//! Source: apigeelint PO022; Apigee docs, "Quota policy": `Distributed` is `false` by default.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::xml::fields::parse_flag;

pub(super) static RULE: Rule =
    Rule { code: "PO022", severity: Severity::Warning, summary: "Quota not distributed", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for policy in cx.policies.iter().filter(|policy| policy.head.kind == "Quota") {
        let body = &policy.head.body;
        let written = body.child("Distributed");
        if written.is_some_and(|flag| parse_flag(&flag.text()) == Some(true)) {
            continue;
        }
        let place = written.map_or(body.name_span, |flag| flag.text_span());
        let message = format!("Quota `{}` counts in each gateway apart", policy.head.name.value);
        RULE.report(diags, place, message).help("write `<Distributed>true</Distributed>`");
    }
}
