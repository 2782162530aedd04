//! GW401: SSLInfo that names a keystore, truststore or alias which the environment does not have,
//! or which cannot be used. Unknown: whether the platform deploys such a bundle; the call fails.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::lint::target_connection::tls;
use crate::upstream::tls::{Tls, TlsError};

pub(super) static RULE: Rule =
    Rule { code: "GW401", severity: Severity::Warning, summary: "missing keystore", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for (_, info) in tls(cx) {
        let Some(Some(settings)) = info.literal_settings() else { continue };
        let Err(error) = Tls::new(&settings, &cx.view.targets.stores) else { continue };
        let place = match &error {
            TlsError::Store(_) | TlsError::BadTrust { .. } => {
                let stores = [&info.trust_store, &info.key_store].into_iter().flatten();
                let named = |name: &str| cx.view.targets.stores.find(name).is_err();
                let mut wrong = stores.filter(|store| named(&store.value));
                wrong.next().or(info.trust_store.as_ref())
            }
            TlsError::Alias { .. } | TlsError::NoKey { .. } | TlsError::BadKey { .. } => {
                info.key_alias.as_ref()
            }
            // TD013 and GW402 speak of these.
            TlsError::ClientAuthIncomplete
            | TlsError::Protocols { .. }
            | TlsError::Ciphers { .. } => continue,
        };
        let place = place.map_or(info.span, |text| text.span);
        RULE.report(diags, place, error.to_string())
            .note(None, "a call of this target answers 503 `SslHandshakeFailed`")
            .help("define it as `[[keystore]]` or `[[reference]]` of the configuration");
    }
}
