//! PO027: an HMAC without an algorithm, or whose key is not in a private variable.
//! Source: apigeelint PO027; Apigee docs, "HMAC policy": the key is read from a variable whose
//! name starts with `private.`, so that no debug session shows it.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::lint::shape::{ANYTHING, Checker, Holds, Shape, TEXT, required};
use crate::xml::Element;

pub(super) static RULE: Rule =
    Rule { code: "PO027", severity: Severity::Warning, summary: "key of an HMAC", check };

static HMAC: Shape = Shape::of(Holds::AmongOthers(&[
    required("Algorithm", &TEXT),
    required("SecretKey", &ANYTHING),
]));

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for policy in cx.of_kind("HMAC") {
        let body = &policy.head.body;
        let mut checker = Checker::new(&RULE, cx, diags);
        checker.element(body, &HMAC);
        if let Some(key) = body.child("SecretKey") {
            check_key(key, &mut checker);
        }
        if let Some(algorithm) = body.child("Algorithm") {
            let text = algorithm.text();
            if text.trim() != text && !algorithm.is_empty() {
                let message = "`Algorithm` has white space around its text";
                checker.report(algorithm.text_span(), message);
            }
        }
        checker.finish();
    }
}

fn check_key(key: &Element, checker: &mut Checker<'_>) {
    const HELP: &str = "put it into a variable whose name starts with `private.`, and name that";
    match key.attribute("ref") {
        None => {
            checker.report(key.open_span, "`SecretKey` has no `ref`").help(HELP);
        }
        Some(variable) if !variable.value.starts_with("private.") => {
            let message = format!("the key is in `{}`, which is not private", variable.value);
            checker.report(variable.span, message).help(HELP);
        }
        Some(_) => {}
    }
}
