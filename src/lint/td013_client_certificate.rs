//! TD013: a client certificate that is asked for and not named, or named and not used.
//! Source: apigeelint TD013; Apigee docs, "Configuring TLS from Edge to the backend".

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::lint::target_connection::{Scheme, connections, is_true, scheme};

pub(super) static RULE: Rule = Rule {
    code: "TD013",
    severity: Severity::Warning,
    summary: "client certificate incomplete",
    check,
};

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for (_, connection) in connections(cx) {
        let Some(tls) = connection.child("SSLInfo") else { continue };
        if !matches!(scheme(connection), Some(Scheme::Https | Scheme::Unknown)) {
            continue;
        }
        let parts = ["KeyStore", "KeyAlias"]
            .map(|name| (name, tls.child(name).filter(|child| !child.is_empty())));
        let place = connection.name_span;
        if is_true(tls, "ClientAuthEnabled") {
            let missing: Vec<_> = parts
                .iter()
                .filter(|(_, part)| part.is_none())
                .map(|(name, _)| format!("`{name}`"))
                .collect();
            if !missing.is_empty() {
                let missing = missing.join(" and no ");
                let message = format!("`ClientAuthEnabled` is set and there is no {missing}");
                RULE.report(diags, place, message)
                    .note(tls.name_span, "it belongs in here")
                    .help("write `KeyStore` and `KeyAlias`");
            }
            continue;
        }
        let mut idle = parts.iter().filter_map(|(_, part)| *part);
        if let Some(first) = idle.next() {
            let message = format!("`{}` has no effect without `ClientAuthEnabled`", first.name);
            let found = RULE.report(diags, place, message);
            found.note(first.name_span, "it stands here");
            for other in idle {
                found.note(other.name_span, "nor has this");
            }
            found.help("set `ClientAuthEnabled` to `true`, or delete it");
        }
    }
}
