//! TD015: a LoadBalancer that never takes a failing server out.
//! Source: apigeelint TD015; Apigee docs, "Load balancing across backend servers": `MaxFailures`
//! is 0 where nothing is written, and 0 means never.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::lint::target_connection::connections;

pub(super) static RULE: Rule = Rule {
    code: "TD015",
    severity: Severity::Warning,
    summary: "LoadBalancer without MaxFailures",
    check,
};

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for (_, connection) in connections(cx) {
        let Some(balancer) = connection.child("LoadBalancer") else { continue };
        let written = balancer.child("MaxFailures").filter(|child| !child.is_empty());
        let place = match written {
            Some(child) if child.text().trim() == "0" => child.text_span(),
            Some(_) => continue,
            None => balancer.name_span,
        };
        RULE.report(diags, place, "a server that fails is never taken out")
            .help("write `MaxFailures`, and a `HealthMonitor` that brings the server back");
    }
}
