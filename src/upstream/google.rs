//! Tokens of a Google service account, which calls of Google's services and of services on Cloud
//! Run show: asked for once, kept until shortly before they end.
//!
//! Source: Google Cloud docs, "About VM metadata" (`computeMetadata/v1`), "Get an ID token", and
//! "Using OAuth 2.0 for server to server applications"; RFC 7523.
//! One request at a time asks for a token, over all data threads; the others wait for its answer.
//! `Differs:` on the platform `LifetimeInSeconds` is the life of the token. Neither of the two
//! sources here makes tokens of another life than an hour: an older one is not used.

mod account;

pub use account::{AccountError, GoogleAccount, ServiceAccountKey};

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::{HeaderValue, StatusCode};
use lru::LruCache;
use parking_lot::Mutex;
use serde::Deserialize;

use crate::clock::Clock;
use crate::message::BodyError;
use crate::upstream::{Timeouts, Upstream, UpstreamError};

/// How many tokens are kept. An audience may be made of variables.
const TOKENS_MAX: NonZeroUsize = NonZeroUsize::new(1_000).expect("it is not zero");
/// The largest answer that is read.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// How much of a refusal goes to the log.
const REFUSAL_CHARS_MAX: usize = 200;
/// A token is asked for anew so long before it ends, or at half its life.
const SPARE: Duration = Duration::from_secs(60);
/// A token that says to live longer is asked for anew after a day.
const LIFE_MAX: Duration = Duration::from_secs(24 * 3600);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// What a token is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TokenRequest {
    /// OAuth 2.0. At least one scope.
    Access { scopes: Vec<String>, lifetime_s: Option<u32> },
    /// OpenID Connect.
    Id { audience: String, include_email: bool },
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    #[error("the token is for nothing: {what}")]
    Request { what: &'static str },
    #[error("the assertion cannot be signed: {reason}")]
    Assertion { reason: String },
    #[error("{asked} cannot be asked")]
    Call { asked: String, source: UpstreamError },
    #[error("the answer of {asked} does not arrive")]
    Body { asked: String, source: BodyError },
    #[error("{asked} answers {status}: {said}")]
    Refused { asked: String, status: StatusCode, said: String },
    #[error("the answer of {asked} holds no token")]
    NoToken { asked: String },
    #[error("another request has just asked in vain")]
    JustFailed,
}

/// The tokens of one account. Shared by all data threads.
#[derive(Debug)]
pub struct GoogleTokens {
    account: GoogleAccount,
    /// Held for a look-up. A call by a token goes over TLS, beside which that is nothing.
    kept: Mutex<LruCache<TokenRequest, Arc<Place>>>,
}

/// Where the token for one request is.
#[derive(Debug, Default)]
struct Place {
    /// Held while it is asked for, so that it is one request that asks.
    token: tokio::sync::Mutex<Option<Token>>,
    /// How often it was asked for in vain.
    failures: AtomicU64,
}

#[derive(Clone, Debug)]
struct Token {
    header: HeaderValue,
    /// In the clock's elapsed time.
    fresh_until: Duration,
    valid_until: Duration,
}

impl GoogleTokens {
    pub fn new(account: GoogleAccount) -> Self {
        Self { account, kept: Mutex::new(LruCache::new(TOKENS_MAX)) }
    }

    /// `Bearer` and a token, kept or fresh.
    pub async fn bearer(
        &self,
        request: &TokenRequest,
        upstream: &dyn Upstream,
        clock: &Clock,
    ) -> Result<HeaderValue, TokenError> {
        let place = self.place(request);
        let failures = place.failures.load(Ordering::Acquire);
        let mut token = place.token.lock().await;
        let now = clock.elapsed();
        if let Some(kept) = token.as_ref().filter(|kept| now < kept.fresh_until) {
            return Ok(kept.header.clone());
        }
        // Those who waited for an answer do not each wait for one more.
        let asked = if place.failures.load(Ordering::Acquire) == failures {
            self.ask(request, upstream, clock).await
        } else {
            Err(TokenError::JustFailed)
        };
        match asked {
            Ok(fresh) => Ok(token.insert(fresh).header.clone()),
            Err(error) => {
                if !matches!(error, TokenError::JustFailed) {
                    place.failures.fetch_add(1, Ordering::AcqRel);
                }
                match token.as_ref().filter(|kept| clock.elapsed() < kept.valid_until) {
                    Some(kept) => {
                        tracing::debug!(%error, "a token is used to its end");
                        Ok(kept.header.clone())
                    }
                    None => Err(error),
                }
            }
        }
    }

    fn place(&self, request: &TokenRequest) -> Arc<Place> {
        let mut kept = self.kept.lock();
        if let Some(place) = kept.get(request) {
            return place.clone();
        }
        let place = Arc::<Place>::default();
        kept.put(request.clone(), place.clone());
        place
    }

    async fn ask(
        &self,
        request: &TokenRequest,
        upstream: &dyn Upstream,
        clock: &Clock,
    ) -> Result<Token, TokenError> {
        let now_s = clock.epoch_ms().div_euclid(1_000);
        let timeouts =
            Timeouts { connect: CONNECT_TIMEOUT, io: ANSWER_TIMEOUT, ..Timeouts::default() };
        let call = self.account.call(request, now_s, timeouts)?;
        let asked = format!("{}:{}", call.address.host, call.address.port);
        let answer = match upstream.call(call).await {
            Ok(answer) => answer,
            Err(failed) => return Err(TokenError::Call { asked, source: failed.error }),
        };
        let mut response = answer.response;
        if let Err(source) = response.body.buffer(ANSWER_BYTES_MAX, ANSWER_TIMEOUT).await {
            return Err(TokenError::Body { asked, source });
        }
        let body = response.body.bytes().map_or(&[][..], |bytes| bytes);
        let status = response.status().unwrap_or(StatusCode::OK);
        if status != StatusCode::OK {
            let said: String = String::from_utf8_lossy(body)
                .chars()
                .map(|c| if c.is_control() { ' ' } else { c })
                .take(REFUSAL_CHARS_MAX)
                .collect();
            return Err(TokenError::Refused { asked, status, said: said.trim().to_owned() });
        }
        let found = match request {
            TokenRequest::Access { lifetime_s, .. } => access_token(body, *lifetime_s),
            TokenRequest::Id { .. } => id_token(body, now_s),
        };
        let Some((header, life)) = found else { return Err(TokenError::NoToken { asked }) };
        let life = life.min(LIFE_MAX);
        let valid_until = clock.elapsed() + life;
        Ok(Token { header, valid_until, fresh_until: valid_until - SPARE.min(life / 2) })
    }
}

/// What an endpoint for tokens answers; each has one of the tokens.
#[derive(Deserialize)]
struct Answer {
    access_token: Option<String>,
    id_token: Option<String>,
    expires_in: Option<u64>,
}

/// The header and how long it holds.
fn access_token(body: &[u8], lifetime_s: Option<u32>) -> Option<(HeaderValue, Duration)> {
    let answer: Answer = serde_json::from_slice(body).ok()?;
    let lives = Duration::from_secs(answer.expires_in.unwrap_or(0));
    let used = lifetime_s.map_or(lives, |asked| lives.min(Duration::from_secs(u64::from(asked))));
    Some((header(&answer.access_token?)?, used))
}

/// The metadata server answers with the bare token.
fn id_token(body: &[u8], now_s: i64) -> Option<(HeaderValue, Duration)> {
    let token = match serde_json::from_slice::<Answer>(body) {
        Ok(answer) => answer.id_token?,
        Err(_) => std::str::from_utf8(body).ok()?.trim().to_owned(),
    };
    let seconds = u64::try_from(ends_at_s(&token)?.saturating_sub(now_s)).unwrap_or(0);
    Some((header(&token)?, Duration::from_secs(seconds)))
}

fn header(token: &str) -> Option<HeaderValue> {
    if token.is_empty() || token.contains(char::is_whitespace) {
        return None;
    }
    let mut header = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// The claim `exp` of a token that others verify.
fn ends_at_s(token: &str) -> Option<i64> {
    #[derive(Deserialize)]
    struct Claims {
        exp: i64,
    }

    let claims = token.split('.').nth(1)?;
    let claims = BASE64_URL_SAFE_NO_PAD.decode(claims).ok()?;
    serde_json::from_slice::<Claims>(&claims).ok().map(|claims| claims.exp)
}

#[cfg(test)]
mod tests;
