//! PO037: a DataCapture whose Source is not there in a flow that it is attached to.
//! Source: apigeelint PO037; Apigee docs, "DataCapture policy": a response has neither a path nor
//! query parameters, and `message` is the response in a response flow.

use crate::diag::{Diagnostics, Severity};
use crate::lint::rule::{LintContext, Rule};
use crate::model::Step;
use crate::xml::Element;

pub(super) static RULE: Rule =
    Rule { code: "PO037", severity: Severity::Warning, summary: "Source of a DataCapture", check };

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Request,
    Response,
}

fn check(cx: &LintContext<'_>, diags: &mut Diagnostics) {
    let proxies = cx.proxy.proxy_endpoints.iter().map(|endpoint| &endpoint.flows);
    let targets = cx.proxy.target_endpoints.iter().map(|target| &target.flows);
    for flow in proxies.chain(targets).flat_map(|flows| flows.iter()) {
        check_steps(cx, &flow.request, Side::Request, diags);
        check_steps(cx, &flow.response, Side::Response, diags);
    }
    for endpoint in &cx.proxy.proxy_endpoints {
        check_steps(cx, &endpoint.post_client, Side::Response, diags);
    }
}

fn check_steps(cx: &LintContext<'_>, steps: &[Step], side: Side, diags: &mut Diagnostics) {
    let policies = steps.iter().filter_map(|step| cx.policy(&step.name.value));
    for policy in policies.filter(|policy| policy.head.kind == "DataCapture") {
        let elements = policy.head.body.descendants();
        for collect in elements.filter(|element| element.name == "Collect") {
            check_collect(collect, side, diags);
        }
    }
}

/// A policy in several flows is judged again, and the same finding is heard once.
fn check_collect(collect: &Element, side: Side, diags: &mut Diagnostics) {
    if collect.attribute("ref").is_some() {
        return;
    }
    let element = collect.child("Source").filter(|source| !source.is_empty());
    let text = element.map_or_else(|| "message".to_owned(), |source| source.text());
    let source = text.trim();
    let of_requests =
        collect.elements().find(|part| matches!(part.name.as_str(), "URIPath" | "QueryParam"));
    match (side, source, of_requests) {
        (Side::Response, "message" | "response", Some(part)) => {
            let message = format!("`{}` of a response is never there", part.name);
            RULE.report(diags, part.open_span, message)
                .note(None, format!("its Source is `{source}`, in a response flow"))
                .help("set `Source` to `request`");
        }
        (Side::Request, "response", _) => {
            let place = element.map_or(collect.open_span, Element::text_span);
            RULE.report(diags, place, "there is no response in a request flow")
                .help("attach the policy to a response flow, or set `Source` to `request`");
        }
        _ => {}
    }
}
