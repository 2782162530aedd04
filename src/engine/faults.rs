//! The one place where a fault becomes an error message, and an error of the outside a fault.
//!
//! Source: Apigee docs, "Runtime error catalog", and the playbooks of the transport errors.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};

use crate::message::{Body, BodyError, Category, Fault, Head, Message, MessageContext};
use crate::profile::Profile;
use crate::upstream::UpstreamError;

pub(super) fn no_route() -> Fault {
    Fault::new("messaging.runtime.RouteFailed", "Unable to route the message to a TargetEndpoint")
        .category(Category::Routing)
}

pub(super) fn target_missing() -> Fault {
    Fault::new("messaging.runtime.TargetMissing", "The target endpoint cannot be called")
        .category(Category::Routing)
}

pub(super) fn api_timed_out() -> Fault {
    Fault::new("flow.APITimedOut", "API timed out")
        .status(StatusCode::GATEWAY_TIMEOUT)
        .category(Category::Io)
}

pub(super) fn shared_flow_not_found(name: &str) -> Fault {
    Fault::new("flow.SharedFlowNotFound", format!("Shared Flow {name} Not Found"))
}

/// Unknown: Apigee's words for shared flows that call each other too deep.
pub(super) fn shared_flows_too_deep(name: &str) -> Fault {
    Fault::new("flow.SharedFlowDepthExceeded", format!("Shared Flow {name} is called too deep"))
}

/// A target's answer outside `success.codes`: its status, headers and body are the error
/// message as they stand.
pub(super) fn error_response_code(response: Message, status: StatusCode) -> Fault {
    Fault::new(
        "messaging.adaptors.http.flow.ErrorResponseCode",
        format!("The target answered {}", status.as_u16()),
    )
    .status(status)
    .category(Category::ResponseCode)
    .message(response)
}

pub(super) fn bad_target_url(url: &str) -> Fault {
    // Unknown: Apigee's code for a target URL that is none is not public.
    Fault::new(
        "messaging.adaptors.http.flow.ServiceUnavailable",
        format!("The target URL is invalid: {url}"),
    )
    .status(StatusCode::SERVICE_UNAVAILABLE)
    .category(Category::Connectivity)
}

/// Why the client's body could not be read.
pub(super) fn request_body(error: BodyError) -> Fault {
    match error {
        BodyError::TooLarge { .. } => {
            too_big(StatusCode::PAYLOAD_TOO_LARGE).category(Category::RequestValidation)
        }
        // Unknown: the code of a client that stops sending; X documents the status alone.
        BodyError::Timeout => {
            Fault::new("messaging.adaptors.http.flow.RequestTimeOut", "Request timed out")
                .status(StatusCode::REQUEST_TIMEOUT)
                .category(Category::Io)
        }
        BodyError::Closed { .. } | BodyError::Other { .. } => Fault::new(
            "messaging.adaptors.http.flow.UnexpectedEOFAtClient",
            "Unexpected EOF at client",
        )
        .status(StatusCode::BAD_REQUEST)
        .category(Category::Io),
    }
}

/// Why the target's body could not be read.
pub(super) fn response_body(error: BodyError) -> Fault {
    match error {
        BodyError::TooLarge { .. } => {
            too_big(StatusCode::BAD_GATEWAY).category(Category::ResponseValidation)
        }
        BodyError::Timeout => gateway_timeout(),
        BodyError::Closed { .. } | BodyError::Other { .. } => unexpected_eof(),
    }
}

pub(super) fn upstream(error: UpstreamError) -> Fault {
    match error {
        UpstreamError::ConnectTimeout { .. } => unavailable("TARGET_CONNECT_TIMEOUT"),
        UpstreamError::Connect { .. } | UpstreamError::OwnAddress { .. } => {
            unavailable("TARGET_CONNECTION_REFUSED")
        }
        UpstreamError::Loop { .. } => unavailable("TARGET_IS_GATEWAY"),
        UpstreamError::Resolve { .. } => unavailable("TARGET_HOST_NOT_REACHABLE"),
        UpstreamError::UnsupportedScheme { .. } => unavailable("TARGET_SCHEME_NOT_SUPPORTED"),
        UpstreamError::ReadTimeout { .. } => gateway_timeout(),
        UpstreamError::ClosedEarly { .. } | UpstreamError::Protocol { .. } => unexpected_eof(),
        UpstreamError::RequestBody { source } => request_body(source),
    }
}

/// The target ended HTTP instead of answering.
pub(super) fn no_answer() -> Fault {
    unexpected_eof()
}

fn too_big(status: StatusCode) -> Fault {
    Fault::new("protocol.http.TooBigBody", "Body buffer overflow").status(status)
}

fn unavailable(reason: &'static str) -> Fault {
    Fault::new(
        "messaging.adaptors.http.flow.ServiceUnavailable",
        "The Service is temporarily unavailable",
    )
    .status(StatusCode::SERVICE_UNAVAILABLE)
    .category(Category::Connectivity)
    .reason(reason)
}

fn gateway_timeout() -> Fault {
    Fault::new("messaging.adaptors.http.flow.GatewayTimeout", "Gateway Timeout")
        .status(StatusCode::GATEWAY_TIMEOUT)
        .category(Category::Io)
        .reason("TARGET_READ_TIMEOUT")
}

fn unexpected_eof() -> Fault {
    Fault::new("messaging.adaptors.http.flow.UnexpectedEOFAtTarget", "Unexpected EOF at target")
        .status(StatusCode::BAD_GATEWAY)
        .category(Category::Io)
        .reason("TARGET_READ_UNEXPECTED_EOF")
}

/// Makes the fault the context's error: its own message, or the default one.
pub(super) fn enter(cx: &mut MessageContext, mut fault: Fault, profile: Profile) {
    let message = match fault.message.take() {
        None => default_message(&fault, profile),
        Some(made) => {
            let mut made = *made;
            // RaiseFault without a payload answers with the default body.
            if !fault.has_body {
                let default = default_message(&fault, profile);
                made.headers.extend(default.headers);
                made.body = default.body;
            }
            made
        }
    };
    cx.error = Some(message);
    cx.fault = Some(fault);
}

/// The response of a fault that no plan handles, such as `ApplicationNotFound`.
pub fn fault_response(fault: &Fault, profile: Profile) -> http::Response<Body> {
    super::into_response(default_message(fault, profile))
}

fn default_message(fault: &Fault, profile: Profile) -> Message {
    let mut message = Message::response(fault.status);
    if let Head::Response(head) = &mut message.head {
        head.status = fault.status;
    }
    message.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    message.body = Body::from(default_body(fault, profile));
    message
}

/// `{"fault":{"faultstring":"…","detail":{"errorcode":"…"}}}`, the solidus escaped as the
/// platform's writer does.
fn default_body(fault: &Fault, profile: Profile) -> Bytes {
    let text = |text: &str| serde_json::Value::from(text).to_string().replace('/', "\\/");
    let mut body = format!(
        r#"{{"fault":{{"faultstring":{},"detail":{{"errorcode":{}"#,
        text(&fault.text),
        text(&fault.code)
    );
    if let (Profile::X, Some(reason)) = (profile, fault.reason) {
        body.push_str(r#","reason":"#);
        body.push_str(&text(reason));
    }
    body.push_str("}}}");
    Bytes::from(body)
}

#[cfg(test)]
mod tests;
