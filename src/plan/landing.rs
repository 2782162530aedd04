//! Where the pipeline goes on after a policy has answered in the target's stead.
//!
//! Source: Apigee docs, "ResponseCache policy": the policy stands in a request flow and in a
//! response flow, and a hit skips what lies between the two.

use crate::plan::{FlowsPlan, PolicyId, StepPlan, TargetId, TargetPlan};

/// A policy's step of the response flows. What is behind it runs, it does not.
#[derive(Clone, Copy, Debug)]
pub struct Landing {
    pub policy: PolicyId,
    pub endpoint: LandingEndpoint,
    pub place: StepPlace,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LandingEndpoint {
    Proxy,
    Target(TargetId),
}

/// A step of an endpoint's response flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepPlace {
    pub flow: FlowPlace,
    /// Its number among the flow's response steps.
    pub step: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowPlace {
    Pre,
    /// By its number among the conditional flows.
    Conditional(usize),
    Post,
}

/// Of each policy that answers, its first step in the response flows of the ProxyEndpoint, else
/// in those of a TargetEndpoint.
pub(super) fn landings(
    answering: &[PolicyId],
    proxy: &FlowsPlan,
    targets: &[TargetPlan],
) -> Vec<Landing> {
    let landing = |policy: &PolicyId| {
        let policy = *policy;
        let in_proxy = place_of(policy, proxy).map(|place| (LandingEndpoint::Proxy, place));
        let (endpoint, place) = in_proxy.or_else(|| {
            targets.iter().zip(0..).find_map(|(target, id)| {
                let place = place_of(policy, &target.flows)?;
                Some((LandingEndpoint::Target(TargetId(id)), place))
            })
        })?;
        Some(Landing { policy, endpoint, place })
    };
    answering.iter().filter_map(landing).collect()
}

fn place_of(policy: PolicyId, flows: &FlowsPlan) -> Option<StepPlace> {
    let pre = flows.pre.iter().map(|flow| (FlowPlace::Pre, flow));
    let conditional = flows.conditional.iter().enumerate();
    let conditional = conditional.map(|(at, flow)| (FlowPlace::Conditional(at), flow));
    let post = flows.post.iter().map(|flow| (FlowPlace::Post, flow));
    pre.chain(conditional).chain(post).find_map(|(place, flow)| {
        let is_its = |step: &StepPlan| step.policy == policy;
        let step = flow.response.iter().position(is_its)?;
        Some(StepPlace { flow: place, step })
    })
}
