//! The gRPC half of the door: which service a call is for, who calls, and until when.
//!
//! Sources: gRPC's "gRPC over HTTP2" (path, `grpc-timeout`, trailers); the metadata that
//! Momento's libraries send. Who calls is judged by the head alone, before a byte of the message
//! is read. `Unknown:` the order of the checks; a bad token comes before a missing cache.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Request, Response};
use http_body::Body;
use momento_protos::auth::auth_server::{self, AuthServer};
use momento_protos::cache_client::scs_server::{self, ScsServer};
use momento_protos::control_client::scs_control_server::{self, ScsControlServer};
use momento_protos::token::token_server::{self, TokenServer};
use tokio::time::{Instant, timeout_at};
use tonic::server::{Grpc, UnaryService};
use tonic::{Request as Call, Response as Reply, Status};
use tonic_prost::ProstCodec;
use tower_service::Service;

use crate::serve::control::Payload;
use crate::serve::momento::answering::{Account, Counting, Held};
use crate::serve::momento::auth::Issuer;
use crate::serve::momento::control::Control;
use crate::serve::momento::receiving::{Elements, Received, Weight};
use crate::serve::momento::refusal::{Refusal, of_tonic};
use crate::serve::momento::scs::{self, Scs};
use crate::serve::momento::{Inner, Momento, Who};
use crate::store::cache::definition::Door;

/// Node sends up to 10,486,000 bytes; what is over an item's limit is refused by its size.
const MESSAGE_BYTES_MAX: usize = 11 * 1024 * 1024;
/// Of the calls whose bearer is known from their message alone: two tokens and some names.
const OPEN_MESSAGE_BYTES_MAX: usize = 64 * 1024;
/// What gRPC puts before a message.
const MESSAGE_HEAD_BYTES: usize = 5;

/// For a call that sets no deadline, and the longest that one may set.
const CALL_WAIT_MAX: Duration = Duration::from_secs(60);

const CACHE: &str = "cache";
const TIMEOUT: &str = "grpc-timeout";

/// The services, ready to be cloned for a call.
#[derive(Clone)]
pub(super) struct Services {
    scs: ScsServer<Scs>,
    control: ScsControlServer<Control>,
    auth: AuthServer<Issuer>,
    token: TokenServer<Issuer>,
}

impl Services {
    pub(super) fn new(inner: &Arc<Inner>) -> Self {
        let issuer = Issuer(inner.clone());
        Self {
            scs: ScsServer::new(Scs)
                .max_decoding_message_size(MESSAGE_BYTES_MAX)
                .max_encoding_message_size(usize::MAX),
            control: ScsControlServer::new(Control(inner.clone()))
                .max_decoding_message_size(OPEN_MESSAGE_BYTES_MAX),
            auth: AuthServer::new(issuer.clone()).max_decoding_message_size(OPEN_MESSAGE_BYTES_MAX),
            token: TokenServer::new(issuer).max_decoding_message_size(OPEN_MESSAGE_BYTES_MAX),
        }
    }
}

impl Momento {
    /// Never fails: a refusal is an answer.
    pub(super) async fn answer_grpc<B>(&self, request: Request<B>) -> Response<Payload>
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send,
    {
        let wait = deadline_of(request.headers()).unwrap_or(CALL_WAIT_MAX).min(CALL_WAIT_MAX);
        let deadline = Instant::now() + wait;
        let account = self.inner.answering.of(request.extensions().get());
        let answer = timeout_at(deadline, self.call(request, deadline, &account));
        match answer.await.unwrap_or(Err(Refusal::DeadlineExceeded)) {
            Ok(mut response) => match of_tonic(response.headers()) {
                Some(refusal) => refusal.grpc(),
                None => {
                    let held = response.extensions_mut().remove::<Held>();
                    response.map(|body| Payload::stream(Counting::new(body, account, held)))
                }
            },
            Err(refusal) => refusal.grpc(),
        }
    }

    async fn call<B>(
        &self,
        request: Request<B>,
        deadline: Instant,
        account: &Account,
    ) -> Result<Response<tonic::body::Body>, Refusal>
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send,
    {
        let path = request.uri().path().trim_start_matches('/');
        let (service, method) = path.split_once('/').unwrap_or_default();
        let services = &self.services;
        // Until the call is done; replies that are made of it one by one keep it longer.
        let weight = self.inner.receiving.weigh();
        match service {
            scs_server::SERVICE_NAME => {
                let call = self.inner.data_call(request.headers(), deadline, account, &weight)?;
                let elements = Elements::of(method);
                let bytes_max = MESSAGE_BYTES_MAX + MESSAGE_HEAD_BYTES;
                let mut request = request.map(|body| weight.body(body, bytes_max, elements));
                request.extensions_mut().insert(call);
                serve(services.scs.clone(), request).await
            }
            scs_control_server::SERVICE_NAME => {
                let caller = self.inner.caller(field(request.headers(), AUTHORIZATION.as_str()));
                let caller = self.inner.admitted(caller)?;
                account.admit(0).await?;
                let mut request = received(request, &weight);
                request.extensions_mut().insert(caller);
                serve(services.control.clone(), request).await
            }
            auth_server::SERVICE_NAME => {
                account.admit(0).await?;
                serve(services.auth.clone(), received(request, &weight)).await
            }
            token_server::SERVICE_NAME => {
                account.admit(0).await?;
                serve(services.token.clone(), received(request, &weight)).await
            }
            "cache_client.Ping" if path == "cache_client.Ping/Ping" => {
                self.inner.admit(Who::Stranger)?;
                let mut grpc = Grpc::new(ProstCodec::<(), ()>::default())
                    .apply_max_message_size_config(Some(OPEN_MESSAGE_BYTES_MAX), None);
                Ok(grpc.unary(Ping, received(request, &weight)).await)
            }
            _ => self.inner.admitted(Err(Refusal::Unimplemented)),
        }
    }
}

/// A call of another service than that of the data.
fn received<B>(request: Request<B>, weight: &Weight) -> Request<Received<B>> {
    let bytes_max = OPEN_MESSAGE_BYTES_MAX + MESSAGE_HEAD_BYTES;
    request.map(|body| weight.body(body, bytes_max, Elements::default()))
}

impl Inner {
    /// Who calls, and of which cache.
    fn data_call(
        &self,
        headers: &HeaderMap,
        deadline: Instant,
        account: &Account,
        weight: &Weight,
    ) -> Result<scs::Call, Refusal> {
        let token = self.admitted(self.caller(field(headers, AUTHORIZATION.as_str())))?;
        let name = field(headers, CACHE).filter(|name| !name.trim().is_empty());
        let name = name.ok_or(Refusal::invalid("Invalid argument: no cache is named"))?;
        if !token.grants.know_cache(name) {
            return Err(Refusal::Forbidden);
        }
        let cache = self.caches.get(name, Door::Momento).ok_or(Refusal::CacheNotFound)?;
        let (account, weight) = (account.clone(), weight.clone());
        Ok(scs::Call { token, cache, deadline, account, weight })
    }
}

async fn serve<S, B>(
    mut service: S,
    request: Request<B>,
) -> Result<Response<tonic::body::Body>, Refusal>
where
    S: Service<
            Request<B>,
            Response = Response<tonic::body::Body>,
            Error = std::convert::Infallible,
        >,
{
    service.call(request).await.map_err(|never| match never {})
}

/// Names of caches may have other letters than those of ASCII, which Node and Python send as
/// they are.
fn field<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    std::str::from_utf8(headers.get(name)?.as_bytes()).ok()
}

/// `grpc-timeout`: up to eight digits and a unit.
fn deadline_of(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(TIMEOUT)?.to_str().ok()?;
    let (unit_at, unit) = text.char_indices().next_back()?;
    let digits = text.get(..unit_at)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|digit| digit.is_ascii_digit())
    {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    Some(match unit {
        'H' => Duration::from_secs(number.saturating_mul(3600)),
        'M' => Duration::from_secs(number.saturating_mul(60)),
        'S' => Duration::from_secs(number),
        'm' => Duration::from_millis(number),
        'u' => Duration::from_micros(number),
        'n' => Duration::from_nanos(number),
        _ => return None,
    })
}

/// `cache_client.Ping`, of which no stub is published: an empty message for an empty one.
struct Ping;

impl UnaryService<()> for Ping {
    type Response = ();
    type Future = std::future::Ready<Result<Reply<()>, Status>>;

    fn call(&mut self, _: Call<()>) -> Self::Future {
        ready(Ok(Reply::new(())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_are_read() {
        for (text, expected) in [
            ("5S", Some(Duration::from_secs(5))),
            ("1H", Some(Duration::from_secs(3600))),
            ("2M", Some(Duration::from_secs(120))),
            ("1000000u", Some(Duration::from_secs(1))),
            ("99999999n", Some(Duration::from_nanos(99_999_999))),
            ("4998m", Some(Duration::from_millis(4998))),
            ("100000000m", None),
            ("m", None),
            ("5", None),
            ("-5m", None),
            ("5s", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(TIMEOUT, text.parse().expect("a value"));
            assert_eq!(deadline_of(&headers), expected, "{text}");
        }
    }
}
