//! A linked revision: names are numbers, conditions and templates are programs.
//!
//! Source: Apigee docs, "API proxy configuration reference", "Endpoint properties
//! reference" (names, defaults and units of the properties).

mod balancer;
mod hooks;
mod landing;
mod link;
mod properties;
mod property_sets;
mod tls;
mod url;

pub use balancer::{Active, BalancerPlan, ServerPlan};
pub use hooks::{FlowHook, HookPlan, HookPoint, Hooks};
pub use landing::{FlowPlace, Landing, LandingEndpoint, StepPlace};
pub use link::{LinkEnvironment, Linked, Used, link};
pub use tls::{TlsChoice, TlsPlan};
pub use url::{ParsedUrl, TargetUrl};

pub use properties::{
    PAYLOAD_BYTES_DEFAULT, ProxyProperties, Retain, SuccessCodes, TargetProperties,
};

use std::sync::Arc;

use bytestring::ByteString;

use crate::condition::Condition;
use crate::message::{Facts, FlowRef, TargetFacts};
use crate::model::Bearer;
use crate::policy::kind::{SharedFlowId, Step};
use crate::variable::Slot;

/// One deployed revision, ready to run.
#[derive(Debug)]
pub struct Plan {
    pub facts: Arc<Facts>,
    pub endpoints: Vec<ProxyPlan>,
    pub targets: Vec<TargetPlan>,
    pub policies: Vec<PolicyPlan>,
    pub shared_flows: Vec<SharedFlowPlan>,
    pub hooks: Hooks<HookPlan>,
}

/// How deep shared flows may call each other.
pub const SHARED_FLOWS_DEPTH_MAX: u32 = 5;

/// A shared flow, linked into the plan of the proxy that calls it.
#[derive(Debug, Default)]
pub struct SharedFlowPlan {
    pub steps: Vec<StepPlan>,
}

/// A ProxyEndpoint of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndpointId(pub u32);

/// A TargetEndpoint of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetId(pub u32);

/// A linked policy of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyId(pub u32);

impl Plan {
    pub fn endpoint(&self, id: EndpointId) -> Option<&ProxyPlan> {
        self.endpoints.get(id.0 as usize)
    }

    pub fn target(&self, id: TargetId) -> Option<&TargetPlan> {
        self.targets.get(id.0 as usize)
    }

    pub fn shared_flow(&self, id: SharedFlowId) -> Option<&SharedFlowPlan> {
        self.shared_flows.get(id.0 as usize)
    }

    pub fn policy(&self, id: PolicyId) -> Option<&PolicyPlan> {
        self.policies.get(id.0 as usize)
    }
}

#[derive(Debug)]
pub struct ProxyPlan {
    pub name: ByteString,
    pub base_path: ByteString,
    pub flows: FlowsPlan,
    pub post_client: Option<FlowPlan>,
    /// In the order of evaluation.
    pub fault_rules: FaultRulesPlan,
    pub routes: Vec<RoutePlan>,
    pub properties: ProxyProperties,
    /// What is read by whatever may run after the request has gone to the target.
    pub late: Needs,
    /// What the PostClientFlow reads, after the answer has gone to the client.
    pub post_client_needs: Needs,
    /// Of policies that may answer in the target's stead.
    pub landings: Vec<Landing>,
}

impl ProxyPlan {
    pub fn landing(&self, policy: PolicyId) -> Option<&Landing> {
        self.landings.iter().find(|landing| landing.policy == policy)
    }
}

#[derive(Debug)]
pub struct TargetPlan {
    pub facts: Arc<TargetFacts>,
    /// `HTTPTargetConnection/URL`; `None` where servers are the target, or this gateway cannot
    /// run the connection.
    pub url: Option<TargetUrl>,
    pub balancer: Option<Box<BalancerPlan>>,
    pub tls: TlsPlan,
    /// The Google token that its calls show.
    pub bearer: Option<Box<Bearer>>,
    pub flows: FlowsPlan,
    pub fault_rules: FaultRulesPlan,
    pub properties: TargetProperties,
}

#[derive(Debug, Default)]
pub struct FlowsPlan {
    pub pre: Option<FlowPlan>,
    pub conditional: Vec<FlowPlan>,
    pub post: Option<FlowPlan>,
}

#[derive(Debug)]
pub struct FlowPlan {
    pub flow: FlowRef,
    pub condition: Option<ConditionPlan>,
    pub request: Vec<StepPlan>,
    pub response: Vec<StepPlan>,
}

#[derive(Debug)]
pub struct StepPlan {
    pub policy: PolicyId,
    pub condition: Option<ConditionPlan>,
}

#[derive(Debug)]
pub struct ConditionPlan {
    pub condition: Condition,
    pub needs: Needs,
}

/// The bodies that must be in memory before something runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    pub request: bool,
    pub response: bool,
    /// The message in scope, whichever that is.
    pub message: bool,
    pub error: bool,
    /// Not a body: the request's headers are read.
    pub request_head: bool,
    /// The bodies are wanted in memory even where they are streamed.
    pub streams_too: bool,
}

impl Needs {
    /// Whether any body is needed.
    pub fn any(self) -> bool {
        self.request || self.response || self.message || self.error
    }
}

#[derive(Debug)]
pub struct PolicyPlan {
    pub name: ByteString,
    pub enabled: bool,
    pub continue_on_error: bool,
    pub step: Step,
    pub needs: Needs,
    /// `{prefix}.{policy}.failed` and `{prefix}.failed`.
    pub failed: [Option<Slot>; 2],
}

#[derive(Debug)]
pub struct RoutePlan {
    pub name: ByteString,
    pub condition: Option<ConditionPlan>,
    pub destination: DestinationPlan,
}

#[derive(Debug)]
pub enum DestinationPlan {
    Target(TargetId),
    /// A URL of the RouteRule's own: no target flows. The target is anonymous.
    Url(Box<TargetPlan>),
    Null,
}

#[derive(Debug, Default)]
pub struct FaultRulesPlan {
    /// In the order of evaluation: bottom to top for a ProxyEndpoint, top to bottom for a
    /// TargetEndpoint.
    pub rules: Vec<FaultRulePlan>,
    pub default: Option<FaultRulePlan>,
    pub always_enforce: bool,
}

#[derive(Debug)]
pub struct FaultRulePlan {
    pub flow: FlowRef,
    pub condition: Option<ConditionPlan>,
    pub steps: Vec<StepPlan>,
}
