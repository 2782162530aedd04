//! Why a call is not done, as gRPC and as HTTP say it.
//!
//! Sources: the tables by which Momento's libraries turn status and `err` trailer into their
//! errors; Node's goes by words of the message where a limit is exceeded. UNAVAILABLE, INTERNAL
//! and CANCELLED are tried again by all of them, so no lasting condition has one of these.

use std::borrow::Cow;

use http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde_json::json;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code, Status};

use crate::serve::control::Payload;
use crate::serve::momento::keyring::Rejected;
use crate::store::cache::CacheError;
use crate::store::cache::control::ControlError;
use crate::store::durable::StoreError;

/// The trailer that refines a status.
const ERR: &str = "err";

#[derive(Debug)]
pub(super) enum Refusal {
    NoToken,
    BadToken,
    ExpiredToken,
    /// The token does not allow it.
    Forbidden,
    CacheNotFound,
    /// Of the HTTP API alone: gRPC has no such error.
    KeyNotFound,
    CacheExists,
    Invalid(Cow<'static, str>),
    /// What is there is not what the call is for.
    Precondition(Cow<'static, str>),
    RateLimit,
    RequestTooLarge,
    ItemTooLarge,
    ElementTooLarge,
    /// More bytes are on their way than the gateway takes at a time.
    Throughput,
    TooMany(&'static str),
    /// What keeps the data does not answer.
    Unavailable,
    DeadlineExceeded,
    Unimplemented,
    Failed,
}

/// What a refusal comes to.
struct Said {
    code: Code,
    err: &'static str,
    message: Cow<'static, str>,
}

impl Refusal {
    pub(super) fn invalid(what: &'static str) -> Self {
        Self::Invalid(Cow::Borrowed(what))
    }

    fn said(self) -> Said {
        let (code, err, message) = match self {
            Self::NoToken => {
                (Code::Unauthenticated, "invalid_token", "Authentication failed: a token is needed")
            }
            Self::BadToken => (
                Code::Unauthenticated,
                "invalid_token",
                "Authentication failed: the token is not valid",
            ),
            Self::ExpiredToken => (
                Code::Unauthenticated,
                "invalid_token",
                "Authentication failed: the token has expired",
            ),
            Self::Forbidden => (
                Code::PermissionDenied,
                "permission_denied",
                "Insufficient permissions to perform this operation",
            ),
            Self::CacheNotFound => (Code::NotFound, "cache_not_found", "Cache not found"),
            Self::KeyNotFound => (Code::NotFound, "item_not_found", "Key not found"),
            Self::CacheExists => {
                (Code::AlreadyExists, "cache_already_exists", "A cache of this name exists already")
            }
            Self::Invalid(message) => {
                return Said { code: Code::InvalidArgument, err: "invalid_argument", message };
            }
            Self::Precondition(message) => {
                return Said {
                    code: Code::FailedPrecondition,
                    err: "failed_precondition",
                    message,
                };
            }
            Self::RateLimit => (
                Code::ResourceExhausted,
                "operations_rate_limit_exceeded",
                "Limit exceeded: operations per second",
            ),
            Self::RequestTooLarge => (
                Code::ResourceExhausted,
                "request_size_limit_exceeded",
                "Request limit exceeded: the request limit is 5 MB (request limit exceeded)",
            ),
            Self::ItemTooLarge => (
                Code::ResourceExhausted,
                "item_size_limit_exceeded",
                "Limit exceeded: the item size is over what the cache takes",
            ),
            Self::ElementTooLarge => (
                Code::ResourceExhausted,
                "element_size_limit_exceeded",
                "Limit exceeded: the element size is over 128 KB",
            ),
            Self::Throughput => (
                Code::ResourceExhausted,
                "throughput_rate_limit_exceeded",
                "Limit exceeded: throughput; try again when other requests are done",
            ),
            Self::TooMany(message) => (Code::ResourceExhausted, "limit_exceeded", message),
            Self::Unavailable => (
                Code::Unavailable,
                "server_unavailable",
                "The service is not reachable for a moment",
            ),
            Self::DeadlineExceeded => {
                (Code::DeadlineExceeded, "deadline_exceeded", "The deadline was exceeded")
            }
            Self::Unimplemented => {
                (Code::Unimplemented, "unimplemented", "This gateway does not offer that call")
            }
            Self::Failed => (Code::Internal, "internal", "The gateway failed"),
        };
        Said { code, err, message: Cow::Borrowed(message) }
    }

    /// As an answer of gRPC that has nothing else.
    pub(super) fn grpc(self) -> Response<Payload> {
        let body = Status::from(self).into_http::<tonic::body::Body>();
        body.map(Payload::stream)
    }

    /// As an answer of the HTTP API: `{"code", "message", "err"}`.
    pub(super) fn http(self) -> Response<Payload> {
        let said = self.said();
        let (status, code) = match said.code {
            Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => {
                (StatusCode::BAD_REQUEST, "Bad Request")
            }
            Code::Unauthenticated => (StatusCode::UNAUTHORIZED, "Unauthenticated"),
            Code::PermissionDenied => (StatusCode::FORBIDDEN, "PermissionDenied"),
            Code::NotFound => (StatusCode::NOT_FOUND, "NotFound"),
            Code::AlreadyExists => (StatusCode::CONFLICT, "AlreadyExists"),
            Code::ResourceExhausted if said.err.ends_with("size_limit_exceeded") => {
                (StatusCode::PAYLOAD_TOO_LARGE, "LimitExceeded")
            }
            Code::ResourceExhausted => (StatusCode::TOO_MANY_REQUESTS, "LimitExceeded"),
            Code::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "Unavailable"),
            Code::DeadlineExceeded => (StatusCode::GATEWAY_TIMEOUT, "Timeout"),
            Code::Unimplemented => (StatusCode::NOT_IMPLEMENTED, "Unimplemented"),
            Code::Ok
            | Code::Cancelled
            | Code::Unknown
            | Code::Aborted
            | Code::Internal
            | Code::DataLoss => (StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError"),
        };
        let body = json!({ "code": code, "message": said.message, "err": said.err });
        crate::serve::control::json(status, &body).map(Payload::from)
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        let Said { code, err, message } = refusal.said();
        let mut metadata = MetadataMap::with_capacity(1);
        metadata.insert(ERR, MetadataValue::from_static(err));
        Self::with_metadata(code, message, metadata)
    }
}

/// What tonic said of a call before or after ours; it has no `err`.
pub(super) fn of_tonic(headers: &HeaderMap) -> Option<Refusal> {
    let code = headers.get(Status::GRPC_STATUS)?;
    if headers.contains_key(ERR) {
        return None;
    }
    let is = |other: Code| HeaderValue::from(i32::from(other)) == code;
    if is(Code::OutOfRange) {
        // A message over the limit of the decoder.
        Some(Refusal::RequestTooLarge)
    } else if is(Code::Internal) {
        // No message, or bytes that are none: INTERNAL would be tried again.
        Some(Refusal::invalid("Invalid argument: the request is no message of this call"))
    } else if is(Code::Unimplemented) {
        Some(Refusal::Unimplemented)
    } else {
        None
    }
}

impl From<Rejected> for Refusal {
    fn from(rejected: Rejected) -> Self {
        match rejected {
            Rejected::Invalid => Self::BadToken,
            Rejected::Expired => Self::ExpiredToken,
        }
    }
}

impl From<CacheError> for Refusal {
    fn from(error: CacheError) -> Self {
        match error {
            CacheError::KeyTooLong { .. } => {
                Self::Invalid(format!("Invalid argument: {error}").into())
            }
            CacheError::ValueTooLarge { .. } | CacheError::UnionTooLarge { .. } => {
                Self::ItemTooLarge
            }
            CacheError::ElementTooLarge { .. } => Self::ElementTooLarge,
            CacheError::WrongType { .. } | CacheError::NotAnInteger | CacheError::Overflow => {
                Self::Precondition(format!("Failed precondition: {error}").into())
            }
            CacheError::NotANumber => Self::invalid("Invalid argument: a score has to be a number"),
            CacheError::NoSuchCursor => Self::Failed,
            CacheError::Unavailable { .. } => Self::Unavailable,
        }
    }
}

impl From<ControlError> for Refusal {
    fn from(error: ControlError) -> Self {
        match error {
            ControlError::Name(error) => Self::Invalid(format!("Invalid argument: {error}").into()),
            ControlError::NotFound { .. } => Self::CacheNotFound,
            ControlError::AlreadyExists { .. } => Self::CacheExists,
            ControlError::OwnedByFile { .. } | ControlError::Unreadable { .. } => {
                Self::Precondition(format!("Failed precondition: {error}").into())
            }
            ControlError::TooMany => Self::TooMany("Limit exceeded: the number of caches"),
            ControlError::Store(error) => error.into(),
            ControlError::Cache(error) => error.into(),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        if error.is_away() {
            return Self::Unavailable;
        }
        tracing::error!(%error, "the store failed");
        Self::Failed
    }
}
