//! `auth.Auth` and `token.Token`: who may make which token.
//!
//! Sources: Momento's protocol and its libraries' test suites. A session may make any; a key of a
//! super user all but keys of super users; the others none. The caller's token is in the message
//! (Node), or in the `authorization` field (Python sends both).

use std::pin::Pin;
use std::sync::Arc;

use momento_protos::auth::auth_server::Auth;
use momento_protos::auth::generate_api_token_request::Expiry;
use momento_protos::auth::login_response::{Error, State};
use momento_protos::auth::{
    GenerateApiTokenRequest, GenerateApiTokenResponse, LoginRequest, LoginResponse,
    RefreshApiTokenRequest, RefreshApiTokenResponse,
};
use momento_protos::permission_messages::Permissions;
use momento_protos::token::token_server;
use momento_protos::token::{GenerateDisposableTokenRequest, GenerateDisposableTokenResponse};
use tonic::codegen::tokio_stream::{self, Stream};
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status};

use crate::serve::momento::permission::Grants;
use crate::serve::momento::refusal::Refusal;
use crate::serve::momento::token::{Kind, TOKEN_BYTES_MAX, Token};
use crate::serve::momento::{Inner, Who};

/// Characters of the id that a token's maker gives it.
const TOKEN_ID_CHARS_MAX: usize = 64;
const DESCRIPTION_CHARS_MAX: usize = 1024;
const DISPOSABLE_SECONDS_MAX: u32 = 25 * 60 * 60;
const DISPOSABLE_STATEMENTS_MAX: usize = 20;

/// Both services.
#[derive(Clone)]
pub(super) struct Issuer(pub(super) Arc<Inner>);

#[tonic::async_trait]
impl Auth for Issuer {
    type LoginStream = Pin<Box<dyn Stream<Item = Result<LoginResponse, Status>> + Send>>;

    /// There is no account to sign in to: the operator hands out tokens.
    async fn login(&self, _: Request<LoginRequest>) -> Result<Response<Self::LoginStream>, Status> {
        self.0.admit(Who::Stranger)?;
        let description =
            "This gateway has no sign-in by browser; `tollgate credentials` prints a session token"
                .to_owned();
        let reply = LoginResponse { state: Some(State::Error(Error { description })) };
        Ok(Response::new(Box::pin(tokio_stream::once(Ok(reply)))))
    }

    async fn generate_api_token(
        &self,
        request: Request<GenerateApiTokenRequest>,
    ) -> Result<Response<GenerateApiTokenResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let caller = self.caller(&metadata, &message.auth_token)?;
        let grants = grants(message.permissions.as_ref())?;
        allow(&caller, &grants)?;
        if message.description.chars().count() > DESCRIPTION_CHARS_MAX {
            return Err(Refusal::invalid("Invalid argument: the description is too long").into());
        }
        let lifetime_s = match message.expiry {
            Some(Expiry::Never(_)) => None,
            Some(Expiry::Expires(expires)) => Some(seconds(expires.valid_for_seconds, u32::MAX)?),
            None => return Err(no_expiry().into()),
        };
        let key = self.new_key(grants, token_id(message.token_id)?, lifetime_s)?;
        Ok(Response::new(GenerateApiTokenResponse {
            api_key: key.api_key,
            refresh_token: key.refresh_token,
            endpoint: self.0.endpoint.clone(),
            valid_until: key.valid_until,
        }))
    }

    async fn refresh_api_token(
        &self,
        request: Request<RefreshApiTokenRequest>,
    ) -> Result<Response<RefreshApiTokenResponse>, Status> {
        let message = request.into_inner();
        let (keyring, now_s) = (self.0.keyring.load(), self.0.now_s());
        let verified = keyring
            .verify(&message.api_key, now_s)
            .and_then(|key| Ok((key, keyring.verify(&message.refresh_token, now_s)?)));
        let (key, refresh) = self.0.admitted(verified.map_err(Refusal::from))?;
        if key.kind != Kind::Key || refresh.kind != Kind::Refresh || refresh.id != key.id {
            return Err(Refusal::BadToken.into());
        }
        let lifetime_s = match (key.issued_s, key.expires_s) {
            (Some(issued_s), Some(expires_s)) => Some(expires_s.saturating_sub(issued_s)),
            (_, None) => None,
            (None, Some(_)) => return Err(Refusal::BadToken.into()),
        };
        let key = self.new_key(key.grants.clone(), key.token_id.clone(), lifetime_s)?;
        Ok(Response::new(RefreshApiTokenResponse {
            api_key: key.api_key,
            refresh_token: key.refresh_token,
            endpoint: self.0.endpoint.clone(),
            valid_until: key.valid_until,
        }))
    }
}

#[tonic::async_trait]
impl token_server::Token for Issuer {
    async fn generate_disposable_token(
        &self,
        request: Request<GenerateDisposableTokenRequest>,
    ) -> Result<Response<GenerateDisposableTokenResponse>, Status> {
        let (metadata, _, message) = request.into_parts();
        let caller = self.caller(&metadata, &message.auth_token)?;
        let grants = grants(message.permissions.as_ref())?;
        match &grants {
            Grants::SuperUser => {
                allow(&caller, &Grants::Explicit(Vec::new()))?;
                let what = "Invalid argument: a disposable token cannot be a super user's";
                return Err(Refusal::invalid(what).into());
            }
            Grants::Explicit(statements) if statements.len() > DISPOSABLE_STATEMENTS_MAX => {
                return Err(Refusal::invalid("Invalid argument: over 20 permissions").into());
            }
            Grants::Explicit(_) => {}
        }
        allow(&caller, &grants)?;
        let expires = message.expires.ok_or_else(no_expiry)?;
        let lifetime_s = seconds(expires.valid_for_seconds, DISPOSABLE_SECONDS_MAX)?;
        let token_id = token_id(message.token_id)?;
        let token = self.token(Kind::Disposable, grants, token_id, Some(lifetime_s));
        Ok(Response::new(GenerateDisposableTokenResponse {
            api_key: self.sign(&token)?,
            endpoint: self.0.endpoint.clone(),
            valid_until: token.expires_s.unwrap_or(0),
        }))
    }
}

struct NewKey {
    api_key: String,
    refresh_token: String,
    /// Seconds since the epoch; zero for never.
    valid_until: u64,
}

impl Issuer {
    fn caller(&self, metadata: &MetadataMap, in_message: &str) -> Result<Arc<Token>, Refusal> {
        let in_field = metadata.get("authorization").and_then(|value| value.to_str().ok());
        let text = Some(in_message).filter(|text| !text.is_empty()).or(in_field);
        self.0.admitted(self.0.caller(text))
    }

    fn new_key(
        &self,
        grants: Grants,
        token_id: Option<String>,
        lifetime_s: Option<u64>,
    ) -> Result<NewKey, Refusal> {
        let key = self.token(Kind::Key, grants, token_id, lifetime_s);
        let refresh = Token { kind: Kind::Refresh, ..key.clone() };
        Ok(NewKey {
            api_key: self.sign(&key)?,
            refresh_token: self.sign(&refresh)?,
            valid_until: key.expires_s.unwrap_or(0),
        })
    }

    fn token(
        &self,
        kind: Kind,
        grants: Grants,
        token_id: Option<String>,
        lifetime_s: Option<u64>,
    ) -> Token {
        let now_s = self.0.now_s();
        Token {
            kind,
            grants,
            id: uuid::Uuid::new_v4().to_string(),
            token_id,
            issued_s: Some(now_s),
            expires_s: lifetime_s.map(|lifetime_s| now_s.saturating_add(lifetime_s)),
            is_v2: false,
        }
    }

    fn sign(&self, token: &Token) -> Result<String, Refusal> {
        let text = token.sign(self.0.keyring.load().own()).map_err(|error| {
            tracing::error!(%error, "a token cannot be signed");
            Refusal::Failed
        })?;
        if text.len() > TOKEN_BYTES_MAX {
            // Nobody would be let in with it.
            return Err(Refusal::invalid("Invalid argument: the token would be over 16 KB"));
        }
        Ok(text)
    }
}

fn grants(message: Option<&Permissions>) -> Result<Grants, Refusal> {
    Grants::of(message.unwrap_or(&Permissions::default())).map_err(Refusal::invalid)
}

fn allow(caller: &Token, wanted: &Grants) -> Result<(), Refusal> {
    match (caller.kind, &caller.grants, wanted) {
        (Kind::Session, _, _) | (Kind::Key, Grants::SuperUser, Grants::Explicit(_)) => Ok(()),
        (Kind::Key | Kind::Disposable | Kind::Refresh, _, _) => Err(Refusal::Forbidden),
    }
}

fn seconds(seconds: u32, seconds_max: u32) -> Result<u64, Refusal> {
    match seconds {
        0 => Err(Refusal::invalid("Invalid argument: the token would have expired at once")),
        _ if seconds > seconds_max => {
            Err(Refusal::invalid("Invalid argument: the token would be valid for too long"))
        }
        _ => Ok(seconds.into()),
    }
}

fn no_expiry() -> Refusal {
    Refusal::invalid("Invalid argument: the request does not say when the token expires")
}

/// Empty is none.
fn token_id(text: String) -> Result<Option<String>, Refusal> {
    if text.chars().count() > TOKEN_ID_CHARS_MAX {
        return Err(Refusal::invalid("Invalid argument: the token id is over 64 characters"));
    }
    Ok(Some(text).filter(|text| !text.is_empty()))
}
