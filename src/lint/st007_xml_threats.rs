//! ST007: an XMLThreatProtection that runs whether there is a body or not.
//! Source: apigeelint ST007.

use crate::diag::{Diagnostics, Severity};
use crate::lint::body_check::{BodyCheck, content};
use crate::lint::rule::{LintContext, Rule};

pub(super) static RULE: Rule = Rule {
    code: "ST007",
    severity: Severity::Warning,
    summary: "XML threats without a body check",
    check,
};

static CHECK: BodyCheck = BodyCheck {
    rule: &RULE,
    kind: "XMLThreatProtection",
    what: "an XML body",
    reads: |_| true,
    variables: content,
};

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    CHECK.run(cx, diags);
}
