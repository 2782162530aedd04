//! EP001: a CORS policy elsewhere than in the request of a ProxyEndpoint's PreFlow, or a second one.
//! Source: apigeelint EP001; Apigee docs, "CORS policy": it answers preflight requests, and so has
//! to run for every request.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::model::Step;

pub(super) static RULE: Rule =
    Rule { code: "EP001", severity: Severity::Warning, summary: "CORS out of place", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    let is_cors =
        |step: &&Step| cx.policy(&step.name.value).is_some_and(|policy| policy.head.kind == "CORS");
    for endpoint in &cx.proxy.proxy_endpoints {
        let pre_flow = endpoint.flows.pre.iter().flat_map(|flow| &flow.request);
        let mut placed = pre_flow.filter(is_cors);
        let first = placed.next();
        for again in placed {
            let found = RULE.report(
                diags,
                again.name.span,
                format!("ProxyEndpoint `{}` has a second CORS policy", endpoint.name.value),
            );
            if let Some(first) = first {
                found.note(first.name.span, "the first one stands here");
            }
        }
        let pre_flow = endpoint.flows.pre.as_ref().map(|flow| flow.request.as_slice());
        let lists = endpoint
            .step_lists()
            .filter(|list| pre_flow.is_none_or(|pre_flow| !std::ptr::eq(*list, pre_flow)));
        lists.flatten().filter(is_cors).for_each(|step| report_misplaced(step, diags));
    }
    let targets = cx.proxy.target_endpoints.iter().flat_map(|target| target.step_lists());
    targets.flatten().filter(is_cors).for_each(|step| report_misplaced(step, diags));
}

fn report_misplaced(step: &Step, diags: &mut Diagnostics) {
    let message = format!("CORS policy `{}` does not run for every request", step.name.value);
    RULE.report(diags, step.name.span, message)
        .help("move it to the `Request` of the ProxyEndpoint's `PreFlow`");
}
