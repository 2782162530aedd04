//! TD004: SSLInfo that does not say that TLS is used, or says so in the other platform's way.
//! Source: apigeelint TD004; Apigee X docs, "Options for configuring TLS": `Enforce` refuses what is
//! not verified, and Apigee Edge does not have it. SSLInfo of an http target is TD012.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::lint::target_connection::{Scheme, connections, is_true, scheme};
use crate::profile::Profile;

pub(super) static RULE: Rule =
    Rule { code: "TD004", severity: Severity::Warning, summary: "TLS by halves", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for (_, connection) in connections(cx) {
        let Some(tls) = connection.child("SSLInfo") else { continue };
        if scheme(connection) != Some(Scheme::Https) {
            continue;
        }
        if !is_true(tls, "Enabled") {
            RULE.report(diags, connection.name_span, "`SSLInfo` does not set `Enabled`")
                .note(tls.name_span, "it belongs in here")
                .help("write `<Enabled>true</Enabled>`");
        }
        match (cx.view.profile, is_true(tls, "Enforce")) {
            (Profile::X, false) => {
                RULE.report(diags, connection.name_span, "`SSLInfo` does not set `Enforce`")
                    .note(tls.name_span, "it belongs in here under profile `x`")
                    .help("write `<Enforce>true</Enforce>`");
            }
            (Profile::Edge, true) => {
                let place = tls.child("Enforce").map(|flag| flag.name_span);
                let message = "`Enforce` in `SSLInfo` is unknown under profile `edge`";
                RULE.report(diags, connection.name_span, message)
                    .note(place, "it stands here")
                    .help("delete it");
            }
            (Profile::X, true) | (Profile::Edge, false) => {}
        }
    }
}
