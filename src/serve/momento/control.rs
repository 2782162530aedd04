//! `control_client.ScsControl`: caches and signing keys. Super users and sessions alone may call.
//!
//! Sources: Momento's protocol; the limits that its libraries' test suites ask of ListCaches.
//! `Differs:` rates and topics are not limited as reported, unless the configuration says so.

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use momento_protos::control_client::scs_control_server::ScsControl;
use momento_protos::control_client::{
    Cache, CacheLimits, CreateCacheRequest, CreateCacheResponse, CreateIndexRequest,
    CreateIndexResponse, CreateSigningKeyRequest, CreateSigningKeyResponse, DeleteCacheRequest,
    DeleteCacheResponse, DeleteIndexRequest, DeleteIndexResponse, FlushCacheRequest,
    FlushCacheResponse, ListCachesRequest, ListCachesResponse, ListIndexesRequest,
    ListIndexesResponse, ListSigningKeysRequest, ListSigningKeysResponse, RevokeSigningKeyRequest,
    RevokeSigningKeyResponse, SigningKey as SigningKeyMessage, TopicLimits,
};
use serde_json::json;
use tonic::{Request, Response, Status};

use crate::serve::momento::Inner;
use crate::serve::momento::permission::Grants;
use crate::serve::momento::refusal::Refusal;
use crate::serve::momento::scs::TTL_MAX;
use crate::serve::momento::token::Token;
use crate::store::cache::definition::{CacheDefinition, Door};
use crate::store::credentials::{NewSigningKey, SigningKey};

const PAGE_CACHES_MAX: usize = 100;
const TRAFFIC_RATE: u32 = 500;
const THROUGHPUT_KBPS: u32 = 10_240;
const ITEM_SIZE_KB: u32 = 4_883;
const PUBLISH_RATE: u32 = 100;
const SUBSCRIPTIONS: u32 = 100;
const PUBLISH_SIZE_KB: u32 = 100;

/// The service. Who calls travels with the request.
#[derive(Clone)]
pub(super) struct Control(pub(super) Arc<Inner>);

#[tonic::async_trait]
impl ScsControl for Control {
    async fn create_cache(
        &self,
        request: Request<CreateCacheRequest>,
    ) -> Result<Response<CreateCacheResponse>, Status> {
        let message = allowed(request)?;
        let definition = CacheDefinition::named(&message.cache_name);
        self.0.caches.create(definition).await.map_err(Refusal::from)?;
        Ok(Response::new(CreateCacheResponse {}))
    }

    async fn delete_cache(
        &self,
        request: Request<DeleteCacheRequest>,
    ) -> Result<Response<DeleteCacheResponse>, Status> {
        let message = allowed(request)?;
        named(&message.cache_name)?;
        self.0.caches.delete(&message.cache_name, Door::Momento).await.map_err(Refusal::from)?;
        Ok(Response::new(DeleteCacheResponse {}))
    }

    /// `next_token` is the name after which the rest stands.
    async fn list_caches(
        &self,
        request: Request<ListCachesRequest>,
    ) -> Result<Response<ListCachesResponse>, Status> {
        let message = allowed(request)?;
        let after = Some(message.next_token.as_str()).filter(|token| !token.is_empty());
        let page = self.0.caches.list(Door::Momento, after, PAGE_CACHES_MAX);
        let cache = |name: &str| Cache {
            cache_name: name.to_owned(),
            cache_limits: Some(CacheLimits {
                max_traffic_rate: TRAFFIC_RATE,
                max_throughput_kbps: THROUGHPUT_KBPS,
                max_item_size_kb: ITEM_SIZE_KB,
                max_ttl_seconds: TTL_MAX.as_secs(),
            }),
            topic_limits: Some(TopicLimits {
                max_publish_rate: PUBLISH_RATE,
                max_subscription_count: SUBSCRIPTIONS,
                max_publish_message_size_kb: PUBLISH_SIZE_KB,
            }),
            cache_id: name.to_owned(),
        };
        Ok(Response::new(ListCachesResponse {
            cache: page.caches.iter().map(|found| cache(&found.definition().name)).collect(),
            next_token: page.next.unwrap_or_default(),
        }))
    }

    async fn flush_cache(
        &self,
        request: Request<FlushCacheRequest>,
    ) -> Result<Response<FlushCacheResponse>, Status> {
        let message = allowed(request)?;
        named(&message.cache_name)?;
        self.0.caches.flush(&message.cache_name, Door::Momento).await.map_err(Refusal::from)?;
        Ok(Response::new(FlushCacheResponse {}))
    }

    /// The key is a JSON Web Key (RFC 7517).
    async fn create_signing_key(
        &self,
        request: Request<CreateSigningKeyRequest>,
    ) -> Result<Response<CreateSigningKeyResponse>, Status> {
        let message = allowed(request)?;
        if message.ttl_minutes == 0 {
            let what = "Invalid argument: the TTL has to be more than zero";
            return Err(Refusal::invalid(what).into());
        }
        let now_s = self.0.now_s();
        let expires_s = now_s.saturating_add(u64::from(message.ttl_minutes).saturating_mul(60));
        let made = SigningKey::create(&self.0.store, &self.0.environment, expires_s, now_s).await;
        let made = made.map_err(|error| match error {
            NewSigningKey::TooMany => {
                Refusal::TooMany("Limit exceeded: the number of signing keys")
            }
            NewSigningKey::Store(error) => error.into(),
        })?;
        let key = json!({
            "kty": "oct",
            "alg": jsonwebtoken::Algorithm::HS256,
            "use": "sig",
            "kid": made.key.id,
            "k": BASE64_URL_SAFE_NO_PAD.encode(made.key.secret_bytes()),
        });
        Ok(Response::new(CreateSigningKeyResponse {
            key: key.to_string(),
            expires_at: made.expires_s,
        }))
    }

    async fn revoke_signing_key(
        &self,
        request: Request<RevokeSigningKeyRequest>,
    ) -> Result<Response<RevokeSigningKeyResponse>, Status> {
        let message = allowed(request)?;
        let revoked = SigningKey::revoke(&self.0.store, &self.0.environment, &message.key_id).await;
        revoked.map_err(Refusal::from)?;
        Ok(Response::new(RevokeSigningKeyResponse {}))
    }

    /// All of them are on one page.
    async fn list_signing_keys(
        &self,
        request: Request<ListSigningKeysRequest>,
    ) -> Result<Response<ListSigningKeysResponse>, Status> {
        allowed(request)?;
        let found = SigningKey::list(&self.0.store, &self.0.environment).await;
        let now_s = self.0.now_s();
        let signing_key = found
            .map_err(Refusal::from)?
            .into_iter()
            .filter(|key| key.expires_s > now_s)
            .map(|key| SigningKeyMessage { key_id: key.key.id, expires_at: key.expires_s })
            .collect();
        Ok(Response::new(ListSigningKeysResponse { signing_key, next_token: String::new() }))
    }

    async fn create_index(
        &self,
        request: Request<CreateIndexRequest>,
    ) -> Result<Response<CreateIndexResponse>, Status> {
        allowed(request)?;
        Err(Refusal::Unimplemented.into())
    }

    async fn delete_index(
        &self,
        request: Request<DeleteIndexRequest>,
    ) -> Result<Response<DeleteIndexResponse>, Status> {
        allowed(request)?;
        Err(Refusal::Unimplemented.into())
    }

    async fn list_indexes(
        &self,
        request: Request<ListIndexesRequest>,
    ) -> Result<Response<ListIndexesResponse>, Status> {
        allowed(request)?;
        Err(Refusal::Unimplemented.into())
    }
}

fn allowed<T>(request: Request<T>) -> Result<T, Refusal> {
    let (_, mut extensions, message) = request.into_parts();
    let token = extensions.remove::<Arc<Token>>().ok_or(Refusal::Failed)?;
    match token.grants {
        Grants::SuperUser => Ok(message),
        Grants::Explicit(_) => Err(Refusal::Forbidden),
    }
}

fn named(name: &str) -> Result<(), Refusal> {
    if name.trim().is_empty() {
        return Err(Refusal::invalid("Invalid argument: a cache needs a name"));
    }
    Ok(())
}
