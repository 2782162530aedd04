//! What every cache backend must do, as tests: `cache_contract!(make)` runs them all on the
//! backends that `make` returns, each empty and with a clock moved by hand.

pub(crate) mod collections;
pub(crate) mod model;
pub(crate) mod scalars;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::{Config, TestRunner};

pub(crate) use self::collections::{
    a_collection_keeps_its_lifetime_unless_asked, a_growing_collection_makes_room_for_itself,
    a_slice_counts_from_both_ends, collections_count_against_the_budget, dictionaries_hold_fields,
    limits_bind_elements_and_collections, lists_hold_values_in_their_order,
    refuses_an_item_of_another_kind, refuses_scores_that_are_no_numbers, scores_lie_between_bounds,
    sets_hold_each_member_once, sorted_sets_order_by_score, unites_sorted_sets,
};
pub(crate) use self::model::agrees_with_plain_collections;
pub(crate) use self::scalars::{
    a_cas_stores_over_what_it_was_read_from, changes_how_long_an_item_lives,
    compares_a_typed_value_by_its_text, counts_up_and_down_as_memcached_does,
    extends_what_is_there, increments_integers_of_64_bits, keeps_flags_until_another_write,
    lists_and_removes_keys_by_prefix, obeys_the_limits_of_the_writer,
    stores_where_the_condition_holds, tells_kinds_and_whether_a_key_exists,
};
use crate::clock::Clock;
use crate::store::cache::memory::Limits;
use crate::store::cache::{
    Answer, CacheBackend, CacheError, Item, KEY_BYTES_MAX, Lookup, MissReason, TTL_MAX,
};

/// Makes an empty backend with these limits, which reads this clock.
pub(crate) type Make = fn(Limits, &Clock) -> Arc<dyn CacheBackend>;

macro_rules! cache_contract {
    ($make:expr) => {
        $crate::store::cache::contract::cache_contract!(
            $make,
            keeps_the_type_of_a_value,
            replaces_what_was_there,
            expires_at_its_time,
            a_zero_ttl_stores_nothing,
            a_ttl_is_at_most_thirty_days,
            removes_one_key,
            purges_at_the_boundary,
            clears_everything,
            refuses_a_key_past_the_limit,
            refuses_a_value_past_the_limit,
            counts_what_it_did,
            agrees_with_a_map_and_a_clock,
            agrees_with_plain_collections,
            stores_where_the_condition_holds,
            compares_a_typed_value_by_its_text,
            a_cas_stores_over_what_it_was_read_from,
            keeps_flags_until_another_write,
            increments_integers_of_64_bits,
            counts_up_and_down_as_memcached_does,
            extends_what_is_there,
            changes_how_long_an_item_lives,
            obeys_the_limits_of_the_writer,
            tells_kinds_and_whether_a_key_exists,
            lists_and_removes_keys_by_prefix,
            dictionaries_hold_fields,
            lists_hold_values_in_their_order,
            a_slice_counts_from_both_ends,
            sets_hold_each_member_once,
            sorted_sets_order_by_score,
            scores_lie_between_bounds,
            refuses_scores_that_are_no_numbers,
            unites_sorted_sets,
            a_collection_keeps_its_lifetime_unless_asked,
            refuses_an_item_of_another_kind,
            limits_bind_elements_and_collections,
            collections_count_against_the_budget,
            a_growing_collection_makes_room_for_itself,
        );
    };
    ($make:expr, $($test:ident,)+) => {
        mod contract {
            $(#[test]
            fn $test() {
                $crate::store::cache::contract::$test($make);
            })+
        }
    };
}
pub(crate) use cache_contract;

/// The answer, waited for where it is not there yet.
pub(crate) fn settle<T>(answer: Answer<'_, T>) -> T {
    match answer {
        Answer::Now(value) => value,
        Answer::Later(value) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime starts").block_on(value)
        }
    }
}

pub(crate) fn get(cache: &dyn CacheBackend, key: &[u8]) -> Lookup {
    settle(cache.get(key)).expect("a lookup is answered")
}

pub(crate) fn put(cache: &dyn CacheBackend, key: &[u8], item: Item, ttl: Option<Duration>) {
    settle(cache.put(key, item, ttl)).expect("the entry is stored");
}

pub(crate) fn text(value: &str) -> Item {
    Item::String(ByteString::from(value))
}

pub(crate) fn hit(value: &str) -> Lookup {
    Lookup::Hit(text(value))
}

const SECOND: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(1);

fn fresh(make: Make) -> (Arc<dyn CacheBackend>, Clock) {
    let clock = Clock::manual(0);
    (make(Limits::default(), &clock), clock)
}

pub(crate) fn keeps_the_type_of_a_value(make: Make) {
    let (cache, _) = fresh(make);
    for item in [
        Item::Bytes(Bytes::from_static(b"\xff\0")),
        Item::Bytes(Bytes::new()),
        text("three"),
        Item::Integer(i32::MIN),
        Item::Long(i64::MAX),
        Item::Float(0.5),
        Item::Double(1e300),
        Item::Boolean(false),
    ] {
        put(&*cache, b"key", item.clone(), None);
        assert_eq!(get(&*cache, b"key"), Lookup::Hit(item));
    }
}

pub(crate) fn replaces_what_was_there(make: Make) {
    let (cache, clock) = fresh(make);
    put(&*cache, b"key", text("short-lived"), Some(SECOND));
    put(&*cache, b"key", text("kept"), None);
    clock.advance(2 * SECOND);
    assert_eq!(get(&*cache, b"key"), hit("kept"));

    put(&*cache, b"key", text("over"), Some(SECOND));
    clock.advance(2 * SECOND);
    assert_eq!(get(&*cache, b"key"), Lookup::Miss(MissReason::Expired));
}

pub(crate) fn expires_at_its_time(make: Make) {
    for ttl in [TICK, SECOND, 65 * SECOND, 300 * SECOND, 5000 * SECOND, TTL_MAX] {
        let (cache, clock) = fresh(make);
        clock.advance(Duration::from_millis(1500));
        put(&*cache, b"key", text("value"), Some(ttl));
        clock.advance(ttl - Duration::from_nanos(1));
        assert_eq!(get(&*cache, b"key"), hit("value"), "just before {ttl:?}");
        clock.advance(Duration::from_nanos(1));
        assert_eq!(get(&*cache, b"key"), Lookup::Miss(MissReason::Expired), "at {ttl:?}");
    }
}

pub(crate) fn a_zero_ttl_stores_nothing(make: Make) {
    let (cache, _) = fresh(make);
    put(&*cache, b"key", text("value"), Some(Duration::ZERO));
    assert_eq!(get(&*cache, b"key"), Lookup::Miss(MissReason::NeverStored));
    put(&*cache, b"key", text("value"), None);
    put(&*cache, b"key", text("value"), Some(Duration::ZERO));
    assert_eq!(get(&*cache, b"key"), Lookup::Miss(MissReason::Invalidated));
}

pub(crate) fn a_ttl_is_at_most_thirty_days(make: Make) {
    let (cache, clock) = fresh(make);
    put(&*cache, b"key", text("value"), Some(Duration::MAX));
    clock.advance(TTL_MAX - TICK);
    assert_eq!(get(&*cache, b"key"), hit("value"));
    clock.advance(TICK);
    assert_eq!(get(&*cache, b"key"), Lookup::Miss(MissReason::Expired));
}

pub(crate) fn removes_one_key(make: Make) {
    let (cache, clock) = fresh(make);
    put(&*cache, b"key", text("value"), Some(SECOND));
    put(&*cache, b"other", text("value"), Some(SECOND));
    assert_eq!(settle(cache.remove(b"key")), Ok(true));
    assert_eq!(settle(cache.remove(b"key")), Ok(false));
    assert_eq!(get(&*cache, b"key"), Lookup::Miss(MissReason::Invalidated));
    assert_eq!(get(&*cache, b"other"), hit("value"));
    clock.advance(SECOND);
    assert_eq!(settle(cache.remove(b"other")), Ok(false), "it has expired");
}

pub(crate) fn purges_at_the_boundary(make: Make) {
    for (prefix, key, purged) in [
        ("P", "P", true),
        ("P", "P__", true),
        ("P", "P__a__b", true),
        ("P", "P___a", true),
        ("P", "Px", false), // another key's first part,
        ("P", "Px__a", false),
        ("P", "P_a", false), // one underscore is part of a name,
        ("P", "Q__P", false),
        ("P", "p__a", false), // case counts,
        ("P__a", "P__a__b", true),
        ("P__a", "P", false),
        ("P__a", "P__ab", false),
        ("", "__a", true), // and the empty prefix is a prefix too.
        ("", "a", false),
    ] {
        let (cache, _) = fresh(make);
        put(&*cache, key.as_bytes(), text("value"), None);
        let count = settle(cache.purge(prefix.as_bytes()));
        assert_eq!(count, Ok(usize::from(purged)), "`{prefix}` on `{key}`");
        let found = matches!(get(&*cache, key.as_bytes()), Lookup::Hit(_));
        assert_eq!(found, !purged, "`{prefix}` on `{key}`");
    }
}

pub(crate) fn clears_everything(make: Make) {
    let (cache, clock) = fresh(make);
    put(&*cache, b"over", text("value"), Some(SECOND));
    clock.advance(SECOND);
    put(&*cache, b"a", text("value"), None);
    put(&*cache, b"b", text("value"), Some(SECOND));
    assert_eq!(settle(cache.clear()), Ok(2), "what has expired does not count");
    assert_eq!(settle(cache.clear()), Ok(0));
    assert_eq!(get(&*cache, b"a"), Lookup::Miss(MissReason::Invalidated));
}

pub(crate) fn refuses_a_key_past_the_limit(make: Make) {
    let (cache, _) = fresh(make);
    let (longest, too_long) = (vec![b'k'; KEY_BYTES_MAX], vec![b'k'; KEY_BYTES_MAX + 1]);
    put(&*cache, &longest, text("value"), None);
    assert_eq!(get(&*cache, &longest), hit("value"));
    let refusal =
        Err(CacheError::KeyTooLong { key_bytes: KEY_BYTES_MAX + 1, limit_bytes: KEY_BYTES_MAX });
    assert_eq!(settle(cache.put(&too_long, text("value"), None)), refusal);
    assert_eq!(get(&*cache, &too_long), Lookup::Miss(MissReason::NeverStored));
    assert_eq!(settle(cache.remove(&too_long)), Ok(false));
}

pub(crate) fn refuses_a_value_past_the_limit(make: Make) {
    let clock = Clock::manual(0);
    let cache = make(Limits { value_bytes_max: 10, ..Limits::default() }, &clock);
    put(&*cache, b"key", text("0123456789"), None);
    let refusal = Err(CacheError::ValueTooLarge { value_bytes: 11, limit_bytes: 10 });
    assert_eq!(settle(cache.put(b"key", text("0123456789a"), None)), refusal);
    assert_eq!(get(&*cache, b"key"), hit("0123456789"), "a refused put leaves what was there");
}

pub(crate) fn counts_what_it_did(make: Make) {
    let (cache, clock) = fresh(make);
    put(&*cache, b"a", text("value"), Some(SECOND));
    put(&*cache, b"b", text("value"), None);
    for _ in 0..3 {
        get(&*cache, b"a");
    }
    get(&*cache, b"c");
    clock.advance(SECOND);
    get(&*cache, b"a");
    assert_eq!(settle(cache.remove(b"b")), Ok(true));
    get(&*cache, b"b");
    let too_long = [0; KEY_BYTES_MAX + 1];
    settle(cache.put(&too_long, text("value"), None)).expect_err("the key is too long");

    let stats = cache.stats();
    assert_eq!(
        (stats.hits, stats.stores, stats.stores_refused, stats.evictions, stats.entries),
        (3, 2, 1, 0, 0)
    );
    assert_eq!(
        (stats.misses_never_stored, stats.misses_expired, stats.misses_invalidated),
        (1, 1, 1)
    );
    assert_eq!(stats.bytes, 0);
}

/// One step of a run against the model.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Get(&'static str),
    Put(&'static str, u16, Option<Duration>),
    Remove(&'static str),
    Purge(&'static str),
    Clear,
    Sweep(usize),
    Advance(Duration),
}

const KEYS: [&str; 8] = ["a", "a__b", "a__b__c", "ab", "ab__c", "b", "", "__a"];

pub(crate) fn op() -> impl Strategy<Value = Op> {
    let key = || proptest::sample::select(&KEYS[..]);
    // Each of the wheel's levels, and both sides of a whole second.
    let span = || (0_u32..22, 0_u64..2000).prop_map(|(bits, ms)| (1 << bits) * 1000 / 2 + ms);
    let ttl = prop_oneof![
        1 => Just(None),
        1 => Just(Some(Duration::ZERO)),
        6 => span().prop_map(|ms| Some(Duration::from_millis(ms))),
    ];
    prop_oneof![
        6 => key().prop_map(Op::Get),
        8 => (key(), any::<u16>(), ttl).prop_map(|(key, value, ttl)| Op::Put(key, value, ttl)),
        2 => key().prop_map(Op::Remove),
        1 => key().prop_map(Op::Purge),
        1 => Just(Op::Clear),
        2 => (0_usize..4).prop_map(Op::Sweep),
        4 => span().prop_map(|ms| Op::Advance(Duration::from_millis(ms))),
    ]
}

/// What a cache without limits would hold.
#[derive(Debug, Default)]
pub(crate) struct Model {
    entries: BTreeMap<&'static str, (Item, Option<Duration>)>,
}

impl Model {
    fn expire(&mut self, now: Duration) {
        self.entries.retain(|_, (_, end)| end.is_none_or(|end| now < end));
    }

    fn purge(&mut self, is_meant: impl Fn(&str) -> bool) -> usize {
        let before = self.entries.len();
        self.entries.retain(|key, _| !is_meant(key));
        before - self.entries.len()
    }

    /// Does `op` to both and compares what is seen; where the cache `may_evict`, it may have
    /// less than the model, never more or other.
    #[track_caller]
    pub(crate) fn step(
        &mut self,
        cache: &dyn CacheBackend,
        clock: &Clock,
        op: &Op,
        may_evict: MayEvict,
    ) {
        let now = clock.elapsed();
        self.expire(now);
        let same = |found: usize, expected: usize| match may_evict {
            MayEvict::No => assert_eq!(found, expected, "{op:?}"),
            MayEvict::Yes => assert!(found <= expected, "{op:?}: {found} of {expected}"),
        };
        match op {
            Op::Get(key) => {
                let expected = self.entries.get(key).map(|(item, _)| item.clone());
                match get(cache, key.as_bytes()) {
                    Lookup::Hit(item) => assert_eq!(Some(item), expected, "{op:?}"),
                    Lookup::Miss(_) => same(0, usize::from(expected.is_some())),
                }
            }
            Op::Put(key, value, ttl) => {
                let item = text(&"x".repeat(usize::from(value % 300)));
                put(cache, key.as_bytes(), item.clone(), *ttl);
                if *ttl == Some(Duration::ZERO) {
                    self.entries.remove(key);
                } else {
                    let end = ttl.map(|ttl| now + ttl.min(TTL_MAX));
                    self.entries.insert(key, (item, end));
                    assert!(matches!(get(cache, key.as_bytes()), Lookup::Hit(_)), "{op:?}");
                }
            }
            Op::Remove(key) => {
                let removed = settle(cache.remove(key.as_bytes())).expect("it is answered");
                same(usize::from(removed), usize::from(self.entries.remove(key).is_some()));
            }
            Op::Purge(prefix) => {
                let purged = settle(cache.purge(prefix.as_bytes())).expect("it is answered");
                let below = format!("{prefix}__");
                same(purged, self.purge(|key| key == *prefix || key.starts_with(&below)));
            }
            Op::Clear => {
                let cleared = settle(cache.clear()).expect("it is answered");
                same(cleared, self.purge(|_| true));
            }
            Op::Sweep(budget) => assert!(cache.sweep(*budget) <= *budget),
            Op::Advance(by) => clock.advance(*by),
        }
    }
}

/// Whether a cache under test has limits that its keys reach.
#[derive(Clone, Copy, Debug)]
pub(crate) enum MayEvict {
    No,
    Yes,
}

pub(crate) fn agrees_with_a_map_and_a_clock(make: Make) {
    let mut runner = TestRunner::new(Config { cases: 200, ..Config::default() });
    let outcome = runner.run(&proptest::collection::vec(op(), 1..100), |ops| {
        let (cache, clock) = fresh(make);
        let mut model = Model::default();
        for op in &ops {
            model.step(&*cache, &clock, op, MayEvict::No);
        }
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}
