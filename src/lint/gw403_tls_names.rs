//! GW403: a protocol or cipher of SSLInfo that this gateway does not speak; the others of the list
//! are left.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::lint::target_connection::tls;
use crate::upstream::tls::{is_known_cipher, is_spoken};

pub(super) static RULE: Rule =
    Rule { code: "GW403", severity: Severity::Warning, summary: "unknown cipher", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for (_, info) in tls(cx) {
        let lists = [
            (&info.protocols, is_spoken as fn(&str) -> bool, "protocol"),
            (&info.ciphers, is_known_cipher, "cipher"),
        ];
        for (list, is_known, what) in lists {
            // GW402 says so where none is.
            if !list.iter().any(|name| is_known(&name.value)) {
                continue;
            }
            for name in list.iter().filter(|name| !is_known(&name.value)) {
                let message = format!("{what} `{}` is not spoken here", name.value);
                RULE.report(diags, name.span, message).help("delete it");
            }
        }
    }
}
