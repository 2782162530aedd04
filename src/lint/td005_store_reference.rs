//! TD005: a key store or trust store that is not named through a reference.
//! Source: apigeelint TD005; Apigee docs, "Working with references": a store that is named
//! itself cannot be replaced without a deployment.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::lint::target_connection::connections;

pub(super) static RULE: Rule = Rule {
    code: "TD005",
    severity: Severity::Warning,
    summary: "store without a reference",
    check,
};

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for (_, connection) in connections(cx) {
        let Some(tls) = connection.child("SSLInfo") else { continue };
        let stores = tls
            .elements()
            .filter(|child| ["KeyStore", "TrustStore"].contains(&child.name.as_str()));
        for store in stores.filter(|store| !store.is_empty()) {
            let text = store.text();
            if !text.trim().starts_with("ref://") && !text.contains('{') {
                let message = format!("`{}` names a store itself, and no reference", store.name);
                RULE.report(diags, store.text_span(), message)
                    .help("make a reference and write `ref://NAME`");
            }
        }
    }
}
