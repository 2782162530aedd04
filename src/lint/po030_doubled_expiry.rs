//! PO030: a second ExpirySettings, or a second expiry of one kind in it. What else there is to
//! say of an expiry is said where it is read.
//! Source: apigeelint PO030; Apigee docs, "PopulateCache policy", "ResponseCache policy".

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::lint::shape::{ANYTHING, Checker, Holds, Shape, once};

pub(super) static RULE: Rule =
    Rule { code: "PO030", severity: Severity::Warning, summary: "doubled expiry", check };

static POLICY: Shape = Shape::of(Holds::AmongOthers(&[once("ExpirySettings", &EXPIRY)]));
static EXPIRY: Shape = Shape::of(Holds::AmongOthers(&[
    once("TimeoutInSeconds", &ANYTHING),
    once("TimeoutInSec", &ANYTHING),
    once("TimeOfDay", &ANYTHING),
    once("ExpiryDate", &ANYTHING),
]));

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for policy in ["PopulateCache", "ResponseCache"].into_iter().flat_map(|kind| cx.of_kind(kind)) {
        let mut checker = Checker::new(&RULE, cx, diags);
        checker.element(&policy.head.body, &POLICY);
        checker.finish();
    }
}
