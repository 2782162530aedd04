//! PO032: slips in a CORS policy.
//! Source: apigeelint PO032: wildcards that allow everything, wildcards among other values,
//! origins that no browser sends, lists with holes. What is doubled or no truth value is told by
//! who reads the policy.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::xml::Element;
use crate::xml::fields::parse_flag;

pub(super) static RULE: Rule =
    Rule { code: "PO032", severity: Severity::Warning, summary: "slips in CORS", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    for policy in cx.policies.iter().filter(|policy| policy.head.kind == "CORS") {
        let body = &policy.head.body;
        if let Some(origins) = body.child("AllowOrigins") {
            check_origins(origins, has_credentials(body), diags);
        }
        let lists = ["AllowMethods", "AllowHeaders", "ExposeHeaders"];
        for list in lists.iter().filter_map(|name| body.child(name)) {
            check_list(list, diags);
        }
        if let Some(flag) = body.child("AllowCredentials").filter(|flag| flag.is_empty()) {
            report_empty(flag, diags);
        }
    }
}

fn has_credentials(body: &Element) -> bool {
    let flag = body.child("AllowCredentials");
    flag.is_some_and(|flag| parse_flag(&flag.text()) == Some(true))
}

fn check_origins(list: &Element, has_credentials: bool, diags: &mut Diagnostics) {
    // An empty one is refused.
    if list.is_empty() {
        return;
    }
    check_list(list, diags);
    let text = list.text();
    for item in items(&text) {
        if item == "*" || item == "{request.header.origin}" {
            let found = RULE.report(
                diags,
                list.text_span(),
                format!("`{item}` in AllowOrigins lets the pages of every origin in"),
            );
            if has_credentials {
                found.note(None, "with AllowCredentials they act in the name of who looks at them");
            }
            found.help("name the origins that may");
        }
        if item.ends_with('/') {
            RULE.report(
                diags,
                list.text_span(),
                format!("no origin is `{item}`: browsers send none with a slash at its end"),
            );
        }
    }
}

fn check_list(list: &Element, diags: &mut Diagnostics) {
    if list.is_empty() {
        return report_empty(list, diags);
    }
    let text = list.text();
    let is_malformed =
        |item: &str| item.is_empty() || (!item.contains('{') && item.contains(char::is_whitespace));
    if let Some(item) = items(&text).find(|item| is_malformed(item)) {
        let what = if item.is_empty() { "an empty item".to_owned() } else { format!("`{item}`") };
        let message = format!("{} is no list with commas: it has {what}", list.name);
        RULE.report(diags, list.text_span(), message);
    }
    if items(&text).count() > 1 && items(&text).any(|item| item == "*") {
        let message = format!("{} has a wildcard among other values", list.name);
        RULE.report(diags, list.text_span(), message).note(None, "the wildcard allows them all");
    }
}

fn report_empty(element: &Element, diags: &mut Diagnostics) {
    let message = format!("{} is empty, as if it were not there", element.name);
    RULE.report(diags, element.open_span, message);
}

fn items(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim)
}
