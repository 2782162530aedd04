//! PD003: a RouteRule without a Condition hides every RouteRule after it.
//! Source: Apigee docs, "Understanding routes": rules are tried in order, the first match wins.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};

pub(super) static RULE: Rule =
    Rule { code: "PD003", severity: Severity::Warning, summary: "unreachable RouteRule", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for endpoint in &cx.proxy.proxy_endpoints {
        let mut rules = endpoint.route_rules.iter();
        let Some(default) = rules.find(|rule| rule.condition.is_none()) else { continue };
        for hidden in rules {
            let message = format!("RouteRule `{}` is never taken", hidden.name.value);
            RULE.report(diags, hidden.name.span, message).note(
                default.name.span,
                format!("`{}` has no Condition and takes every request", default.name.value),
            );
        }
    }
}
