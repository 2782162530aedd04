//! TD012: an https target without SSLInfo, or SSLInfo of a target that is reached by http. Reading
//! reports a second SSLInfo.
//! Source: apigeelint TD012: without SSLInfo nobody says who may vouch for the target.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::lint::target_connection::{Scheme, connections, scheme};

pub(super) static RULE: Rule =
    Rule { code: "TD012", severity: Severity::Warning, summary: "https without SSLInfo", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for (target, connection) in connections(cx) {
        let (name, Some(url)) = (&target.name.value, connection.child("URL")) else { continue };
        match (scheme(connection), connection.child("SSLInfo")) {
            (Some(Scheme::Https), None) => {
                let message = format!("target `{name}` is reached by https and has no `SSLInfo`");
                RULE.report(diags, connection.name_span, message)
                    .note(url.text_span(), "its address")
                    .help("write `SSLInfo` with `Enabled` and a `TrustStore`");
            }
            (Some(Scheme::Http), Some(tls)) => {
                let message = format!("target `{name}` is reached by http and has `SSLInfo`");
                RULE.report(diags, tls.name_span, message)
                    .note(url.text_span(), "its address")
                    .help("write `https://`, or delete `SSLInfo`");
            }
            (Some(Scheme::Https), Some(_))
            | (Some(Scheme::Http), None)
            | (Some(Scheme::Unknown) | None, _) => {}
        }
    }
}
