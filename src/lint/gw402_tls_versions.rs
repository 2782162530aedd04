//! GW402: SSLInfo that allows no version of TLS, or no cipher, that this gateway speaks. Weighed
//! like an unsupported policy type.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::lint::target_connection::tls;
use crate::upstream::keystore::KeyStores;
use crate::upstream::tls::{Tls, TlsError, TlsSettings};

pub(super) static RULE: Rule =
    Rule { code: "GW402", severity: Severity::Error, summary: "no version of TLS left", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for (target, info) in tls(cx) {
        if matches!(info.literal_settings(), Some(None)) {
            continue;
        }
        // Without what depends on the environment.
        let TlsSettings { protocols, ciphers, .. } = info.fixed_settings();
        let settings = TlsSettings { protocols, ciphers, ..TlsSettings::default() };
        let Err(error) = Tls::new(&settings, &KeyStores::default()) else { continue };
        let (listed, help) = match &error {
            TlsError::Protocols { .. } => (&info.protocols, "add `TLSv1.2` or `TLSv1.3`"),
            _ => (&info.ciphers, "delete `Ciphers`, or add one that both sides have"),
        };
        let place = listed.first().map_or(info.span, |text| text.span);
        let severity = cx.unsupported(cx.is_routed_to(&target.name.value));
        RULE.report_as(severity, diags, place, error.to_string()).help(help);
    }
}
