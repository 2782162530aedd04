//! Flow hooks: the four places of every proxy of an environment where a shared flow of the
//! environment's own may run.
//!
//! Source: Apigee docs, "Attaching a shared flow using a flow hook" (one shared flow each);
//! the management API's flow hook resource (`continueOnError`, true by default).

use bytestring::ByteString;

use crate::policy::kind::SharedFlowId;
use crate::variable::Slot;

/// Where a flow hook stands, in the order of execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookPoint {
    /// Before the ProxyEndpoint's request PreFlow.
    PreProxy,
    /// Before the TargetEndpoint's request PreFlow.
    PreTarget,
    /// After the TargetEndpoint's response PostFlow.
    PostTarget,
    /// After the ProxyEndpoint's response PostFlow.
    PostProxy,
}

impl HookPoint {
    pub const ALL: [Self; 4] = [Self::PreProxy, Self::PreTarget, Self::PostTarget, Self::PostProxy];

    /// What `apigee.edge.flowhook.name` says.
    pub fn name(self) -> &'static str {
        match self {
            Self::PreProxy => "PreProxyFlowHook",
            Self::PreTarget => "PreTargetFlowHook",
            Self::PostTarget => "PostTargetFlowHook",
            Self::PostProxy => "PostProxyFlowHook",
        }
    }
}

/// What stands at the four places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hooks<T> {
    pub pre_proxy: Option<T>,
    pub pre_target: Option<T>,
    pub post_target: Option<T>,
    pub post_proxy: Option<T>,
}

impl<T> Default for Hooks<T> {
    fn default() -> Self {
        Self { pre_proxy: None, pre_target: None, post_target: None, post_proxy: None }
    }
}

impl<T> Hooks<T> {
    pub fn at(&self, point: HookPoint) -> Option<&T> {
        match point {
            HookPoint::PreProxy => self.pre_proxy.as_ref(),
            HookPoint::PreTarget => self.pre_target.as_ref(),
            HookPoint::PostTarget => self.post_target.as_ref(),
            HookPoint::PostProxy => self.post_proxy.as_ref(),
        }
    }

    /// Those that are there.
    pub fn iter(&self) -> impl Iterator<Item = (HookPoint, &T)> {
        HookPoint::ALL.into_iter().filter_map(|point| Some((point, self.at(point)?)))
    }

    pub(super) fn map<U>(&self, mut each: impl FnMut(HookPoint, &T) -> U) -> Hooks<U> {
        let mut at = |point| self.at(point).map(|found| each(point, found));
        Hooks {
            pre_proxy: at(HookPoint::PreProxy),
            pre_target: at(HookPoint::PreTarget),
            post_target: at(HookPoint::PostTarget),
            post_proxy: at(HookPoint::PostProxy),
        }
    }
}

/// A shared flow that the environment attached to a hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowHook {
    pub shared_flow: String,
    /// Whether a fault of the shared flow is dropped.
    pub continue_on_error: bool,
}

/// A hook with its shared flow linked into the plan.
#[derive(Debug)]
pub struct HookPlan {
    /// `None`: no such flow is deployed.
    pub flow: Option<SharedFlowId>,
    pub shared_flow: ByteString,
    pub continue_on_error: bool,
    /// Of `apigee.edge.sharedflow.name`.
    pub running: Option<Slot>,
    /// Of `apigee.edge.flowhook.name`.
    pub hook_name: Option<Slot>,
}
