//! TD010: a LoadBalancer that names one server twice.
//! Source: apigeelint TD010.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::lint::target_connection::connections;

pub(super) static RULE: Rule =
    Rule { code: "TD010", severity: Severity::Warning, summary: "server named twice", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for (_, connection) in connections(cx) {
        let Some(balancer) = connection.child("LoadBalancer") else { continue };
        let servers = balancer.elements().filter(|child| child.name == "Server");
        let mut seen = Vec::new();
        for name in servers.filter_map(|server| server.attribute("name")) {
            match seen.iter().find(|(known, _)| *known == name.value) {
                Some((_, first)) => {
                    let message = format!("target server `{}` is named twice", name.value);
                    RULE.report(diags, name.span, message)
                        .note(*first, "first named here")
                        .help("give the server a `Weight` if it is to take more");
                }
                None => seen.push((name.value.as_str(), name.span)),
            }
        }
    }
}
