//! Momento's HTTP and gRPC services over the environment's caches, for its unmodified client
//! libraries.
//!
//! Sources: Momento's protocol definitions and documentation; what its libraries send, and what
//! they make of the answers. Topics and leaderboards are UNIMPLEMENTED.

mod answering;
mod auth;
mod control;
mod grpc;
mod http;
mod keyring;
mod permission;
mod receiving;
mod refusal;
mod scs;
#[cfg(test)]
mod tests;
mod token;

use std::sync::Arc;

use ::http::{Request, Response};
use arc_swap::ArcSwap;
use bytes::Bytes;

pub use keyring::Keyring;
pub use token::{Revocable, StandingTokens};

use crate::clock::Clock;
use crate::serve::control::Payload;
use crate::serve::momento::answering::Answering;
use crate::serve::momento::grpc::Services;
use crate::serve::momento::permission::Grants;
use crate::serve::momento::receiving::Receiving;
use crate::serve::momento::refusal::Refusal;
use crate::serve::momento::token::{Kind, Token};
use crate::serve::quota::Quota;
use crate::store::cache::CacheControl;
use crate::store::durable::Store;

/// The door. Cloning shares it.
#[derive(Clone)]
pub struct Momento {
    inner: Arc<Inner>,
    services: Services,
}

/// What the door works with.
pub struct Door {
    pub caches: CacheControl,
    pub store: Store,
    pub environment: String,
    pub clock: Clock,
    /// May be replaced while the door is open.
    pub keyring: Arc<ArcSwap<Keyring>>,
    /// Lets in who has no token.
    pub open: bool,
    /// What stands in the tokens that are made.
    pub endpoint: String,
    /// `None` for no limit.
    pub requests_per_second: Option<u32>,
    pub cors_origins: Vec<String>,
}

/// Whose quota a call takes from.
enum Who {
    Bearer,
    Stranger,
}

struct Inner {
    caches: CacheControl,
    store: Store,
    environment: String,
    clock: Clock,
    keyring: Arc<ArcSwap<Keyring>>,
    /// Whom an empty token stands for.
    anyone: Option<Arc<Token>>,
    endpoint: String,
    quota: Option<Quota>,
    /// Of who has no good token, so that they turn away nobody who has.
    strangers: Option<Quota>,
    cors_origins: Vec<String>,
    answering: Answering,
    receiving: Receiving,
}

impl Momento {
    pub fn new(door: Door) -> Self {
        let anyone = Token {
            kind: Kind::Session,
            grants: Grants::SuperUser,
            id: String::new(),
            token_id: None,
            issued_s: None,
            expires_s: None,
            is_v2: false,
        };
        let inner = Arc::new(Inner {
            caches: door.caches,
            store: door.store,
            environment: door.environment,
            clock: door.clock,
            keyring: door.keyring,
            anyone: door.open.then(|| Arc::new(anyone)),
            endpoint: door.endpoint,
            quota: door.requests_per_second.map(Quota::new),
            strangers: door.requests_per_second.map(Quota::new),
            cors_origins: door.cors_origins,
            answering: Answering::default(),
            receiving: Receiving::default(),
        });
        let services = Services::new(&inner);
        Self { inner, services }
    }

    /// Whether a request is one of this door's.
    pub(super) fn takes<B>(&self, request: &Request<B>) -> bool {
        is_grpc(request) || Self::takes_path(request.uri().path())
    }

    /// Whether a path is one of the HTTP API's.
    pub(super) fn takes_path(path: &str) -> bool {
        path.starts_with("/cache/") || path.starts_with("/topics/")
    }

    /// Never fails: a refusal is an answer.
    pub(super) async fn answer<B>(&self, request: Request<B>) -> Response<Payload>
    where
        B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send,
    {
        if is_grpc(&request) {
            self.answer_grpc(request).await
        } else {
            self.answer_http(request).await
        }
    }
}

/// `application/grpc`, with a format behind it or not.
fn is_grpc<B>(request: &Request<B>) -> bool {
    let media = request.headers().get(::http::header::CONTENT_TYPE);
    let rest = media.and_then(|media| media.as_bytes().strip_prefix(b"application/grpc"));
    matches!(rest, Some([] | [b'+' | b';', ..]))
}

impl Inner {
    fn now_s(&self) -> u64 {
        u64::try_from(self.clock.epoch_ms() / 1000).unwrap_or(0)
    }

    fn admit(&self, who: Who) -> Result<(), Refusal> {
        let quota = match who {
            Who::Bearer => &self.quota,
            Who::Stranger => &self.strangers,
        };
        let admits = quota.as_ref().is_none_or(|quota| quota.admit(self.clock.elapsed()));
        if admits { Ok(()) } else { Err(Refusal::RateLimit) }
    }

    /// The same, where the quota of who calls has room for it.
    fn admitted<T>(&self, known: Result<T, Refusal>) -> Result<T, Refusal> {
        self.admit(if known.is_ok() { Who::Bearer } else { Who::Stranger })?;
        known
    }

    /// Whose token that is; `text` is bare. An empty one is none.
    fn caller(&self, text: Option<&str>) -> Result<Arc<Token>, Refusal> {
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            return self.anyone.clone().ok_or(Refusal::NoToken);
        };
        let token = self.keyring.load().verify(text, self.now_s())?;
        match token.kind {
            Kind::Session | Kind::Key | Kind::Disposable => Ok(token),
            Kind::Refresh => Err(Refusal::BadToken),
        }
    }
}
