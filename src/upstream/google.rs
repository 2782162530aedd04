//! Tokens of a Google service account, which calls of Google's services and of services on Cloud
//! Run show: asked for once, kept until shortly before they end.
//!
//! Source: Google Cloud docs, "About VM metadata" (`computeMetadata/v1`), "Get an ID token", and
//! "Using OAuth 2.0 for server to server applications"; RFC 7523.
//! One request at a time asks for a token, over all data threads; the others wait for its answer.
//! What failed is not asked for again for a while, and few tokens are asked for at a time: an
//! audience may be made of variables, and an issuer that is away answers nobody.
//! `Differs:` on the platform `LifetimeInSeconds` is the life of the token. Neither of the two
//! sources here makes tokens of another life than an hour: an older one is not used.

mod account;

pub use account::{AccountError, GoogleAccount, ServiceAccountKey};

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::{HeaderValue, StatusCode};
use lru::LruCache;
use parking_lot::Mutex;
use serde::Deserialize;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::clock::Clock;
use crate::message::{BodyError, Message};
use crate::upstream::{TargetCall, Timeouts, Upstream, UpstreamError};

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
/// The longest silence of the issuer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest that one call of the issuer lasts, whatever it dribbles.
const CALL_TIMEOUT: Duration = Duration::from_secs(15);
/// How many tokens are asked for at a time, by all data threads.
const CALLS_MAX: usize = 8;
/// How long one more waits until it is its turn.
const TURN_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a failure is remembered; each one on end twice as long as the one before.
const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(10);

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
    #[error("{asked} has not answered within {} s", CALL_TIMEOUT.as_secs())]
    Slow { asked: String },
    #[error("{CALLS_MAX} other tokens have been asked for since {} s", TURN_TIMEOUT.as_secs())]
    Busy,
    #[error("it was asked for in vain just now, and is again in {} ms", again_in.as_millis())]
    JustFailed { again_in: Duration },
}

/// The tokens of one account. Shared by all data threads.
#[derive(Debug)]
pub struct GoogleTokens {
    account: GoogleAccount,
    /// Held for a look-up. A call by a token goes over TLS, beside which that is nothing.
    kept: Mutex<LruCache<TokenRequest, Arc<Place>>>,
    calls: Semaphore,
}

/// Where the token for one request is. Held while it is asked for, so that it is one request that
/// asks.
type Place = tokio::sync::Mutex<State>;

#[derive(Debug, Default)]
struct State {
    token: Option<Token>,
    /// On end.
    failures: u32,
    /// In the clock's elapsed time; it is not asked for before.
    again_at: Duration,
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
        let kept = Mutex::new(LruCache::new(TOKENS_MAX));
        Self { account, kept, calls: Semaphore::new(CALLS_MAX) }
    }

    /// `Bearer` and a token, kept or fresh.
    pub async fn bearer(
        &self,
        request: &TokenRequest,
        upstream: &dyn Upstream,
        clock: &Clock,
    ) -> Result<HeaderValue, TokenError> {
        let place = self.place(request);
        let mut state = place.lock().await;
        let now = clock.elapsed();
        if let Some(kept) = state.token.as_ref().filter(|kept| now < kept.fresh_until) {
            return Ok(kept.header.clone());
        }
        let asked = match state.again_at.checked_sub(now) {
            None | Some(Duration::ZERO) => {
                let attempt = Attempt { state: &mut state, clock, since: now, is_over: false };
                attempt.ends(self.ask(request, upstream, clock).await)
            }
            Some(again_in) => Err(TokenError::JustFailed { again_in }),
        };
        asked.or_else(|error| {
            match state.token.as_ref().filter(|kept| clock.elapsed() < kept.valid_until) {
                Some(kept) => {
                    tracing::debug!(%error, "a token is used to its end");
                    Ok(kept.header.clone())
                }
                None => Err(error),
            }
        })
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
        let turn = timeout(TURN_TIMEOUT, self.calls.acquire()).await;
        let _turn = turn.map_err(|_| TokenError::Busy)?;
        let call = self.account.call(request, now_s, timeouts)?;
        let asked = format!("{}:{}", call.address.host, call.address.port);
        let Ok(answered) = timeout(CALL_TIMEOUT, answer(upstream, call, &asked)).await else {
            return Err(TokenError::Slow { asked });
        };
        let response = answered?;
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

/// The answer with its body in memory.
async fn answer(
    upstream: &dyn Upstream,
    call: TargetCall,
    asked: &str,
) -> Result<Message, TokenError> {
    let answer = upstream.call(call).await;
    let asked = || asked.to_owned();
    let answer =
        answer.map_err(|failed| TokenError::Call { asked: asked(), source: failed.error })?;
    let mut response = answer.response;
    let read = response.body.buffer(ANSWER_BYTES_MAX, ANSWER_TIMEOUT).await;
    read.map_err(|source| TokenError::Body { asked: asked(), source })?;
    Ok(response)
}

/// One call of the issuer, whose outcome is remembered.
struct Attempt<'a> {
    state: &'a mut State,
    clock: &'a Clock,
    since: Duration,
    is_over: bool,
}

impl Attempt<'_> {
    fn ends(mut self, asked: Result<Token, TokenError>) -> Result<HeaderValue, TokenError> {
        self.is_over = true;
        match asked {
            Ok(fresh) => {
                self.state.failures = 0;
                Ok(self.state.token.insert(fresh).header.clone())
            }
            Err(error) => {
                self.state.fails(self.clock.elapsed());
                Err(error)
            }
        }
    }
}

/// Who asked has gone: its time is over, or its client left. An issuer that was silent for long
/// enough until then has failed.
impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        let now = self.clock.elapsed();
        if !self.is_over && now.saturating_sub(self.since) >= RETRY_FIRST {
            self.state.fails(now);
        }
    }
}

impl State {
    fn fails(&mut self, now: Duration) {
        let wait = 1_u32.checked_shl(self.failures).map_or(RETRY_MAX, |times| RETRY_FIRST * times);
        self.failures = self.failures.saturating_add(1);
        self.again_at = now + wait.min(RETRY_MAX);
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
