//! TD001: a target that is the management API of Apigee.
//! Source: apigeelint TD001, and the host of the API of Apigee X.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::lint::target_connection::connections;

pub(super) static RULE: Rule = Rule {
    code: "TD001",
    severity: Severity::Warning,
    summary: "management server as target",
    check,
};

const SIGNS: [&str; 3] = ["enterprise.apigee.com", "/v1/organizations/", "apigee.googleapis.com"];

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for (_, connection) in connections(cx) {
        let Some(url) = connection.child("URL") else { continue };
        let text = url.text();
        if let Some(sign) = SIGNS.into_iter().find(|sign| text.contains(sign)) {
            let message = format!("the target is the management API by its `{sign}`");
            RULE.report(diags, url.text_span(), message)
                .help("let a program of yours call it, and not the traffic of an API");
        }
    }
}
