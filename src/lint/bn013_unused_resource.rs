//! BN013: a resource file that no policy refers to.
//! Source: apigeelint BN013. Only types that are named by URL in policies; what a resource itself
//! includes, as schemas do, is not looked at.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};

pub(super) static RULE: Rule =
    Rule { code: "BN013", severity: Severity::Warning, summary: "unused resource", check };

/// The folders whose files are of no use unless a policy names them.
const TYPES: [&str; 6] = ["jsc", "py", "java", "xsl", "template", "oas"];

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    // A file that could not be read may name any of them.
    if !cx.proxy.unread.is_empty() {
        return;
    }
    let is_named = |url: &str| {
        let mut policies = cx.policies.iter();
        policies.any(|policy| policy.head.body.texts_below().any(|text| text.contains(url)))
    };
    // A library that another resource loads by itself.
    let is_library = |kind: &str| kind == "java" && is_named("java://");
    for file in &cx.proxy.resources {
        let Some((kind, name)) = file.split_once('/') else { continue };
        let url = format!("{kind}://{name}");
        if TYPES.contains(&kind) && !is_library(kind) && !is_named(&url) {
            let message = format!("no policy refers to `resources/{file}`");
            RULE.report(diags, cx.proxy.name.span, message)
                .help(format!("name it as `{url}`, or delete it"));
        }
    }
}
