//! Definitions: create, list, show, update, delete; and what a cache counts.
//!
//! A create answers 201, everything else 200: clients take nothing else for done. `Unknown:`
//! whether an update may be a POST; it may. `Differs:` `stats` answers what this gateway counts.

use std::sync::Arc;

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::serve::management::Door;
use crate::serve::management::answer::{Answer, Refusal};
use crate::serve::management::parameters::Parameters;
use crate::serve::management::resource::{self, BodyError};
use crate::store::cache::control::{ControlError, Owner};
use crate::store::cache::definition::{CacheDefinition, Door as CacheDoor, check_name};
use crate::store::cache::registry::CACHES_MAX;
use crate::store::cache::{NamedCache, Stats};

impl Door {
    /// The names; with `expand=true`, an extension, all of each cache.
    pub(super) fn list(&self, query: &Parameters) -> Result<Answer, Refusal> {
        let expand = query.flag("expand")?;
        let page = self.caches.list(CacheDoor::Management, None, CACHES_MAX);
        let shown = page.caches.iter().map(|cache| match expand {
            false => json!(cache.definition().name),
            true => self.expanded(cache),
        });
        Ok(Answer::ok(&shown.collect::<Vec<_>>()))
    }

    pub(super) async fn create(
        &self,
        query: &Parameters,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Answer, Refusal> {
        let definition = read(query.text("name")?, headers, body)?;
        check_name(&definition.name).map_err(ControlError::from)?;
        let shown = resource::write(&definition);
        self.caches.create(definition).await.map_err(|error| self.refusal(error))?;
        Ok(Answer::created(&shown))
    }

    pub(super) fn show(&self, name: &str) -> Result<Answer, Refusal> {
        Ok(Answer::ok(&resource::write(self.cache(name)?.definition())))
    }

    /// What the body leaves out is as nobody set it.
    pub(super) async fn update(
        &self,
        name: &str,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Answer, Refusal> {
        self.cache(name)?;
        let definition = read(Some(name), headers, body)?;
        let shown = resource::write(&definition);
        let updated = self.caches.update(definition, CacheDoor::Management).await;
        updated.map_err(|error| self.refusal(error))?;
        Ok(Answer::ok(&shown))
    }

    /// Answers with what is gone.
    pub(super) async fn delete(&self, name: &str) -> Result<Answer, Refusal> {
        let shown = resource::write(self.cache(name)?.definition());
        let deleted = self.caches.delete(name, CacheDoor::Management).await;
        deleted.map_err(|error| self.refusal(error))?;
        Ok(Answer::ok(&shown))
    }

    pub(super) fn stats(&self, name: &str) -> Result<Answer, Refusal> {
        let cache = self.cache(name)?;
        let mut shown = json!({ "name": name });
        if let (Some(shown), Value::Object(stats)) = (shown.as_object_mut(), stats_json(&cache)) {
            shown.extend(stats);
        }
        Ok(Answer::ok(&shown))
    }

    pub(super) fn cache(&self, name: &str) -> Result<Arc<NamedCache>, Refusal> {
        self.caches.get(name, CacheDoor::Management).ok_or_else(|| self.no_cache(name))
    }

    pub(super) fn refusal(&self, error: ControlError) -> Refusal {
        match error {
            ControlError::NotFound { name } => self.no_cache(&name),
            error => error.into(),
        }
    }

    fn no_cache(&self, name: &str) -> Refusal {
        Refusal::NoCache { name: name.to_owned(), environment: self.environment.clone() }
    }

    fn expanded(&self, cache: &NamedCache) -> Value {
        let definition = cache.definition();
        let mut shown = resource::write(definition);
        let owner = self.caches.owner(&definition.name).map(|owner| match owner {
            Owner::File => "file",
            Owner::Store => "store",
            Owner::Policy => "policy",
        });
        shown["owner"] = json!(owner);
        shown["stats"] = stats_json(cache);
        shown
    }
}

/// A client that says what it sends says JSON, or the form that curl says where it was not told.
fn read(name: Option<&str>, headers: &HeaderMap, body: &[u8]) -> Result<CacheDefinition, Refusal> {
    let media = headers.get(CONTENT_TYPE).map(|media| media.as_bytes().to_ascii_lowercase());
    let is_xml = media.is_some_and(|media| media.windows(3).any(|part| part == b"xml"));
    if is_xml || body.trim_ascii_start().starts_with(b"<") {
        return Err(Refusal::Media);
    }
    resource::read(name, body).map_err(|error: BodyError| Refusal::bad_request(error.to_string()))
}

/// Counters since the cache was made, and what it holds and may hold now.
fn stats_json(cache: &NamedCache) -> Value {
    let limits = cache.definition().limits();
    let Stats {
        hits,
        misses_never_stored,
        misses_expired,
        misses_evicted,
        misses_invalidated,
        misses_timeout,
        misses_unavailable,
        stores,
        stores_refused,
        evictions,
        entries,
        bytes,
    } = cache.stats();
    json!({
        "entries": entries,
        "entriesMax": limits.entries_max,
        "bytes": bytes,
        "bytesMax": limits.bytes_max,
        "hits": hits,
        "misses": {
            "neverStored": misses_never_stored,
            "expired": misses_expired,
            "evicted": misses_evicted,
            "invalidated": misses_invalidated,
            "timeout": misses_timeout,
            "unavailable": misses_unavailable,
        },
        "stores": stores,
        "storesRefused": stores_refused,
        "evictions": evictions,
    })
}
