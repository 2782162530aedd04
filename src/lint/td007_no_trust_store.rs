//! TD007: TLS to a target without a TrustStore: any public authority vouches for it.
//! Source: apigeelint TD007.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::lint::target_connection::{Scheme, connections, is_true, scheme};

pub(super) static RULE: Rule =
    Rule { code: "TD007", severity: Severity::Warning, summary: "TLS without TrustStore", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for (target, connection) in connections(cx) {
        let Some(tls) = connection.child("SSLInfo") else { continue };
        let is_used = match scheme(connection) {
            Some(Scheme::Https) => true,
            Some(Scheme::Unknown) => is_true(tls, "Enabled"),
            Some(Scheme::Http) | None => false,
        };
        if is_used && tls.child("TrustStore").is_none_or(|store| store.is_empty()) {
            let name = &target.name.value;
            RULE.report(
                diags,
                tls.name_span,
                format!("`SSLInfo` of target `{name}` has no `TrustStore`"),
            )
            .help("name the store with the authorities that may vouch for the target");
        }
    }
}
