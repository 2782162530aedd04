//! TD010: a LoadBalancer that names one server twice, or none.
//! Source: apigeelint TD010.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::lint::target_connection::{balancers, children};

pub(super) static RULE: Rule =
    Rule { code: "TD010", severity: Severity::Warning, summary: "server named twice", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for (_, balancer) in balancers(cx) {
        let servers = children(balancer, "Server");
        if servers.is_empty() {
            RULE.report(diags, balancer.name_span, "`LoadBalancer` names no server")
                .help("write `<Server name=\"NAME\"/>` for a target server of the environment");
        }
        let mut seen = Vec::new();
        for server in servers {
            let Some(name) = server.attribute("name") else {
                RULE.report(diags, server.open_span, "`Server` has no `name`");
                continue;
            };
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
