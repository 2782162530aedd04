//! GW136: two policies, or two endpoints of one kind, with one name.
//! Source: Apigee docs, "API proxy configuration reference": names are unique in a bundle.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::xml::Text;

pub(super) static RULE: Rule =
    Rule { code: "GW136", severity: Severity::Error, summary: "name used twice", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    let proxy = cx.proxy;
    check_names("ProxyEndpoint", proxy.proxy_endpoints.iter().map(|found| &found.name), diags);
    check_names("TargetEndpoint", proxy.target_endpoints.iter().map(|found| &found.name), diags);
    check_names("SharedFlow", proxy.shared_flows.iter().map(|found| &found.name), diags);
    check_names("policy", cx.policies.iter().map(|found| &found.head.name), diags);
}

fn check_names<'a>(what: &str, names: impl Iterator<Item = &'a Text>, diags: &mut Diagnostics) {
    let mut seen: Vec<&Text> = Vec::new();
    for name in names {
        match seen.iter().find(|other| other.value == name.value) {
            Some(first) => {
                RULE.report(diags, name.span, format!("a second {what} `{}`", name.value))
                    .note(first.span, "the first one has the name here");
            }
            None => seen.push(name),
        }
    }
}
