//! The one place where a fault becomes an error message, and an error of the outside a fault.
//!
//! What each fault is: `message/faults.rs`. Source of the default body: Apigee docs, "Handling
//! faults".

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};

use crate::message::coding::{Coding, CodingError};
use crate::message::faults as row;
use crate::message::{Body, BodyError, Fault, Head, Message, MessageContext};
use crate::profile::Profile;
use crate::upstream::UpstreamError;

/// A target's answer outside `success.codes`: its status, headers and body are the error
/// message as they stand.
pub(super) fn error_response_code(response: Message, status: StatusCode) -> Fault {
    row::ERROR_RESPONSE_CODE
        .raise_with(&[("status", status.as_str())])
        .status(status)
        .message(response)
}

/// Why the client's body could not be read.
pub(super) fn request_body(error: BodyError) -> Fault {
    match error {
        BodyError::TooLarge { .. } => row::REQUEST_BODY_TOO_BIG.raise(),
        BodyError::Timeout => row::REQUEST_TIMEOUT.raise(),
        BodyError::Closed { .. } | BodyError::Other { .. } => row::UNEXPECTED_EOF_AT_CLIENT.raise(),
    }
}

/// Why the target's body could not be read.
pub(super) fn response_body(error: BodyError) -> Fault {
    match error {
        BodyError::TooLarge { .. } => row::RESPONSE_BODY_TOO_BIG.raise(),
        BodyError::Timeout => row::GATEWAY_TIMEOUT.raise(),
        BodyError::Closed { .. } | BodyError::Other { .. } => row::UNEXPECTED_EOF_AT_TARGET.raise(),
    }
}

/// Why the client's body could not be decompressed.
pub(super) fn request_coding(error: CodingError) -> Fault {
    match error {
        CodingError::Unsupported { name } => {
            row::UNSUPPORTED_REQUEST_ENCODING.raise_with(&[("encoding", &name)])
        }
        CodingError::Format { coding: Coding::Gzip } => row::REQUEST_NOT_GZIP.raise(),
        CodingError::Format { coding: Coding::Deflate } => row::REQUEST_NOT_DEFLATE.raise(),
        CodingError::TooLarge { .. } => row::REQUEST_BODY_TOO_BIG.raise(),
    }
}

/// Why the target's body could not be decompressed.
pub(super) fn response_coding(error: CodingError) -> Fault {
    match error {
        CodingError::Unsupported { name } => {
            row::UNSUPPORTED_RESPONSE_ENCODING.raise_with(&[("encoding", &name)])
        }
        CodingError::Format { coding: Coding::Gzip } => row::RESPONSE_NOT_GZIP.raise(),
        CodingError::Format { coding: Coding::Deflate } => row::RESPONSE_NOT_DEFLATE.raise(),
        CodingError::TooLarge { .. } => row::RESPONSE_BODY_TOO_BIG.raise(),
    }
}

pub(super) fn upstream(error: UpstreamError) -> Fault {
    match error {
        UpstreamError::ConnectTimeout { .. } => row::TARGET_CONNECT_TIMEOUT.raise(),
        UpstreamError::Connect { .. } | UpstreamError::OwnAddress { .. } => {
            row::TARGET_REFUSED.raise()
        }
        UpstreamError::Loop { .. } => row::TARGET_IS_GATEWAY.raise(),
        UpstreamError::Resolve { .. } => row::TARGET_NOT_RESOLVED.raise(),
        UpstreamError::Handshake { reason, .. } => {
            row::SSL_HANDSHAKE_FAILED.raise_with(&[("why", &reason)])
        }
        UpstreamError::ReadTimeout { .. } => row::GATEWAY_TIMEOUT.raise(),
        UpstreamError::ClosedEarly { .. } | UpstreamError::Protocol { .. } => {
            row::UNEXPECTED_EOF_AT_TARGET.raise()
        }
        UpstreamError::RequestBody { source } => request_body(source),
    }
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
    super::into_response(default_message(fault, profile), None)
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
