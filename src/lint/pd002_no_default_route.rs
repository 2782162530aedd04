//! PD002: an endpoint on which a request can be left without a route, or that has two for all.
//! Source: apigeelint PD002; Apigee docs, "Understanding routes".

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};

pub(super) static RULE: Rule =
    Rule { code: "PD002", severity: Severity::Warning, summary: "no default RouteRule", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for endpoint in &cx.proxy.proxy_endpoints {
        let name = &endpoint.name;
        let mut defaults = endpoint.route_rules.iter().filter(|rule| rule.condition.is_none());
        if let Some(taken) = defaults.next() {
            for again in defaults {
                let message =
                    format!("a second RouteRule without a Condition, `{}`", again.name.value);
                RULE.report(diags, again.span, message).note(
                    taken.name.span,
                    format!("`{}` takes every request before", taken.name.value),
                );
            }
        } else if endpoint.route_rules.is_empty() {
            let message = format!("ProxyEndpoint `{}` has no RouteRule", name.value);
            RULE.report(diags, name.span, message)
                .note(None, "every request faults with `messaging.runtime.RouteFailed`")
                .help("write `<RouteRule name=\"none\"/>` where no target is to be called");
        } else {
            let message =
                format!("ProxyEndpoint `{}` has no RouteRule without a Condition", name.value);
            RULE.report(diags, name.span, message).note(
                None,
                "a request that fits none of them faults with `messaging.runtime.RouteFailed`",
            );
        }
    }
}
