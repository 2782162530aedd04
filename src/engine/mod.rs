//! Runs a plan: phases, steps, faults, target call.

use std::rc::Rc;

use crate::clock::Clock;
use crate::message::{Body, Fault, MessageContext};
use crate::plan::{EndpointId, Plan};
use crate::upstream::Upstream;

/// What a data thread hands to every request.
#[derive(Clone)]
pub struct Env {
    pub clock: Clock,
    pub upstream: Rc<dyn Upstream>,
    pub profile: Profile,
}

/// Whose error bodies: profile x adds `detail.reason`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    #[default]
    Edge,
    X,
}

/// The answer, and the context for what runs after it was sent.
pub struct Answer {
    pub response: http::Response<Body>,
    /// `Some` where the endpoint has a PostClientFlow: see [`run_post_client`].
    pub after: Option<Box<MessageContext>>,
}

/// Runs one request from the first step to the answer. Never fails: a fault becomes a response.
pub async fn run(plan: &Plan, endpoint: EndpointId, cx: MessageContext, env: &Env) -> Answer {
    let _ = (plan, endpoint, cx, env);
    Answer { response: http::Response::new(Body::Empty), after: None }
}

/// Runs the PostClientFlow once the answer is out.
pub async fn run_post_client(plan: &Plan, endpoint: EndpointId, cx: MessageContext, env: &Env) {
    let _ = (plan, endpoint, cx, env);
}

/// The response of a fault that no plan handles, such as `ApplicationNotFound`.
pub fn fault_response(fault: &Fault, profile: Profile) -> http::Response<Body> {
    let _ = (fault, profile);
    http::Response::new(Body::Empty)
}
