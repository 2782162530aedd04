//! What the door says: JSON, refusals too.
//!
//! Source: `{"code", "message", "contexts"}` is the platform's shape of an error; clients print
//! the message. `Differs:` what the gateway's file owns is refused with 409.

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, Response, StatusCode, Uri};
use http_body_util::Full;
use serde_json::{Value, json};

use crate::store::cache::CacheError;
use crate::store::cache::control::ControlError;
use crate::store::durable::StoreError;

/// Seconds after which to ask again, where the store or a cache is away.
const PATIENCE_S: &str = "1";
/// The longest part of a client's own text that is said back.
const SHOWN_CHARS_MAX: usize = 200;

/// A status, a document, and what else stands in the head.
#[derive(Debug)]
pub(super) struct Answer {
    status: StatusCode,
    body: Option<Value>,
    headers: Vec<(HeaderName, &'static str)>,
}

impl Answer {
    pub(super) fn ok(body: &Value) -> Self {
        Self { status: StatusCode::OK, body: Some(body.clone()), headers: Vec::new() }
    }

    pub(super) fn created(body: &Value) -> Self {
        Self { status: StatusCode::CREATED, ..Self::ok(body) }
    }

    /// `allowed`: as `Allow` lists them.
    pub(super) fn options(allowed: &'static str) -> Self {
        Self { status: StatusCode::OK, body: None, headers: vec![(ALLOW, allowed)] }
    }

    pub(super) fn into_response(self, method: &Method) -> Response<Full<Bytes>> {
        let bytes = self.body.as_ref().map(|body| Bytes::from(body.to_string()));
        let shown = bytes.clone().filter(|_| *method != Method::HEAD).unwrap_or_default();
        let mut response = Response::new(Full::new(shown));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        if bytes.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        for (name, value) in self.headers {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

/// Why an operation was not done.
#[derive(Debug)]
pub(super) enum Refusal {
    Unauthorized,
    NoOrganization { name: String, here: String },
    NoEnvironment { name: String, here: String },
    NotFound { message: String },
    Method { method: String, allowed: &'static str },
    NoCache { name: String, environment: String },
    NoEntry { cache: String },
    BadRequest { message: String },
    Media,
    TooLarge { bytes_max: usize },
    TooSlow,
    Control(ControlError),
}

impl Refusal {
    pub(super) fn bad_request(message: String) -> Self {
        Self::BadRequest { message }
    }

    pub(super) fn no_path(uri: &Uri) -> Self {
        Self::NotFound { message: format!("nothing is at {}", shown(uri.path())) }
    }

    /// Of the platform's API.
    pub(super) fn unserved(resource: &str) -> Self {
        let resource = shown(resource);
        Self::NotFound { message: format!("this gateway serves caches here, and no {resource}") }
    }

    pub(super) fn into_answer(self) -> Answer {
        let (status, code) = self.kind();
        let message = self.message();
        let headers = match &self {
            Self::Unauthorized => {
                vec![(WWW_AUTHENTICATE, "Basic realm=\"tollgate\", charset=\"UTF-8\"")]
            }
            Self::Method { allowed, .. } => vec![(ALLOW, *allowed)],
            _ if status == StatusCode::SERVICE_UNAVAILABLE => vec![(RETRY_AFTER, PATIENCE_S)],
            _ => Vec::new(),
        };
        if let Self::Control(error) = &self
            && status == StatusCode::INTERNAL_SERVER_ERROR
        {
            tracing::error!(%error, "the management API failed");
        }
        let body = json!({ "code": code, "message": message, "contexts": [] });
        Answer { status, body: Some(body), headers }
    }

    /// The first two codes of a missing name are the platform's.
    fn kind(&self) -> (StatusCode, &'static str) {
        match self {
            Self::NoEnvironment { .. } => {
                (StatusCode::NOT_FOUND, "messaging.config.beans.EnvironmentDoesNotExist")
            }
            Self::NoCache { .. } | Self::Control(ControlError::NotFound { .. }) => {
                (StatusCode::NOT_FOUND, "messaging.config.beans.CacheDoesNotExist")
            }
            Self::NoOrganization { .. } => {
                (StatusCode::NOT_FOUND, "messaging.config.beans.OrganizationDoesNotExist")
            }
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "management.Unauthorized"),
            Self::NotFound { .. } => (StatusCode::NOT_FOUND, "management.NotFound"),
            Self::NoEntry { .. } => (StatusCode::NOT_FOUND, "management.EntryDoesNotExist"),
            Self::Method { .. } => (StatusCode::METHOD_NOT_ALLOWED, "management.MethodNotAllowed"),
            Self::BadRequest { .. } => (StatusCode::BAD_REQUEST, "management.BadRequest"),
            Self::Media => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "management.UnsupportedMediaType"),
            Self::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "management.TooLarge"),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "management.TooSlow"),
            Self::Control(error) => of_control(error),
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Unauthorized => "user and password are wrong or missing; \
                `tollgate credentials` prints those of this gateway"
                .to_owned(),
            Self::NoOrganization { name, here } => {
                let name = shown(name);
                format!("Organization {name} does not exist; this gateway serves {here}")
            }
            Self::NoEnvironment { name, here } => {
                let name = shown(name);
                format!("Environment {name} does not exist; this gateway serves {here}")
            }
            Self::NoCache { name, environment } => {
                format!("Cache {} does not exist in environment {environment}", shown(name))
            }
            Self::NoEntry { cache } => format!("cache {cache} has no such entry"),
            Self::NotFound { message } | Self::BadRequest { message } => message.clone(),
            Self::Method { method, allowed } => {
                format!("{} is not allowed here; {allowed} are", shown(method))
            }
            Self::Media => "a cache is sent as JSON, with Content-Type application/json".to_owned(),
            Self::TooLarge { bytes_max } => {
                format!("the body has too many bytes; the limit is {bytes_max}")
            }
            Self::TooSlow => "the body did not arrive in time".to_owned(),
            Self::Control(error) => error.to_string(),
        }
    }
}

impl From<ControlError> for Refusal {
    fn from(error: ControlError) -> Self {
        Self::Control(error)
    }
}

impl From<CacheError> for Refusal {
    fn from(error: CacheError) -> Self {
        Self::Control(error.into())
    }
}

fn of_control(error: &ControlError) -> (StatusCode, &'static str) {
    match error {
        ControlError::NotFound { .. } => {
            (StatusCode::NOT_FOUND, "messaging.config.beans.CacheDoesNotExist")
        }
        ControlError::AlreadyExists { .. } => {
            (StatusCode::CONFLICT, "messaging.config.beans.CacheAlreadyExists")
        }
        ControlError::OwnedByFile { .. } => (StatusCode::CONFLICT, "management.OwnedByFile"),
        ControlError::Unreadable { .. } => (StatusCode::CONFLICT, "management.Unreadable"),
        ControlError::Name(_) => (StatusCode::BAD_REQUEST, "management.InvalidCacheName"),
        ControlError::TooMany => (StatusCode::BAD_REQUEST, "management.TooManyCaches"),
        ControlError::Store(error) => of_store(error),
        ControlError::Cache(error) => of_cache(error),
    }
}

fn of_store(error: &StoreError) -> (StatusCode, &'static str) {
    if error.is_away() {
        return (StatusCode::SERVICE_UNAVAILABLE, "management.StoreUnavailable");
    }
    (StatusCode::INTERNAL_SERVER_ERROR, "management.StoreFailed")
}

fn of_cache(error: &CacheError) -> (StatusCode, &'static str) {
    match error {
        CacheError::KeyTooLong { .. } => (StatusCode::BAD_REQUEST, "management.KeyTooLong"),
        CacheError::ValueTooLarge { .. } | CacheError::ElementTooLarge { .. } => {
            (StatusCode::PAYLOAD_TOO_LARGE, "management.ValueTooLarge")
        }
        CacheError::NoSuchCursor => (StatusCode::BAD_REQUEST, "management.BadRequest"),
        CacheError::Unavailable { .. } => {
            (StatusCode::SERVICE_UNAVAILABLE, "management.CacheUnavailable")
        }
        CacheError::WrongType { .. } => (StatusCode::CONFLICT, "management.WrongType"),
        CacheError::NotAnInteger
        | CacheError::Overflow
        | CacheError::NotANumber
        | CacheError::UnionTooLarge { .. } => {
            (StatusCode::INTERNAL_SERVER_ERROR, "management.CacheFailed")
        }
    }
}

/// A client's own text, cut where it is long.
fn shown(text: &str) -> String {
    text.chars().take(SHOWN_CHARS_MAX).flat_map(char::escape_debug).collect()
}
