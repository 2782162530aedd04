//! EP001: a CORS policy elsewhere than in the request of a ProxyEndpoint's PreFlow, or a second one.
//! Source: apigeelint EP001; Apigee docs, "CORS policy": it answers preflight requests, and so has
//! to run for every request.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::model::{ProxyEndpoint, Step};

pub(super) static RULE: Rule =
    Rule { code: "EP001", severity: Severity::Warning, summary: "CORS out of place", check };

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    let is_cors =
        |step: &&Step| cx.policy(&step.name.value).is_some_and(|policy| policy.head.kind == "CORS");
    for endpoint in &cx.proxy.proxy_endpoints {
        let steps: Vec<&Step> = endpoint.step_lists().flatten().filter(is_cors).collect();
        match steps.as_slice() {
            [] => {}
            [only] => {
                if !is_well_placed(only, endpoint) {
                    report_misplaced(only, diags);
                }
            }
            several => report_several(several, endpoint, diags),
        }
    }
    let targets = cx.proxy.target_endpoints.iter().flat_map(|target| target.step_lists());
    targets.flatten().filter(is_cors).for_each(|step| report_misplaced(step, diags));
}

fn is_well_placed(step: &Step, endpoint: &ProxyEndpoint) -> bool {
    let mut placed = endpoint.flows.pre.iter().flat_map(|flow| &flow.request);
    placed.any(|placed| std::ptr::eq(placed, step))
}

/// Several may stand there where each has a Condition.
fn report_several(steps: &[&Step], endpoint: &ProxyEndpoint, diags: &mut Diagnostics) {
    for step in steps.iter().filter(|step| step.condition.is_none()) {
        let message = format!(
            "CORS policy `{}` always runs, and ProxyEndpoint `{}` has another",
            step.name.value, endpoint.name.value
        );
        let found = RULE.report(diags, step.span, message);
        for other in steps.iter().filter(|other| !std::ptr::eq(**other, *step)) {
            found.note(other.name.span, "here");
        }
        found.help("keep one in the `Request` of the `PreFlow`, or give each a Condition");
    }
}

fn report_misplaced(step: &Step, diags: &mut Diagnostics) {
    let message = format!("CORS policy `{}` does not run for every request", step.name.value);
    RULE.report(diags, step.span, message)
        .help("move it to the `Request` of the ProxyEndpoint's `PreFlow`");
}
