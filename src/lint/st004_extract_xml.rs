//! ST004: an ExtractVariables that reads XML and runs whether there is a body or not.
//! Source: apigeelint ST004.

use crate::diag::{Diagnostics, Severity};
use crate::lint::body_check::{BodyCheck, content_or_text};
use crate::lint::rule::{LintContext, Rule};

pub(super) static RULE: Rule =
    Rule { code: "ST004", severity: Severity::Warning, summary: "XML without a body check", check };

static CHECK: BodyCheck = BodyCheck {
    rule: &RULE,
    kind: "ExtractVariables",
    what: "an XML body",
    reads: |body| body.child("XMLPayload").is_some_and(|found| !found.is_empty()),
    variables: content_or_text,
};

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    CHECK.run(cx, diags);
}
