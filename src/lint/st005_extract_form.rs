//! ST005: an ExtractVariables that reads form parameters and runs whether there are any or not.
//! Source: apigeelint ST005.

use crate::diag::{Diagnostics, Severity};
use crate::lint::body_check::BodyCheck;
use crate::lint::rule::{LintContext, Rule};
use crate::xml::Element;

pub(super) static RULE: Rule = Rule {
    code: "ST005",
    severity: Severity::Warning,
    summary: "form without a body check",
    check,
};

static CHECK: BodyCheck = BodyCheck {
    rule: &RULE,
    kind: "ExtractVariables",
    what: "a form",
    reads: |body| body.child("FormParam").is_some_and(|found| !found.is_empty()),
    variables,
};

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    CHECK.run(cx, diags);
}

/// The whole form, or one of the parameters.
fn variables(body: &Element, source: &str) -> Vec<String> {
    let parameters = body.elements().filter(|child| child.name == "FormParam");
    let names = parameters.filter_map(|parameter| parameter.attribute("name"));
    let parameters = names.map(|name| format!("{source}.formparam.{}", name.value));
    std::iter::once(format!("{source}.formstring")).chain(parameters).collect()
}
