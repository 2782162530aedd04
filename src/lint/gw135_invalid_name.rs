//! GW135: a name with characters that Apigee does not take.
//! Source: Apigee docs, "API proxy configuration reference": letters, digits, `_` and `-`
//! for a bundle; also `.`, `$`, `%` and the space for what is inside; at most 255 characters.
//! Apigee Edge has exported bundles with a space in the name, and the policy pages of X leave
//! out `$` and `%`: these are a warning.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::model::PolicyHead;
use crate::xml::Text;

pub(super) static RULE: Rule =
    Rule { code: "GW135", severity: Severity::Error, summary: "invalid name", check };

const LENGTH_MAX: usize = 255;

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    let proxy = cx.proxy;
    let is_fit = check_name("the bundle", &proxy.name, diags);
    if is_fit && proxy.name.value.contains(['.', '$', '%', ' ']) {
        let message = format!("the name of the bundle `{}` is not portable", proxy.name.value);
        RULE.report_as(Severity::Warning, diags, proxy.name.span, message)
            .note(None, "Apigee documents ASCII letters, digits, `-` and `_`");
    }
    for endpoint in &proxy.proxy_endpoints {
        check_name("ProxyEndpoint", &endpoint.name, diags);
    }
    for endpoint in &proxy.target_endpoints {
        check_name("TargetEndpoint", &endpoint.name, diags);
    }
    for flow in &proxy.shared_flows {
        check_name("SharedFlow", &flow.name, diags);
    }
    for policy in cx.policies {
        check_policy(&policy.head, diags);
    }
}

pub(super) fn check_policy(policy: &PolicyHead, diags: &mut Diagnostics) {
    let name = &policy.name;
    let is_fit = check_name("policy", name, diags);
    if is_fit && name.value.contains(['$', '%']) {
        let message = format!("the name of policy `{}` is not portable", name.value);
        RULE.report_as(Severity::Warning, diags, name.span, message)
            .note(None, "Apigee X takes letters, digits, space, `-`, `_` and `.`");
    }
}

/// Whether no error was found.
fn check_name(what: &str, name: &Text, diags: &mut Diagnostics) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_-.$% ".contains(c);
    let wrong = name.value.chars().find(|c| !fits(*c));
    if let Some(wrong) = wrong {
        let message = format!("the name of {what} `{}` holds `{wrong}`", name.value);
        RULE.report(diags, name.span, message)
            .note(None, "Apigee takes ASCII letters, digits, space, `-`, `_`, `.`, `$` and `%`");
    }
    let length = name.value.chars().count();
    if length > LENGTH_MAX {
        let message =
            format!("the name of {what} has {length} characters; the limit is {LENGTH_MAX}");
        RULE.report(diags, name.span, message);
    }
    wrong.is_none() && length <= LENGTH_MAX
}
