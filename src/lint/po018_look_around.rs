//! PO018: a pattern of a RegularExpressionProtection that looks around itself, and so can take long.
//! Source: apigeelint PO018; Apigee docs, "RegularExpressionProtection policy".

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};

pub(super) static RULE: Rule =
    Rule { code: "PO018", severity: Severity::Warning, summary: "look-around in a pattern", check };

const LOOK_AROUND: [&str; 4] = ["(?=", "(?!", "(?<=", "(?<!"];

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    let is_protection = |kind: &str| kind == "RegularExpressionProtection";
    let policies = cx.policies.iter().filter(|policy| is_protection(&policy.head.kind));
    let elements = policies.flat_map(|policy| policy.head.body.descendants());
    for pattern in elements.filter(|element| element.name == "Pattern") {
        let text = pattern.text();
        if let Some(found) = LOOK_AROUND.into_iter().find(|found| text.contains(found)) {
            let message = format!("the pattern looks around itself with `{found}`");
            RULE.report(diags, pattern.text_span(), message)
                .help("write it without: a request that is made for it can take long to match");
        }
    }
}
