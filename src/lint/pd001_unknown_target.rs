//! PD001: a RouteRule names a TargetEndpoint that the bundle does not have.
//! Source: apigeelint PD001; Apigee refuses the bundle, its exact words are not public.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::model::Destination;
use crate::xml::fields::nearest;

pub(super) static RULE: Rule =
    Rule { code: "PD001", severity: Severity::Error, summary: "route to an unknown target", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    let targets: Vec<&str> =
        cx.proxy.target_endpoints.iter().map(|target| target.name.value.as_str()).collect();
    for rule in cx.proxy.proxy_endpoints.iter().flat_map(|endpoint| &endpoint.route_rules) {
        let Destination::Target(target) = &rule.destination else { continue };
        if targets.contains(&target.value.as_str()) || cx.is_unread(&target.value) {
            continue;
        }
        let message = format!(
            "RouteRule `{}` names TargetEndpoint `{}`, which does not exist",
            rule.name.value, target.value
        );
        let found = RULE.report(diags, target.span, message);
        if let Some(near) = nearest(&target.value, &targets) {
            found.help(format!("did you mean `{near}`?"));
        }
    }
}
