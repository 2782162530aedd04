//! Azure App Configuration's REST API over the store's key-values.
//!
//! Source: Microsoft's REST reference (key-values, keys, labels, locks, revisions, snapshots,
//! headers, versioning, throttling, HMAC), its local emulator read as a statement of behaviour,
//! and what the unmodified SDKs send. Every answer below 500 has a `Sync-Token`, whose value
//! changes with every write.

mod auth;
mod conditions;
mod cursor;
mod date;
mod filter;
mod item;
mod key_values;
mod lists;
mod problem;
mod query;
mod reply;
mod snapshots;
mod terms;
#[cfg(test)]
mod tests;
mod version;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header::{HOST, HeaderName, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use jiff::Timestamp;

pub use auth::{Access, Credential, Credentials};
pub use terms::{check_key, check_text, key_filter, label_filter, parse_timestamp, tag_filter};

use crate::clock::Clock;
use crate::serve::appconfig::auth::Signed;
use crate::serve::appconfig::problem::Problem;
use crate::serve::appconfig::query::Query;
use crate::serve::appconfig::reply::{Refusal, Reply};
use crate::serve::appconfig::version::Version;
use crate::serve::quota::Quota;
use crate::store::durable::{Moment, Store, StoreError};
use crate::store::mirror::Mirror;

/// A body as it arrives, escapes and all; the item in it is held to 10 KB.
const BODY_BYTES_MAX: usize = 64 * 1024;
const BODY_WAIT: Duration = Duration::from_secs(30);
/// Path and query.
const TARGET_BYTES_MAX: usize = 8 * 1024;

const SYNC_TOKEN: HeaderName = HeaderName::from_static("sync-token");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-request-id");
const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-client-request-id");
const RETURN_REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-return-client-request-id");
const ACCEPT_DATETIME: HeaderName = HeaderName::from_static("accept-datetime");

/// The door.
pub struct AppConfig {
    store: Store,
    /// What is read as it is now.
    mirror: Mirror,
    clock: Clock,
    credentials: Arc<ArcSwap<Credentials>>,
    quota: Option<Quota>,
}

/// What one request asks.
struct Ask<'r> {
    method: &'r Method,
    headers: &'r HeaderMap,
    /// Path and query as they came.
    target: &'r str,
    path: &'r str,
    query: Query,
    version: Version,
    /// The time of the past that a read is about.
    at: Option<Timestamp>,
    body: Bytes,
    access: Access,
    /// What its tokens are called.
    store_id: &'r str,
}

impl AppConfig {
    /// `credentials` may be replaced while the door is open. `requests_per_second`: `None` for
    /// no quota.
    pub fn new(
        store: Store,
        mirror: Mirror,
        clock: Clock,
        credentials: Arc<ArcSwap<Credentials>>,
        requests_per_second: Option<u32>,
    ) -> Self {
        let quota = requests_per_second.map(Quota::new);
        Self { store, mirror, clock, credentials, quota }
    }

    /// Whether a path is one of this door's.
    pub fn takes(path: &str) -> bool {
        let first = path.strip_prefix('/').unwrap_or(path).split('/').next();
        matches!(
            first,
            Some("kv" | "keys" | "labels" | "locks" | "revisions" | "snapshots" | "operations")
        )
    }

    /// Never fails: a refusal is an answer.
    pub async fn answer<B>(&self, request: Request<B>) -> Response<Full<Bytes>>
    where
        B: http_body::Body,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (parts, body) = request.into_parts();
        let reply = match read(body).await {
            Ok(body) => self.respond(&parts, body).await.unwrap_or_else(Refusal::reply),
            Err(status) => Reply::empty(status),
        };
        self.dress(reply, &parts).into_response(&parts.method)
    }

    async fn respond(&self, parts: &Parts, body: Bytes) -> Result<Reply, Refusal> {
        let target = parts.uri.path_and_query().map_or("/", |found| found.as_str());
        if target.len() > TARGET_BYTES_MAX {
            return Err(Refusal::Bare(StatusCode::URI_TOO_LONG));
        }
        let signed = Signed { method: &parts.method, target, headers: &parts.headers, body: &body };
        let credentials = self.credentials.load();
        let access = match auth::authenticate(&signed, self.clock.epoch_ms(), &credentials) {
            Ok(access) => access,
            Err(refusal) => {
                let reply = Reply::empty(StatusCode::UNAUTHORIZED);
                return Ok(reply.header(WWW_AUTHENTICATE, &refusal.challenge()));
            }
        };
        if let Some(quota) = &self.quota
            && !quota.admit(self.clock.elapsed())
        {
            return Err(Problem::too_many_requests().into());
        }
        let query = Query::parse(parts.uri.query().unwrap_or_default())?;
        let versions: Vec<String> = query.all("api-version").map(str::to_owned).collect();
        let ask = Ask {
            method: &parts.method,
            headers: &parts.headers,
            target,
            path: parts.uri.path(),
            version: Version::parse(&versions, target)?,
            query,
            at: past(&parts.headers),
            body,
            access,
            store_id: self.store.identity(),
        };
        self.route(&ask).await
    }

    async fn route(&self, ask: &Ask<'_>) -> Result<Reply, Refusal> {
        let path = ask.path.strip_prefix('/').unwrap_or(ask.path);
        let (resource, rest) = path.split_once('/').unwrap_or((path, ""));
        match (resource, rest) {
            ("kv", "") => self.list_key_values(ask).await,
            ("kv", key) => self.key_value(ask, key).await,
            ("locks", key) => self.lock(ask, key).await,
            ("keys", "") => self.list_keys(ask).await,
            ("labels", "") => self.list_labels(ask).await,
            ("revisions", "") => self.list_revisions(ask).await,
            ("snapshots", "") => self.list_snapshots(ask).await,
            ("snapshots", name) => self.snapshot(ask, name).await,
            ("operations", "") => self.operation(ask).await,
            _ => Err(Refusal::Bare(StatusCode::NOT_FOUND)),
        }
    }

    /// The headers that every answer has.
    fn dress(&self, reply: Reply, parts: &Parts) -> Reply {
        let mut reply = reply.header(REQUEST_ID, &uuid::Uuid::new_v4().to_string());
        let asked = |name: &HeaderName| parts.headers.get(name);
        if asked(&RETURN_REQUEST_ID)
            .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"))
            && let Some(id) = asked(&CLIENT_REQUEST_ID)
        {
            reply.headers.insert(CLIENT_REQUEST_ID, id.clone());
        }
        if reply.status.is_server_error() {
            return reply;
        }
        let revision = *self.store.watch().borrow();
        let token = BASE64_STANDARD.encode(revision.to_string());
        let id = self.store.identity();
        reply.header(SYNC_TOKEN, &format!("{id}={token};sn={revision}"))
    }
}

impl Ask<'_> {
    /// 405 for another method; `allowed` are those of the resource.
    fn only(&self, methods: &[Method], allowed: &'static str) -> Result<(), Refusal> {
        if methods.contains(self.method) { Ok(()) } else { Err(Refusal::Method(allowed)) }
    }

    fn may_write(&self) -> Result<(), Refusal> {
        match self.access {
            Access::ReadWrite => Ok(()),
            Access::ReadOnly => Err(Refusal::Bare(StatusCode::FORBIDDEN)),
        }
    }

    fn moment(&self) -> Moment {
        self.at.map_or(Moment::Now, |at| Moment::At(at.as_microsecond()))
    }

    /// The newest revision that the client has seen, at whatever gateway of the store.
    fn seen(&self) -> i64 {
        let lists = self.headers.get_all(SYNC_TOKEN).iter();
        let tokens = lists.filter_map(|list| list.to_str().ok()).flat_map(|list| list.split(','));
        tokens.filter_map(|token| revision_of(token, self.store_id)).max().unwrap_or(0)
    }

    /// Marks an answer about the past as one.
    fn of_then(&self, reply: Reply) -> Reply {
        match self.at {
            Some(at) => reply.memento(at, self.target),
            None => reply,
        }
    }

    /// Where this request came to, for absolute links.
    fn host(&self) -> &str {
        self.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost")
    }
}

/// What the store refused of the key or snapshot of that name.
fn of_store(name: &str) -> impl FnOnce(StoreError) -> Refusal + use<> {
    let name = name.to_owned();
    move |error| Refusal::Store { error, name }
}

/// What a `Sync-Token` says, which is `{id}={value}` and perhaps `;sn={number}`. Another store's
/// says nothing here.
fn revision_of(token: &str, store_id: &str) -> Option<i64> {
    let value = token.trim().strip_prefix(store_id)?.strip_prefix('=')?;
    let value = BASE64_STANDARD.decode(value.split(';').next()?).ok()?;
    std::str::from_utf8(&value).ok()?.parse().ok()
}

/// `Accept-Datetime`; what is no date is no question about the past.
fn past(headers: &HeaderMap) -> Option<Timestamp> {
    date::timestamp(headers.get(ACCEPT_DATETIME)?.to_str().ok()?)
}

async fn read<B>(body: B) -> Result<Bytes, StatusCode>
where
    B: http_body::Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    match tokio::time::timeout(BODY_WAIT, Limited::new(body, BODY_BYTES_MAX).collect()).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Ok(Err(_)) => Err(StatusCode::BAD_REQUEST),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}
