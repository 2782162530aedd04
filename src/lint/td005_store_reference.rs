//! TD005: a key store or trust store that is not named through a reference, or is named twice.
//! Source: apigeelint TD005; Apigee docs, "Working with references": a store that is named
//! itself cannot be replaced without a deployment.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::lint::target_connection::{children, connections};

pub(super) static RULE: Rule = Rule {
    code: "TD005",
    severity: Severity::Warning,
    summary: "store without a reference",
    check,
};

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for (_, connection) in connections(cx) {
        let Some(tls) = connection.child("SSLInfo") else { continue };
        for name in ["TrustStore", "KeyStore"] {
            match children(tls, name).as_slice() {
                [] => {}
                [store] => {
                    let text = store.text();
                    let text = text.trim();
                    if !text.is_empty() && !text.starts_with("ref://") && !text.contains('{') {
                        let message = format!("`{name}` names a store itself, and no reference");
                        RULE.report(diags, store.text_span(), message)
                            .help("make a reference and write `ref://NAME`");
                    }
                }
                [first, others @ ..] => {
                    let found = RULE.report(
                        diags,
                        first.name_span,
                        format!("`SSLInfo` has {} of `{name}`", others.len() + 1),
                    );
                    for other in others {
                        found.note(other.name_span, "another one");
                    }
                    found.help("keep one");
                }
            }
        }
    }
}
