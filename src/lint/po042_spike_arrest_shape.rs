//! PO042: an element that does not belong into a SpikeArrest or a PromptTokenLimit, a second
//! one, or none where there must be one.
//! Source: apigeelint PO042; Apigee docs, "SpikeArrest policy", "PromptTokenLimit policy".

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::lint::shape::{ANYTHING, FLAG, Holds, MAY_TEXT, Shape, check_policies, once, required};

pub(super) static RULE: Rule = Rule {
    code: "PO042",
    severity: Severity::Warning,
    summary: "misplaced in a SpikeArrest",
    check,
};

static SPIKE_ARREST: Shape = Shape::of(Holds::Elements(&[
    required("Rate", &MAY_TEXT),
    once("Identifier", &MAY_TEXT),
    once("MessageWeight", &MAY_TEXT),
    once("UseEffectiveCount", &FLAG),
    once("Properties", &ANYTHING),
]));

static PROMPT_TOKEN_LIMIT: Shape = Shape::of(Holds::Elements(&[
    required("Rate", &MAY_TEXT),
    once("Identifier", &MAY_TEXT),
    once("MessageWeight", &MAY_TEXT),
    once("UseEffectiveCount", &FLAG),
    once("UserPromptSource", &ANYTHING),
    once("IgnoreUnresolvedVariables", &FLAG),
    once("Properties", &ANYTHING),
]));

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    check_policies(&RULE, "SpikeArrest", &SPIKE_ARREST, cx, diags);
    check_policies(&RULE, "PromptTokenLimit", &PROMPT_TOKEN_LIMIT, cx, diags);
}
