//! Answers of the door before they become HTTP.

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, ETAG, HeaderName, LAST_MODIFIED, LINK, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use http_body_util::Full;
use jiff::Timestamp;

use crate::serve::appconfig::date;
use crate::serve::appconfig::problem::{self, Problem};
use crate::store::durable::StoreError;

const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");
const MEMENTO: HeaderName = HeaderName::from_static("memento-datetime");

/// After which the client is to try again, where the store or the quota says wait.
const PATIENCE_MS: u64 = 1000;

pub(super) mod media {
    pub(in crate::serve::appconfig) const ITEM: &str =
        "application/vnd.microsoft.appconfig.kv+json; charset=utf-8";
    pub(in crate::serve::appconfig) const ITEMS: &str =
        "application/vnd.microsoft.appconfig.kvset+json; charset=utf-8";
    pub(in crate::serve::appconfig) const KEYS: &str =
        "application/vnd.microsoft.appconfig.keyset+json; charset=utf-8";
    pub(in crate::serve::appconfig) const LABELS: &str =
        "application/vnd.microsoft.appconfig.labelset+json; charset=utf-8";
    pub(in crate::serve::appconfig) const SNAPSHOT: &str =
        "application/vnd.microsoft.appconfig.snapshot+json; charset=utf-8";
    pub(in crate::serve::appconfig) const SNAPSHOTS: &str =
        "application/vnd.microsoft.appconfig.snapshotset+json; charset=utf-8";
    pub(in crate::serve::appconfig) const OPERATION: &str = "application/json; charset=utf-8";
}

/// Status, headers, and a body that a HEAD request leaves out.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    body: Bytes,
    links: Vec<String>,
}

impl Reply {
    pub(super) fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new(), links: Vec::new() }
    }

    pub(super) fn json(status: StatusCode, media: &'static str, value: &serde_json::Value) -> Self {
        let mut reply = Self::empty(status);
        reply.headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
        reply.body = Bytes::from(value.to_string());
        reply
    }

    pub(super) fn etag(self, etag: &str) -> Self {
        self.header(ETAG, &format!("\"{etag}\""))
    }

    pub(super) fn last_modified(self, at: Timestamp) -> Self {
        self.header(LAST_MODIFIED, &date::http_date(at))
    }

    /// `target` is a relative reference.
    pub(super) fn link(mut self, target: &str, relation: &str) -> Self {
        self.links.push(format!("<{target}>; rel=\"{relation}\""));
        self
    }

    /// What was asked of a time of the past.
    pub(super) fn memento(self, at: Timestamp, target: &str) -> Self {
        self.header(MEMENTO, &date::http_date(at)).link(target, "original")
    }

    /// A text that is no header value is left out.
    pub(super) fn header(mut self, name: HeaderName, text: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(text) {
            self.headers.insert(name, value);
        }
        self
    }

    pub(super) fn into_response(mut self, method: &Method) -> Response<Full<Bytes>> {
        if !self.links.is_empty()
            && let Ok(value) = HeaderValue::from_str(&self.links.join(", "))
        {
            self.headers.insert(LINK, value);
        }
        let body = if *method == Method::HEAD { Bytes::new() } else { self.body };
        let mut response = Response::new(Full::new(body));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

/// Why an operation was not done.
#[derive(Debug)]
pub(super) enum Refusal {
    Problem(Problem),
    /// Without a body.
    Bare(StatusCode),
    /// 405, with what the resource takes.
    Method(&'static str),
    /// The store's, of an operation on that key or snapshot.
    Store {
        error: StoreError,
        name: String,
    },
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl Refusal {
    pub(super) fn reply(self) -> Reply {
        match self {
            Self::Problem(problem) => of_problem(&problem),
            Self::Bare(status) => Reply::empty(status),
            Self::Method(allowed) => {
                Reply::empty(StatusCode::METHOD_NOT_ALLOWED).header(ALLOW, allowed)
            }
            Self::Store { error, name } => of_store(&error, &name),
        }
    }
}

fn of_problem(problem: &Problem) -> Reply {
    let mut reply = Reply::empty(problem.status());
    reply.headers.insert(CONTENT_TYPE, HeaderValue::from_static(problem::MEDIA_TYPE));
    reply.body = Bytes::from(problem.body());
    if reply.status == StatusCode::TOO_MANY_REQUESTS { wait(reply) } else { reply }
}

fn of_store(error: &StoreError, name: &str) -> Reply {
    match error {
        StoreError::PreconditionFailed => Reply::empty(StatusCode::PRECONDITION_FAILED),
        StoreError::NotFound => Reply::empty(StatusCode::NOT_FOUND),
        StoreError::Locked => of_problem(&Problem::key_locked(name)),
        StoreError::AlreadyExists => of_problem(&Problem::already_exists(name)),
        StoreError::InvalidState => of_problem(&Problem::invalid_state("")),
        StoreError::Encrypted => of_problem(&Problem::forbidden_key(name)),
        StoreError::TooLarge { .. } => of_problem(&Problem::too_large(&error.to_string())),
        away if away.is_away() => wait(Reply::empty(StatusCode::SERVICE_UNAVAILABLE)),
        broken => {
            tracing::error!(error = %broken, "the store failed");
            Reply::empty(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

fn wait(reply: Reply) -> Reply {
    reply
        .header(RETRY_AFTER, &PATIENCE_MS.div_ceil(1000).to_string())
        .header(RETRY_AFTER_MS, &PATIENCE_MS.to_string())
}
