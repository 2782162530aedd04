//! TD016: a LoadBalancer that takes servers out and has nothing that looks after them. Reading reports
//! a HealthMonitor without a LoadBalancer.
//! Source: apigeelint TD016; Apigee docs, "Load balancing across backend servers": without a
//! HealthMonitor a server is tried again every five minutes, with a client's request.

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
            RULE.report(
                diags,
                balancer.name_span,
                "nothing looks after a server that was taken out",
            )
            .note(limit.text_span(), "it is taken out after so many failures")
            .note(None, "clients find out whether it is back, five minutes later")
            .help("write a `HealthMonitor`");
        }
    }
}
