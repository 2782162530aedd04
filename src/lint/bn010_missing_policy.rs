//! BN010: a step names a policy that neither the bundle nor the environment has.
//! Source: apigeelint BN010; Apigee refuses the bundle, its exact words are not public.
//! A Step names a policy by the `name` attribute, not by the file.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::model::file_stem;
use crate::xml::fields::nearest;

pub(super) static RULE: Rule =
    Rule { code: "BN010", severity: Severity::Error, summary: "step without its policy", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    let names: Vec<&str> =
        cx.policies.iter().map(|policy| policy.head.name.value.as_str()).collect();
    for step in cx.proxy.steps() {
        let name = step.name.value.as_str();
        if names.contains(&name)
            || cx.is_unread(name)
            || cx.view.environment_policies.contains_key(name)
        {
            continue;
        }
        let message = format!("Step names policy `{name}`, which does not exist");
        let found = RULE.report(diags, step.name.span, message);
        if let Some(other) = cx.policies.iter().find(|other| file_stem(&other.head.file) == name) {
            let inside = &other.head.name;
            found.note(inside.span, format!("the policy in this file is named `{}`", inside.value));
        } else if let Some(near) = nearest(name, &names) {
            found.help(format!("did you mean `{near}`?"));
        }
    }
}
