//! Calls of a target that has several servers: which one, and which one after it failed.
//!
//! Source: Apigee docs, "Load balancing across backend servers": a call is tried on another server
//! after an I/O error, a timeout, or a status of `ServerUnhealthyResponse`, whatever its method,
//! unless `RetryEnabled` is false. `Unknown:` how often; each server is tried once.
//! Faults: `NoActiveTargets`, and those of a call.

use std::borrow::Cow;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::{Request, StatusCode};
use http_body::{Body as HttpBody, Frame, SizeHint};

use crate::engine::target::{
    accept, bad_url, bearer, check_way, compose_path, expecting, has_token, no_tls, outgoing, send,
    show, timeouts,
};
use crate::engine::{Env, faults};
use crate::message::faults::{NO_ACTIVE_TARGETS, TARGET_MISSING};
use crate::message::{Balanced, Body, BodyError, BodyStream, Fault, Message, MessageContext};
use crate::plan::{Active, BalancerPlan, ProxyPlan, ServerPlan, TargetPlan};
use crate::template::Unresolved;
use crate::upstream::{CallFailed, Scheme, TargetAnswer, TargetCall, UpstreamError};

pub(super) async fn call(
    cx: &mut MessageContext,
    target: &TargetPlan,
    balancer: &BalancerPlan,
    proxy: &ProxyPlan,
    env: &Env,
    remaining: Option<Duration>,
) -> Result<Message, Fault> {
    let end = remaining.map(|remaining| env.clock.elapsed() + remaining);
    let path = path(cx, balancer)?;
    let (base_path, base_query) = path.split_once('?').unwrap_or((&path, ""));
    let composed = compose_path(cx, target, (base_path, base_query));
    let path_and_query = composed.ok_or_else(|| bad_url(&path))?;
    let mut tried: Vec<usize> = Vec::new();
    let Some(mut at) = balancer.choose(env.clock.elapsed(), &tried) else {
        return Err(NO_ACTIVE_TARGETS.raise());
    };
    let endpoint = target.tls.choose(cx);
    let own_host = cx.target.as_ref().is_some_and(|state| state.header_host.is_some());
    let host = balancer.servers.get(at).map(|server| server.host.clone());
    let host = host.ok_or_else(|| NO_ACTIVE_TARGETS.raise())?;
    let has_token = has_token(cx, target);
    if has_token
        && let Some(Ok(address)) = balancer.servers.get(at).map(|first| first.address(&endpoint))
    {
        check_way(cx, target, &address)?;
    }
    // Unknown: whose URL the audience is where there are several servers. It is the first one's.
    let bearer = bearer(cx, target, env, end, || {
        let scheme =
            balancer.servers.get(at).map_or(Scheme::Http, |server| server.scheme(&target.tls));
        format!("{}://{}{base_path}", scheme.as_str(), host.to_str().unwrap_or_default())
    });
    let bearer = bearer.await?;
    let mut request = outgoing(cx, target, proxy, path_and_query, host.clone());
    show(bearer, &mut request);
    loop {
        let Some(server) = balancer.servers.get(at) else {
            return Err(NO_ACTIVE_TARGETS.raise());
        };
        note(cx, balancer, server, &tried);
        let is_last = !balancer.retry || tried.len() + 1 >= balancer.servers.len();
        let (outcome, again) = match server.address(&endpoint) {
            Err(error) => (Outcome::Failed(no_tls(&error)), Some(request)),
            Ok(mut address) => {
                if has_token {
                    check_way(cx, target, &address)?;
                }
                if address.scheme == Scheme::Https {
                    address.tls = expecting(cx, address.tls);
                }
                let spare = if is_last { None } else { copy(&request) };
                let left = end.map(|end| end.saturating_sub(env.clock.elapsed()));
                let active = balancer.begin(server);
                let timeouts = timeouts(target, left);
                let sent = send(cx, target, env, TargetCall { address, request, timeouts }).await;
                judge(sent, balancer, active, spare)
            }
        };
        let now = env.clock.elapsed();
        let last = match outcome {
            Outcome::Answered(answer) => {
                balancer.succeeded(server);
                return accept(cx, target, answer);
            }
            Outcome::Client(fault) => return Err(fault),
            Outcome::Unhealthy(_) | Outcome::Failed(_) => {
                balancer.failed(server, now);
                outcome
            }
        };
        tried.push(at);
        let has_time = end.is_none_or(|end| now < end);
        let next = again.filter(|_| !is_last && has_time).and_then(|again| {
            let next = balancer.choose(now, &tried)?;
            Some((again, next))
        });
        match (next, last) {
            (Some((again, next)), _) => {
                request = again;
                at = next;
                if let Some(next) = balancer.servers.get(at).filter(|_| !own_host) {
                    request.headers_mut().insert(HOST, next.host.clone());
                }
            }
            // The last one's answer is better than none.
            (None, Outcome::Unhealthy(answer) | Outcome::Answered(answer)) => {
                return accept(cx, target, answer);
            }
            (None, Outcome::Failed(fault) | Outcome::Client(fault)) => return Err(fault),
        }
    }
}

/// What became of one try.
enum Outcome {
    Answered(TargetAnswer),
    /// With a status of `ServerUnhealthyResponse`.
    Unhealthy(TargetAnswer),
    Failed(Fault),
    /// The client's own body failed, which says nothing of the server.
    Client(Fault),
}

/// What became of a call, and the request for another one, if there is one.
fn judge(
    sent: Result<TargetAnswer, CallFailed>,
    balancer: &BalancerPlan,
    active: Option<Active>,
    spare: Option<Request<Body>>,
) -> (Outcome, Option<Request<Body>>) {
    match sent {
        Ok(mut answer) => {
            if let Some(active) = active {
                hold(&mut answer.response, active);
            }
            let status = answer.response.status().unwrap_or(StatusCode::OK);
            match balancer.unhealthy.contains(&status) {
                true => (Outcome::Unhealthy(answer), spare),
                false => (Outcome::Answered(answer), None),
            }
        }
        Err(CallFailed { error: error @ UpstreamError::RequestBody { .. }, .. }) => {
            (Outcome::Client(faults::upstream(error)), None)
        }
        Err(CallFailed { error, unsent }) => {
            (Outcome::Failed(faults::upstream(error)), unsent.map(|unsent| *unsent).or(spare))
        }
    }
}

/// `HTTPTargetConnection/Path`, empty where there is none.
fn path<'c>(cx: &'c MessageContext, balancer: &'c BalancerPlan) -> Result<String, Fault> {
    let Some(template) = &balancer.path else { return Ok(String::new()) };
    let rendered = template.render(cx, Unresolved::Empty).map_err(|_| TARGET_MISSING.raise())?;
    let rendered: Cow<'_, str> = rendered;
    let path = rendered.trim();
    Ok(match path.is_empty() || path.starts_with(['/', '?']) {
        true => path.to_owned(),
        false => format!("/{path}"),
    })
}

fn note(cx: &mut MessageContext, balancer: &BalancerPlan, server: &ServerPlan, tried: &[usize]) {
    let failed = tried.iter().filter_map(|at| balancer.servers.get(*at));
    let balanced = Balanced {
        server: server.name.clone(),
        is_fallback: server.is_fallback,
        failed: failed.map(|server| server.name.clone()).collect(),
    };
    if let Some(state) = &mut cx.target {
        state.balanced = Some(Box::new(balanced));
    }
}

/// A second request, where the body is in memory. The case of its header names is not copied.
fn copy(request: &Request<Body>) -> Option<Request<Body>> {
    let body = match request.body() {
        Body::Empty => Body::Empty,
        body => Body::from(body.bytes()?.clone()),
    };
    let mut copy = Request::new(body);
    copy.method_mut().clone_from(request.method());
    copy.uri_mut().clone_from(request.uri());
    *copy.version_mut() = request.version();
    copy.headers_mut().clone_from(request.headers());
    Some(copy)
}

/// The call is under way until its answer's body has gone.
fn hold(response: &mut Message, active: Active) {
    response.body = match std::mem::take(&mut response.body) {
        Body::Stream(stream) => Body::Stream(Box::pin(Held { stream, _active: active })),
        whole => whole,
    };
}

struct Held {
    stream: BodyStream,
    _active: Active,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.stream.as_mut().poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.stream.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.stream.size_hint()
    }
}
