//! PO034: an element or attribute that does not belong where it stands in an AssignMessage or a
//! RaiseFault, or a policy of these that does nothing.
//! Source: apigeelint PO034; Apigee docs, "AssignMessage policy", "RaiseFault policy". What is
//! inside `AssignVariable` is a matter of PO026, a second `AssignTo` one of PO012. Differs:
//! apigeelint 2.85.1 means to look below the actions and does not get there, and it leaves
//! RaiseFault alone, whose `FaultRules` is not told here either. An empty part is one that is
//! not given, as the platform's editor writes it.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::lint::shape::{ANYTHING, Holds, MAY_TEXT, Shape, check_policies, many, once};

pub(super) static RULE: Rule = Rule {
    code: "PO034",
    severity: Severity::Warning,
    summary: "misplaced in a message policy",
    check,
};

const ACTIONS: [&str; 5] = ["Set", "Add", "Copy", "Remove", "AssignVariable"];

static ASSIGN_MESSAGE: Shape = Shape::of(Holds::Elements(&[
    once("Set", &SET),
    once("Add", &ADD),
    once("Copy", &COPY),
    once("Remove", &REMOVE),
    many("AssignVariable", &ANYTHING),
    many("AssignTo", &MAY_TEXT),
    once("IgnoreUnresolvedVariables", &MAY_TEXT),
    once("Properties", &ANYTHING),
]));

static RAISE_FAULT: Shape = Shape::of(Holds::Elements(&[
    once("FaultResponse", &FAULT_RESPONSE),
    once("IgnoreUnresolvedVariables", &MAY_TEXT),
    once("ShortFaultReason", &MAY_TEXT),
    once("Properties", &ANYTHING),
    many("FaultRules", &ANYTHING),
]));

static FAULT_RESPONSE: Shape = Shape::of(Holds::Elements(&[
    once("Set", &SET),
    once("Add", &ADD),
    once("Copy", &COPY),
    once("Remove", &REMOVE),
    many("AssignVariable", &ANYTHING),
]));

static SET: Shape = Shape::with(
    &[],
    &[],
    Holds::SomeElements(&[
        many("Headers", &SET_HEADERS),
        many("QueryParams", &SET_QUERY_PARAMS),
        many("FormParams", &SET_FORM_PARAMS),
        many("Payload", &PAYLOAD),
        many("Verb", &SET_PART),
        many("Path", &SET_PART),
        many("Version", &SET_PART),
        many("StatusCode", &SET_PART),
        many("ReasonPhrase", &SET_PART),
        many("Authentication", &ANYTHING),
    ]),
);

static ADD: Shape = Shape::with(
    &[],
    &[],
    Holds::SomeElements(&[
        many("Headers", &SET_HEADERS),
        many("QueryParams", &SET_QUERY_PARAMS),
        many("FormParams", &SET_FORM_PARAMS),
    ]),
);

static SET_HEADERS: Shape = Shape::of(Holds::Elements(&[many("Header", &SET_FIELD)]));
static SET_QUERY_PARAMS: Shape = Shape::of(Holds::Elements(&[many("QueryParam", &SET_FIELD)]));
static SET_FORM_PARAMS: Shape = Shape::of(Holds::Elements(&[many("FormParam", &SET_FIELD)]));
static SET_FIELD: Shape = Shape::with(&["name"], &[], Holds::MayText);
static SET_PART: Shape = Shape::with(&[], &[], Holds::MayText);

/// Markup in it is content.
static PAYLOAD: Shape = Shape::with(
    &[],
    &["contentType", "variablePrefix", "variableSuffix", "template"],
    Holds::Anything,
);

static COPY: Shape = Shape::with(
    &[],
    &["source"],
    Holds::Elements(&[
        many("Headers", &PICKED_HEADERS),
        many("QueryParams", &PICKED_QUERY_PARAMS),
        many("FormParams", &PICKED_FORM_PARAMS),
        many("Payload", &PICKED_PART),
        many("Verb", &PICKED_PART),
        many("Path", &PICKED_PART),
        many("Version", &PICKED_PART),
        many("StatusCode", &PICKED_PART),
        many("ReasonPhrase", &PICKED_PART),
    ]),
);

static REMOVE: Shape = Shape::with(
    &[],
    &[],
    Holds::Elements(&[
        many("Headers", &PICKED_HEADERS),
        many("QueryParams", &PICKED_QUERY_PARAMS),
        many("FormParams", &PICKED_FORM_PARAMS),
        many("Payload", &PICKED_PART),
    ]),
);

static PICKED_HEADERS: Shape = Shape::of(Holds::Elements(&[many("Header", &PICKED_FIELD)]));
static PICKED_QUERY_PARAMS: Shape =
    Shape::of(Holds::Elements(&[many("QueryParam", &PICKED_FIELD)]));
static PICKED_FORM_PARAMS: Shape = Shape::of(Holds::Elements(&[many("FormParam", &PICKED_FIELD)]));
static PICKED_FIELD: Shape = Shape::with(&["name"], &[], Holds::Flag);
static PICKED_PART: Shape = Shape::with(&[], &[], Holds::Flag);

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    check_policies(&RULE, "AssignMessage", &ASSIGN_MESSAGE, cx, diags);
    check_policies(&RULE, "RaiseFault", &RAISE_FAULT, cx, diags);
    for policy in cx.of_kind("AssignMessage") {
        let body = &policy.head.body;
        if !body.elements().any(|child| ACTIONS.contains(&child.name.as_str())) {
            let message = format!("AssignMessage `{}` does nothing", policy.head.name.value);
            RULE.report(diags, body.name_span, message)
                .help("write `Set`, `Add`, `Copy`, `Remove` or `AssignVariable` in it");
        }
    }
}
