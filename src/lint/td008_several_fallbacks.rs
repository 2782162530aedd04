//! TD008: a LoadBalancer with more than one fallback server, or with nothing else.
//! Source: apigeelint TD008; Apigee docs, "Load balancing across backend servers".

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::lint::target_connection::{balancers, children, is_true};

pub(super) static RULE: Rule =
    Rule { code: "TD008", severity: Severity::Warning, summary: "several fallback servers", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for (_, balancer) in balancers(cx) {
        let servers = children(balancer, "Server");
        let fallbacks: Vec<_> =
            servers.iter().filter(|server| is_true(server, "IsFallback")).collect();
        let message = match (servers.len(), fallbacks.len()) {
            (_, 2..) => "a `LoadBalancer` has one fallback server at most",
            (1, 1) => "the only server of a `LoadBalancer` is its fallback",
            (..) => continue,
        };
        let found = RULE.report(diags, balancer.name_span, message);
        for server in fallbacks {
            found.note(server.open_span, "a fallback");
        }
    }
}
