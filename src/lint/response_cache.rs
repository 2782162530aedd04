//! What the rules about ResponseCache share: where its policies are attached.

use crate::lint::rule::LintContext;
use crate::model::{Flow, Flows, Step};
use crate::policy::ReadPolicy;

/// A Step that names a ResponseCache.
#[derive(Clone, Copy)]
pub(super) struct Attachment<'a> {
    /// `None`: it is the environment's.
    pub(super) policy: Option<&'a ReadPolicy>,
    pub(super) step: &'a Step,
    pub(super) place: Place<'a>,
}

#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    Request(&'a Flow),
    Response,
    /// A FaultRule or the PostClientFlow.
    Aside,
    SharedFlow,
}

/// All of them, in the order of the bundle.
pub(super) fn attachments<'a>(cx: &LintContext<'a>) -> Vec<Attachment<'a>> {
    let proxy = cx.proxy;
    let mut found = Vec::new();
    let mut note = |steps: &'a [Step], place: Place<'a>| {
        for step in steps {
            let name = &step.name.value;
            let policy = cx.policy(name);
            let kind = match policy {
                Some(own) => Some(&own.head.kind),
                None => cx.view.environment_policies.get(name),
            };
            if kind.is_some_and(|kind| kind == "ResponseCache") {
                found.push(Attachment { policy, step, place });
            }
        }
    };
    let mut flows = |flows: &'a Flows, all: &mut dyn Iterator<Item = &'a [Step]>| {
        for flow in flows.iter() {
            note(&flow.request, Place::Request(flow));
            note(&flow.response, Place::Response);
        }
        // What is in no flow is aside of them.
        let own: Vec<&[Step]> =
            flows.iter().flat_map(|flow| [flow.request.as_slice(), &flow.response]).collect();
        for list in all.filter(|list| !own.iter().any(|flow| std::ptr::eq(*flow, *list))) {
            note(list, Place::Aside);
        }
    };
    for endpoint in &proxy.proxy_endpoints {
        flows(&endpoint.flows, &mut endpoint.step_lists());
    }
    for target in &proxy.target_endpoints {
        flows(&target.flows, &mut target.step_lists());
    }
    for flow in &proxy.shared_flows {
        note(&flow.steps, Place::SharedFlow);
    }
    found
}

/// Those of a side that are not the first of their policy, with the first.
pub(super) fn repeated<'a>(
    attachments: &[Attachment<'a>],
    is_meant: fn(Place<'_>) -> bool,
) -> Vec<(Attachment<'a>, Attachment<'a>)> {
    let mut first: Vec<Attachment<'a>> = Vec::new();
    let mut again = Vec::new();
    for found in attachments.iter().filter(|found| is_meant(found.place)) {
        let is_same = |other: &&Attachment<'_>| other.step.name.value == found.step.name.value;
        match first.iter().find(is_same) {
            Some(other) => again.push((*found, *other)),
            None => first.push(*found),
        }
    }
    again
}
