//! BN013: a resource file that no policy refers to.
//! Source: apigeelint BN013. Only types that are named by URL in policies. What a resource itself
//! includes is not looked at: where a policy names one schema, style sheet or Java archive, the others
//! may belong to it.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};

pub(super) static RULE: Rule =
    Rule { code: "BN013", severity: Severity::Warning, summary: "unused resource", check };

/// The folders whose files are of no use unless a policy names them.
const TYPES: [&str; 9] = ["jsc", "py", "java", "xsl", "template", "oas", "wsdl", "xsd", "graphql"];

/// Those whose files name each other.
const LINKED_TYPES: [&str; 4] = ["java", "xsl", "wsdl", "xsd"];

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    // A file that could not be read may name any of them.
    if !cx.proxy.unread.is_empty() {
        return;
    }
    let is_named = |url: &str| {
        let mut policies = cx.policies.iter();
        policies.any(|policy| policy.head.body.texts_below().any(|text| text.contains(url)))
    };
    let is_library = |kind: &str| LINKED_TYPES.contains(&kind) && is_named(&format!("{kind}://"));
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
