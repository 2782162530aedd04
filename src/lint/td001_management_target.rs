//! TD001: a target that is the management API of Apigee.
//! Source: apigeelint TD001.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::lint::target_connection::connections;

pub(super) static RULE: Rule = Rule {
    code: "TD001",
    severity: Severity::Warning,
    summary: "management server as target",
    check,
};

const HOSTS: [&str; 2] = ["api.enterprise.apigee.com", "apigee.googleapis.com"];

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for (_, connection) in connections(cx) {
        let Some(url) = connection.child("URL") else { continue };
        let text = url.text();
        if let Some(host) = HOSTS.into_iter().find(|host| text.contains(host)) {
            let message = format!("the target is the management API, `{host}`");
            RULE.report(diags, url.text_span(), message)
                .help("let a program of yours call it, and not the traffic of an API");
        }
    }
}
