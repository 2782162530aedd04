//! GW202: a RouteRule to an integration endpoint, which this gateway does not run yet.
//! Weighed like an unsupported policy type.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::model::Destination;

pub(super) static RULE: Rule =
    Rule { code: "GW202", severity: Severity::Error, summary: "unsupported route", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for rule in cx.proxy.proxy_endpoints.iter().flat_map(|endpoint| &endpoint.route_rules) {
        if let Destination::Integration(name) = &rule.destination {
            let severity = cx.unsupported(true);
            RULE.report_as(
                severity,
                diags,
                name.span,
                "`IntegrationEndpoint` is not supported yet",
            );
        }
    }
}
