//! GW135: a name with characters that Apigee does not take.
//! Source: Apigee docs, "API proxy configuration reference": letters, digits, `_` and `-`
//! for a bundle; also `.`, `$`, `%` and the space for what is inside; at most 255 characters.
//! The policy pages of X leave out `$` and `%`, so these two are a warning.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::xml::Text;

pub(super) static RULE: Rule =
    Rule { code: "GW135", severity: Severity::Error, summary: "invalid name", check };

const LENGTH_MAX: usize = 255;

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    let proxy = cx.proxy;
    check_name("the bundle", &proxy.name, "", diags);
    for endpoint in &proxy.proxy_endpoints {
        check_name("ProxyEndpoint", &endpoint.name, ".$% ", diags);
    }
    for endpoint in &proxy.target_endpoints {
        check_name("TargetEndpoint", &endpoint.name, ".$% ", diags);
    }
    for flow in &proxy.shared_flows {
        check_name("SharedFlow", &flow.name, ".$% ", diags);
    }
    check_policies(cx, diags);
}

/// The same for policies alone.
pub(super) fn check_policies(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for policy in cx.policies {
        let name = &policy.head.name;
        check_name("policy", name, ".$% ", diags);
        if name.value.contains(['$', '%']) {
            let message = format!("the name of policy `{}` holds `$` or `%`", name.value);
            RULE.report_as(Severity::Warning, diags, name.span, message)
                .note(None, "Apigee X takes letters, digits, space, `-`, `_` and `.`");
        }
    }
}

fn check_name(what: &str, name: &Text, extra: &str, diags: &mut Diagnostics) {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c) || extra.contains(c);
    if let Some(wrong) = name.value.chars().find(|c| !fits(*c)) {
        let message = format!("the name of {what} `{}` holds `{wrong}`", name.value);
        let found = RULE.report(diags, name.span, message);
        found.note(
            None,
            if extra.is_empty() {
                "Apigee takes ASCII letters, digits, `-` and `_`"
            } else {
                "Apigee takes ASCII letters, digits, space, `-`, `_`, `.`, `$` and `%`"
            },
        );
    }
    let length = name.value.chars().count();
    if length > LENGTH_MAX {
        let message =
            format!("the name of {what} has {length} characters; the limit is {LENGTH_MAX}");
        RULE.report(diags, name.span, message);
    }
}
