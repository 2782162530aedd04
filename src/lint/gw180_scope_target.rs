//! GW180: a cache key with Scope `Target` in the request flows of a ProxyEndpoint.
//! Source: Apigee docs, "Working with cache keys": the scope is named for the TargetEndpoint,
//! which no RouteRule has chosen by then.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};

pub(super) static RULE: Rule = Rule {
    code: "GW180",
    severity: Severity::Warning,
    summary: "Scope `Target` before there is a target",
    check,
};

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    let flows = cx.proxy.proxy_endpoints.iter().flat_map(|endpoint| endpoint.flows.iter());
    for step in flows.flat_map(|flow| &flow.request) {
        let Some(policy) = cx.policy(&step.name.value) else { continue };
        let Some(used) = policy.uses.caches.iter().find(|used| used.scope == Some("Target")) else {
            continue;
        };
        // An InvalidateCache may name the target itself.
        let context = policy.head.body.child("CacheContext");
        if context.is_some_and(|context| context.child("TargetName").is_some()) {
            continue;
        }
        let message =
            format!("`{}` has Scope `Target` and no target is chosen yet", policy.head.name.value);
        RULE.report(diags, step.name.span, message)
            .note(used.span, "the name of the target is empty in this key")
            .help("attach it in the TargetEndpoint, or write `<Scope>Proxy</Scope>`");
    }
}
