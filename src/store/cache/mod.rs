//! Named environment caches: keys (bytes) to items with expiry, behind one backend trait.
//!
//! Sources: Apigee docs, "Cache internals", "Creating and editing an environment cache",
//! "Working with cache keys" (the `__` boundary), "Limits" (key 2 KB, value 256 KB).
//! Sizes are bytes, times milliseconds of [`crate::clock::Clock`].

pub mod collection;
#[cfg(test)]
pub(crate) mod contract;
pub mod control;
pub mod definition;
pub mod expiry;
pub mod item;
pub mod memory;
pub mod operation;
mod purge;
mod record;
pub mod registry;
#[cfg(test)]
pub(crate) mod slow;

pub use control::CacheControl;
pub use item::{Element, Item, ItemKind};
pub use operation::{CollectionOperation, Operation, Outcome, WriteLimits};
pub use registry::{Caches, NamedCache};

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use self::operation::{KeyCursor, KeyPage, Union};

/// The longest key, in bytes ("Limits": 2 KB, enforced).
pub const KEY_BYTES_MAX: usize = 2048;
/// The largest value where the cache's definition says nothing else.
pub const VALUE_BYTES_MAX_DEFAULT: usize = 256 * 1024;
/// The longest time an entry may live: 30 days.
pub const TTL_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Why a backend did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CacheError {
    #[error("the key has {key_bytes} bytes; the limit is {limit_bytes}")]
    KeyTooLong { key_bytes: usize, limit_bytes: usize },
    #[error("the value has {value_bytes} bytes; the limit is {limit_bytes}")]
    ValueTooLarge { value_bytes: usize, limit_bytes: usize },
    #[error("an element has {element_bytes} bytes; the limit is {limit_bytes}")]
    ElementTooLarge { element_bytes: usize, limit_bytes: usize },
    #[error("the sources of the union have more than {limit} elements")]
    UnionTooLarge { limit: usize },
    #[error("the item under the key is {}", .found.name())]
    WrongType { found: ItemKind },
    #[error("the value is not a decimal integer of 64 bits")]
    NotAnInteger,
    #[error("the sum does not fit into 64 bits")]
    Overflow,
    #[error("a score has to be a number")]
    NotANumber,
    /// Of a listing.
    #[error("the cursor is none that this cache gave")]
    NoSuchCursor,
    #[error("the cache is not reachable: {reason}")]
    Unavailable { reason: String },
}

/// What a lookup found, and why not where it found nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Lookup {
    Hit(Item),
    Miss(MissReason),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissReason {
    NeverStored,
    Expired,
    Evicted,
    Invalidated,
    Timeout,
    Unavailable,
}

/// An answer that is there at once (a cache in memory), or one to wait for.
pub enum Answer<'a, T> {
    Now(T),
    Later(Pin<Box<dyn Future<Output = T> + Send + 'a>>),
}

impl<T> Answer<'_, T> {
    /// However long it takes.
    pub async fn settled(self) -> T {
        match self {
            Self::Now(answer) => answer,
            Self::Later(answer) => answer.await,
        }
    }
}

/// One cache's storage. Every operation on one key is atomic. An expired item is never
/// returned. Implementations pass the shared `cache_contract!` tests.
pub trait CacheBackend: Send + Sync {
    fn get<'a>(&'a self, key: &'a [u8]) -> Answer<'a, Result<Lookup, CacheError>>;

    /// Stores under `key`, replacing what was there. `ttl` `None` means no expiry; zero
    /// stores nothing and removes what was there.
    fn put<'a>(
        &'a self,
        key: &'a [u8],
        item: Item,
        ttl: Option<Duration>,
    ) -> Answer<'a, Result<(), CacheError>>;

    /// True where there was a live entry.
    fn remove<'a>(&'a self, key: &'a [u8]) -> Answer<'a, Result<bool, CacheError>>;

    /// Does one operation on the item under `key`, whole or not at all. What it can come to
    /// stands at the [`Operation`].
    fn apply<'a>(
        &'a self,
        key: &'a [u8],
        operation: Operation,
        limits: WriteLimits,
    ) -> Answer<'a, Result<Outcome, CacheError>>;

    /// Stores a union of sorted sets under `key`, over whatever is there; an empty one removes
    /// it. Each source is read at one moment, not all of them at the same; what is under `key`
    /// is no source unless it is named as one. [`Outcome::Length`]; `WrongType` of a source,
    /// `NotANumber`.
    fn sorted_set_union<'a>(
        &'a self,
        key: &'a [u8],
        union: Union,
        limits: WriteLimits,
    ) -> Answer<'a, Result<Outcome, CacheError>>;

    /// Some live keys that start with `prefix`, in no order, after looking at `steps_max`
    /// entries (at least one). A listing from `None` to the last page has each key that was there
    /// all the while; it may have a key twice.
    fn keys<'a>(
        &'a self,
        prefix: &'a [u8],
        from: Option<KeyCursor>,
        steps_max: usize,
    ) -> Answer<'a, Result<KeyPage, CacheError>>;

    /// Removes every key that starts with `prefix`, whatever follows it; says how many.
    fn remove_prefix<'a>(&'a self, prefix: &'a [u8]) -> Answer<'a, Result<usize, CacheError>>;

    /// Removes `prefix` itself and every key that starts with `prefix` and `__`; says how many.
    fn purge<'a>(&'a self, prefix: &'a [u8]) -> Answer<'a, Result<usize, CacheError>>;

    /// Removes everything; says how many.
    fn clear(&self) -> Answer<'_, Result<usize, CacheError>>;

    fn stats(&self) -> Stats;

    /// Frees expired entries that nobody asks for: looks at up to `budget` of those that are
    /// due, says how many it freed. A backend whose server does this by itself frees none.
    fn sweep(&self, budget: usize) -> usize {
        let _ = budget;
        0
    }
}

/// Counters since the cache was made, and what it holds now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    pub hits: u64,
    pub misses_never_stored: u64,
    pub misses_expired: u64,
    pub misses_evicted: u64,
    pub misses_invalidated: u64,
    pub misses_timeout: u64,
    pub misses_unavailable: u64,
    pub stores: u64,
    pub stores_refused: u64,
    pub evictions: u64,
    pub entries: u64,
    pub bytes: u64,
}
