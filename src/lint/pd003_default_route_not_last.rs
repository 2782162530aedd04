//! PD003: a RouteRule without a Condition hides every RouteRule after it.
//! Source: Apigee docs, "Understanding routes": rules are tried in order, the first match wins. A
//! second one without a Condition is PD002.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};

pub(super) static RULE: Rule =
    Rule { code: "PD003", severity: Severity::Warning, summary: "unreachable RouteRule", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for endpoint in &cx.proxy.proxy_endpoints {
        let mut rules = endpoint.route_rules.iter();
        let Some(default) = rules.find(|rule| rule.condition.is_none()) else { continue };
        let hidden: Vec<_> = rules.filter(|rule| rule.condition.is_some()).collect();
        if hidden.is_empty() {
            continue;
        }
        let message = format!(
            "RouteRule `{}` has no Condition and hides those behind it",
            default.name.value
        );
        let found = RULE.report(diags, default.span, message);
        for rule in hidden {
            found.note(rule.name.span, format!("`{}` is never taken", rule.name.value));
        }
        found.help("move it to the end");
    }
}
