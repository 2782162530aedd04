//! From the context's request to a call of the target, and the answer back.
//!
//! Source: Apigee docs, "Flow variables reference" (`target.*`), "Endpoint properties
//! reference"; RFC 9110 sections 7.2 (Host) and 7.6.1 (hop-by-hop fields).

use std::borrow::Cow;
use std::time::Duration;

use bytestring::ByteString;
use http::header::{
    ALLOW, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, DATE, EXPECT, EXPIRES, HOST,
    IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, LOCATION, PROXY_AUTHORIZATION,
};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri};
use http_body::Body as _;

use crate::engine::{Env, balance, faults, in_time};
use crate::message::coding;
use crate::message::faults::{
    BAD_TARGET_URL, DUPLICATE_RESPONSE_HEADER, GOOGLE_TOKEN_FAILED, LENGTH_REQUIRED,
    RESPONSE_405_WITHOUT_ALLOW, SSL_HANDSHAKE_FAILED, TARGET_MISSING, UNEXPECTED_EOF_AT_TARGET,
};
use crate::message::{
    Body, Fault, Head, Message, MessageContext, Phase, SentTarget, header_text, pairs,
    remove_connection_options, remove_hop_by_hop, remove_pair,
};
use crate::plan::{ParsedUrl, ProxyPlan, TargetPlan, TargetUrl, TlsChoice, TlsPlan};
use crate::template::Unresolved;
use crate::upstream::tls::{Tls, TlsError};
use crate::upstream::{CallFailed, Scheme, TargetAddress, TargetAnswer, TargetCall, Timeouts};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Calls the target with the context's request; its body moves into the call.
pub(super) async fn call(
    cx: &mut MessageContext,
    target: &TargetPlan,
    proxy: &ProxyPlan,
    env: &Env,
    remaining: Option<Duration>,
) -> Result<Message, Fault> {
    check_length(cx, target)?;
    if let Some(balancer) = &target.balancer {
        // Boxed: targets without one would carry the room that its tries need.
        return Box::pin(balance::call(cx, target, balancer, proxy, env, remaining)).await;
    }
    let url = base_url(cx, target)?;
    let base = (url.uri.path(), url.uri.query().unwrap_or(""));
    let path_and_query =
        compose_path(cx, target, base).ok_or_else(|| bad_url(&url.uri.to_string()))?;
    let mut address = url.address.clone();
    if address.scheme == Scheme::Https {
        address.tls = tls(cx, &target.tls)?;
    }
    if has_token(cx, target) {
        check_way(cx, target, &address)?;
    }
    let host = url.host.clone();
    let end = remaining.map(|remaining| env.clock.elapsed() + remaining);
    let bearer = bearer(cx, target, env, end, || url.uri.to_string()).await?;
    let mut request = outgoing(cx, target, proxy, path_and_query, host);
    show(bearer, &mut request);
    let remaining = end.map(|end| end.saturating_sub(env.clock.elapsed()));
    let timeouts = timeouts(target, remaining);
    match send(cx, target, env, TargetCall { address, request, timeouts }).await {
        Ok(answer) => accept(cx, target, answer),
        Err(failed) => Err(faults::upstream(failed.error)),
    }
}

pub(super) fn timeouts(target: &TargetPlan, remaining: Option<Duration>) -> Timeouts {
    let mut timeouts = target.properties.timeouts;
    if let Some(remaining) = remaining {
        timeouts.io = timeouts.io.min(remaining);
        timeouts.connect = timeouts.connect.min(remaining);
    }
    timeouts
}

/// Whether a call shows a Google token: the target's, or one that a policy put there.
pub(super) fn has_token(cx: &MessageContext, target: &TargetPlan) -> bool {
    target.bearer.is_some()
        || (cx.has_token && cx.request.headers.values().any(HeaderValue::is_sensitive))
}

/// A Google token goes nowhere in the clear. Unknown: whether the platform sends it; its
/// documentation knows targets with TLS alone.
pub(super) fn check_way(
    cx: &MessageContext,
    target: &TargetPlan,
    address: &TargetAddress,
) -> Result<(), Fault> {
    if address.is_confidential() {
        return Ok(());
    }
    tracing::warn!(
        proxy = %cx.facts.proxy,
        target = %target.facts.name,
        host = %address.host,
        "a Google token is not sent in the clear; reach the target by https"
    );
    Err(GOOGLE_TOKEN_FAILED.raise())
}

/// The header of the Google token that the target's calls show, which is waited for until `end`.
/// `url`: where they go.
pub(super) async fn bearer(
    cx: &MessageContext,
    target: &TargetPlan,
    env: &Env,
    end: Option<Duration>,
    url: impl FnOnce() -> String,
) -> Result<Option<(HeaderName, HeaderValue)>, Fault> {
    let Some(bearer) = &target.bearer else { return Ok(None) };
    let url = url();
    // Boxed: targets without one would carry the room that its issuer's call needs.
    let asking = Box::pin(bearer.header(cx, Some(&url), &*env.upstream, &env.clock));
    let header = in_time(end, &env.clock, asking).await?;
    header.map(Some).map_err(|_| GOOGLE_TOKEN_FAILED.raise())
}

/// Puts the token in place of what the request has there.
pub(super) fn show(bearer: Option<(HeaderName, HeaderValue)>, request: &mut Request<Body>) {
    if let Some((name, value)) = bearer
        && request.headers_mut().try_insert(name, value).is_err()
    {
        tracing::debug!("a request has no room for its token");
    }
}

/// One call, with the variables that speak of where it went and when.
pub(super) async fn send(
    cx: &mut MessageContext,
    target: &TargetPlan,
    env: &Env,
    call: TargetCall,
) -> Result<TargetAnswer, CallFailed> {
    let sent = SentTarget {
        scheme: ByteString::from_static(call.address.scheme.as_str()),
        host: call.address.host.clone(),
        port: call.address.port,
        ip: None,
        subject: None,
        path_and_query: call
            .request
            .uri()
            .path_and_query()
            .cloned()
            .unwrap_or_else(|| PathAndQuery::from_static("/")),
    };
    if let Some(state) = &mut cx.target {
        state.sent = Some(sent);
    }
    cx.times.target_sent_start = Some(env.clock.epoch_ms());
    let answer = env.upstream.call(call).await;
    let now = Some(env.clock.epoch_ms());
    cx.times.target_sent_end = now;
    let answer = answer.inspect_err(|failed| {
        let error = &failed.error;
        tracing::debug!(proxy = %cx.facts.proxy, target = %target.facts.name, %error, "target call");
    })?;
    cx.times.target_received_start = now;
    cx.times.target_received_end = now;
    Ok(answer)
}

/// The answer as the flows see it.
pub(super) fn accept(
    cx: &mut MessageContext,
    target: &TargetPlan,
    answer: TargetAnswer,
) -> Result<Message, Fault> {
    cx.phase = Phase::TargetResponse;
    if answer.response.status().is_some_and(|status| status.is_informational()) {
        // Only 101 gets here, and nobody asked for another protocol: Upgrade was taken off.
        return Err(UNEXPECTED_EOF_AT_TARGET.raise());
    }
    if let Some(sent) = cx.target.as_mut().and_then(|state| state.sent.as_mut()) {
        sent.ip = answer.ip;
        sent.subject = answer.subject;
    }
    let mut response = answer.response;
    remove_connection_options(&mut response.headers);
    check_answer(&response, target)?;
    if let Some(only) = &target.properties.response_headers.only {
        retain(&mut response.headers, only);
    }
    Ok(response)
}

/// The client of TLS that an https call goes by; `None` for the defaults.
fn tls(cx: &MessageContext, plan: &TlsPlan) -> Result<Option<Tls>, Fault> {
    let chosen = match plan.choose(cx) {
        TlsChoice::Off(chosen) => chosen,
        TlsChoice::On(Ok(chosen)) => Some(chosen),
        TlsChoice::On(Err(error)) => return Err(no_tls(&error)),
    };
    Ok(expecting(cx, chosen))
}

/// With the name that a flow expects of the target's certificate.
pub(super) fn expecting(cx: &MessageContext, chosen: Option<Tls>) -> Option<Tls> {
    let expected = cx.target.as_ref().and_then(|state| state.expected_cn.as_ref());
    match expected.filter(|name| !name.is_empty()) {
        Some(name) => Some(chosen.as_ref().unwrap_or_else(|| Tls::plain()).expecting(name)),
        None => chosen,
    }
}

pub(super) fn no_tls(error: &TlsError) -> Fault {
    SSL_HANDSHAKE_FAILED.raise_with(&[("why", &error.to_string())])
}

/// A target may ask for a length where no body comes: a request that came without does not go
/// on, unless a policy gave it a body.
pub(super) fn check_length(cx: &MessageContext, target: &TargetPlan) -> Result<(), Fault> {
    let may_lack = match cx.request.method() {
        Some(&Method::POST) => target.properties.post_without_length,
        Some(&Method::PUT) => target.properties.put_without_length,
        Some(_) | None => true,
    };
    if cx.lacks_length && !may_lack && matches!(cx.request.body, Body::Empty) {
        return Err(LENGTH_REQUIRED.raise());
    }
    Ok(())
}

/// What of a target's answer is a fault, whatever its status.
fn check_answer(response: &Message, target: &TargetPlan) -> Result<(), Fault> {
    if let Some(name) = duplicate(&response.headers, &target.properties.repeatable_headers) {
        return Err(DUPLICATE_RESPONSE_HEADER.raise_with(&[("name", name)]));
    }
    if !target.properties.ignore_allow_for_405
        && response.status() == Some(StatusCode::METHOD_NOT_ALLOWED)
        && !response.headers.contains_key(ALLOW)
    {
        return Err(RESPONSE_405_WITHOUT_ALLOW.raise());
    }
    Ok(())
}

/// Headers that may stand once only. Unknown: the platform's own list; its documentation names
/// Expires, Content-Type and Authorization, the others are of a kind with them. hyper refuses
/// a second Content-Length.
static SINGLE: [(HeaderName, &str); 9] = [
    (AUTHORIZATION, "Authorization"),
    (CONTENT_TYPE, "Content-Type"),
    (DATE, "Date"),
    (EXPIRES, "Expires"),
    (HOST, "Host"),
    (IF_MODIFIED_SINCE, "If-Modified-Since"),
    (LAST_MODIFIED, "Last-Modified"),
    (LOCATION, "Location"),
    (PROXY_AUTHORIZATION, "Proxy-Authorization"),
];

/// The first of them that stands twice and is not among the `repeatable`.
pub(super) fn duplicate(headers: &HeaderMap, repeatable: &[HeaderName]) -> Option<&'static str> {
    // As many names as values: none stands twice.
    if headers.keys_len() == headers.len() {
        return None;
    }
    let found = SINGLE.iter().find(|(name, _)| {
        !repeatable.contains(name) && headers.get_all(name).iter().nth(1).is_some()
    });
    found.map(|(_, shown)| *shown)
}

pub(super) fn bad_url(url: &str) -> Fault {
    BAD_TARGET_URL.raise_with(&[("url", url)])
}

/// Where the request goes: a variable's URL, or the configured one.
fn base_url<'p>(cx: &MessageContext, target: &'p TargetPlan) -> Result<Cow<'p, ParsedUrl>, Fault> {
    let state = cx.target.as_ref();
    let dynamic = state.and_then(|state| state.url.as_deref().or(state.evaluated_url.as_deref()));
    let rendered = match (dynamic, &target.url) {
        (Some(url), _) => Cow::Borrowed(url),
        (None, Some(TargetUrl::Fixed(url))) => return Ok(Cow::Borrowed(url)),
        (None, Some(TargetUrl::Template(template))) => {
            template.render(cx, Unresolved::Empty).map_err(|_| TARGET_MISSING.raise())?
        }
        (None, None) => return Err(TARGET_MISSING.raise()),
    };
    ParsedUrl::parse(&rendered).map(Cow::Owned).ok_or_else(|| bad_url(&rendered))
}

/// The path of the URL, the path suffix, the request's query after the URL's own.
pub(super) fn compose_path(
    cx: &MessageContext,
    target: &TargetPlan,
    (base_path, base_query): (&str, &str),
) -> Option<PathAndQuery> {
    let state = cx.target.as_ref();
    let suffix = match state {
        Some(state) if !state.copy_pathsuffix => "",
        Some(_) | None => cx.pathsuffix(),
    };
    let query = match state {
        Some(state) if !state.copy_queryparams => Cow::Borrowed(""),
        Some(_) | None => retained_query(cx.request.query(), target),
    };
    let mut text =
        String::with_capacity(base_path.len() + suffix.len() + base_query.len() + query.len() + 3);
    if suffix.is_empty() {
        text.push_str(base_path);
    } else {
        text.push_str(base_path.trim_end_matches('/'));
        if !suffix.starts_with('/') {
            text.push('/');
        }
        text.push_str(suffix);
    }
    if text.is_empty() {
        text.push('/');
    }
    let mut mark = '?';
    for part in [base_query, query.as_ref()] {
        if !part.is_empty() {
            text.push(mark);
            text.push_str(part);
            mark = '&';
        }
    }
    PathAndQuery::try_from(text).ok()
}

/// `retain.queryparams`: what of the query goes on.
fn retained_query<'a>(query: &'a str, target: &TargetPlan) -> Cow<'a, str> {
    let Some(only) = &target.properties.query_params else { return Cow::Borrowed(query) };
    let mut kept = Cow::Borrowed(query);
    for (name, _) in pairs(query) {
        if !only.iter().any(|known| *known == name) {
            kept = Cow::Owned(remove_pair(&kept, &name, None));
        }
    }
    kept
}

/// The request as it goes out: the method, headers and body of the context's request.
pub(super) fn outgoing(
    cx: &mut MessageContext,
    target: &TargetPlan,
    proxy: &ProxyPlan,
    path_and_query: PathAndQuery,
    host: HeaderValue,
) -> Request<Body> {
    let mut request = Request::new(std::mem::take(&mut cx.request.body));
    if let Head::Request(head) = &cx.request.head {
        request.method_mut().clone_from(&head.method);
    }
    // The context keeps the buffered body for the flows that follow.
    if let Some(bytes) = request.body().bytes() {
        cx.request.body = Body::from(bytes.clone());
    }
    *request.uri_mut() = Uri::from(path_and_query);
    let mut headers = if proxy.late.request_head {
        cx.request.headers.clone()
    } else {
        std::mem::take(&mut cx.request.headers)
    };
    remove_hop_by_hop(&mut headers);
    headers.remove(EXPECT);
    if request.body().is_buffered() {
        // The length is that of the body as it is now.
        headers.remove(CONTENT_LENGTH);
    }
    coding::settle(&mut headers, request.body_mut(), target.properties.compression);
    keep_true_length(&mut headers, request.body());
    if let Some(only) = &target.properties.request_headers.only {
        retain(&mut headers, only);
    }
    if let Some(revalidation) = &cx.revalidation {
        let validators = revalidation.stored.validators();
        for (name, value) in [IF_NONE_MATCH, IF_MODIFIED_SINCE].into_iter().zip(validators) {
            headers.extend(value.map(|value| (name, value)));
        }
    }
    let own_host = cx.target.as_ref().and_then(|state| state.header_host.as_ref());
    headers.insert(HOST, own_host.map_or(host, |own| header_text(own)));
    if proxy.properties.x_forwarded_for {
        let peer = cx.client.peer.ip().to_string();
        let before = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
        let joined: Vec<&str> = before.chain([peer.as_str()]).collect();
        let joined = header_text(&joined.join(", "));
        headers.insert(FORWARDED_FOR, joined);
    }
    *request.headers_mut() = headers;
    *request.extensions_mut() = std::mem::take(&mut cx.request.extensions);
    request
}

/// Drops a Content-Length that is not that of the body, which a policy may have set: the peer
/// would take the rest for another message. A message without a body keeps it, since an answer
/// to HEAD and a 304 name the length of what they do not carry.
pub(super) fn keep_true_length(headers: &mut HeaderMap, body: &Body) {
    let Some(declared) = headers.get(CONTENT_LENGTH) else { return };
    let declared = declared.to_str().ok().and_then(|text| text.parse::<u64>().ok());
    let is_true = declared.is_some() && declared == body.size_hint().exact();
    if !is_true && !matches!(body, Body::Empty) {
        headers.remove(CONTENT_LENGTH);
    }
}

fn retain(headers: &mut HeaderMap, only: &[HeaderName]) {
    let dropped: Vec<HeaderName> =
        headers.keys().filter(|name| !only.contains(name)).cloned().collect();
    for name in dropped {
        headers.remove(name);
    }
}
