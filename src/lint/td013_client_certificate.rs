//! TD013: a client certificate that is asked for and not named, or named and not used.
//! Source: apigeelint TD013; Apigee docs, "Configuring TLS from Edge to the backend".

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::lint::target_connection::{connections, is_true};

pub(super) static RULE: Rule = Rule {
    code: "TD013",
    severity: Severity::Warning,
    summary: "client certificate incomplete",
    check,
};

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for (_, connection) in connections(cx) {
        let Some(tls) = connection.child("SSLInfo") else { continue };
        let parts = ["KeyStore", "KeyAlias"]
            .map(|name| (name, tls.child(name).filter(|child| !child.is_empty())));
        if is_true(tls, "ClientAuthEnabled") {
            for (name, _) in parts.iter().filter(|(_, part)| part.is_none()) {
                let message = format!("`ClientAuthEnabled` is set and there is no `{name}`");
                RULE.report(diags, tls.name_span, message).help(format!("write `{name}`"));
            }
            continue;
        }
        for part in parts.iter().filter_map(|(_, part)| *part) {
            let message = format!("`{}` has no effect without `ClientAuthEnabled`", part.name);
            RULE.report(diags, part.name_span, message)
                .help("set `ClientAuthEnabled` to `true`, or delete it");
        }
    }
}
