//! Apigee's management API, as far as it is about environment caches, for its unmodified clients.
//!
//! Sources: Apigee Edge docs, the "Caches" part of the management API's reference; what apigeetool
//! sends and what it makes of the answers. Both spellings of a path are served, short and long.
//! What the API lacks for the command line (single entries, lists of keys, dry runs) stands under
//! the same paths; `docs/management.md` marks it as an extension. `Unknown:` the codes of errors
//! but two, and what a clearing answers.

mod answer;
mod caches;
mod credential;
mod entries;
mod parameters;
mod resource;
mod route;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use jiff::tz::TimeZone;
use serde_json::json;

pub use credential::{Challenge, Credential};
pub use entries::KEY_JSON_BYTES_MAX;

use crate::clock::Clock;
use crate::serve::control::LocalAddress;
use crate::serve::management::answer::{Answer, Refusal};
use crate::serve::management::parameters::Parameters;
use crate::serve::management::route::{Place, Resource};
use crate::store::cache::CacheControl;

/// Where a gateway proves that it knows who is let in: `?challenge=`, in URL-safe base64.
pub const PROOF_PATH: &str = "/v1/proof";

/// A cache's definition, or a form.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// The value of an entry: what Momento's door takes, too.
const VALUE_BYTES_MAX: usize = 5 * 1024 * 1024;
const BODY_WAIT: Duration = Duration::from_secs(30);

/// The door. Cloning shares it.
#[derive(Clone)]
pub struct Management(Arc<Door>);

/// What the door works with.
pub struct Door {
    pub caches: CacheControl,
    pub organization: String,
    pub environment: String,
    pub clock: Clock,
    /// Where the times of a cache's expiry stand.
    pub zone: TimeZone,
    /// May be replaced while the door is open.
    pub credential: Arc<ArcSwap<Credential>>,
}

impl Management {
    pub fn new(door: Door) -> Self {
        Self(Arc::new(door))
    }

    /// Whether a path is one of this door's.
    pub(super) fn takes(path: &str) -> bool {
        path == PROOF_PATH || route::is_of_organizations(path)
    }

    /// Never fails: a refusal is an answer.
    pub(super) async fn answer<B>(&self, request: Request<B>) -> Response<Full<Bytes>>
    where
        B: http_body::Body,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (parts, body) = request.into_parts();
        let answer = self.0.respond(&parts, body).await.unwrap_or_else(Refusal::into_answer);
        answer.into_response(&parts.method)
    }
}

impl Door {
    /// Who may not ask learns nothing of what there is.
    async fn respond<B>(&self, parts: &Parts, body: B) -> Result<Answer, Refusal>
    where
        B: http_body::Body,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        if parts.uri.path() == PROOF_PATH {
            return self.prove(parts);
        }
        if !self.credential.load().is_shown_by(parts.headers.get_all(AUTHORIZATION)) {
            return Err(Refusal::Unauthorized);
        }
        let place = Place::parse(parts.uri.path()).ok_or_else(|| Refusal::no_path(&parts.uri))?;
        self.find(&place)?;
        if let Resource::Unserved { name } = &place.resource {
            return Err(Refusal::unserved(name));
        }
        let allowed = place.resource.methods();
        // HEAD is GET, without the body.
        let method = if parts.method == Method::HEAD { &Method::GET } else { &parts.method };
        if *method == Method::OPTIONS {
            return Ok(Answer::options(allowed));
        }
        if !allowed.split(", ").any(|known| known == method.as_str()) {
            return Err(Refusal::Method { method: parts.method.to_string(), allowed });
        }
        let query = Parameters::parse(parts.uri.query().unwrap_or_default());
        self.answer(&place.resource, method, &query, parts, body).await
    }

    /// An extension, for who has yet to show a password.
    fn prove(&self, parts: &Parts) -> Result<Answer, Refusal> {
        if !matches!(parts.method, Method::GET | Method::HEAD) {
            let (method, allowed) = (parts.method.to_string(), "GET, HEAD");
            return Err(Refusal::Method { method, allowed });
        }
        let query = Parameters::parse(parts.uri.query().unwrap_or_default());
        let challenge = query.one("challenge")?.and_then(|text| {
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
            Challenge::try_from(bytes).ok()
        });
        let challenge = challenge.ok_or_else(|| {
            let what = "the parameter `challenge` has to be 32 bytes in URL-safe base64";
            Refusal::bad_request(what.to_owned())
        })?;
        let port = parts.extensions.get().map_or(0, |LocalAddress(address)| address.port());
        let proof = self.credential.load().proof(&challenge, port);
        Ok(Answer::ok(&json!({ "proof": BASE64_URL_SAFE_NO_PAD.encode(proof) })))
    }

    /// Whether this gateway has that organization and environment.
    fn find(&self, place: &Place) -> Result<(), Refusal> {
        if place.organization != self.organization {
            let name = place.organization.clone();
            return Err(Refusal::NoOrganization { name, here: self.organization.clone() });
        }
        match &place.environment {
            Some(name) if *name != self.environment => {
                Err(Refusal::NoEnvironment { name: name.clone(), here: self.environment.clone() })
            }
            Some(_) | None => Ok(()),
        }
    }

    async fn answer<B>(
        &self,
        resource: &Resource,
        method: &Method,
        query: &Parameters,
        parts: &Parts,
        body: B,
    ) -> Result<Answer, Refusal>
    where
        B: http_body::Body,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        match (resource, method) {
            (Resource::Organization, _) => {
                let (name, environment) = (&self.organization, &self.environment);
                Ok(Answer::ok(&json!({ "name": name, "environments": [environment] })))
            }
            (Resource::Environments, _) => Ok(Answer::ok(&json!([self.environment]))),
            (Resource::Environment, _) => Ok(Answer::ok(&json!({ "name": self.environment }))),
            (Resource::Unserved { name }, _) => Err(Refusal::unserved(name)),
            (Resource::Caches, &Method::POST) => {
                let body = read(body, BODY_BYTES_MAX).await?;
                self.create(query, &parts.headers, &body).await
            }
            (Resource::Caches, _) => self.list(query),
            (Resource::Cache { name }, &Method::DELETE) => self.delete(name).await,
            (Resource::Cache { name }, &Method::PUT | &Method::POST) => {
                let body = read(body, BODY_BYTES_MAX).await?;
                self.update(name, &parts.headers, &body).await
            }
            (Resource::Cache { name }, _) => self.show(name),
            (Resource::Stats { cache }, _) => self.stats(cache),
            (Resource::Entries { cache }, &Method::POST) => {
                let form = read(body, BODY_BYTES_MAX).await?;
                self.clear(cache, &query.clone().with_form(&parts.headers, &form)?).await
            }
            (Resource::Entries { cache }, _) => self.keys(cache, query).await,
            (Resource::Entry { key, .. }, _) if key.is_empty() => {
                let what = "the path has no key behind `entries/`; leave the slash out for all";
                Err(Refusal::bad_request(what.to_owned()))
            }
            (Resource::Entry { cache, key }, &Method::POST) => {
                let form = read(body, BODY_BYTES_MAX).await?;
                let form = query.clone().with_form(&parts.headers, &form)?;
                self.clear_entry(cache, key, &form).await
            }
            (Resource::Entry { cache, key }, &Method::PUT) => {
                let cache = self.cache(cache)?;
                let value = read(body, VALUE_BYTES_MAX).await?;
                self.put(&cache, key, value, query).await
            }
            (Resource::Entry { cache, key }, &Method::DELETE) => self.remove(cache, key).await,
            (Resource::Entry { cache, key }, _) => self.get(cache, key).await,
        }
    }
}

async fn read<B>(body: B, bytes_max: usize) -> Result<Bytes, Refusal>
where
    B: http_body::Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    match tokio::time::timeout(BODY_WAIT, Limited::new(body, bytes_max).collect()).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refusal::TooLarge { bytes_max }),
        Ok(Err(_)) => Err(Refusal::bad_request("the body broke off".to_owned())),
        Err(_) => Err(Refusal::TooSlow),
    }
}
