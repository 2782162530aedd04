//! TD016: a LoadBalancer that takes servers out and has nothing that brings them back. Reading reports
//! a HealthMonitor without a LoadBalancer.
//! Source: apigeelint TD016; Apigee docs, "Load balancing across backend servers": without a
//! HealthMonitor a server stays out until the proxy is deployed again.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::lint::target_connection::{balancers, children};

pub(super) static RULE: Rule = Rule {
    code: "TD016",
    severity: Severity::Warning,
    summary: "MaxFailures without HealthMonitor",
    check,
};

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for (connection, balancer) in balancers(cx) {
        let limits = children(balancer, "MaxFailures");
        let [limit] = limits.as_slice() else { continue };
        if connection.child("HealthMonitor").is_none() && limit.text().trim() != "0" {
            RULE.report(diags, balancer.name_span, "a server that was taken out never comes back")
                .note(limit.text_span(), "it is taken out after so many failures")
                .help("write a `HealthMonitor`");
        }
    }
}
