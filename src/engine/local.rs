//! A target that is another proxy: its plan runs here, without a connection.
//!
//! Source: Apigee docs, "Chaining API proxies together": the other proxy sees a client at a local
//! address. Unknown: what else goes over to it; it is what a connection would bring: the request
//! with its path suffix and query, and none of the variables.
//! Faults: `ApplicationNotFound`, `TargetMissing`, and `TARGET_IS_GATEWAY` for proxies that call
//! each other without end.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use http::HeaderValue;
use http::header::HOST;

use crate::engine::target::{accept, bad_url, check_length, compose_path, outgoing};
use crate::engine::{Answer, Execution, Ran, run_within};
use crate::message::faults::{APPLICATION_NOT_FOUND, TARGET_IS_GATEWAY, TARGET_MISSING};
use crate::message::{Client, Fault, Head, Message, MessageContext, ResponseHead};
use crate::plan::{LocalPlan, LocalRoute, TargetPlan};
use crate::template::{Template, Unresolved};
use crate::upstream::TargetAnswer;

/// How deep proxies may call each other: as often as a request may come back by the listener.
const LOCAL_CALLS_MAX: u32 = 16;

pub(super) async fn call(
    run: &Execution<'_>,
    cx: &mut MessageContext,
    target: &TargetPlan,
    local: &LocalPlan,
    remaining: Option<Duration>,
) -> Result<Message, Fault> {
    check_length(cx, target)?;
    if cx.local_calls >= LOCAL_CALLS_MAX {
        return Err(TARGET_IS_GATEWAY.raise());
    }
    let (route, path_and_query) = match local {
        LocalPlan::Endpoint { proxy, endpoint } => {
            let route = run.deployed.endpoint(&text(proxy, cx)?, &text(endpoint, cx)?);
            let route = route.ok_or_else(|| TARGET_MISSING.raise())?;
            let base = route.plan.endpoint(route.endpoint);
            let base = base.map_or("", |found| found.base_path.trim_end_matches('/'));
            let path = compose_path(cx, target, (base, "")).ok_or_else(|| bad_url(base))?;
            (LocalRoute { basepath_bytes: base.len(), ..route }, path)
        }
        LocalPlan::Path(path) => {
            let path = text(path, cx)?;
            let base = path.split_once('?').unwrap_or((&path, ""));
            let composed =
                compose_path(cx, target, base).filter(|path| path.path().starts_with('/'));
            let composed = composed.ok_or_else(|| bad_url(&path))?;
            // Unknown: whether a suffix may lead to another proxy. It is the client's, and the
            // other sees a local address.
            let route = run.deployed.route(base.0);
            (route.ok_or_else(|| not_found(cx, composed.path()))?, composed)
        }
    };
    let now = run.env.clock.epoch_ms();
    cx.times.target_sent_start = Some(now);
    let mut inner = inner(cx, target, run, &route, path_and_query);
    inner.times.client_received_start = Some(now);
    let end = remaining.map(|remaining| run.env.clock.elapsed() + remaining);
    let inner_run = run_within(run.deployed, &route.plan, route.endpoint, inner, run.env, end);
    // Boxed, because it may call a proxy in turn.
    let Answer { response, after, mut called } = Box::pin(inner_run).await;
    let now = Some(run.env.clock.epoch_ms());
    (cx.times.target_sent_end, cx.times.target_received_start) = (now, now);
    cx.times.target_received_end = now;
    if let Some(cx) = after {
        called.push(Ran { plan: route.plan, endpoint: route.endpoint, cx });
    }
    run.called.borrow_mut().append(&mut called);
    accept(cx, target, TargetAnswer { response: message(response), ip: None, subject: None })
}

/// What the other proxy begins with.
fn inner(
    cx: &mut MessageContext,
    target: &TargetPlan,
    run: &Execution<'_>,
    route: &LocalRoute,
    path_and_query: http::uri::PathAndQuery,
) -> Box<MessageContext> {
    let host = cx.request.headers.get(HOST).cloned();
    let host = host.unwrap_or_else(|| HeaderValue::from_static("localhost"));
    let (head, body) = outgoing(cx, target, run.proxy, path_and_query.clone(), host).into_parts();
    let mut request = Message::request(head.method, path_and_query);
    request.headers = head.headers;
    request.body = body;
    request.extensions = head.extensions;
    let local = cx.client.local;
    let peer = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), local.port());
    let client = Client { peer, local };
    let facts = route.plan.facts.clone();
    let mut inner = Box::new(MessageContext::new(facts, run.env.clock.clone(), client, request));
    inner.basepath_bytes = route.basepath_bytes;
    inner.local_calls = cx.local_calls + 1;
    // The length of an empty body goes with the connection, which there is none of.
    inner.lacks_length = cx.lacks_length;
    inner.has_token = cx.has_token;
    inner
}

fn message(response: http::Response<crate::message::Body>) -> Message {
    let (mut head, body) = response.into_parts();
    let reason = head.extensions.remove::<hyper::ext::ReasonPhrase>();
    let reason = reason.and_then(|phrase| String::from_utf8(phrase.as_bytes().to_vec()).ok());
    let mut message = Message::response(head.status);
    message.head =
        Head::Response(ResponseHead { status: head.status, reason: reason.map(Into::into) });
    message.headers = head.headers;
    message.body = body;
    message.extensions = head.extensions;
    message
}

fn text<'a>(template: &'a Template, cx: &'a MessageContext) -> Result<Cow<'a, str>, Fault> {
    let rendered = template.render(cx, Unresolved::Empty).map_err(|_| TARGET_MISSING.raise())?;
    Ok(match rendered {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    })
}

fn not_found(cx: &MessageContext, path: &str) -> Fault {
    let host = cx.request.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("");
    APPLICATION_NOT_FOUND.raise_with(&[("host", host), ("path", path)])
}
