//! TD008: a LoadBalancer with more than one fallback server.
//! Source: apigeelint TD008; Apigee docs, "Load balancing across backend servers".

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::lint::target_connection::{connections, is_true};

pub(super) static RULE: Rule =
    Rule { code: "TD008", severity: Severity::Warning, summary: "several fallback servers", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for (_, connection) in connections(cx) {
        let Some(balancer) = connection.child("LoadBalancer") else { continue };
        let servers = balancer.elements().filter(|child| child.name == "Server");
        let mut fallbacks = servers.filter(|server| is_true(server, "IsFallback"));
        let Some(first) = fallbacks.next() else { continue };
        for again in fallbacks {
            RULE.report(diags, again.open_span, "a second fallback server")
                .note(first.open_span, "the first one stands here");
        }
    }
}
