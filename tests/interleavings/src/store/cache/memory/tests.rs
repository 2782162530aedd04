//! Scenarios of two or three threads on one cache, and what has to hold in every order of their
//! steps.
//!
//! Schedules are drawn from fixed seeds, some at random, some with few changes of priority (PCT),
//! which find what needs a thread to stand still for long. A failure is the same in every run, and
//! names its schedule for `shuttle::replay`.

mod collections;
mod room;
mod scalars;
mod scans;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use foldhash::SharedSeed;
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};

use super::*;
use crate::store::cache::CollectionOperation;

const SECOND: Duration = Duration::from_secs(1);

const SEED: u64 = 0x7011_ca7e;
const SCHEDULES_AT_RANDOM: usize = 1000;
const SCHEDULES_BY_PRIORITY: usize = 400;
/// Changes of priority in a schedule; most mistakes need no more than two.
const DEPTHS: [usize; 2] = [2, 4];

/// Runs the scenario in all its schedules.
fn explore(scenario: impl Fn() + Send + Sync + 'static) {
    let scenario = Arc::new(scenario);
    run_all(RandomScheduler::new_from_seed(SEED, SCHEDULES_AT_RANDOM), &scenario);
    for depth in DEPTHS {
        let scheduler = PctScheduler::new_from_seed(SEED, depth, SCHEDULES_BY_PRIORITY);
        run_all(scheduler, &scenario);
    }
}

fn run_all(scheduler: impl Scheduler + 'static, scenario: &Arc<impl Fn() + Send + Sync + 'static>) {
    let mut config = shuttle::Config::new();
    config.stack_size = 512 * 1024;
    // `crate::sync` says what is not looked for here.
    config.silence_warnings = true;
    let scenario = Arc::clone(scenario);
    shuttle::Runner::new(scheduler, config).run(move || scenario());
}

/// Each on a thread of its own, and all at an end.
fn together(threads: &[&(dyn Fn() + Sync)]) {
    shuttle::thread::scope(|scope| {
        for thread in threads {
            scope.spawn(*thread);
        }
    });
}

/// A cache of so many shards, whatever its limits; keys fall into the same ones in every run.
fn sharded(shards: usize, limits: Limits, clock: &Clock) -> MemoryCache {
    let hasher = SeedableRandomState::with_seed(7, SharedSeed::global_fixed());
    let mut cache = MemoryCache::with_hasher(limits, 1, hasher, clock.clone());
    let shard = |_| LockedShard(Mutex::new(Shard::new(Arc::clone(&cache.budget), now_ns(clock))));
    cache.shards = (0..shards).map(shard).collect();
    cache
}

fn roomy() -> MemoryCache {
    sharded(1, Limits::default(), &Clock::manual())
}

/// The first keys with this prefix that fall into a shard.
fn keys_of_shard<const COUNT: usize>(
    cache: &MemoryCache,
    shard: usize,
    prefix: &str,
) -> [Bytes; COUNT] {
    let mut keys = (0..)
        .map(|number: u32| Bytes::from(format!("{prefix}{number}")))
        .filter(|key| cache.place(cache.hasher.hash_one(&key[..])) == shard);
    std::array::from_fn(|_| keys.next().expect("there are endless ones"))
}

fn settle<T>(answer: Answer<'_, T>) -> T {
    match answer {
        Answer::Now(value) => value,
        Answer::Later(_) => panic!("a cache in memory answers at once"),
    }
}

fn apply(cache: &MemoryCache, key: &[u8], operation: Operation) -> Outcome {
    settle(cache.apply(key, operation, WriteLimits::default())).expect("it is done")
}

fn on_collection(cache: &MemoryCache, key: &[u8], operation: CollectionOperation) -> Outcome {
    apply(cache, key, Operation::Collection(operation))
}

fn store(cache: &MemoryCache, key: &[u8], value: &str, lifetime: Option<Duration>) {
    settle(cache.put(key, text(value), lifetime)).expect("it is stored");
}

fn text(value: &str) -> Item {
    Item::Bytes(Bytes::copy_from_slice(value.as_bytes()))
}

/// The value under the key, where there is one.
fn value(cache: &MemoryCache, key: &[u8]) -> Option<String> {
    match settle(cache.get(key)).expect("a lookup is answered") {
        Lookup::Hit(item) => {
            let bytes = item.as_bytes().expect("it is a scalar");
            Some(String::from_utf8(bytes.to_vec()).expect("it is a text"))
        }
        Lookup::Miss(_) => None,
    }
}

/// Every link of every shard, and that together they hold what the budget says; under all locks,
/// of which nobody else holds more than one.
#[track_caller]
fn assert_sound(cache: &MemoryCache) {
    let shards: Vec<_> = cache.shards.iter().map(|shard| shard.0.lock()).collect();
    let held = shards.iter().map(|shard| shard.assert_sound());
    let (entries, bytes) =
        held.fold((0, 0), |sum, of_shard| (sum.0 + of_shard.0, sum.1 + of_shard.1));
    assert_eq!((cache.budget.entries(), cache.budget.bytes()), (entries, bytes));
}
