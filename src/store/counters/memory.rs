//! Counters in memory, for one gateway.
//!
//! Bounded: past [`COUNTERS_MAX`] the counter that nobody asked for longest makes room.

use std::num::NonZeroUsize;
use std::time::Duration;

use foldhash::fast::RandomState;
use lru::LruCache;
use parking_lot::Mutex;

use crate::store::cache::Answer;
use crate::store::counters::{Charge, CounterBackend, Period, Rate, Usage};

/// How many counters are kept, over all policies and identifiers.
pub const COUNTERS_MAX: usize = SHARDS * SHARD_COUNTERS_MAX;

const SHARDS: usize = 16;
const SHARD_COUNTERS_MAX: usize = 8192;
/// A rolling window is counted in so many parts; the oldest leaves as a whole.
const PARTS: usize = 60;

/// Sixteen locks, each held for one look-up; `benches/rate_limits.rs` has the cost of the whole.
type Shard = Mutex<LruCache<Vec<u8>, Counter, RandomState>>;

pub struct MemoryCounters {
    shards: [Shard; SHARDS],
    hasher: RandomState,
}

enum Counter {
    Fresh,
    Spaced { next: Duration },
    Slid { window: u128, count: u64, previous: u64 },
    Interval { end_ms: i64, used: i64, violations: u64 },
    Rolling(Box<Parts>),
}

/// The last parts of a rolling window, as a ring.
struct Parts {
    part_ms: i64,
    /// Number of the newest part since the epoch.
    newest: i64,
    counts: [i64; PARTS],
    used: i64,
    violations: u64,
}

impl Default for MemoryCounters {
    fn default() -> Self {
        let capacity = NonZeroUsize::new(SHARD_COUNTERS_MAX).unwrap_or(NonZeroUsize::MIN);
        let shard = |_| {
            // It grows as it fills, where one with its capacity given takes its memory at once.
            let mut shard = LruCache::unbounded_with_hasher(RandomState::default());
            shard.resize(capacity);
            Mutex::new(shard)
        };
        Self { shards: std::array::from_fn(shard), hasher: RandomState::default() }
    }
}

impl MemoryCounters {
    fn with<T>(&self, key: &[u8], change: impl FnOnce(&mut Counter) -> T) -> T {
        let mut shard = self.shard(key).lock();
        change(shard.get_or_insert_mut_ref(key, || Counter::Fresh))
    }

    fn shard(&self, key: &[u8]) -> &Shard {
        use std::hash::BuildHasher;
        let [first, others @ ..] = &self.shards;
        // The high bits: the map uses the others.
        let index = (self.hasher.hash_one(key) >> 59) as usize % SHARDS;
        index.checked_sub(1).and_then(|index| others.get(index)).unwrap_or(first)
    }
}

impl CounterBackend for MemoryCounters {
    fn space<'a>(
        &'a self,
        key: &'a [u8],
        rate: Rate,
        weight: u64,
        now: Duration,
    ) -> Answer<'a, bool> {
        Answer::Now(self.with(key, |counter| {
            let next = match counter {
                Counter::Spaced { next } => *next,
                Counter::Fresh
                | Counter::Slid { .. }
                | Counter::Interval { .. }
                | Counter::Rolling(_) => Duration::ZERO,
            };
            let passes = rate.messages > 0 && now >= next;
            if passes {
                *counter = Counter::Spaced { next: now.saturating_add(rate.spacing(weight)) };
            }
            passes
        }))
    }

    fn slide<'a>(
        &'a self,
        key: &'a [u8],
        rate: Rate,
        weight: u64,
        now: Duration,
    ) -> Answer<'a, bool> {
        let period = rate.period.as_nanos().max(1);
        let current = now.as_nanos() / period;
        let into = now.as_nanos() % period;
        Answer::Now(self.with(key, |counter| {
            let (count, previous) = match counter {
                Counter::Slid { window, count, previous } if *window == current => {
                    (*count, *previous)
                }
                Counter::Slid { window, count, .. } if window.checked_add(1) == Some(current) => {
                    (0, *count)
                }
                Counter::Fresh
                | Counter::Spaced { .. }
                | Counter::Slid { .. }
                | Counter::Interval { .. }
                | Counter::Rolling(_) => (0, 0),
            };
            let of_previous = u128::from(previous).saturating_mul(period - into) / period;
            let with_this =
                of_previous.saturating_add(u128::from(count)).saturating_add(u128::from(weight));
            let passes = rate.messages > 0 && with_this <= u128::from(rate.messages);
            let count = if passes { count.saturating_add(weight) } else { count };
            *counter = Counter::Slid { window: current, count, previous };
            passes
        }))
    }

    fn charge<'a>(
        &'a self,
        key: &'a [u8],
        period: Period,
        charge: Charge,
        now_ms: i64,
    ) -> Answer<'a, Usage> {
        Answer::Now(self.with(key, |counter| match period {
            Period::Until { end_ms } => counter.interval(end_ms, charge, now_ms),
            Period::FromFirst { length_ms } => {
                counter.interval(now_ms.saturating_add(length_ms), charge, now_ms)
            }
            Period::Rolling { length_ms } => counter.rolling(length_ms, charge, now_ms),
        }))
    }

    fn give_back<'a>(&'a self, key: &'a [u8], count: i64) -> Answer<'a, ()> {
        let mut shard = self.shard(key).lock();
        match shard.peek_mut(key) {
            Some(Counter::Interval { used, .. }) => *used = used.saturating_sub(count),
            Some(Counter::Rolling(parts)) => parts.add(count.saturating_neg()),
            Some(Counter::Fresh | Counter::Spaced { .. } | Counter::Slid { .. }) | None => {}
        }
        Answer::Now(())
    }
}

impl Rate {
    /// How long after a message of that weight the next one may come.
    fn spacing(self, weight: u64) -> Duration {
        const LONG: u64 = u64::MAX;
        let one = self.period.as_nanos() / u128::from(self.messages.max(1));
        let all = one.saturating_mul(u128::from(weight));
        Duration::from_nanos(u64::try_from(all).unwrap_or(LONG))
    }
}

impl Charge {
    /// How much it adds to a counter that stands at `used`; `None` where it violates the quota.
    fn weight(self, used: i64) -> Option<i64> {
        match self {
            Self::Within { limit, weight } => {
                (used.saturating_add(weight) <= limit).then_some(weight)
            }
            Self::Always { weight } => Some(weight),
            Self::Look { limit } => (used < limit).then_some(0),
        }
    }
}

impl Counter {
    /// `next_end_ms`: the end of the interval that begins now, where none is under way.
    fn interval(&mut self, next_end_ms: i64, charge: Charge, now_ms: i64) -> Usage {
        let (end_ms, used, violations) = match self {
            Self::Interval { end_ms, used, violations } if now_ms < *end_ms => {
                (*end_ms, *used, *violations)
            }
            Self::Fresh
            | Self::Spaced { .. }
            | Self::Slid { .. }
            | Self::Interval { .. }
            | Self::Rolling(_) => (next_end_ms, 0, 0),
        };
        let added = charge.weight(used);
        let used = used.saturating_add(added.unwrap_or(0));
        let violations = violations.saturating_add(u64::from(added.is_none()));
        *self = Self::Interval { end_ms, used, violations };
        Usage { used, violated: added.is_none(), violations, expires_ms: end_ms }
    }

    fn rolling(&mut self, length_ms: i64, charge: Charge, now_ms: i64) -> Usage {
        let part_ms = (length_ms / PARTS as i64).max(1);
        let newest = now_ms.div_euclid(part_ms);
        if !matches!(self, Self::Rolling(parts) if parts.part_ms == part_ms) {
            *self = Self::Rolling(Box::new(Parts::new(part_ms, newest)));
        }
        let Self::Rolling(parts) = self else {
            return Usage { used: 0, violated: false, violations: 0, expires_ms: now_ms };
        };
        parts.advance(newest);
        let added = charge.weight(parts.used);
        parts.add(added.unwrap_or(0));
        parts.violations = parts.violations.saturating_add(u64::from(added.is_none()));
        Usage {
            used: parts.used,
            violated: added.is_none(),
            violations: parts.violations,
            expires_ms: parts.newest.saturating_add(1).saturating_mul(part_ms),
        }
    }
}

impl Parts {
    fn new(part_ms: i64, newest: i64) -> Self {
        Self { part_ms, newest, counts: [0; PARTS], used: 0, violations: 0 }
    }

    /// Drops the parts that are older than the window. A clock that went back changes nothing.
    fn advance(&mut self, newest: i64) {
        let steps = newest.saturating_sub(self.newest).clamp(0, PARTS as i64);
        for step in 1..=steps {
            let place = self.newest.saturating_add(step).rem_euclid(PARTS as i64);
            if let Some(count) = self.counts.get_mut(usize::try_from(place).unwrap_or(0)) {
                self.used = self.used.saturating_sub(*count);
                *count = 0;
            }
        }
        if steps == PARTS as i64 {
            self.violations = 0;
        }
        self.newest = self.newest.max(newest);
    }

    fn add(&mut self, count: i64) {
        let place = self.newest.rem_euclid(PARTS as i64);
        if let Some(newest) = self.counts.get_mut(usize::try_from(place).unwrap_or(0)) {
            *newest = newest.saturating_add(count);
            self.used = self.used.saturating_add(count);
        }
    }
}
