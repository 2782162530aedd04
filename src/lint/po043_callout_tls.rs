//! PO043: an element in the SSLInfo of a ServiceCallout that does not belong there.
//! Source: apigeelint PO043; Apigee docs, "ServiceCallout policy".

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::lint::shape::{ANYTHING, Checker, Holds, Shape, many};

pub(super) static RULE: Rule =
    Rule { code: "PO043", severity: Severity::Warning, summary: "stray in SSLInfo", check };

static SSL_INFO: Shape = Shape::of(Holds::Elements(&[
    many("Enabled", &ANYTHING),
    many("Enforce", &ANYTHING),
    many("ClientAuthEnabled", &ANYTHING),
    many("KeyStore", &ANYTHING),
    many("KeyAlias", &ANYTHING),
    many("TrustStore", &ANYTHING),
    many("IgnoreValidationErrors", &ANYTHING),
    many("Protocols", &ANYTHING),
    many("Ciphers", &ANYTHING),
    many("CommonName", &ANYTHING),
]));

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for policy in cx.of_kind("ServiceCallout") {
        let connection = policy.head.body.child("HTTPTargetConnection");
        let Some(tls) = connection.and_then(|found| found.child("SSLInfo")) else { continue };
        let mut checker = Checker::new(&RULE, cx, diags);
        checker.element(tls, &SSL_INFO);
        checker.finish();
    }
}
