//! How the pipeline goes on once a policy has answered in the target's stead.
//!
//! Source: Apigee docs, "ResponseCache policy": a hit skips what lies between the policy's two
//! steps; what stands behind the second one runs.

use std::sync::Arc;

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE};
use http::{HeaderMap, HeaderName};

use crate::engine::{Execution, Left, Owner};
use crate::message::{Fault, MessageContext, Phase, Value};
use crate::plan::{
    FlowPlace, FlowPlan, FlowsPlan, HookPoint, LandingEndpoint, PolicyId, StepPlace,
};

impl<'p> Execution<'p> {
    /// Goes to the policy's step of the response flows. What is behind it in a TargetEndpoint is
    /// run here; where it stands in the ProxyEndpoint, that place is the answer.
    pub(super) async fn land(
        &self,
        cx: &mut MessageContext,
        policy: PolicyId,
    ) -> Result<Option<StepPlace>, Left<'p>> {
        let Some(landing) = self.proxy.landing(policy) else { return Ok(None) };
        let id = match landing.endpoint {
            LandingEndpoint::Proxy => return Ok(Some(landing.place)),
            LandingEndpoint::Target(id) => id,
        };
        let Some(target) = self.plan.target(id) else { return Ok(None) };
        // In the flows of one target there is no way into those of another.
        if let Some(chosen) = &cx.target
            && !Arc::ptr_eq(&chosen.facts, &target.facts)
        {
            return Ok(None);
        }
        cx.phase = Phase::TargetResponse;
        let by_target = |fault| (fault, Owner::Target(target));
        self.behind(cx, &target.flows, landing.place).await.map_err(by_target)?;
        self.hook(cx, HookPoint::PostTarget).await.map_err(by_target)?;
        Ok(None)
    }

    /// What stands behind a step of the response flows. Of the conditional flows the first that
    /// holds is the one that is meant, as ever; one before the step's own is skipped whole.
    pub(super) async fn behind(
        &self,
        cx: &mut MessageContext,
        flows: &'p FlowsPlan,
        place: StepPlace,
    ) -> Result<(), Fault> {
        if let (FlowPlace::Pre, Some(flow)) = (place.flow, &flows.pre) {
            self.rest_of(cx, flow, place.step).await?;
        }
        if place.flow != FlowPlace::Post {
            for (at, flow) in flows.conditional.iter().enumerate() {
                if !self.holds(cx, flow.condition.as_ref()).await? {
                    continue;
                }
                match place.flow {
                    FlowPlace::Conditional(own) if at < own => {}
                    FlowPlace::Conditional(own) if at == own => {
                        self.rest_of(cx, flow, place.step).await?;
                    }
                    FlowPlace::Conditional(_) | FlowPlace::Pre | FlowPlace::Post => {
                        self.flow(cx, flow).await?;
                    }
                }
                break;
            }
        }
        match (&flows.post, place.flow) {
            (Some(flow), FlowPlace::Post) => self.rest_of(cx, flow, place.step).await,
            (Some(flow), FlowPlace::Pre | FlowPlace::Conditional(_)) => {
                self.flow(cx, flow).await.map(drop)
            }
            (None, _) => Ok(()),
        }
    }

    /// The response steps of a flow behind one of them.
    async fn rest_of(
        &self,
        cx: &mut MessageContext,
        flow: &'p FlowPlan,
        step: usize,
    ) -> Result<(), Fault> {
        self.enter(cx, flow.flow);
        let rest = flow.response.get(step.saturating_add(1)..).unwrap_or_default();
        self.steps(cx, rest).await.map(drop)
    }
}

/// What of a 304 is not about the answer that it confirms.
const NOT_OF_THE_ANSWER: [HeaderName; 4] =
    [CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE];

/// Makes the answer that the target has confirmed the response. Unknown: what the platform makes
/// of the headers that the 304 brings. They are the newer ones, and stand in place of those that
/// were kept (RFC 9111 section 3.2); the entry itself stays as it is.
pub(super) fn use_confirmed(cx: &mut MessageContext, confirmation: &HeaderMap) -> bool {
    let Some(revalidation) = cx.revalidation.take() else { return false };
    cx.set_output(revalidation.cachehit, || Value::Boolean(true));
    cx.set_output(revalidation.invalidentry, || Value::Boolean(false));
    let stored = &revalidation.stored;
    let unpacked = if revalidation.is_unpacked { stored.plain_message() } else { None };
    let mut response = unpacked.unwrap_or_else(|| stored.message());
    for name in confirmation.keys().filter(|name| !NOT_OF_THE_ANSWER.contains(name)) {
        response.headers.remove(name);
        for value in confirmation.get_all(name) {
            if response.headers.try_append(name, value.clone()).is_err() {
                tracing::debug!("an answer has no room for what its target says of it");
            }
        }
    }
    cx.response = Some(response);
    true
}
