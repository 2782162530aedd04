//! The cache backend in this process's memory.
//!
//! A power of two of shards, each behind its own lock: a hit takes one lock for the time of
//! a table probe, counts a use and clones a reference. The budget of bytes and entries is one
//! for the whole cache (`budget.rs`) and holds at every moment. Times are
//! [`Clock::elapsed`], sizes bytes; an entry weighs its key, its value and
//! [`ENTRY_OVERHEAD_BYTES`].

mod body;
mod budget;
mod decide;
mod ghosts;
mod index;
mod list;
mod shard;
mod slots;
#[cfg(test)]
mod tests;
mod wheel;

use std::hash::BuildHasher;
use std::num::NonZero;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use foldhash::quality::SeedableRandomState;

use self::body::{Hit, NEVER_NS, Value, is_small};
use self::budget::{Budget, Needed};
use self::decide::{Current, Effect, Moment, Seen, decide};
pub use self::shard::ENTRY_OVERHEAD_BYTES;
use self::shard::{Shard, now_ns, weight_bytes};
use crate::clock::{COARSE_LAG_NS, Clock};
use crate::store::cache::collection::Collection;
use crate::store::cache::collection::sorted_set::Gathered;
use crate::store::cache::operation::{Access, Condition, KeyCursor, KeyPage, Put, Union};
use crate::store::cache::{
    Answer, CacheBackend, CacheError, Item, Lookup, Operation, Outcome, Stats,
    VALUE_BYTES_MAX_DEFAULT, WriteLimits,
};
use crate::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use crate::sync::{Mutex, MutexGuard, yield_now};

/// The bytes of a cache whose definition says nothing else.
pub const BYTES_MAX_DEFAULT: usize = 64 * 1024 * 1024;
/// The entries of a cache whose definition says nothing else ("Limits": items per cache).
pub const ENTRIES_MAX_DEFAULT: usize = 2_500_000;

/// What stands between two keys' parts, after which a prefix ends ("Working with cache keys").
const KEY_BOUNDARY: &[u8] = b"__";

const SHARDS_MAX: usize = 64;
/// Shards for each thread that can run: few writers then meet at one lock.
const SHARDS_PER_THREAD: usize = 4;
/// A shard with fewer entries than this would evict by chance rather than by use.
const SHARD_ENTRIES_MIN: usize = 512;
/// As [`SHARD_ENTRIES_MIN`], for a cache that is bounded by its bytes.
const SHARD_BYTES_MIN: usize = 256 * 1024;
/// Entries that a sweep looks at before it lets go of a shard's lock.
const SWEEP_STEPS_PER_LOCK: usize = 128;
/// Entries that a writer evicts from another shard before it lets go of that one's lock.
const EVICTIONS_PER_LOCK: usize = 64;
/// Entries that a listing or a purge looks at before it lets go of a shard's lock.
const SCAN_STEPS_PER_LOCK: usize = 256;
/// Elements that a write adds, removes or looks at under a shard's lock; more of them are
/// gone through without it.
const STEPS_PER_LOCK: usize = 16;
/// How often a write of many elements is tried without the lock, while others change the same
/// collection; then they wait for it.
const ROUNDS_OUTSIDE: usize = 8;
/// Elements that the sources of a union have together, one that is named twice counting twice.
/// They are gone through at once, while others wait.
pub const UNION_ELEMENTS_MAX: usize = 1 << 18;
/// How often a writer looks for room that other writers take before it; then it gives up.
const ROUNDS_MAX: usize = 64;

/// What a cache may hold. Zero bytes hold nothing; at least one entry is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Keys, values and [`ENTRY_OVERHEAD_BYTES`] for each entry. No entry may have more than
    /// half of it.
    pub bytes_max: usize,
    pub entries_max: usize,
    pub value_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes_max: BYTES_MAX_DEFAULT,
            entries_max: ENTRIES_MAX_DEFAULT,
            value_bytes_max: VALUE_BYTES_MAX_DEFAULT,
        }
    }
}

#[derive(Debug)]
pub struct MemoryCache {
    /// A power of two of them.
    shards: Box<[LockedShard]>,
    hasher: SeedableRandomState,
    budget: Arc<Budget>,
    value_bytes_max: usize,
    clock: Clock,
    stores_refused: AtomicU64,
    /// The shard at which the next sweep starts.
    sweep_from: AtomicUsize,
}

/// On cache lines of its own, so that neighbours do not slow each other down. The lock is on
/// the request path: uncontended it costs a hit some 10 ns.
#[derive(Debug)]
#[repr(align(128))]
struct LockedShard(Mutex<Shard>);

impl MemoryCache {
    pub fn new(limits: Limits, clock: Clock) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self::with_hasher(limits, threads, SeedableRandomState::random(), clock)
    }

    fn with_hasher(
        limits: Limits,
        threads: usize,
        hasher: SeedableRandomState,
        clock: Clock,
    ) -> Self {
        // A slot's number has 32 bits, and one of them means none.
        let entries_max = limits.entries_max.clamp(1, (u32::MAX - 1) as usize);
        let budget = Arc::new(Budget::new(limits.bytes_max, entries_max));
        let wanted = threads
            .saturating_mul(SHARDS_PER_THREAD)
            .min(SHARDS_MAX)
            .min(entries_max / SHARD_ENTRIES_MIN)
            .min(limits.bytes_max / SHARD_BYTES_MIN);
        let count = 1_usize << wanted.max(1).ilog2();
        let now_ns = now_ns(&clock);
        let shard = |_| LockedShard(Mutex::new(Shard::new(Arc::clone(&budget), now_ns)));
        Self {
            shards: (0..count).map(shard).collect(),
            hasher,
            value_bytes_max: limits.value_bytes_max,
            clock,
            stores_refused: AtomicU64::new(0),
            sweep_from: AtomicUsize::new(0),
            budget,
        }
    }

    fn lookup(&self, key: &[u8]) -> Lookup {
        let hash = self.hasher.hash_one(key);
        let place = self.place(hash);
        let mut found = self.shards[place].0.lock().get(hash, key);
        if let Ok((_, expires_ns)) = found
            && expires_ns != NEVER_NS
            && expires_ns <= self.clock.elapsed_coarse_ns().saturating_add(COARSE_LAG_NS)
        {
            let now_ns = now_ns(&self.clock);
            if expires_ns <= now_ns {
                // What was found is freed once the lock is gone.
                let again = self.locked(place).get_after_expiry(hash, key, now_ns);
                found = again;
            }
        }
        match found {
            Ok((hit, _)) => Lookup::Hit(Hit::into_item(hit)),
            Err(reason) => Lookup::Miss(reason),
        }
    }

    fn store(&self, key: &[u8], item: Item, ttl: Option<Duration>) -> Result<(), CacheError> {
        let limits =
            WriteLimits { value_bytes_max: self.value_bytes_max, ..WriteLimits::default() };
        self.admit(key, &item, None, &limits).inspect_err(|_| self.count_refused())?;
        // A small one is copied where it is stored.
        let item = if is_small(key, &item) { item } else { item.owned() };
        let put = Put { item, flags: 0, lifetime: ttl, condition: Condition::Always };
        self.run(key, &Operation::Put(put), &limits).map(drop)
    }

    /// Decides what becomes of the item and does it, once more where the shard has no room for
    /// that. What takes many steps is decided before the lock is taken, and counts where the
    /// item is then as it was; under it after [`ROUNDS_OUTSIDE`] that did not.
    fn run(
        &self,
        key: &[u8],
        operation: &Operation,
        limits: &WriteLimits,
    ) -> Result<Outcome, CacheError> {
        let hash = self.hasher.hash_one(key);
        let place = self.place(hash);
        for round in 0..ROUNDS_MAX {
            let now_ns = now_ns(&self.clock);
            // What is declared before the lock is freed after it.
            let (seen, effect, outcome);
            let mut shard = self.locked(place);
            let mut found = shard.live(hash, key, now_ns);
            if operation.is_lookup() {
                shard.count_lookup(found, hash);
            } else if let Some(at) = found {
                shard.count_use(at);
            }
            let moment = Moment { now_ns, cas_next: shard.cas_next() };
            let current = found.and_then(|at| shard.current(at));
            if round < ROUNDS_OUTSIDE && takes_long(operation, current) {
                seen = current.map(Current::to_seen);
                drop(shard);
                let current = seen.as_ref().map(Seen::as_current);
                (effect, outcome) = decide(operation, current, limits, moment)?;
                if matches!(effect, Effect::Keep) {
                    return Ok(outcome);
                }
                shard = self.locked(place);
                found = shard.live(hash, key, now_ns);
                if !is_still(seen.as_ref(), found.and_then(|at| shard.current(at))) {
                    continue;
                }
            } else {
                (effect, outcome) = decide(operation, current, limits, moment)?;
            }
            let needed = match (&effect, found) {
                (Effect::Keep, _) | (Effect::Remove | Effect::Retime(_), None) => {
                    return Ok(outcome);
                }
                (Effect::Remove, Some(_)) => {
                    shard.remove(hash, key, now_ns);
                    return Ok(outcome);
                }
                (Effect::Retime(expires_ns), Some(at)) => {
                    shard.retime(at, *expires_ns);
                    return Ok(outcome);
                }
                (Effect::Write(write), _) => {
                    let held = found.and_then(|at| shard.current(at)).map(|held| held.value);
                    let weight_bytes = self
                        .admit(key, &write.item, held, limits)
                        .inspect_err(|_| self.count_refused())?;
                    let needed = shard.needed(found, weight_bytes);
                    if let Some(room) = shard.make_room(hash, key, found, weight_bytes, now_ns)
                        && let Effect::Write(write) = effect
                    {
                        shard.write(room, hash, key, write);
                        return Ok(outcome);
                    }
                    needed
                }
            };
            drop(shard);
            self.make_room_elsewhere(place, needed, now_ns);
        }
        self.count_refused();
        Err(CacheError::Unavailable { reason: "other writers take all of its room".to_owned() })
    }

    /// The entry's weight, where it may be stored at all over what is `held`: a collection that
    /// does not grow may be.
    fn admit(
        &self,
        key: &[u8],
        item: &Item,
        held: Option<Value<'_>>,
        limits: &WriteLimits,
    ) -> Result<usize, CacheError> {
        let limit_bytes = limits.key_bytes_max.min(body::KEY_BYTES_MAX);
        if key.len() > limit_bytes {
            return Err(CacheError::KeyTooLong { key_bytes: key.len(), limit_bytes });
        }
        let value_bytes = item.size_bytes();
        let weight_bytes = weight_bytes(key, item);
        let value_bytes_max = match (item, held) {
            (Item::Collection(_), Some(held))
                if held.collection().is_some_and(|held| value_bytes <= held.size_bytes()) =>
            {
                return Ok(weight_bytes);
            }
            (Item::Collection(_), _) => limits.collection_bytes_max,
            _ => limits.value_bytes_max,
        };
        let half_bytes = self.budget.bytes_max() / 2;
        if value_bytes <= value_bytes_max && weight_bytes <= half_bytes {
            return Ok(weight_bytes);
        }
        let rest_bytes = half_bytes.saturating_sub(weight_bytes - value_bytes);
        Err(CacheError::ValueTooLarge { value_bytes, limit_bytes: value_bytes_max.min(rest_bytes) })
    }

    /// The union is made of what each source is when it is looked at, and stored at once.
    fn store_union(
        &self,
        key: &[u8],
        union: &Union,
        limits: &WriteLimits,
    ) -> Result<Outcome, CacheError> {
        let mut gathered = Gathered::new(union.aggregate);
        let mut steps: usize = 0;
        for (source, factor) in &union.sources {
            let Some(item) = self.peek(source) else { continue };
            let set = match &item {
                Item::Collection(collection) => match &**collection {
                    Collection::SortedSet(set) => set,
                    other => return Err(CacheError::WrongType { found: other.kind() }),
                },
                other => return Err(CacheError::WrongType { found: other.kind() }),
            };
            steps = steps.saturating_add(set.len());
            if steps > UNION_ELEMENTS_MAX {
                return Err(CacheError::UnionTooLarge { limit: UNION_ELEMENTS_MAX });
            }
            gathered.add(set, *factor, limits)?;
        }
        let set = gathered.into_set();
        let length = set.len() as u64;
        let operation = match length {
            0 => Operation::Delete { cas: None },
            _ => Operation::Put(Put {
                item: Item::Collection(Arc::new(Collection::SortedSet(set))),
                flags: 0,
                lifetime: union.lifetime,
                condition: Condition::Always,
            }),
        };
        self.run(key, &operation, limits)?;
        Ok(Outcome::Length(length))
    }

    /// The live item; it counts as used, not as looked up.
    fn peek(&self, key: &[u8]) -> Option<Item> {
        let hash = self.hasher.hash_one(key);
        let mut shard = self.locked(self.place(hash));
        let at = shard.live(hash, key, now_ns(&self.clock))?;
        shard.count_use(at);
        shard.current(at).map(|current| current.value.to_item())
    }

    /// Asks the other shards in turn, one lock at a time. What they free may go to another
    /// writer; the caller tries again.
    fn make_room_elsewhere(&self, own: usize, needed: Needed, now_ns: u64) {
        for step in 1..self.shards.len() {
            let place = (own + step) & (self.shards.len() - 1);
            while !self.budget.has_room(needed) {
                let evicted = self.locked(place).spare(needed, EVICTIONS_PER_LOCK, now_ns);
                if evicted < EVICTIONS_PER_LOCK {
                    break;
                }
            }
        }
        yield_now();
    }

    fn count_refused(&self) {
        self.stores_refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Lets go of each shard's lock from time to time.
    fn purge_where(&self, is_meant: impl Fn(&[u8]) -> bool) -> usize {
        let now_ns = now_ns(&self.clock);
        let mut removed = 0;
        for place in 0..self.shards.len() {
            let mut from = Some(u32::MAX);
            while let Some(below) = from {
                let (gone, next) =
                    self.locked(place).purge(below, SCAN_STEPS_PER_LOCK, now_ns, &is_meant);
                removed += gone;
                from = next;
            }
        }
        removed
    }

    fn list(
        &self,
        prefix: &[u8],
        from: Option<KeyCursor>,
        steps_max: usize,
    ) -> Result<KeyPage, CacheError> {
        let start = match from {
            None => Some((0, u32::MAX)),
            Some(cursor) => read_cursor(&cursor).filter(|(place, _)| *place < self.shards.len()),
        };
        let (mut place, mut below) = start.ok_or(CacheError::NoSuchCursor)?;
        let now_ns = now_ns(&self.clock);
        let (mut keys, mut left) = (Vec::new(), steps_max.max(1));
        while left > 0 {
            let steps = left.min(SCAN_STEPS_PER_LOCK);
            left -= steps;
            let take = |key: &[u8]| {
                if key.starts_with(prefix) {
                    keys.push(Bytes::copy_from_slice(key));
                }
            };
            match self.locked(place).scan(below, steps, now_ns, take) {
                Some(next) => below = next,
                None if place + 1 == self.shards.len() => return Ok(KeyPage { keys, next: None }),
                None => (place, below) = (place + 1, u32::MAX),
            }
        }
        Ok(KeyPage { keys, next: Some(write_cursor(place, below)) })
    }

    /// Bits that neither the table of a shard nor its fingerprints choose their places by.
    fn place(&self, hash: u64) -> usize {
        (hash >> 40) as usize & (self.shards.len() - 1)
    }

    fn locked(&self, place: usize) -> Locked<'_> {
        Locked(self.shards[place].0.lock())
    }
}

/// A shard under its lock; what it has let go of is freed once the lock is gone.
struct Locked<'a>(MutexGuard<'a, Shard>);

impl Deref for Locked<'_> {
    type Target = Shard;

    fn deref(&self) -> &Shard {
        &self.0
    }
}

impl DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut Shard {
        &mut self.0
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        let gone = self.0.take_gone();
        if !gone.is_empty() {
            MutexGuard::unlocked(&mut self.0, || drop(gone));
        }
    }
}

/// Whether it is better decided without the lock: a read needs none, and a write of many
/// elements would keep others waiting.
fn takes_long(operation: &Operation, current: Option<Current<'_>>) -> bool {
    let Operation::Collection(operation) = operation else { return false };
    let collection = current.and_then(|current| current.value.collection());
    let length = collection.map_or(0, Collection::len);
    operation.access() == Access::Read || operation.steps(length) > STEPS_PER_LOCK
}

fn is_still(seen: Option<&Seen>, current: Option<Current<'_>>) -> bool {
    match (seen, current) {
        (None, None) => true,
        (Some(seen), Some(current)) => seen.is_still(current),
        (None, Some(_)) | (Some(_), None) => false,
    }
}

impl CacheBackend for MemoryCache {
    fn get<'a>(&'a self, key: &'a [u8]) -> Answer<'a, Result<Lookup, CacheError>> {
        Answer::Now(Ok(self.lookup(key)))
    }

    fn put<'a>(
        &'a self,
        key: &'a [u8],
        item: Item,
        ttl: Option<Duration>,
    ) -> Answer<'a, Result<(), CacheError>> {
        Answer::Now(self.store(key, item, ttl))
    }

    fn remove<'a>(&'a self, key: &'a [u8]) -> Answer<'a, Result<bool, CacheError>> {
        let hash = self.hasher.hash_one(key);
        let now_ns = now_ns(&self.clock);
        Answer::Now(Ok(self.locked(self.place(hash)).remove(hash, key, now_ns)))
    }

    fn apply<'a>(
        &'a self,
        key: &'a [u8],
        operation: Operation,
        limits: WriteLimits,
    ) -> Answer<'a, Result<Outcome, CacheError>> {
        let run = |operation: Operation| self.run(key, &operation, &limits);
        Answer::Now(operation.checked(&limits).and_then(run))
    }

    fn sorted_set_union<'a>(
        &'a self,
        key: &'a [u8],
        union: Union,
        limits: WriteLimits,
    ) -> Answer<'a, Result<Outcome, CacheError>> {
        Answer::Now(self.store_union(key, &union, &limits))
    }

    fn keys<'a>(
        &'a self,
        prefix: &'a [u8],
        from: Option<KeyCursor>,
        steps_max: usize,
    ) -> Answer<'a, Result<KeyPage, CacheError>> {
        Answer::Now(self.list(prefix, from, steps_max))
    }

    fn remove_prefix<'a>(&'a self, prefix: &'a [u8]) -> Answer<'a, Result<usize, CacheError>> {
        Answer::Now(Ok(self.purge_where(|key| key.starts_with(prefix))))
    }

    fn purge<'a>(&'a self, prefix: &'a [u8]) -> Answer<'a, Result<usize, CacheError>> {
        Answer::Now(Ok(self.purge_where(|key| match key.strip_prefix(prefix) {
            Some(rest) => rest.is_empty() || rest.starts_with(KEY_BOUNDARY),
            None => false,
        })))
    }

    fn clear(&self) -> Answer<'_, Result<usize, CacheError>> {
        Answer::Now(Ok(self.purge_where(|_| true)))
    }

    fn stats(&self) -> Stats {
        let mut stats = Stats {
            stores_refused: self.stores_refused.load(Ordering::Relaxed),
            entries: self.budget.entries() as u64,
            bytes: self.budget.bytes() as u64,
            ..Stats::default()
        };
        for shard in &self.shards {
            let of_shard = shard.0.lock().counters();
            stats.hits += of_shard.hits;
            stats.misses_never_stored += of_shard.misses_never_stored;
            stats.misses_expired += of_shard.misses_expired;
            stats.misses_evicted += of_shard.misses_evicted;
            stats.misses_invalidated += of_shard.misses_invalidated;
            stats.stores += of_shard.stores;
            stats.evictions += of_shard.evictions;
        }
        stats
    }

    fn sweep(&self, budget: usize) -> usize {
        let now_ns = now_ns(&self.clock);
        let from = self.sweep_from.fetch_add(1, Ordering::Relaxed);
        let (mut freed, mut left) = (0, budget);
        for step in 0..self.shards.len() {
            let place = from.wrapping_add(step) & (self.shards.len() - 1);
            while left > 0 {
                let steps = left.min(SWEEP_STEPS_PER_LOCK);
                let swept = self.locked(place).sweep(steps, now_ns);
                freed += swept.freed;
                left -= swept.steps;
                if swept.steps < steps {
                    break;
                }
            }
        }
        freed
    }
}

/// A shard's place and the slot below which it goes on.
fn write_cursor(place: usize, below: u32) -> KeyCursor {
    let number = (place as u64) << 32 | u64::from(below);
    KeyCursor(Bytes::copy_from_slice(&number.to_be_bytes()))
}

fn read_cursor(cursor: &KeyCursor) -> Option<(usize, u32)> {
    let number = u64::from_be_bytes(cursor.0.as_ref().try_into().ok()?);
    let below = u32::try_from(number & u64::from(u32::MAX)).ok()?;
    Some((usize::try_from(number >> 32).ok()?, below))
}
