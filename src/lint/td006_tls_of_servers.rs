//! TD006: SSLInfo beside a LoadBalancer, whose servers have their own.
//! Source: apigeelint TD006.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::lint::target_connection::connections;

pub(super) static RULE: Rule = Rule {
    code: "TD006",
    severity: Severity::Warning,
    summary: "SSLInfo beside LoadBalancer",
    check,
};

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for (_, connection) in connections(cx) {
        if let (Some(tls), Some(balancer)) =
            (connection.child("SSLInfo"), connection.child("LoadBalancer"))
        {
            RULE.report(diags, tls.name_span, "`SSLInfo` stands beside a `LoadBalancer`")
                .note(balancer.name_span, "its target servers say how they are reached")
                .help("move it to the target servers");
        }
    }
}
