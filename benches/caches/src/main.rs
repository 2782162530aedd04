//! Tollgate's cache beside other cache crates, each alone in a process of its own.
//!
//! `cargo run --release --manifest-path benches/caches/Cargo.toml [CACHE ...]` prints a line for
//! each figure, and with `collections` in place of a cache's name what collections take beside what
//! they count. Keys have 32 bytes, values 100, and every entry expires in an hour; where a crate
//! has no expiry, a number beside the value stands in for it. Times are CPU time of the threads
//! that ask. Requests follow Zipf's law with exponent 0.99; in the mix with scans every second
//! request goes through keys that nobody asks for again.

mod collections;

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::process::Command;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use parking_lot::Mutex;
use tollgate::clock::Clock;
use tollgate::store::cache::memory::{Limits, MemoryCache};
use tollgate::store::cache::{Answer, CacheBackend, Item, Lookup};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const LIFETIME_S: u32 = 3600;
const NOW_S: u32 = 1;
const VALUE: [u8; 100] = [7; 100];
const PAYLOAD_BYTES: f64 = 132.0;
const EXPONENT: f64 = 0.99;

type Value = Arc<[u8]>;
/// With the second at which it expires.
type Stamped = (Value, u32);

trait Cache: Send + Sync {
    /// True on a hit, whose value was handed out and dropped.
    fn hits(&self, key: &str) -> bool;
    fn put(&self, key: &str);
    /// Waits for work that the cache has put off.
    fn settle(&self) {}
}

impl Cache for MemoryCache {
    fn hits(&self, key: &str) -> bool {
        let answer = self.get(key.as_bytes());
        matches!(&answer, Answer::Now(Ok(Lookup::Hit(item))) if black_box(item).size_bytes() > 0)
    }

    fn put(&self, key: &str) {
        let value = Item::Bytes(black_box(VALUE).to_vec().into());
        let ttl = Some(Duration::from_secs(LIFETIME_S.into()));
        let answer = CacheBackend::put(self, key.as_bytes(), value, ttl);
        assert!(matches!(answer, Answer::Now(Ok(()))));
    }
}

/// Eviction by W-TinyLFU, expiry of its own.
struct Moka(moka::sync::Cache<Box<str>, Stamped>);

struct Lifetime;

impl moka::Expiry<Box<str>, Stamped> for Lifetime {
    fn expire_after_create(&self, _: &Box<str>, value: &Stamped, _: Instant) -> Option<Duration> {
        Some(Duration::from_secs(value.1.into()))
    }
}

impl Cache for Moka {
    fn hits(&self, key: &str) -> bool {
        self.0.get(key).is_some_and(|(value, _)| !black_box(value).is_empty())
    }

    fn put(&self, key: &str) {
        self.0.insert(key.into(), stamped());
    }

    fn settle(&self) {
        self.0.run_pending_tasks();
    }
}

/// Eviction by a variant of CLOCK-Pro.
struct Quick(quick_cache::sync::Cache<Box<str>, Stamped>);

impl Cache for Quick {
    fn hits(&self, key: &str) -> bool {
        self.0.get(key).is_some_and(|value| is_live(black_box(&value)))
    }

    fn put(&self, key: &str) {
        self.0.insert(key.into(), stamped());
    }
}

/// Eviction as its configuration says.
struct Foyer(foyer_memory::Cache<Box<str>, Stamped>);

impl Cache for Foyer {
    fn hits(&self, key: &str) -> bool {
        self.0.get(key).is_some_and(|entry| is_live(black_box(&entry.value().clone())))
    }

    fn put(&self, key: &str) {
        self.0.insert(key.into(), stamped());
    }
}

/// The least recently used goes, behind one lock a shard.
struct Lru {
    shards: Vec<Mutex<lru::LruCache<Box<str>, Stamped>>>,
    hasher: std::hash::RandomState,
}

impl Lru {
    fn shard(&self, key: &str) -> &Mutex<lru::LruCache<Box<str>, Stamped>> {
        let hash = std::hash::BuildHasher::hash_one(&self.hasher, key);
        &self.shards[usize::try_from(hash >> 48).expect("16 bits") % self.shards.len()]
    }
}

impl Cache for Lru {
    fn hits(&self, key: &str) -> bool {
        let found = self.shard(key).lock().get(key).cloned();
        found.is_some_and(|value| is_live(black_box(&value)))
    }

    fn put(&self, key: &str) {
        self.shard(key).lock().put(key.into(), stamped());
    }
}

fn stamped() -> Stamped {
    (Arc::from(&black_box(VALUE)[..]), LIFETIME_S)
}

fn is_live((value, expires_s): &Stamped) -> bool {
    *expires_s > NOW_S && !value.is_empty()
}

const NAMES: [&str; 6] = ["tollgate", "quick_cache", "moka", "foyer-s3fifo", "foyer-lru", "lru"];
const SHARDS: usize = 16;

fn cache(name: &str, entries: usize) -> Arc<dyn Cache> {
    match name {
        "tollgate" => {
            let limits =
                Limits { entries_max: entries, bytes_max: usize::MAX, ..Limits::default() };
            Arc::new(MemoryCache::new(limits, Clock::system()))
        }
        "quick_cache" => Arc::new(Quick(quick_cache::sync::Cache::new(entries))),
        "moka" => {
            let builder = moka::sync::Cache::builder().max_capacity(entries as u64);
            Arc::new(Moka(builder.expire_after(Lifetime).build()))
        }
        "foyer-s3fifo" => {
            let config = foyer_memory::S3FifoConfig::default();
            let builder = foyer_memory::CacheBuilder::new(entries).with_shards(SHARDS);
            Arc::new(Foyer(builder.with_eviction_config(config).build()))
        }
        "foyer-lru" => {
            let config = foyer_memory::LruConfig::default();
            let builder = foyer_memory::CacheBuilder::new(entries).with_shards(SHARDS);
            Arc::new(Foyer(builder.with_eviction_config(config).build()))
        }
        "lru" => {
            let room = NonZeroUsize::new((entries / SHARDS).max(1)).expect("at least one");
            let shards = (0..SHARDS).map(|_| Mutex::new(lru::LruCache::new(room))).collect();
            Arc::new(Lru { shards, hasher: std::hash::RandomState::new() })
        }
        other => panic!("no cache is called {other}: there are {NAMES:?}"),
    }
}

fn key(number: usize) -> String {
    format!("org1__env1__cacheA__{number:012}")
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

/// Keys by Zipf's law; which key has which rank is drawn too.
fn zipf(keys: usize, requests: usize, seed: u64) -> Vec<usize> {
    let mut numbers = Numbers(seed);
    let mut key_of_rank: Vec<usize> = (0..keys).collect();
    for rank in (1..keys).rev() {
        key_of_rank.swap(rank, numbers.below(rank + 1));
    }
    let mut sum = 0.0;
    let cumulative: Vec<f64> = (1..=keys)
        .map(|rank| {
            sum += (rank as f64).powf(-EXPONENT);
            sum
        })
        .collect();
    let draw = |_| {
        let share = (numbers.next() >> 11) as f64 / (1_u64 << 53) as f64;
        let rank = cumulative.partition_point(|up_to| *up_to < share * sum);
        key_of_rank[rank.min(keys - 1)]
    };
    (0..requests).map(draw).collect()
}

/// CPU time of this thread.
fn cpu_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid place for one timespec.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    let part = |number: i64| u64::try_from(number).expect("time is not negative");
    part(time.tv_sec) * 1_000_000_000 + part(time.tv_nsec)
}

fn resident_bytes() -> f64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux has it");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("it has a line");
    let kib = line.split_whitespace().nth(1).expect("a number");
    kib.parse::<f64>().expect("a number") * 1024.0
}

/// 100,000 keys, all there, asked for by Zipf's law on one thread and on two.
fn hit(name: &str) {
    const KEYS: usize = 100_000;
    const ROUNDS: usize = 7;
    let cache = cache(name, 2 * KEYS);
    let keys: Vec<String> = (0..KEYS).map(key).collect();
    keys.iter().for_each(|key| cache.put(key));
    cache.settle();
    for threads in [1, 2] {
        let barrier = Barrier::new(threads);
        let round_ns = |seed: u64| {
            let requests = zipf(KEYS, 1 << 20, seed);
            let mut rounds: Vec<f64> = (0..ROUNDS)
                .map(|_| {
                    barrier.wait();
                    let start_ns = cpu_ns();
                    for request in &requests {
                        assert!(cache.hits(&keys[*request]));
                    }
                    (cpu_ns() - start_ns) as f64 / requests.len() as f64
                })
                .collect();
            rounds.sort_by(f64::total_cmp);
            (rounds[0], rounds[ROUNDS / 2])
        };
        let mut seen: Vec<_> = thread::scope(|scope| {
            let round_ns = &round_ns;
            let runs: Vec<_> =
                (0..threads as u64).map(|seed| scope.spawn(move || round_ns(seed))).collect();
            runs.into_iter().map(|run| run.join().expect("the thread ends")).collect()
        });
        seen.sort_by(|one, other| one.1.total_cmp(&other.1));
        let (least, median) = seen[threads - 1];
        println!("{name:<14} hit, {threads} thread(s): {median:.0} ns (least {least:.0})");
    }
}

/// A million keys by Zipf's law, alone and with scans between; the second half is counted.
fn ratio(name: &str) {
    const KEYS: usize = 1_000_000;
    const REQUESTS: usize = 4_000_000;
    let popular = zipf(KEYS, REQUESTS, 7);
    for (mix, scans) in [("Zipf", false), ("Zipf and scans", true)] {
        for percent in [1, 10] {
            let cache = cache(name, KEYS * percent / 100);
            let (mut hits, mut asked, mut start_ns) = (0_u32, 0_u32, 0);
            for (at, request) in popular.iter().enumerate() {
                if at == REQUESTS / 2 {
                    (hits, asked, start_ns) = (0, 0, cpu_ns());
                }
                let key_of_it = key(*request);
                asked += 1;
                if cache.hits(&key_of_it) {
                    hits += 1;
                } else {
                    cache.put(&key_of_it);
                }
                if scans {
                    let passing = key(KEYS + at);
                    if !cache.hits(&passing) {
                        cache.put(&passing);
                    }
                }
            }
            let (ratio, ns) =
                (f64::from(hits) / f64::from(asked), (cpu_ns() - start_ns) / u64::from(asked));
            println!("{name:<14} {mix}, {percent} %: hit ratio {ratio:.4}, {ns} ns a request");
        }
    }
}

/// A million entries in a cache that has room for them.
fn memory(name: &str) {
    const ENTRIES: usize = 1_000_000;
    let cache = cache(name, ENTRIES + ENTRIES / 4);
    let (before_bytes, start_ns) = (resident_bytes(), cpu_ns());
    (0..ENTRIES).for_each(|number| cache.put(&key(number)));
    let put_ns = (cpu_ns() - start_ns) / ENTRIES as u64;
    cache.settle();
    let entry_bytes = (resident_bytes() - before_bytes) / ENTRIES as f64;
    let held = (0..ENTRIES).step_by(100).filter(|number| cache.hits(&key(*number))).count();
    println!(
        "{name:<14} memory: {entry_bytes:.0} bytes an entry, {:.0} beside key and value; \
         {put_ns} ns a put; {:.1} % held",
        entry_bytes - PAYLOAD_BYTES,
        held as f64 / (ENTRIES / 100) as f64 * 100.0
    );
}

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [flag, test, name] = &arguments[..]
        && flag == "--alone"
    {
        return match &test[..] {
            "hit" => hit(name),
            "ratio" => ratio(name),
            _ => memory(name),
        };
    }
    if let [flag, kind, writes, length, bytes] = &arguments[..]
        && flag == "--collections"
    {
        let number = |text: &String| text.parse().expect("a number");
        return collections::one(kind, writes, number(length), number(bytes));
    }
    if arguments == ["collections"] {
        return collections::all();
    }
    let names: Vec<&str> = match &arguments[..] {
        [] => NAMES.to_vec(),
        names => names.iter().map(String::as_str).collect(),
    };
    let own = env::current_exe().expect("this program has a path");
    for test in ["hit", "ratio", "memory"] {
        for name in &names {
            let status = Command::new(&own).args(["--alone", test, name]).status();
            assert!(status.is_ok_and(|status| status.success()), "{name} ends its test of {test}");
        }
    }
}
