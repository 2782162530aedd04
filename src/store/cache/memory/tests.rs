mod atomic;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use foldhash::SharedSeed;
use proptest::test_runner::{Config, TestRunner};

use super::body::{OTHER_BYTES, SMALL_BYTES_MAX};
use super::*;
use crate::store::cache::MissReason;
use crate::store::cache::contract::{
    MayEvict, Model, cache_contract, get, hit, op, put, settle, text,
};

cache_contract!(|limits, clock| std::sync::Arc::new(
    crate::store::cache::memory::MemoryCache::new(limits, clock.clone())
));

const SECOND: Duration = Duration::from_secs(1);

/// A cache whose keys fall into the same shards in every run.
fn seeded(limits: Limits, threads: usize, clock: &Clock) -> MemoryCache {
    let hasher = SeedableRandomState::with_seed(7, SharedSeed::global_fixed());
    MemoryCache::with_hasher(limits, threads, hasher, clock.clone())
}

fn limited(bytes_max: usize, entries_max: usize) -> Limits {
    Limits { bytes_max, entries_max, ..Limits::default() }
}

/// Numbers that are the same in every run (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("it is below a usize")
    }
}

#[track_caller]
fn assert_sound(cache: &MemoryCache) {
    let held = cache.shards.iter().map(|shard| shard.0.lock().assert_sound());
    let (entries, bytes) =
        held.fold((0, 0), |sum, of_shard| (sum.0 + of_shard.0, sum.1 + of_shard.1));
    assert_eq!((cache.budget.entries(), cache.budget.bytes()), (entries, bytes));
}

#[test]
fn a_hit_shares_the_value() {
    let cache = MemoryCache::new(Limits::default(), Clock::manual(0));
    for value_bytes in [10, 1000] {
        put(&cache, b"key", Item::Bytes(Bytes::from(vec![7; value_bytes])), None);
        let (Lookup::Hit(Item::Bytes(first)), Lookup::Hit(Item::Bytes(second))) =
            (get(&cache, b"key"), get(&cache, b"key"))
        else {
            panic!("both are hits");
        };
        assert_eq!(first.as_ptr(), second.as_ptr());
        // What a reader has stays as it was.
        put(&cache, b"key", text("another"), None);
        drop(settle(cache.clear()));
        assert_eq!(first, vec![7; value_bytes]);
    }
}

/// The entry that grows is nearly all that its shard holds, and the rest of the budget is held
/// by others: the shard evicts what it has beside, then asks them.
#[test]
fn an_entry_that_fills_its_shard_grows() {
    let clock = Clock::manual(0);
    let limits = Limits { value_bytes_max: 2 << 20, ..limited(4 << 20, 100_000) };
    let cache = seeded(limits, 4, &clock);
    let place_of = |key: &[u8]| cache.place(cache.hasher.hash_one(key));
    let own = place_of(b"large");
    let beside = (0_u32..).map(u32::to_be_bytes).find(|key| place_of(key) == own);
    let value = |bytes: usize| Item::Bytes(Bytes::from(vec![0; bytes]));
    put(&cache, b"large", value(1 << 20), None);
    put(&cache, &beside.expect("some key falls there"), value(10), None);
    let elsewhere =
        (0_u32..).map(|key| format!("{key}")).filter(|key| place_of(key.as_bytes()) != own);
    for key in elsewhere {
        if cache.stats().bytes > (4 << 20) - (100 << 10) {
            break;
        }
        put(&cache, key.as_bytes(), value(1000), None);
    }
    assert_eq!(cache.stats().evictions, 0);
    put(&cache, b"large", value(3 << 19), None);
    assert_eq!(get(&cache, b"large"), Lookup::Hit(value(3 << 19)));
    assert_sound(&cache);
    // It took what it needs, not what it weighs.
    assert!((100..600).contains(&cache.stats().evictions), "{}", cache.stats().evictions);
}

#[test]
fn a_value_does_not_keep_the_message_it_was_cut_from() {
    let cache = MemoryCache::new(Limits::default(), Clock::manual(0));
    let message = Bytes::from(vec![7; 1000]);
    put(&cache, b"key", Item::Bytes(message.slice(..10)), None);
    assert!(message.is_unique());
}

#[test]
fn the_entry_limit_holds_on_both_sides() {
    let cache = MemoryCache::new(limited(1 << 20, 3), Clock::manual(0));
    for key in ["a", "b", "c"] {
        put(&cache, key.as_bytes(), text(key), None);
    }
    assert_eq!((cache.stats().entries, cache.stats().evictions), (3, 0));
    put(&cache, b"d", text("d"), None);
    assert_eq!((cache.stats().entries, cache.stats().evictions), (3, 1));
    assert_eq!(get(&cache, b"d"), hit("d"));
    assert_eq!(get(&cache, b"a"), Lookup::Miss(MissReason::Evicted));
    assert_eq!(cache.stats().misses_evicted, 1);
}

#[test]
fn a_cache_for_one_entry_replaces_it() {
    let cache = MemoryCache::new(limited(1 << 20, 1), Clock::manual(0));
    for value in ["a", "a longer one", ""] {
        put(&cache, b"key", text(value), None);
        assert_eq!(get(&cache, b"key"), hit(value));
    }
    put(&cache, b"other", text("b"), None);
    assert_eq!((cache.stats().entries, cache.stats().evictions), (1, 1));
    assert_sound(&cache);
}

#[test]
fn the_byte_limit_holds_on_both_sides() {
    let weight_bytes = 1 + 10 + ENTRY_OVERHEAD_BYTES;
    for (bytes_max, entries) in [(3 * weight_bytes, 3), (3 * weight_bytes - 1, 2)] {
        let cache = MemoryCache::new(limited(bytes_max, 100), Clock::manual(0));
        for key in ["a", "b", "c"] {
            put(&cache, key.as_bytes(), text("0123456789"), None);
        }
        assert_eq!(cache.stats().entries, entries, "{bytes_max}");
        assert_eq!(cache.stats().bytes, entries * weight_bytes as u64);
    }
}

#[test]
fn an_entry_over_half_the_bytes_is_refused() {
    let bytes_max = 2 * (1 + 10 + ENTRY_OVERHEAD_BYTES);
    let cache = MemoryCache::new(limited(bytes_max, 100), Clock::manual(0));
    put(&cache, b"a", text("0123456789"), None);
    let refusal = Err(CacheError::ValueTooLarge { value_bytes: 11, limit_bytes: 10 });
    assert_eq!(settle(cache.put(b"a", text("0123456789a"), None)), refusal);
    assert_eq!(get(&cache, b"a"), hit("0123456789"));
    assert_eq!(cache.stats().stores_refused, 1);

    let nothing = MemoryCache::new(limited(0, 100), Clock::manual(0));
    let refusal = Err(CacheError::ValueTooLarge { value_bytes: 0, limit_bytes: 0 });
    assert_eq!(settle(nothing.put(b"a", text(""), None)), refusal);
}

#[test]
fn a_replaced_value_gives_back_what_it_took() {
    let cache = MemoryCache::new(Limits::default(), Clock::manual(0));
    for value_bytes in [100, 1000, 10, 0, 500] {
        put(&cache, b"key", Item::Bytes(Bytes::from(vec![0; value_bytes])), None);
        // A block of 1000 bytes takes 1024.
        let beside_bytes =
            ENTRY_OVERHEAD_BYTES + if value_bytes > SMALL_BYTES_MAX { OTHER_BYTES + 24 } else { 0 };
        assert_eq!(cache.stats().bytes, (3 + value_bytes + beside_bytes) as u64);
    }
}

#[test]
fn a_writer_evicts_from_other_shards() {
    let cache = seeded(limited(4 << 20, 100_000), 4, &Clock::manual(0));
    assert_eq!(cache.shards.len(), 16);
    // One entry of nearly half the budget needs more than its own shard can spare.
    let mut small = 0_u32;
    while cache.stats().evictions == 0 {
        put(&cache, &small.to_be_bytes(), Item::Bytes(Bytes::from(vec![0; 1000])), None);
        small += 1;
    }
    let large = Item::Bytes(Bytes::from(vec![0; 200 * 1024]));
    for key in [b"a", b"b", b"c", b"d", b"e", b"f", b"g", b"h", b"i", b"j"] {
        put(&cache, key, large.clone(), None);
        assert_eq!(get(&cache, key), Lookup::Hit(large.clone()));
    }
    assert_sound(&cache);
}

#[test]
fn an_expired_entry_goes_before_a_live_one() {
    let clock = Clock::manual(0);
    let cache = MemoryCache::new(limited(1 << 20, 3), clock.clone());
    put(&cache, b"a", text("a"), None);
    put(&cache, b"over", text("value"), Some(SECOND));
    put(&cache, b"b", text("b"), None);
    clock.advance(SECOND);
    put(&cache, b"c", text("c"), None);
    for key in ["a", "b", "c"] {
        assert_eq!(get(&cache, key.as_bytes()), hit(key));
    }
    assert_eq!(get(&cache, b"over"), Lookup::Miss(MissReason::Expired));
    assert_eq!(cache.stats().evictions, 0);
}

#[test]
fn a_sweep_frees_memory_that_nobody_asks_for() {
    let clock = Clock::manual(0);
    let cache = seeded(Limits::default(), 4, &clock);
    for key in 0_u32..10_000 {
        let ttl = Duration::from_secs(u64::from(key % 5000) + 1);
        put(&cache, &key.to_be_bytes(), text("value"), Some(ttl));
    }
    assert_eq!(cache.sweep(usize::MAX), 0);
    for second in 1..=5000 {
        clock.advance(SECOND);
        assert_eq!(cache.sweep(usize::MAX), 2, "after {second} s");
    }
    let stats = cache.stats();
    assert_eq!((stats.entries, stats.bytes, stats.evictions), (0, 0, 0));
    assert_sound(&cache);
    for shard in &cache.shards {
        assert!(shard.0.lock().held_bytes() < 4096, "{}", shard.0.lock().held_bytes());
    }
}

#[test]
fn a_sweep_keeps_to_its_budget() {
    let clock = Clock::manual(0);
    let cache = seeded(Limits::default(), 4, &clock);
    for key in 0_u32..1000 {
        put(&cache, &key.to_be_bytes(), text("value"), Some(SECOND));
    }
    clock.advance(SECOND);
    for (budget, freed) in [(0, 0), (1, 1), (300, 300), (1000, 699), (1000, 0)] {
        assert_eq!(cache.sweep(budget), freed);
        assert_sound(&cache);
    }
}

#[test]
fn memory_comes_back_after_a_clear_and_a_purge() {
    let cache = seeded(Limits::default(), 4, &Clock::manual(0));
    let held_bytes = || cache.shards.iter().map(|shard| shard.0.lock().held_bytes()).sum::<usize>();
    let fill = || {
        for key in 0..20_000 {
            put(&cache, format!("P__{key}").as_bytes(), text("value"), Some(SECOND));
        }
    };
    let empty_bytes = held_bytes();
    fill();
    let full_bytes = held_bytes();
    assert!(full_bytes > empty_bytes + 20_000 * 48);
    assert!(full_bytes < empty_bytes + 20_000 * ENTRY_OVERHEAD_BYTES, "{full_bytes}");
    assert_eq!(settle(cache.purge(b"P")), Ok(20_000));
    assert!(held_bytes() < full_bytes / 20, "{} of {full_bytes}", held_bytes());
    fill();
    assert_eq!(settle(cache.clear()), Ok(20_000));
    assert!(held_bytes() < full_bytes / 20, "{} of {full_bytes}", held_bytes());
    assert_sound(&cache);
}

#[test]
fn memory_of_large_values_comes_back_in_any_order() {
    let cache = seeded(Limits::default(), 1, &Clock::manual(0));
    let held_bytes = || cache.shards.iter().map(|shard| shard.0.lock().held_bytes()).sum::<usize>();
    let large = |byte: u8| Item::Bytes(Bytes::from(vec![byte; 1000]));
    let fill = |item: fn(u8) -> Item| {
        for key in 0_u32..5000 {
            put(&cache, &key.to_be_bytes(), item(key.to_be_bytes()[3]), Some(SECOND));
        }
    };
    let thin_out = || {
        for key in (0_u32..5000).step_by(3) {
            settle(cache.remove(&key.to_be_bytes())).expect("it is in memory");
        }
        assert_sound(&cache);
    };
    fill(|_| text("small"));
    thin_out();
    fill(|_| text("small"));
    let small_bytes = held_bytes();
    fill(|byte| Item::Bytes(Bytes::from(vec![byte; 1000])));
    assert!(held_bytes() > small_bytes + 5000 * size_of::<Item>());
    thin_out();
    let left = (0_u32..5000).filter(|key| key % 3 != 0);
    assert!(left.clone().all(|key| {
        get(&cache, &key.to_be_bytes()) == Lookup::Hit(large(key.to_be_bytes()[3]))
    }));
    fill(|_| text("small"));
    assert!(held_bytes() < small_bytes + 120_000, "{} of {small_bytes}", held_bytes());
    fill(|byte| Item::Bytes(Bytes::from(vec![byte; 1000])));
    assert_eq!(settle(cache.remove(&7_u32.to_be_bytes())), Ok(true));
    assert_eq!(settle(cache.clear()), Ok(4999));
    assert_sound(&cache);
    assert!(held_bytes() < 8192, "{}", held_bytes());
}

#[test]
fn agrees_with_a_map_under_tight_limits() {
    let mut runner = TestRunner::new(Config { cases: 300, ..Config::default() });
    let outcome = runner.run(&proptest::collection::vec(op(), 1..150), |ops| {
        let clock = Clock::manual(0);
        let limits = limited(1200, 4);
        let cache = seeded(limits, 4, &clock);
        let mut model = Model::default();
        for op in &ops {
            model.step(&cache, &clock, op, MayEvict::Yes);
            let stats = cache.stats();
            assert!(stats.bytes <= 1200 && stats.entries <= 4, "{stats:?}");
            assert_sound(&cache);
        }
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn limits_hold_at_every_moment_under_many_writers() {
    let clock = Clock::manual(0);
    for limits in [limited(4 << 20, 100_000), limited(usize::MAX, 4096), limited(64 << 10, 50)] {
        let cache = seeded(limits, 4, &clock);
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            let watcher = scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let stats = cache.stats();
                    assert!(stats.bytes <= limits.bytes_max as u64, "{stats:?}");
                    assert!(stats.entries <= limits.entries_max as u64, "{stats:?}");
                    thread::yield_now();
                }
            });
            let writers: Vec<_> = (0..4)
                .map(|seed| {
                    let (cache, clock) = (&cache, &clock);
                    scope.spawn(move || write_at_random(cache, clock, Numbers(seed)))
                })
                .collect();
            for writer in writers {
                writer.join().expect("a writer ends well");
            }
            done.store(true, Ordering::Relaxed);
            watcher.join().expect("the limits held");
        });
        assert_sound(&cache);
    }
}

fn write_at_random(cache: &MemoryCache, clock: &Clock, mut numbers: Numbers) {
    for step in 0..10_000_u32 {
        let key = u32::try_from(numbers.below(8000)).expect("it is small").to_be_bytes();
        match numbers.below(20) {
            0 => drop(settle(cache.remove(&key))),
            1..4 => drop(get(cache, &key)),
            _ => {
                let large = if numbers.below(100) == 0 { 20_000 } else { 1000 };
                let value = Bytes::from(vec![0; numbers.below(large)]);
                let ttl = Duration::from_millis(numbers.next() % 5000 + 1);
                put(cache, &key, Item::Bytes(value), Some(ttl));
            }
        }
        if step % 1000 == 0 {
            clock.advance(Duration::from_millis(300));
            cache.sweep(100);
        }
    }
}

/// Requests by Zipf's law with exponent 0.99 for a million keys.
struct Zipf {
    cumulative: Vec<f64>,
}

impl Zipf {
    fn new() -> Self {
        let mut sum = 0.0;
        let add = |rank: u32| {
            sum += f64::from(rank).powf(-0.99);
            sum
        };
        Self { cumulative: (1..=1_000_000).map(add).collect() }
    }

    fn key(&self, numbers: &mut Numbers) -> [u8; 8] {
        let share = (numbers.next() >> 11) as f64 / (1_u64 << 53) as f64;
        let sought = share * self.cumulative.last().expect("there are keys");
        (self.cumulative.partition_point(|sum| *sum < sought) as u64).to_be_bytes()
    }
}

#[test]
fn the_hit_ratio_is_that_of_a_good_eviction() {
    let zipf = Zipf::new();
    for (entries_max, ratio_min) in [(10_000, 0.64), (100_000, 0.77)] {
        for threads in [1, 4] {
            let cache = seeded(limited(usize::MAX, entries_max), threads, &Clock::manual(0));
            let (mut numbers, mut hits) = (Numbers(1), 0_u32);
            let (warm_up, counted) = (500_000, 500_000_u32);
            for request in 0..warm_up + counted {
                let key = zipf.key(&mut numbers);
                match get(&cache, &key) {
                    Lookup::Hit(_) => hits += u32::from(request >= warm_up),
                    Lookup::Miss(_) => put(&cache, &key, Item::Boolean(true), None),
                }
            }
            let ratio = f64::from(hits) / f64::from(counted);
            assert!(ratio >= ratio_min, "{ratio} with {entries_max} entries, {threads} threads");
        }
    }
}
