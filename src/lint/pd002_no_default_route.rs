//! PD002: an endpoint on which a request can be left without a route.
//! Source: apigeelint PD002; Apigee docs, "Understanding routes".

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};

pub(super) static RULE: Rule =
    Rule { code: "PD002", severity: Severity::Warning, summary: "no default RouteRule", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for endpoint in &cx.proxy.proxy_endpoints {
        if endpoint.route_rules.iter().any(|rule| rule.condition.is_none()) {
            continue;
        }
        let name = &endpoint.name;
        if endpoint.route_rules.is_empty() {
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
