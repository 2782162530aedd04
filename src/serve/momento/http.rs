//! The HTTP half of the door: `/cache/{name}`.
//!
//! Source: Momento's HTTP API reference (GET, PUT, DELETE; `key` or `key_base64`, `ttl_seconds`;
//! a token in `Authorization` as it is, or in `token`). The reference tells a missing key and a
//! missing cache apart by the message alone. `Unknown:` the shape of errors, taken from the
//! vendor's newer APIs; a value that is too large, 413; `+` in a query, a blank as in forms.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, Engine, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, ALLOW, AUTHORIZATION, CONTENT_TYPE, ORIGIN, VARY,
};
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use percent_encoding::percent_decode;
use tokio::time::{Instant, timeout, timeout_at};
use tonic::{Code, Status};

use crate::serve::control::Payload;
use crate::serve::momento::answering::Counting;
use crate::serve::momento::permission::Need;
use crate::serve::momento::receiving::{Elements, Received};
use crate::serve::momento::refusal::Refusal;
use crate::serve::momento::scs::scalar::{put, read, stored};
use crate::serve::momento::scs::{Call, ITEM_BYTES_MAX, lifetime};
use crate::serve::momento::token::{self, Token};
use crate::serve::momento::{Inner, Momento};
use crate::store::cache::Operation;
use crate::store::cache::definition::Door;
use crate::store::cache::operation::Condition;

const BODY_WAIT: Duration = Duration::from_secs(30);
/// Base64, with its padding or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

const METHODS: &str = "GET, PUT, DELETE";
/// For how long a browser need not ask again, in seconds.
const PREFLIGHT_MAX_AGE: &str = "600";

impl Momento {
    /// Never fails: a refusal is an answer.
    pub(super) async fn answer_http<B>(&self, request: Request<B>) -> Response<Payload>
    where
        B: http_body::Body<Data = Bytes> + Unpin,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (parts, body) = request.into_parts();
        let origin = parts.headers.get(ORIGIN).filter(|origin| self.allows_origin(origin)).cloned();
        let mut response = match (&parts.method, &origin) {
            (&Method::OPTIONS, Some(_)) => preflight(),
            _ => {
                let response = self.inner.http_call(&parts, body).await;
                response.unwrap_or_else(Refusal::http)
            }
        };
        if response.status() == StatusCode::METHOD_NOT_ALLOWED {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static(METHODS));
        }
        if let Some(origin) = origin {
            response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            response.headers_mut().append(VARY, HeaderValue::from_static("origin"));
        }
        response
    }

    /// Whether the configuration lets web pages of that origin in.
    pub(in crate::serve) fn allows_origin(&self, origin: &HeaderValue) -> bool {
        self.inner.cors_origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes())
    }
}

impl Inner {
    async fn http_call<B>(&self, parts: &Parts, body: B) -> Result<Response<Payload>, Refusal>
    where
        B: http_body::Body<Data = Bytes> + Unpin,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let known = Query::parse(parts.uri.query().unwrap_or_default())
            .and_then(|query| Ok((self.http_caller(parts, &query)?, query)));
        let (token, query) = self.admitted(known)?;
        let Some(encoded) = parts.uri.path().strip_prefix("/cache/") else {
            // Topics come with their own service.
            return Err(Refusal::Unimplemented);
        };
        let call = self.http_data_call(parts, token, encoded)?;
        let admitted = timeout_at(call.deadline, call.account.admit(0)).await;
        admitted.map_err(|_| Refusal::DeadlineExceeded)??;
        match parts.method {
            Method::GET => {
                let key = query.key()?;
                let value = read(&call, &key).await?.ok_or(Refusal::KeyNotFound)?;
                // It is no longer the cache's where another has been stored meanwhile.
                let held = call.account.hold(value.len());
                let value = Counting::new(Full::new(value), call.account, Some(held));
                let mut response = Response::new(Payload::stream(value));
                let media = HeaderValue::from_static("application/octet-stream");
                response.headers_mut().insert(CONTENT_TYPE, media);
                Ok(response)
            }
            Method::PUT => {
                let key = query.key()?;
                call.allow(&key, Need::Write)?;
                let ttl_milliseconds = query.ttl_seconds()?.saturating_mul(1000);
                // Before the value comes.
                lifetime(ttl_milliseconds)?;
                let value = whole(call.weight.body(body, usize::MAX, Elements::default())).await?;
                let put = put(&key, value, ttl_milliseconds, Condition::Always)?;
                stored(call.apply(&key, Need::Write, put).await?)?;
                Ok(empty(StatusCode::NO_CONTENT))
            }
            Method::DELETE => {
                let key = query.key()?;
                call.apply(&key, Need::Write, Operation::Delete { cas: None }).await?;
                Ok(empty(StatusCode::NO_CONTENT))
            }
            _ => Ok(empty(StatusCode::METHOD_NOT_ALLOWED)),
        }
    }

    fn http_caller(&self, parts: &Parts, query: &Query) -> Result<Arc<Token>, Refusal> {
        let field = match parts.headers.get(AUTHORIZATION).map(HeaderValue::to_str) {
            None => None,
            Some(Ok(text)) => Some(bare(text)),
            Some(Err(_)) => return Err(Refusal::BadToken),
        };
        // Empty is none, as in the local mode of the libraries.
        let parameter = query.token.as_deref().filter(|token| !token.is_empty());
        let parameter = parameter.map(std::str::from_utf8).transpose();
        let text = match (field, parameter.map_err(|_| Refusal::BadToken)?) {
            (Some(_), Some(_)) => {
                let what = "Invalid argument: a token in the header and one in the query";
                return Err(Refusal::invalid(what));
            }
            (one, other) => one.or(other),
        };
        let unwrapped = text.and_then(token::unwrap);
        self.caller(unwrapped.as_deref().or(text))
    }

    fn http_data_call(
        &self,
        parts: &Parts,
        token: Arc<Token>,
        encoded: &str,
    ) -> Result<Call, Refusal> {
        let name = percent_decode(encoded.as_bytes()).decode_utf8();
        let name =
            name.map_err(|_| Refusal::invalid("Invalid argument: a cache's name is text"))?;
        if name.trim().is_empty() {
            return Err(Refusal::invalid("Invalid argument: no cache is named"));
        }
        if !token.grants.know_cache(&name) {
            return Err(Refusal::Forbidden);
        }
        let cache = self.caches.get(&name, Door::Momento).ok_or(Refusal::CacheNotFound)?;
        let deadline = Instant::now() + BODY_WAIT;
        let account = self.answering.of(parts.extensions.get());
        Ok(Call { token, cache, deadline, account, weight: self.receiving.weigh() })
    }
}

/// The parameters that mean something; the others are passed over.
#[derive(Default)]
struct Query {
    key: Option<Vec<u8>>,
    key_base64: Option<Vec<u8>>,
    ttl_seconds: Option<Vec<u8>>,
    token: Option<Vec<u8>>,
}

impl Query {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let mut query = Self::default();
        for pair in text.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let place = match &*decoded(name) {
                b"key" => &mut query.key,
                b"key_base64" => &mut query.key_base64,
                b"ttl_seconds" => &mut query.ttl_seconds,
                b"token" => &mut query.token,
                _ => continue,
            };
            if place.replace(decoded(value).into_owned()).is_some() {
                return Err(Refusal::invalid("Invalid argument: a parameter stands there twice"));
            }
        }
        Ok(query)
    }

    fn key(&self) -> Result<Cow<'_, [u8]>, Refusal> {
        match (&self.key, &self.key_base64) {
            (Some(key), None) => Ok(Cow::Borrowed(key)),
            (None, Some(text)) => match BASE64.decode(text) {
                Ok(key) => Ok(Cow::Owned(key)),
                Err(_) => Err(Refusal::invalid("Invalid argument: key_base64 is no base64url")),
            },
            (None, None) => Err(Refusal::invalid("Invalid argument: a key is needed")),
            (Some(_), Some(_)) => {
                Err(Refusal::invalid("Invalid argument: key and key_base64 exclude each other"))
            }
        }
    }

    fn ttl_seconds(&self) -> Result<u64, Refusal> {
        let text = self.ttl_seconds.as_deref();
        let text = text.ok_or(Refusal::invalid("Invalid argument: ttl_seconds is needed"))?;
        let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
        number.ok_or(Refusal::invalid("Invalid argument: ttl_seconds is no whole number"))
    }
}

/// What stands in `Authorization`, or behind its scheme, which RFC 9110, section 11.1, has in any
/// case.
fn bare(field: &str) -> &str {
    let scheme = field.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    scheme.map_or(field, |(_, token)| token).trim()
}

fn decoded(text: &str) -> Cow<'_, [u8]> {
    if text.contains('+') {
        let blanks = text.replace('+', " ");
        return Cow::Owned(percent_decode(blanks.as_bytes()).collect());
    }
    percent_decode(text.as_bytes()).into()
}

async fn whole<B>(body: Received<B>) -> Result<Bytes, Refusal>
where
    B: http_body::Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    match timeout(BODY_WAIT, Limited::new(body, ITEM_BYTES_MAX).collect()).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refusal::RequestTooLarge),
        Ok(Err(error)) if is_exhausted(&*error) => Err(Refusal::Throughput),
        Ok(Err(_)) => Err(Refusal::invalid("Invalid argument: the body broke off")),
        Err(_) => Err(Refusal::DeadlineExceeded),
    }
}

/// Whether too much is being received.
fn is_exhausted(error: &(dyn std::error::Error + 'static)) -> bool {
    let status = error.downcast_ref::<Status>();
    status.is_some_and(|status| status.code() == Code::ResourceExhausted)
}

fn empty(status: StatusCode) -> Response<Payload> {
    let mut response = Response::new(Payload::from(Full::default()));
    *response.status_mut() = status;
    response
}

fn preflight() -> Response<Payload> {
    let mut response = empty(StatusCode::NO_CONTENT);
    let headers = response.headers_mut();
    let methods = HeaderValue::from_static("GET, PUT, DELETE, POST");
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
    let fields = HeaderValue::from_static("authorization, content-type");
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, fields);
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(PREFLIGHT_MAX_AGE));
    response
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(query: &str, expected: Option<&[u8]>) {
        let key = Query::parse(query).and_then(|query| query.key().map(Cow::into_owned));
        assert_eq!(key.ok().as_deref(), expected, "{query}");
    }

    #[test]
    fn a_key_stands_in_the_query_one_way() {
        check("key=a", Some(b"a"));
        check("value=1&key=a%00%ff", Some(b"a\0\xff"));
        check("key=a+b%2B", Some(b"a b+"));
        check("k%65y=a", Some(b"a"));
        check("key_base64=_-8", Some(b"\xff\xef"));
        check("key_base64=_-8%3D", Some(b"\xff\xef"));
        check("key_base64=_-8=", Some(b"\xff\xef"));
        check("key=", Some(b""));
        check("key_base64=*", None);
        check("key_base64=/+8", None);
        check("key=a&key_base64=YQ", None);
        check("key=a&key=b", None);
        check("", None);
    }

    proptest! {
        #[test]
        fn no_query_panics(text in "[a-z_%&=+0-9]{0,60}") {
            if let Ok(query) = Query::parse(&text) {
                query.key().map(drop).unwrap_or_default();
                query.ttl_seconds().map(drop).unwrap_or_default();
            }
        }
    }
}
