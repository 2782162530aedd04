//! PO039: a CloudLogging with a ResourceType that the platform does not take, or with `Labels`
//! that hold none.
//! Source: apigeelint PO039; Apigee docs, "MessageLogging policy". What apigeelint calls unknown,
//! missing or doubled there is found when the policy is read: GW102, GW101, GW103.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::xml::Element;

pub(super) static RULE: Rule = Rule {
    code: "PO039",
    severity: Severity::Warning,
    summary: "a CloudLogging that is not well made",
    check,
};

const RESOURCE_TYPE: &str = "api";

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for policy in cx.policies.iter().filter(|policy| policy.head.kind == "MessageLogging") {
        let body = &policy.head.body;
        let mut clouds = body.elements().filter(|child| child.name == "CloudLogging");
        if let Some(cloud) = clouds.next() {
            check_resource_type(cloud, diags);
            check_labels(cloud, diags);
        }
    }
}

fn check_resource_type(cloud: &Element, diags: &mut Diagnostics) {
    let Some(element) = cloud.child("ResourceType") else { return };
    match element.text().trim() {
        RESOURCE_TYPE => {}
        "" => {
            RULE.report(diags, element.name_span, "an empty `ResourceType`")
                .help("delete it, or write `api`");
        }
        other => {
            let message = format!("`{other}` is no `ResourceType` of CloudLogging");
            RULE.report(diags, element.text_span(), message).help("write `api`");
        }
    }
}

fn check_labels(cloud: &Element, diags: &mut Diagnostics) {
    let Some(labels) = cloud.child("Labels") else { return };
    if labels.child("Label").is_none() {
        RULE.report(diags, labels.name_span, "`Labels` without a `Label`")
            .help("delete it, or add a `Label` with `Key` and `Value`");
    }
}
