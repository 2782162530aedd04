//! PO035: an element that does not belong into a Quota, or parts of one that do not go together.
//! Source: apigeelint PO035; Apigee docs, "Quota policy". What the platform refuses has `GW322`;
//! a Quota without a limit of its own is told where it is read.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::lint::shape::{
    ANYTHING, Checker, FLAG, Holds, MAY_TEXT, Shape, TEXT, check_policies, many, once, once_in_x,
};
use crate::model::PolicyHead;
use crate::profile::Profile;
use crate::xml::{Attribute, Element};

pub(super) static RULE: Rule =
    Rule { code: "PO035", severity: Severity::Warning, summary: "misplaced in a Quota", check };

static QUOTA: Shape = Shape::of(Holds::Elements(&[
    once("Allow", &ALLOW),
    once("Interval", &MAY_TEXT),
    once("TimeUnit", &MAY_TEXT),
    once("StartTime", &MAY_TEXT),
    once("UseQuotaConfigInAPIProduct", &PRODUCT_CONFIG),
    once("Identifier", &MAY_TEXT),
    once("MessageWeight", &MAY_TEXT),
    once("Distributed", &FLAG),
    once("Synchronous", &FLAG),
    once("AsynchronousConfiguration", &ASYNCHRONOUS),
    once_in_x("SharedName", &TEXT),
    once_in_x("CountOnly", &FLAG),
    once_in_x("EnforceOnly", &FLAG),
    once("Properties", &ANYTHING),
]));

static ALLOW: Shape = Shape::of(Holds::Elements(&[once("Class", &CLASS)]));
static CLASS: Shape = Shape::of(Holds::Elements(&[many("Allow", &MAY_TEXT)]));
static PRODUCT_CONFIG: Shape =
    Shape::of(Holds::Elements(&[once("DefaultConfig", &DEFAULT_CONFIG)]));
static DEFAULT_CONFIG: Shape = Shape::of(Holds::Elements(&[
    once("Allow", &ALLOW),
    once("Interval", &MAY_TEXT),
    once("TimeUnit", &MAY_TEXT),
]));
static ASYNCHRONOUS: Shape = Shape::of(Holds::SomeElements(&[
    once("SyncIntervalInSeconds", &TEXT),
    once("SyncMessageCount", &TEXT),
]));

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    check_policies(&RULE, "Quota", &QUOTA, cx, diags);
    for policy in cx.of_kind("Quota") {
        let body = &policy.head.body;
        let mut checker = Checker::new(&RULE, cx, diags);
        if let Some(element) = body.child("UseQuotaConfigInAPIProduct") {
            check_product(body, element, &mut checker);
            if let Some(step) = element.attribute("stepName") {
                check_step(cx, &policy.head, step, &mut checker);
            }
        }
        check_sharing(body, cx.view.profile, &mut checker);
        check_weight(body, &mut checker);
        check_synchronization(body, &mut checker);
        checker.finish();
    }
}

/// Limits of the policy's own stand in `DefaultConfig` where a product has others.
fn check_product(body: &Element, product: &Element, checker: &mut Checker<'_>) {
    for name in ["Allow", "Interval", "TimeUnit"] {
        if let Some(own) = body.child(name) {
            let message = format!("`{name}` beside `UseQuotaConfigInAPIProduct`");
            checker
                .report(own.open_span, message)
                .note(product.open_span, "the API product has one")
                .help("move it into `DefaultConfig`");
        }
    }
}

/// The step must verify an API key or a token, so that there is a product.
fn check_step(
    cx: &LintContext<'_>,
    quota: &PolicyHead,
    step: &Attribute,
    checker: &mut Checker<'_>,
) {
    let name = step.value.trim();
    if name == quota.name.value {
        checker.report(step.span, "`stepName` names the Quota itself");
        return;
    }
    let Some(policy) = cx.policy(name) else {
        // What is elsewhere, or could not be read, is not known here.
        let is_known = cx.is_bundle() && !cx.is_unread(name);
        if is_known && !cx.view.environment_policies.contains_key(name) {
            let message = format!("`stepName` names policy `{name}`, which does not exist");
            checker.report(step.span, message);
        }
        return;
    };
    let head = &policy.head;
    let operation = || head.body.child("Operation").map(Element::text).unwrap_or_default();
    let verifies = match head.kind.as_str() {
        "VerifyAPIKey" => true,
        "OAuthV2" => operation().trim().starts_with("Verify"),
        _ => false,
    };
    if !verifies {
        let message = format!("`stepName` names `{name}`, which verifies neither key nor token");
        checker
            .report(step.span, message)
            .note(head.name.span, format!("it is a policy of type {}", head.kind))
            .help("name a VerifyAPIKey, or an OAuthV2 with `VerifyAccessToken`");
    }
}

fn check_sharing(body: &Element, profile: Profile, checker: &mut Checker<'_>) {
    if profile == Profile::Edge || body.child("SharedName").is_some() {
        return;
    }
    for name in ["CountOnly", "EnforceOnly"] {
        if let Some(found) = body.child(name) {
            let message = format!("`{name}` without a `SharedName`");
            checker.report(found.open_span, message).note(None, "no other Quota counts the same");
        }
    }
}

fn check_weight(body: &Element, checker: &mut Checker<'_>) {
    let Some(weight) = body.child("MessageWeight") else { return };
    if !weight.text().trim().is_empty() {
        checker
            .report(weight.text_span(), "`MessageWeight` takes no text")
            .help("name a variable in its attribute `ref`");
    } else if weight.attribute("ref").is_none() {
        checker.report(weight.open_span, "`MessageWeight` has no `ref`");
    }
}

/// What is no number, or one below zero in seconds, the platform refuses.
fn check_synchronization(body: &Element, checker: &mut Checker<'_>) {
    let Some(element) = body.child("AsynchronousConfiguration") else { return };
    for (name, is_refused) in [("SyncIntervalInSeconds", true), ("SyncMessageCount", false)] {
        let Some(found) = element.child(name) else { continue };
        let Ok(number) = found.text().trim().parse::<i64>() else { continue };
        if number == 0 || (number < 0 && !is_refused) {
            checker.report(found.text_span(), format!("`{name}` is {number}"));
        }
    }
}
