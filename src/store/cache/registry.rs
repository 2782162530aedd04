//! The caches of one environment: the shared one, and those with a name.
//!
//! Sources: Apigee docs, "Cache internals" (a shared cache in every environment, beyond the
//! API's reach; a named cache of Apigee X comes into being when a policy uses it), "Limits"
//! (100 caches in an environment).

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use parking_lot::Mutex;

use crate::clock::Clock;
use crate::profile::Profile;
use crate::store::cache::definition::{CacheDefinition, NameError, check_name};
use crate::store::cache::expiry::Ttl;
use crate::store::cache::memory::MemoryCache;
use crate::store::cache::operation::{KeyCursor, KeyPage, Union};
use crate::store::cache::purge::purge;
use crate::store::cache::{
    Answer, CacheBackend, CacheError, Item, Lookup, MissReason, Operation, Outcome, Stats,
    WriteLimits,
};

/// Named caches in one environment.
pub const CACHES_MAX: usize = 100;
/// What flow variables call the shared cache; no cache is found by this name unless one is
/// defined with it.
pub const SHARED_NAME: &str = "default";

/// Why an environment does not get a cache.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CachesError {
    #[error(transparent)]
    Name(#[from] NameError),
    #[error("the cache `{name}` is defined twice")]
    Twice { name: String },
    #[error("the environment has no cache `{name}`")]
    NotDefined { name: String },
    #[error("an environment has at most {CACHES_MAX} caches")]
    TooMany,
}

/// Makes the storage of a cache that has none yet.
pub type MakeBackend = Arc<dyn Fn(&CacheDefinition) -> Arc<dyn CacheBackend> + Send + Sync>;

/// One environment's caches.
pub struct Caches {
    profile: Profile,
    make_backend: MakeBackend,
    shared: Arc<NamedCache>,
    named: ArcSwap<Named>,
    /// Taken to change `named`.
    changing: Mutex<()>,
}

type Named = BTreeMap<String, Arc<NamedCache>>;

impl Caches {
    /// Caches in this process's memory.
    pub fn new(
        profile: Profile,
        definitions: Vec<CacheDefinition>,
        clock: Clock,
    ) -> Result<Self, CachesError> {
        let make_backend: MakeBackend = Arc::new(move |definition| {
            Arc::new(MemoryCache::new(definition.limits(), clock.clone()))
        });
        Self::with_backends(profile, definitions, make_backend)
    }

    pub fn with_backends(
        profile: Profile,
        definitions: Vec<CacheDefinition>,
        make_backend: MakeBackend,
    ) -> Result<Self, CachesError> {
        let mut names = BTreeSet::new();
        for definition in &definitions {
            check_name(&definition.name)?;
            if !names.insert(definition.name.as_str()) {
                return Err(CachesError::Twice { name: definition.name.clone() });
            }
        }
        if names.len() > CACHES_MAX {
            return Err(CachesError::TooMany);
        }
        let definition = CacheDefinition::named(SHARED_NAME);
        let shared = NamedCache::new(definition, Origin::Defined, &make_backend);
        let (named, changing) = (ArcSwap::default(), Mutex::default());
        let caches = Self { profile, make_backend, shared, named, changing };
        caches.define(definitions);
        Ok(caches)
    }

    /// Takes other definitions in place of those before, each of which stands for a whole cache
    /// resource; of two with one name the first counts. A cache whose budgets stay as they are
    /// keeps its entries, and so do the shared cache and those that a policy made. Gives back the
    /// caches that are no more.
    ///
    /// Unknown: what becomes of the entries of a cache that is given other budgets; they go.
    pub fn define(&self, definitions: Vec<CacheDefinition>) -> Vec<Arc<NamedCache>> {
        let _changing = self.changing.lock();
        let present = self.named.load_full();
        let mut named = Named::new();
        for definition in definitions {
            let name = definition.name.clone();
            named.entry(name).or_insert_with_key(|name| match present.get(name) {
                Some(cache) => cache.redefined(definition, &self.make_backend),
                None => NamedCache::new(definition, Origin::Defined, &self.make_backend),
            });
        }
        for (name, cache) in present.iter().filter(|(_, cache)| cache.origin == Origin::Policy) {
            named.entry(name.clone()).or_insert_with(|| Arc::clone(cache));
        }
        let gone = present.iter().filter(|(name, cache)| {
            named.get(*name).is_none_or(|kept| !Arc::ptr_eq(&kept.backend, &cache.backend))
        });
        let gone = gone.map(|(_, cache)| Arc::clone(cache)).collect();
        self.named.store(Arc::new(named));
        gone
    }

    /// Takes away a cache that a policy made; where a plan still uses it, linking that plan makes
    /// it anew.
    pub fn forget(&self, name: &str) -> Option<Arc<NamedCache>> {
        let _changing = self.changing.lock();
        let mut named = Named::clone(&self.named.load());
        named.get(name).filter(|cache| cache.origin == Origin::Policy)?;
        let gone = named.remove(name);
        self.named.store(Arc::new(named));
        gone
    }

    pub fn shared(&self) -> Arc<NamedCache> {
        Arc::clone(&self.shared)
    }

    pub fn get(&self, name: &str) -> Option<Arc<NamedCache>> {
        self.named.load().get(name).cloned()
    }

    /// The cache of this name; where nobody defined it, [`Profile::X`] makes it.
    pub fn get_or_create(&self, name: &str) -> Result<Arc<NamedCache>, CachesError> {
        let _changing = self.changing.lock();
        let named = self.named.load();
        if let Some(cache) = named.get(name) {
            return Ok(Arc::clone(cache));
        }
        if self.profile == Profile::Edge {
            return Err(CachesError::NotDefined { name: name.to_owned() });
        }
        check_name(name)?;
        if named.len() >= CACHES_MAX {
            return Err(CachesError::TooMany);
        }
        let definition = CacheDefinition::named(name);
        let cache = NamedCache::new(definition, Origin::Policy, &self.make_backend);
        let mut named = Named::clone(&named);
        named.insert(name.to_owned(), Arc::clone(&cache));
        self.named.store(Arc::new(named));
        Ok(cache)
    }

    /// In the order of their bytes; the shared cache is not among them.
    pub fn names(&self) -> Vec<String> {
        self.named.load().keys().cloned().collect()
    }

    /// In the order of their names, those after `after` alone.
    pub fn after(&self, after: Option<&str>) -> Vec<Arc<NamedCache>> {
        let after = after.map_or(Bound::Unbounded, Bound::Excluded);
        let named = self.named.load();
        named.range::<str, _>((after, Bound::Unbounded)).map(|(_, cache)| cache.clone()).collect()
    }

    /// Frees expired entries, looking at up to `budget` in each cache; says how many it freed.
    pub fn sweep(&self, budget: usize) -> usize {
        let named = self.named.load_full();
        let caches = named.values().chain([&self.shared]);
        caches.map(|cache| cache.backend.sweep(budget)).sum()
    }
}

impl fmt::Debug for Caches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caches").field("profile", &self.profile).finish_non_exhaustive()
    }
}

/// Who asked for a cache to exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Defined,
    Policy,
}

/// A cache as policies use it: its definition, its storage, and a bound on every wait.
pub struct NamedCache {
    definition: CacheDefinition,
    origin: Origin,
    backend: Arc<dyn CacheBackend>,
    waits: Arc<Waits>,
}

/// Lookups that the backend did not answer.
#[derive(Debug, Default)]
struct Waits {
    timeouts: AtomicU64,
    unavailable: AtomicU64,
}

impl NamedCache {
    fn new(definition: CacheDefinition, origin: Origin, make_backend: &MakeBackend) -> Arc<Self> {
        let backend = make_backend(&definition);
        Arc::new(Self { definition, origin, backend, waits: Arc::default() })
    }

    /// The same cache by another definition; an empty one where the budgets are others.
    fn redefined(
        self: &Arc<Self>,
        definition: CacheDefinition,
        make_backend: &MakeBackend,
    ) -> Arc<Self> {
        if self.definition.limits() != definition.limits() {
            return Self::new(definition, Origin::Defined, make_backend);
        }
        if self.definition == definition && self.origin == Origin::Defined {
            return Arc::clone(self);
        }
        Arc::new(Self {
            definition,
            origin: Origin::Defined,
            backend: Arc::clone(&self.backend),
            waits: Arc::clone(&self.waits),
        })
    }

    /// Whether it is there only because a policy uses it.
    pub fn is_made_by_policy(&self) -> bool {
        self.origin == Origin::Policy
    }

    pub fn definition(&self) -> &CacheDefinition {
        &self.definition
    }

    /// The item under `key`, or why there is none. An answer that is there at once counts
    /// whatever the `timeout`; one to wait for is a miss once that has passed, and is not
    /// waited for at all where it is zero.
    pub fn lookup<'a>(&'a self, key: &'a [u8], timeout: Duration) -> Answer<'a, Lookup> {
        match self.backend.get(key) {
            Answer::Now(answer) => Answer::Now(self.answered(answer)),
            Answer::Later(_) if timeout.is_zero() => Answer::Now(self.timed_out()),
            Answer::Later(answer) => Answer::Later(Box::pin(async move {
                match tokio::time::timeout(timeout, answer).await {
                    Ok(answer) => self.answered(answer),
                    Err(_) => self.timed_out(),
                }
            })),
        }
    }

    /// Stores under `key`. [`CacheError::ValueTooLarge`] is no fault of the policy's: the
    /// platform silently does not cache what exceeds the limits.
    ///
    /// Unknown: what happens to an older entry when the new one is over at once; it goes.
    pub fn populate<'a>(
        &'a self,
        key: &'a [u8],
        item: Item,
        ttl: Ttl,
    ) -> Answer<'a, Result<(), CacheError>> {
        let ttl = match ttl {
            Ttl::DoNotStore => Duration::ZERO,
            Ttl::For(ttl) => ttl,
        };
        self.backend.put(key, item, Some(ttl))
    }

    /// True where there was a live entry.
    pub fn remove<'a>(&'a self, key: &'a [u8]) -> Answer<'a, Result<bool, CacheError>> {
        self.backend.remove(key)
    }

    /// What doors do to an item. The wait has no bound of its own: the door's deadline is it.
    pub fn apply<'a>(
        &'a self,
        key: &'a [u8],
        operation: Operation,
        limits: WriteLimits,
    ) -> Answer<'a, Result<Outcome, CacheError>> {
        self.backend.apply(key, operation, limits)
    }

    /// As [`CacheBackend::sorted_set_union`].
    pub fn sorted_set_union<'a>(
        &'a self,
        key: &'a [u8],
        union: Union,
        limits: WriteLimits,
    ) -> Answer<'a, Result<Outcome, CacheError>> {
        self.backend.sorted_set_union(key, union, limits)
    }

    /// As [`CacheBackend::keys`].
    pub fn keys<'a>(
        &'a self,
        prefix: &'a [u8],
        from: Option<KeyCursor>,
        steps_max: usize,
    ) -> Answer<'a, Result<KeyPage, CacheError>> {
        self.backend.keys(prefix, from, steps_max)
    }

    /// As [`CacheBackend::remove_prefix`].
    pub fn remove_prefix<'a>(&'a self, prefix: &'a [u8]) -> Answer<'a, Result<usize, CacheError>> {
        self.backend.remove_prefix(prefix)
    }

    /// As [`CacheBackend::purge`], a part at a time where the cache holds many entries.
    pub fn purge<'a>(&'a self, prefix: &'a [u8]) -> Answer<'a, Result<usize, CacheError>> {
        purge(&*self.backend, prefix)
    }

    pub fn clear(&self) -> Answer<'_, Result<usize, CacheError>> {
        self.backend.clear()
    }

    /// The backend's, with the lookups that it did not answer.
    pub fn stats(&self) -> Stats {
        let mut stats = self.backend.stats();
        stats.misses_timeout += self.waits.timeouts.load(Ordering::Relaxed);
        stats.misses_unavailable += self.waits.unavailable.load(Ordering::Relaxed);
        stats
    }

    fn answered(&self, answer: Result<Lookup, CacheError>) -> Lookup {
        answer.unwrap_or_else(|_| {
            self.waits.unavailable.fetch_add(1, Ordering::Relaxed);
            Lookup::Miss(MissReason::Unavailable)
        })
    }

    fn timed_out(&self) -> Lookup {
        self.waits.timeouts.fetch_add(1, Ordering::Relaxed);
        Lookup::Miss(MissReason::Timeout)
    }
}

impl fmt::Debug for NamedCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NamedCache").field("definition", &self.definition).finish_non_exhaustive()
    }
}
