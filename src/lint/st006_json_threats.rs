//! ST006: a JSONThreatProtection that runs whether there is a body or not.
//! Source: apigeelint ST006.

use crate::diag::{Diagnostics, Severity};
use crate::lint::body_check::{BodyCheck, content};
use crate::lint::rule::{LintContext, Rule};

pub(super) static RULE: Rule = Rule {
    code: "ST006",
    severity: Severity::Warning,
    summary: "JSON threats without a body check",
    check,
};

static CHECK: BodyCheck = BodyCheck {
    rule: &RULE,
    kind: "JSONThreatProtection",
    what: "a JSON body",
    reads: |_| true,
    variables: content,
};

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    CHECK.run(cx, diags);
}
