//! Whose tokens they are, and how they are asked for.
//!
//! Source: Google Cloud docs, as of the module above. Refused: a key file that is not a service
//! account's, or whose key does not sign, or whose assertions would go in the clear.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;
use http::header::{ACCEPT, CONTENT_TYPE, HOST};
use http::uri::{Authority, PathAndQuery};
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::{Deserialize, Serialize};
use url::form_urlencoded::Serializer;

use crate::message::Body;
use crate::upstream::google::{TokenError, TokenRequest};
use crate::upstream::{Scheme, TargetAddress, TargetCall, Timeouts};

const METADATA_HOST: &str = "metadata.google.internal";
const ACCOUNT_PATH: &str = "/computeMetadata/v1/instance/service-accounts/default/";
const METADATA_FLAVOR: HeaderName = HeaderName::from_static("metadata-flavor");
const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// The longest that an assertion may hold.
const ASSERTION_S: i64 = 3_600;

/// Whose tokens are shown, and who makes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GoogleAccount {
    /// The machine's own account, by its metadata server.
    Metadata { host: ByteString, port: u16 },
    /// A service account, by its key.
    Key(Arc<ServiceAccountKey>),
}

impl Default for GoogleAccount {
    fn default() -> Self {
        Self::Metadata { host: ByteString::from_static(METADATA_HOST), port: 80 }
    }
}

/// A service account's key file.
#[derive(Clone, PartialEq, Eq)]
pub struct ServiceAccountKey {
    email: String,
    key_id: Option<String>,
    key_pem: String,
    token_uri: String,
    token_address: TargetAddress,
    token_path: PathAndQuery,
}

/// Why there is no account.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    #[error("`{text}` is no host; write a name or an address, and a port where it is not 80")]
    Host { text: String },
    #[error("it is no service account's key in JSON: {reason}")]
    Format { reason: String },
    #[error("its `type` is `{kind}`, and not `service_account`")]
    Kind { kind: String },
    #[error("its `token_uri` is no absolute URL")]
    TokenUri,
    #[error("its `token_uri` is `http`, which anybody on the way can read; write `https`")]
    TokenUriInTheClear,
    #[error("its `private_key` is no RSA key in PEM")]
    PrivateKey,
}

/// As Google writes it; there is more in it.
#[derive(Deserialize)]
struct KeyRecord {
    r#type: String,
    client_email: String,
    private_key_id: Option<String>,
    private_key: String,
    token_uri: Option<String>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_audience: Option<&'a str>,
}

impl GoogleAccount {
    /// `host` or `host:port`, as `GCE_METADATA_HOST` says it.
    pub fn metadata(text: &str) -> Result<Self, AccountError> {
        let text = text.trim();
        let host = || AccountError::Host { text: text.to_owned() };
        let authority: Authority = text.parse().map_err(|_| host())?;
        let name = authority.host().trim_start_matches('[').trim_end_matches(']');
        if name.is_empty() || authority.as_str().contains('@') {
            return Err(host());
        }
        Ok(Self::Metadata { host: name.into(), port: authority.port_u16().unwrap_or(80) })
    }

    pub(super) fn call(
        &self,
        request: &TokenRequest,
        now_s: i64,
        timeouts: Timeouts,
    ) -> Result<TargetCall, TokenError> {
        match self {
            Self::Metadata { host, port } => Ok(metadata_call(host, *port, request, timeouts)),
            Self::Key(key) => key.call(request, now_s, timeouts),
        }
    }
}

fn metadata_call(
    host: &ByteString,
    port: u16,
    request: &TokenRequest,
    timeouts: Timeouts,
) -> TargetCall {
    let mut query = Serializer::new(String::new());
    let what = match request {
        TokenRequest::Access { scopes, .. } => {
            query.append_pair("scopes", &scopes.join(","));
            "token"
        }
        TokenRequest::Id { audience, include_email } => {
            query.append_pair("audience", audience);
            query.append_pair("format", if *include_email { "full" } else { "standard" });
            "identity"
        }
    };
    let target = format!("{ACCOUNT_PATH}{what}?{}", query.finish());
    let mut asked = Request::new(Body::Empty);
    *asked.uri_mut() = Uri::try_from(target).unwrap_or_default();
    asked.headers_mut().insert(METADATA_FLAVOR, HeaderValue::from_static("Google"));
    let address = TargetAddress { scheme: Scheme::Http, host: host.clone(), port, tls: None };
    insert_host(&mut asked, &address);
    TargetCall { address, request: asked, timeouts }
}

impl ServiceAccountKey {
    /// Out of the text of a key file.
    pub fn parse(text: &str) -> Result<Self, AccountError> {
        let record: KeyRecord = serde_json::from_str(text)
            .map_err(|error| AccountError::Format { reason: error.to_string() })?;
        if record.r#type != "service_account" {
            return Err(AccountError::Kind { kind: record.r#type });
        }
        EncodingKey::from_rsa_pem(record.private_key.as_bytes())
            .map_err(|_| AccountError::PrivateKey)?;
        let token_uri = record.token_uri.unwrap_or_else(|| TOKEN_URI.to_owned());
        let (token_address, token_path) = address(&token_uri).ok_or(AccountError::TokenUri)?;
        if !token_address.is_confidential() {
            return Err(AccountError::TokenUriInTheClear);
        }
        Ok(Self {
            email: record.client_email,
            key_id: record.private_key_id,
            key_pem: record.private_key,
            token_uri,
            token_address,
            token_path,
        })
    }

    fn call(
        &self,
        request: &TokenRequest,
        now_s: i64,
        timeouts: Timeouts,
    ) -> Result<TargetCall, TokenError> {
        let assertion = self.assertion(request, now_s)?;
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", GRANT).append_pair("assertion", &assertion);
        let mut asked = Request::new(Body::from(Bytes::from(form.finish())));
        *asked.method_mut() = Method::POST;
        *asked.uri_mut() = Uri::from(self.token_path.clone());
        let headers = asked.headers_mut();
        let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(CONTENT_TYPE, form_type);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        insert_host(&mut asked, &self.token_address);
        Ok(TargetCall { address: self.token_address.clone(), request: asked, timeouts })
    }

    fn assertion(&self, request: &TokenRequest, now_s: i64) -> Result<String, TokenError> {
        let failed = |error: jsonwebtoken::errors::Error| TokenError::Assertion {
            reason: error.to_string(),
        };
        let (scope, target_audience) = match request {
            TokenRequest::Access { scopes, .. } => (Some(scopes.join(" ")), None),
            TokenRequest::Id { audience, .. } => (None, Some(audience.as_str())),
        };
        let claims = Claims {
            iss: &self.email,
            aud: &self.token_uri,
            iat: now_s,
            exp: now_s.saturating_add(ASSERTION_S),
            scope,
            target_audience,
        };
        let mut header = Header::new(Algorithm::RS256);
        header.kid.clone_from(&self.key_id);
        let key = EncodingKey::from_rsa_pem(self.key_pem.as_bytes()).map_err(failed)?;
        jsonwebtoken::encode(&header, &claims, &key).map_err(failed)
    }
}

/// The key is a secret.
impl fmt::Debug for ServiceAccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { email, token_uri, .. } = self;
        f.debug_struct("ServiceAccountKey")
            .field("email", email)
            .field("token_uri", token_uri)
            .finish_non_exhaustive()
    }
}

fn address(url: &str) -> Option<(TargetAddress, PathAndQuery)> {
    let uri: Uri = url.parse().ok()?;
    let scheme = match uri.scheme_str()? {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        _ => return None,
    };
    let host = uri.host()?.trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() {
        return None;
    }
    let port = uri.port_u16().unwrap_or_else(|| scheme.default_port());
    let address = TargetAddress { scheme, host: ByteString::from(host), port, tls: None };
    let path = uri.path_and_query().cloned();
    Some((address, path.unwrap_or_else(|| PathAndQuery::from_static("/"))))
}

fn insert_host(request: &mut Request<Body>, address: &TargetAddress) {
    let host = match address.host.contains(':') {
        true => format!("[{}]", address.host),
        false => address.host.to_string(),
    };
    let host = match address.port == address.scheme.default_port() {
        true => host,
        false => format!("{host}:{}", address.port),
    };
    if let Ok(host) = HeaderValue::try_from(host) {
        request.headers_mut().insert(HOST, host);
    }
}
