//! PO045: an element or attribute that does not belong into a SetOAuthV2Info, a second one, or
//! none where there must be one.
//! Source: apigeelint PO045; Apigee docs, "SetOAuthV2Info policy".

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::lint::shape::{ANYTHING, FLAG, Holds, Shape, check_policies, many, once, required};

pub(super) static RULE: Rule = Rule {
    code: "PO045",
    severity: Severity::Warning,
    summary: "misplaced in a SetOAuthV2Info",
    check,
};

static SET_INFO: Shape = Shape::of(Holds::Elements(&[
    required("AccessToken", &ACCESS_TOKEN),
    required("Attributes", &ATTRIBUTES),
    once("IgnoreUnresolvedVariables", &FLAG),
    once("Properties", &ANYTHING),
]));

static ACCESS_TOKEN: Shape = Shape::with(&[], &["ref"], Holds::MayText);
static ATTRIBUTES: Shape = Shape::of(Holds::SomeElements(&[many("Attribute", &ATTRIBUTE)]));
static ATTRIBUTE: Shape = Shape::with(&["name"], &["ref"], Holds::MayText);

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    check_policies(&RULE, "SetOAuthV2Info", &SET_INFO, cx, diags);
}
