//! Runs a plan: phases, steps, faults, target call.
//!
//! Source: Apigee docs, "API proxy configuration reference" (order of execution), "Handling
//! faults". A fault leaves the normal pipeline for good; every fault becomes a response in
//! `faults.rs`.

mod balance;
mod faults;
mod landing;
mod local;
mod shared_flows;
mod target;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use tokio::time::timeout;

use crate::clock::Clock;
use crate::message::coding::{self, Algorithm, CodingError};
use crate::message::faults::{
    API_TIMED_OUT, DUPLICATE_REQUEST_HEADER, ROUTE_FAILED, TARGET_MISSING,
};
use crate::message::{
    Body, Category, Fault, FlowRef, Head, Message, MessageContext, Phase, TargetState, Value,
    remove_connection_options, remove_hop_by_hop,
};
use crate::plan::{
    ConditionPlan, Deployed, DestinationPlan, EndpointId, FlowPlan, FlowsPlan, HookPoint,
    LocalRoute, Needs, Plan, PolicyId, PolicyPlan, ProxyPlan, StepPlan, TargetPlan,
};
use crate::policy::kind::{Next, Run, Step};
use crate::profile::Profile;
use crate::upstream::Upstream;

pub use faults::fault_response;

/// How long a client's body may pause while it is read into memory.
const CLIENT_SILENCE: Duration = Duration::from_secs(55);

/// What a data thread hands to every request.
#[derive(Clone)]
pub struct Env {
    pub clock: Clock,
    pub upstream: Rc<dyn Upstream>,
    pub profile: Profile,
}

/// The answer, and the context for what runs after it was sent.
pub struct Answer {
    pub response: http::Response<Body>,
    /// `Some` where the endpoint has a PostClientFlow: see [`run_post_client`].
    pub after: Option<Box<MessageContext>>,
    /// Proxies that were called on the way and have one.
    pub called: Vec<Ran>,
}

/// An endpoint that has answered, and what its PostClientFlow is to see.
pub struct Ran {
    pub plan: Arc<Plan>,
    pub endpoint: EndpointId,
    pub cx: Box<MessageContext>,
}

/// Runs one request from the first step to the answer. Never fails: a fault becomes a response.
/// `deployed`: the generation that the request began with.
pub async fn run(
    deployed: &dyn Deployed,
    plan: &Plan,
    endpoint: EndpointId,
    cx: Box<MessageContext>,
    env: &Env,
) -> Answer {
    run_within(deployed, plan, endpoint, cx, env, None).await
}

/// The same until `end`, in the clock's elapsed time, at the latest.
async fn run_within(
    deployed: &dyn Deployed,
    plan: &Plan,
    endpoint: EndpointId,
    mut cx: Box<MessageContext>,
    env: &Env,
    end: Option<Duration>,
) -> Answer {
    let Some(proxy) = plan.endpoint(endpoint) else {
        let response = fault_response(&ROUTE_FAILED.raise(), env.profile);
        return Answer { response, after: None, called: Vec::new() };
    };
    remove_connection_options(&mut cx.request.headers);
    cx.endpoint_name.clone_from(&proxy.name);
    cx.endpoint_basepath.clone_from(&proxy.base_path);
    let own_end = proxy.properties.api_timeout.map(|budget| env.clock.elapsed() + budget);
    let run = Execution {
        plan,
        proxy,
        env,
        deployed,
        deadline: own_end.into_iter().chain(end).min(),
        asked_for: Cell::new(None),
        has_lost_body: Cell::new(false),
        called: RefCell::default(),
    };
    if let Err((fault, owner)) = run.pipeline(&mut cx).await {
        run.error_flow(&mut cx, fault, owner).await;
        run.keep_error(&mut cx).await;
    }
    if let Some(headers) = cx.answer_headers.take()
        && let Some(answer) = cx.error.as_mut().or(cx.response.as_mut())
    {
        headers.apply(&mut answer.headers);
    }
    let after = proxy.post_client.is_some();
    if after {
        cx.times.client_sent_start = Some(env.clock.epoch_ms());
    }
    let response = run.finish(&mut cx, after);
    Answer { response, after: after.then_some(cx), called: run.called.into_inner() }
}

/// Runs the PostClientFlow once the answer is out. Its faults are logged: nobody can hear them.
pub async fn run_post_client(
    plan: &Plan,
    endpoint: EndpointId,
    cx: &mut MessageContext,
    env: &Env,
) {
    let Some(proxy) = plan.endpoint(endpoint) else { return };
    let Some(flow) = &proxy.post_client else { return };
    cx.times.client_sent_end = Some(env.clock.epoch_ms());
    cx.phase = Phase::PostClient;
    let run = Execution {
        plan,
        proxy,
        env,
        deployed: &Nothing,
        deadline: None,
        asked_for: Cell::new(None),
        has_lost_body: Cell::new(false),
        called: RefCell::default(),
    };
    run.enter(cx, flow.flow);
    if let Err(fault) = run.steps(cx, &flow.response).await {
        tracing::warn!(
            proxy = %plan.facts.proxy,
            code = %fault.code,
            "the PostClientFlow ended early: {}",
            fault.text
        );
    }
}

/// A PostClientFlow calls no target.
struct Nothing;

impl Deployed for Nothing {
    fn endpoint(&self, _proxy: &str, _endpoint: &str) -> Option<LocalRoute> {
        None
    }

    fn route(&self, _path: &str) -> Option<LocalRoute> {
        None
    }
}

/// Whose FaultRules a fault belongs to.
#[derive(Clone, Copy)]
enum Owner<'p> {
    Proxy(&'p ProxyPlan),
    Target(&'p TargetPlan),
}

type Left<'p> = (Fault, Owner<'p>);

struct Execution<'p> {
    plan: &'p Plan,
    proxy: &'p ProxyPlan,
    env: &'p Env,
    deployed: &'p dyn Deployed,
    /// In the clock's elapsed time: the end of `api.timeout`.
    deadline: Option<Duration>,
    /// The policy whose answer the target is asked to confirm.
    asked_for: Cell<Option<PolicyId>>,
    /// A body was to be read and is gone: nothing may go on as if it had been empty.
    has_lost_body: Cell<bool>,
    /// Of targets that are proxies.
    called: RefCell<Vec<Ran>>,
}

/// How the pipeline goes on behind a step.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Course {
    On,
    /// The policy has answered: behind its step of the response flows.
    Behind(PolicyId),
    /// With the response flows of the ProxyEndpoint.
    Respond,
}

impl<'p> Execution<'p> {
    /// The normal flow, from the ProxyEndpoint's request PreFlow to its response PostFlow.
    async fn pipeline(&self, cx: &mut MessageContext) -> Result<(), Left<'p>> {
        let by_proxy = |fault| (fault, Owner::Proxy(self.proxy));
        self.check_headers(cx).map_err(by_proxy)?;
        let landing = match self.up_to_the_response(cx).await? {
            Course::Behind(policy) => self.land(cx, policy).await?,
            Course::On | Course::Respond => None,
        };
        cx.phase = Phase::ProxyResponse;
        match landing {
            Some(place) => self.behind(cx, &self.proxy.flows, place).await.map_err(by_proxy)?,
            None => drop(self.segment(cx, &self.proxy.flows).await.map_err(by_proxy)?),
        }
        self.hook(cx, HookPoint::PostProxy).await.map_err(by_proxy)?;
        self.buffer(cx, self.proxy.post_client_needs).await.map_err(by_proxy)
    }

    /// The ProxyEndpoint's request flows, and whatever answers.
    async fn up_to_the_response(&self, cx: &mut MessageContext) -> Result<Course, Left<'p>> {
        let by_proxy = |fault| (fault, Owner::Proxy(self.proxy));
        let mut course = self.hook(cx, HookPoint::PreProxy).await.map_err(by_proxy)?;
        if course == Course::On {
            course = self.segment(cx, &self.proxy.flows).await.map_err(by_proxy)?;
        }
        if course == Course::On {
            course = self.through_destination(cx).await?;
        }
        Ok(course)
    }

    async fn through_destination(&self, cx: &mut MessageContext) -> Result<Course, Left<'p>> {
        let by_proxy = |fault| (fault, Owner::Proxy(self.proxy));
        match self.route(cx).await.map_err(by_proxy)? {
            DestinationPlan::Null => {
                self.answer_without_target(cx).await.map_err(by_proxy)?;
                Ok(Course::On)
            }
            DestinationPlan::Url(target) => {
                cx.target = Some(TargetState::new(target.facts.clone()));
                self.through_target(cx, target).await.map_err(by_proxy)
            }
            DestinationPlan::Target(id) => {
                let Some(target) = self.plan.target(*id) else {
                    return Err(by_proxy(TARGET_MISSING.raise()));
                };
                cx.target = Some(TargetState::new(target.facts.clone()));
                let went = self.through_target(cx, target).await;
                went.map_err(|fault| (fault, Owner::Target(target)))
            }
        }
    }

    fn check_headers(&self, cx: &MessageContext) -> Result<(), Fault> {
        let repeatable = &self.proxy.properties.repeatable_headers;
        match target::duplicate(&cx.request.headers, repeatable) {
            Some(name) => Err(DUPLICATE_REQUEST_HEADER.raise_with(&[("name", name)])),
            None => Ok(()),
        }
    }

    async fn through_target(
        &self,
        cx: &mut MessageContext,
        target: &'p TargetPlan,
    ) -> Result<Course, Fault> {
        cx.phase = Phase::TargetRequest;
        let mut course = self.hook(cx, HookPoint::PreTarget).await?;
        if course == Course::On {
            course = self.segment(cx, &target.flows).await?;
        }
        if course == Course::On {
            course = self.call_target(cx, target).await?;
        }
        if course == Course::On {
            cx.phase = Phase::TargetResponse;
            self.segment(cx, &target.flows).await?;
            self.hook(cx, HookPoint::PostTarget).await?;
        }
        Ok(course)
    }

    async fn call_target(
        &self,
        cx: &mut MessageContext,
        target: &'p TargetPlan,
    ) -> Result<Course, Fault> {
        self.check_deadline()?;
        let late = self.proxy.late;
        if late.request {
            let streams_too = late.streams_too;
            self.buffer(cx, Needs { request: true, streams_too, ..Needs::default() }).await?;
        }
        let remaining = self.deadline.map(|end| end.saturating_sub(self.env.clock.elapsed()));
        let answer = match &target.local {
            Some(called) => local::call(self, cx, target, called, remaining).await,
            None => target::call(cx, target, self.proxy, self.env, remaining).await,
        };
        match answer {
            Ok(response) => {
                let status = response.status().unwrap_or(StatusCode::OK);
                if status == StatusCode::NOT_MODIFIED
                    && let Some(policy) = self.asked_for.get()
                    && landing::use_confirmed(cx, &response.headers)
                {
                    return Ok(Course::Behind(policy));
                }
                if !target.properties.success.contains(status) {
                    return Err(faults::error_response_code(response, status));
                }
                let streams = target.properties.response_streaming
                    || self.proxy.properties.response_streaming;
                cx.response_wait = (!streams).then_some(target.properties.timeouts.io);
                cx.response = Some(response);
                Ok(Course::On)
            }
            // The budget of the whole transaction ran out before the target's own.
            Err(_) if self.check_deadline().is_err() => Err(API_TIMED_OUT.raise()),
            Err(fault) => Err(fault),
        }
    }

    /// PreFlow, the first Flow whose condition holds, PostFlow, in the direction of the phase.
    async fn segment(
        &self,
        cx: &mut MessageContext,
        flows: &'p FlowsPlan,
    ) -> Result<Course, Fault> {
        if let Some(flow) = &flows.pre {
            let course = self.flow(cx, flow).await?;
            if course != Course::On {
                return Ok(course);
            }
        }
        for flow in &flows.conditional {
            if self.holds(cx, flow.condition.as_ref()).await? {
                let course = self.flow(cx, flow).await?;
                if course != Course::On {
                    return Ok(course);
                }
                break;
            }
        }
        match &flows.post {
            Some(flow) => self.flow(cx, flow).await,
            None => Ok(Course::On),
        }
    }

    async fn flow(&self, cx: &mut MessageContext, flow: &'p FlowPlan) -> Result<Course, Fault> {
        self.enter(cx, flow.flow);
        let steps = if cx.phase.is_response() { &flow.response } else { &flow.request };
        if steps.is_empty() {
            return Ok(Course::On);
        }
        self.steps(cx, steps).await
    }

    fn enter(&self, cx: &mut MessageContext, flow: FlowRef) {
        cx.flow = Some(flow);
        if cx.phase.is_target() {
            cx.target_flow = Some(flow);
        } else {
            cx.proxy_flow = Some(flow);
        }
    }

    async fn steps(&self, cx: &mut MessageContext, steps: &'p [StepPlan]) -> Result<Course, Fault> {
        for step in steps {
            let Some(policy) = self.plan.policy(step.policy) else { continue };
            if !policy.enabled || !self.holds(cx, step.condition.as_ref()).await? {
                continue;
            }
            match self.policy(cx, step.policy, policy).await {
                Ok(Course::On) => {}
                Ok(course) => return Ok(course),
                Err(fault) => {
                    for slot in policy.failed {
                        cx.set_output(slot, || Value::Boolean(true));
                    }
                    if !policy.continue_on_error || self.has_lost_body.get() {
                        return Err(fault);
                    }
                }
            }
            // What answers to a spent budget may still run.
            if !cx.in_error() {
                self.check_deadline()?;
            }
        }
        Ok(Course::On)
    }

    async fn policy(
        &self,
        cx: &mut MessageContext,
        id: PolicyId,
        policy: &'p PolicyPlan,
    ) -> Result<Course, Fault> {
        if policy.needs.any() {
            self.buffer(cx, policy.needs).await?;
        }
        let next = match &policy.step {
            Step::Pure(step) => step.run(cx)?,
            Step::Io(step) => match step.run(cx) {
                Run::Done(next) => next?,
                Run::Wait(wait) => wait.await?,
            },
            Step::Call(step) => {
                // What answers to a spent budget may still run.
                let end = self.deadline.filter(|_| !cx.in_error());
                let waiting = step.run(cx, &*self.env.upstream);
                in_time(end, &self.env.clock, waiting).await??
            }
            // Boxed, because a shared flow's steps may call shared flows.
            Step::Flow(call) => return Box::pin(self.call_shared_flow(cx, call)).await,
        };
        Ok(match next {
            Next::Continue => Course::On,
            Next::Answered => Course::Behind(id),
            Next::AnsweredIfNotModified => {
                self.asked_for.set(Some(id));
                Course::On
            }
            Next::Respond => Course::Respond,
        })
    }

    /// No condition holds always.
    async fn holds(
        &self,
        cx: &mut MessageContext,
        condition: Option<&'p ConditionPlan>,
    ) -> Result<bool, Fault> {
        let Some(plan) = condition else { return Ok(true) };
        if plan.needs.any() {
            self.buffer(cx, plan.needs).await?;
        }
        Ok(plan.condition.holds(cx))
    }

    /// Brings the bodies that something reads into memory. With streaming on, the body stays
    /// where it is and its readers see none (Apigee docs, "Endpoint properties reference"),
    /// unless one of them insists.
    async fn buffer(&self, cx: &mut MessageContext, needs: Needs) -> Result<(), Fault> {
        let read = self.read_bodies(cx, needs).await;
        if read.is_err() {
            self.has_lost_body.set(true);
        }
        read
    }

    async fn read_bodies(&self, cx: &mut MessageContext, needs: Needs) -> Result<(), Fault> {
        let in_error = cx.error.is_some();
        let response_in_scope = cx.phase.is_response() && cx.response.is_some();
        let request = needs.request || (needs.message && !in_error && !response_in_scope);
        let response = needs.response || (needs.message && !in_error && response_in_scope);
        let error = needs.error || (needs.message && in_error);
        let streams = !needs.streams_too;

        let target = self.target_properties(cx);
        let limit = self.proxy.properties.request_payload_bytes_max;
        let streaming = streams
            && (self.proxy.properties.request_streaming
                || target.is_some_and(|properties| properties.request_streaming));
        if request && !cx.request.body.is_buffered() && !streaming {
            let read = cx.request.body.buffer(limit, CLIENT_SILENCE).await;
            cx.times.client_received_end = Some(self.env.clock.epoch_ms());
            read.map_err(faults::request_body)?;
            decode(&mut cx.request, limit).map_err(faults::request_coding)?;
        }
        let limit = target.map_or(limit, |properties| properties.response_payload_bytes_max);
        let silence = target.map_or(CLIENT_SILENCE, |properties| properties.timeouts.io);
        let streaming = streams
            && (target.is_some_and(|properties| properties.response_streaming)
                || self.proxy.properties.response_streaming);
        for (wanted, message) in [(response, &mut cx.response), (error, &mut cx.error)] {
            if let Some(message) = message
                && wanted
                && !message.body.is_buffered()
                && !streaming
            {
                let read = message.body.buffer(limit, silence).await;
                cx.times.target_received_end = Some(self.env.clock.epoch_ms());
                read.map_err(faults::response_body)?;
                decode(message, limit).map_err(faults::response_coding)?;
            }
        }
        Ok(())
    }

    fn target_properties(&self, cx: &MessageContext) -> Option<&'p crate::plan::TargetProperties> {
        let facts = &cx.target.as_ref()?.facts;
        // By identity: a RouteRule's own URL has a target without entry here.
        let own = self.plan.targets.iter().find(|target| Arc::ptr_eq(&target.facts, facts));
        own.map(|target| &target.properties)
    }

    /// The first RouteRule whose condition holds.
    async fn route(&self, cx: &mut MessageContext) -> Result<&'p DestinationPlan, Fault> {
        self.check_deadline()?;
        for rule in &self.proxy.routes {
            if self.holds(cx, rule.condition.as_ref()).await? {
                cx.route_name = Some(rule.name.clone());
                if let DestinationPlan::Target(id) = &rule.destination {
                    cx.route_target = self.plan.target(*id).map(|target| target.facts.name.clone());
                }
                return Ok(&rule.destination);
            }
        }
        Err(ROUTE_FAILED.raise())
    }

    /// A null route: the response starts as a copy of the request's headers and body.
    async fn answer_without_target(&self, cx: &mut MessageContext) -> Result<(), Fault> {
        self.buffer(cx, Needs { request: true, ..Needs::default() }).await?;
        let mut response = Message::response(StatusCode::OK);
        response.headers = cx.request.headers.clone();
        remove_hop_by_hop(&mut response.headers);
        for only_in_requests in REQUEST_HEADERS {
            response.headers.remove(only_in_requests);
        }
        response.headers.remove(CONTENT_LENGTH);
        response.body = match cx.request.body.bytes() {
            Some(bytes) => Body::from(bytes.clone()),
            None => std::mem::take(&mut cx.request.body),
        };
        cx.response = Some(response);
        Ok(())
    }

    fn check_deadline(&self) -> Result<(), Fault> {
        match self.deadline {
            Some(end) if self.env.clock.elapsed() >= end => Err(API_TIMED_OUT.raise()),
            Some(_) | None => Ok(()),
        }
    }

    /// FaultRules of the endpoint where the fault rose, then the default rule; `cx.error` is
    /// the answer afterwards.
    async fn error_flow(&self, cx: &mut MessageContext, fault: Fault, owner: Owner<'p>) {
        faults::enter(cx, fault, self.env.profile);
        self.has_lost_body.set(false);
        let rules = match owner {
            Owner::Proxy(proxy) => &proxy.fault_rules,
            Owner::Target(target) => &target.fault_rules,
        };
        let mut executed = false;
        let mut raised = false;
        for rule in &rules.rules {
            match self.holds(cx, rule.condition.as_ref()).await {
                Ok(false) => continue,
                Ok(true) => {
                    executed = true;
                    self.enter(cx, rule.flow);
                    raised = self.fault_steps(cx, &rule.steps).await;
                }
                Err(fault) => {
                    faults::enter(cx, fault, self.env.profile);
                    executed = true;
                }
            }
            break;
        }
        let Some(default) = &rules.default else { return };
        if raised || (executed && !rules.always_enforce) {
            return;
        }
        match self.holds(cx, default.condition.as_ref()).await {
            Ok(false) => {}
            Ok(true) => {
                self.enter(cx, default.flow);
                self.fault_steps(cx, &default.steps).await;
            }
            Err(fault) => faults::enter(cx, fault, self.env.profile),
        }
    }

    /// Runs the steps of a fault rule; a fault in it replaces the error and ends the rule.
    /// True where that fault was RaiseFault's.
    async fn fault_steps(&self, cx: &mut MessageContext, steps: &'p [StepPlan]) -> bool {
        match self.steps(cx, steps).await {
            Ok(_) => false,
            Err(fault) => {
                let raised = fault.category == Category::Custom;
                faults::enter(cx, fault, self.env.profile);
                raised
            }
        }
    }

    /// Brings the error message into memory where the PostClientFlow reads its body. One that
    /// does not arrive is a fault of its own.
    async fn keep_error(&self, cx: &mut MessageContext) {
        let needs = self.proxy.post_client_needs;
        let error = Needs {
            error: needs.error || needs.message,
            streams_too: needs.streams_too,
            ..Needs::default()
        };
        if let Err(fault) = self.buffer(cx, error).await {
            faults::enter(cx, fault, self.env.profile);
        }
    }

    /// Takes the answer out of the context. Where a PostClientFlow follows, the context keeps
    /// head, headers and what of the body is in memory.
    fn finish(&self, cx: &mut MessageContext, keep: bool) -> http::Response<Body> {
        let answer = if cx.error.is_some() { &mut cx.error } else { &mut cx.response };
        let Some(message) = answer.take() else {
            return fault_response(&ROUTE_FAILED.raise(), self.env.profile);
        };
        if keep {
            *answer = Some(message.snapshot());
        }
        into_response(message, self.proxy.properties.compression)
    }
}

/// What is waited for until `end` at the latest, in the clock's elapsed time.
async fn in_time<T>(
    end: Option<Duration>,
    clock: &Clock,
    waiting: impl Future<Output = T>,
) -> Result<T, Fault> {
    let Some(end) = end else { return Ok(waiting.await) };
    let left = end.saturating_sub(clock.elapsed());
    timeout(left, waiting).await.map_err(|_| API_TIMED_OUT.raise())
}

/// Makes a body that has just been read into memory the plain one that its readers want.
fn decode(message: &mut Message, limit_bytes: usize) -> Result<(), CodingError> {
    if !message.headers.contains_key(CONTENT_ENCODING) || coding::is_part(&message.headers) {
        return Ok(());
    }
    if let Body::Full(bytes) = &mut message.body {
        let codings = coding::codings(&message.headers)?;
        let plain = coding::decode(std::mem::take(bytes), &codings, limit_bytes)?;
        message.body = Body::from(plain);
    }
    Ok(())
}

/// What speaks of the request alone and would mislead in the answer of a null route.
const REQUEST_HEADERS: [http::HeaderName; 6] = [
    http::header::HOST,
    http::header::ACCEPT_ENCODING,
    http::header::EXPECT,
    http::header::AUTHORIZATION,
    http::header::COOKIE,
    http::header::TE,
];

/// The message as the server sends it: framing is the server's own.
fn into_response(mut message: Message, compression: Option<Algorithm>) -> http::Response<Body> {
    let (status, reason) = match message.head {
        Head::Response(head) => (head.status, head.reason),
        Head::Request(_) => (StatusCode::OK, None),
    };
    remove_hop_by_hop(&mut message.headers);
    if status == StatusCode::NO_CONTENT {
        // RFC 9110 section 8.6: such an answer has no body, and no length either.
        message.body = Body::Empty;
        message.headers.remove(CONTENT_LENGTH);
    }
    coding::settle(&mut message.headers, &mut message.body, compression);
    target::keep_true_length(&mut message.headers, &message.body);
    let mut response = http::Response::new(message.body);
    *response.status_mut() = status;
    *response.headers_mut() = message.headers;
    *response.extensions_mut() = message.extensions;
    if let Some(reason) = reason
        && let Ok(reason) = hyper::ext::ReasonPhrase::try_from(reason.as_bytes().clone())
    {
        response.extensions_mut().insert(reason);
    }
    response
}
