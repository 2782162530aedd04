//! Shared flows: those that FlowCallout calls, and those that the environment attached to a
//! flow hook.
//!
//! Source: Apigee docs, "FlowCallout policy" (variables and their scope), "Attaching a shared
//! flow using a flow hook". Faults: `flow.SharedFlowNotFound`, `flow.SharedFlowDepthExceeded`,
//! whatever the flow's own policies raise.
//!
//! A hook's fault belongs to the endpoint that the hook stands at: the ProxyEndpoint's for the
//! two outer hooks, the TargetEndpoint's for the two inner ones. A fault of the normal flow
//! skips the hooks that would have come. Unknown: which FaultRules handle a hook's fault, and
//! whether the inner hooks run where a RouteRule has a URL of its own (they do) or no target
//! (they do not).

use bytestring::ByteString;

use crate::engine::{Course, Execution};
use crate::message::faults::{SHARED_FLOW_NOT_FOUND, SHARED_FLOWS_TOO_DEEP};
use crate::message::{Fault, MessageContext, Value};
use crate::plan::{HookPoint, SHARED_FLOWS_DEPTH_MAX};
use crate::policy::kind::{FlowCall, SharedFlowId};
use crate::variable::Slot;

impl<'p> Execution<'p> {
    /// Runs the shared flow that the environment attached there, if it did.
    pub(super) async fn hook(
        &self,
        cx: &mut MessageContext,
        at: HookPoint,
    ) -> Result<Course, Fault> {
        let Some(hook) = self.plan.hooks.at(at) else { return Ok(Course::On) };
        let name = Value::String(ByteString::from_static(at.name()));
        let before = cx.swap_output(hook.hook_name, Some(name));
        // Boxed: most environments have no hooks, and the future of a request is as large as
        // the largest that it may wait for.
        let ran = Box::pin(self.run_shared_flow(cx, hook.flow, &hook.shared_flow, hook.running));
        let ran = ran.await;
        cx.swap_output(hook.hook_name, before);
        match ran {
            Err(fault) if hook.continue_on_error && !self.has_lost_body.get() => {
                tracing::debug!(
                    proxy = %self.plan.facts.proxy,
                    hook = at.name(),
                    code = %fault.code,
                    "a flow hook's fault is dropped: {}",
                    fault.text
                );
                self.check_deadline().map(|()| Course::On)
            }
            ran => ran,
        }
    }

    /// Runs a shared flow's steps in the caller's place, with its parameters set.
    pub(super) async fn call_shared_flow(
        &self,
        cx: &mut MessageContext,
        call: &'p FlowCall,
    ) -> Result<Course, Fault> {
        let before = call.parameters.enter(cx);
        let ran = self.run_shared_flow(cx, call.flow, &call.name, call.running).await;
        call.parameters.leave(cx, before);
        ran
    }

    /// `running`: where the running flow's name is shown.
    async fn run_shared_flow(
        &self,
        cx: &mut MessageContext,
        flow: Option<SharedFlowId>,
        name: &ByteString,
        running: Option<Slot>,
    ) -> Result<Course, Fault> {
        let Some(flow) = flow.and_then(|id| self.plan.shared_flow(id)) else {
            return Err(SHARED_FLOW_NOT_FOUND.raise_with(&[("name", name)]));
        };
        if cx.shared_flows >= SHARED_FLOWS_DEPTH_MAX {
            return Err(SHARED_FLOWS_TOO_DEEP.raise_with(&[("name", name)]));
        }
        cx.shared_flows += 1;
        let caller = cx.swap_output(running, Some(Value::String(name.clone())));
        let ran = self.steps(cx, &flow.steps).await;
        cx.swap_output(running, caller);
        cx.shared_flows -= 1;
        ran
    }
}
