//! Each operation of a cache in memory at 100 000 keys, beside a plain locked map.
//! Keys are 16 bytes, drawn evenly; values are 100 bytes; entries expire.

use std::collections::HashMap;
use std::hint::black_box;
use std::time::Duration;

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use parking_lot::Mutex;
use tollgate::clock::Clock;
use tollgate::store::cache::memory::{Limits, MemoryCache};
use tollgate::store::cache::{Answer, CacheBackend, Item, Lookup};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const KEYS: u64 = 100_000;
const TTL: Option<Duration> = Some(Duration::from_secs(300));

/// Keys in an order that no prefetcher guesses (SplitMix64).
struct Keys(u64);

impl Keys {
    fn next(&mut self) -> [u8; 16] {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        key((mixed ^ (mixed >> 31)) % KEYS)
    }
}

fn key(number: u64) -> [u8; 16] {
    let mut key = *b"orders__\0\0\0\0\0\0\0\0";
    key[8..].copy_from_slice(&number.to_be_bytes());
    key
}

fn value() -> Item {
    Item::Bytes(Bytes::from_static(&[7; 100]))
}

fn get(cache: &MemoryCache, key: &[u8]) -> Option<Item> {
    match cache.get(key) {
        Answer::Now(Ok(Lookup::Hit(item))) => Some(item),
        _ => None,
    }
}

fn put(cache: &MemoryCache, key: &[u8], ttl: Option<Duration>) {
    let Answer::Now(Ok(())) = cache.put(key, value(), ttl) else { panic!("the entry is stored") };
}

fn full(entries_max: u64, ttl: Option<Duration>) -> MemoryCache {
    let entries_max = usize::try_from(entries_max).expect("it is a small number");
    let limits = Limits { entries_max, bytes_max: usize::MAX, ..Limits::default() };
    let cache = MemoryCache::new(limits, Clock::system());
    (0..KEYS).for_each(|number| put(&cache, &key(number), ttl));
    cache
}

fn operations(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("cache");

    for (name, ttl) in [("hit", TTL), ("hit without expiry", None)] {
        let (cache, mut keys) = (full(2 * KEYS, ttl), Keys(1));
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(get(&cache, &keys.next()).expect("it is a hit")));
        });
    }

    let (cache, mut number) = (full(2 * KEYS, TTL), KEYS);
    group.bench_function("miss", |bencher| {
        bencher.iter(|| {
            number += 1;
            black_box(get(&cache, &key(number)))
        });
    });

    let mut keys = Keys(2);
    group.bench_function("put over a value", |bencher| {
        bencher.iter(|| put(&cache, &keys.next(), TTL));
    });

    let (cache, mut number) = (full(KEYS, TTL), KEYS);
    group.bench_function("put with eviction", |bencher| {
        bencher.iter(|| {
            number += 1;
            put(&cache, &key(number), TTL);
        });
    });
    group.finish();
}

/// What the cache is measured against: no expiry, no limits, one lock.
fn locked_map(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("locked map");
    let entries = (0..KEYS).map(|number| (Box::from(key(number)), value()));
    let map: Mutex<HashMap<Box<[u8]>, Item>> = Mutex::new(entries.collect());

    let mut keys = Keys(1);
    group.bench_function("hit", |bencher| {
        bencher.iter(|| black_box(map.lock().get(&keys.next()[..]).cloned()));
    });
    let mut keys = Keys(2);
    group.bench_function("put over a value", |bencher| {
        bencher.iter(|| map.lock().insert(Box::from(keys.next()), value()));
    });
    group.finish();
}

criterion_group!(benches, operations, locked_map);
criterion_main!(benches);
