//! TD011: TLS to a target that takes any certificate.
//! Source: apigeelint TD011.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::lint::target_connection::{Scheme, connections, is_true, scheme};

pub(super) static RULE: Rule = Rule {
    code: "TD011",
    severity: Severity::Warning,
    summary: "certificate errors ignored",
    check,
};

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for (target, connection) in connections(cx) {
        let Some(tls) = connection.child("SSLInfo") else { continue };
        let is_off = tls.child("Enabled").is_some() && !is_true(tls, "Enabled");
        if is_off || scheme(connection) == Some(Scheme::Http) {
            continue;
        }
        if is_true(tls, "IgnoreValidationErrors")
            && let Some(flag) = tls.child("IgnoreValidationErrors")
        {
            let message = format!("target `{}` may show any certificate", target.name.value);
            RULE.report(diags, connection.name_span, message)
                .note(flag.text_span(), "this lets it")
                .help("put the authority of the target into its `TrustStore` instead");
        }
    }
}
