//! TD015: a LoadBalancer that never takes a failing server out, or takes out the only one.
//! Source: apigeelint TD015; Apigee docs, "Load balancing across backend servers": `MaxFailures`
//! is 0 where nothing is written, and 0 means never.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::lint::target_connection::{balancers, children};

pub(super) static RULE: Rule = Rule {
    code: "TD015",
    severity: Severity::Warning,
    summary: "LoadBalancer without MaxFailures",
    check,
};

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for (_, balancer) in balancers(cx) {
        let is_alone = children(balancer, "Server").len() == 1;
        let (written, others) = match children(balancer, "MaxFailures").split_first() {
            Some((first, others)) => (Some(*first), others.to_vec()),
            None => (None, Vec::new()),
        };
        for again in others {
            RULE.report(diags, again.open_span, "a second `MaxFailures` is never read");
        }
        let Some(written) = written else {
            if !is_alone {
                RULE.report(diags, balancer.name_span, "a server that fails is never taken out")
                    .help("write `MaxFailures`, and a `HealthMonitor` that brings the server back");
            }
            continue;
        };
        let text = written.text();
        let text = text.trim();
        match (text.parse::<i32>(), is_alone) {
            (Err(_), _) => {
                let message = match text {
                    "" => "`MaxFailures` is empty".to_owned(),
                    _ => format!("`{text}` in `MaxFailures` is no number"),
                };
                RULE.report(diags, written.open_span, message);
            }
            (Ok(0), true) | (Ok(1..), false) => {}
            (Ok(_), true) => {
                RULE.report(diags, written.open_span, "the only server is taken out when it fails")
                    .note(None, "no other one takes its requests")
                    .help("delete `MaxFailures`, or write 0");
            }
            (Ok(_), false) => {
                RULE.report(diags, written.open_span, "a server that fails is never taken out")
                    .help("write 1 or more, and a `HealthMonitor` that brings the server back");
            }
        }
    }
}
