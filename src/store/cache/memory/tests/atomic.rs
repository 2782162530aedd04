//! Operations of many threads on one key: each happens whole, one after the other.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use super::{limited, seeded};
use crate::clock::Clock;
use crate::store::cache::contract::scalars::apply;
use crate::store::cache::item::dictionary::DictionaryOperation;
use crate::store::cache::item::list::{ListOperation, Slice};
use crate::store::cache::item::set::SetOperation;
use crate::store::cache::item::sorted_set::{Scored, SortedSetOperation};
use crate::store::cache::memory::{MemoryCache, STEPS_PER_LOCK};
use crate::store::cache::operation::{CollectionTtl, Condition, End, Put};
use crate::store::cache::{CollectionOperation, Element, Item, Operation, Outcome};

const TTL: CollectionTtl = CollectionTtl { lifetime: None, refresh: false };
const THREADS: u32 = 4;
const ROUNDS: u32 = 300;
/// So many elements are not gone through under the lock.
const MANY: u32 = 12 * STEPS_PER_LOCK as u32;

fn cache() -> MemoryCache {
    seeded(limited(64 << 20, 100_000), 4, &Clock::manual(0))
}

fn element(number: u32) -> Element {
    Element::from(number.to_be_bytes().as_slice())
}

fn run(cache: &MemoryCache, operation: CollectionOperation) -> Outcome {
    apply(cache, b"key", Operation::Collection(operation)).expect("it is done")
}

fn dictionary(operation: DictionaryOperation) -> CollectionOperation {
    CollectionOperation::Dictionary(operation)
}

/// Every thread does `work`, with its number and that of the round.
fn on_many_threads(work: impl Fn(u32, u32) + Sync) {
    thread::scope(|scope| {
        for number in 0..THREADS {
            let work = &work;
            scope.spawn(move || (0..ROUNDS).for_each(|round| work(number, round)));
        }
    });
}

#[test]
fn no_increment_is_lost_beside_writes_of_many_fields() {
    let cache = cache();
    on_many_threads(|thread, round| {
        let increment = |field| DictionaryOperation::Increment { field, by: 1, ttl: TTL };
        run(&cache, dictionary(increment(element(u32::MAX))));
        if round % 10 == thread {
            let field = |number| (element(number), element(thread * ROUNDS + round));
            let fields = (0..MANY).map(field).collect();
            run(&cache, dictionary(DictionaryOperation::Set { fields, ttl: TTL }));
        }
    });
    let fetched = run(&cache, dictionary(DictionaryOperation::Fetch));
    let Outcome::Fields(fields) = fetched else { panic!("{fetched:?}") };
    let (_, count) = fields.last().expect("there are fields");
    assert_eq!(**count, *(THREADS * ROUNDS).to_string().into_bytes());
    // All of one write, or none of it.
    let written: BTreeSet<_> = fields[..fields.len() - 1].iter().map(|(_, value)| value).collect();
    assert_eq!((fields.len(), written.len()), (MANY as usize + 1, 1));
}

#[test]
fn a_read_sees_a_write_whole() {
    let cache = cache();
    let set = |value| {
        let fields = (0..MANY).map(|number| (element(number), element(value))).collect();
        run(&cache, dictionary(DictionaryOperation::Set { fields, ttl: TTL }));
    };
    set(0);
    on_many_threads(|thread, round| {
        if thread == 0 {
            set(round);
            return;
        }
        let fetched = run(&cache, dictionary(DictionaryOperation::Fetch));
        let Outcome::Fields(fields) = fetched else { panic!("{fetched:?}") };
        let values: BTreeSet<_> = fields.iter().map(|(_, value)| value).collect();
        assert_eq!((fields.len(), values.len()), (MANY as usize, 1));
    });
}

#[test]
fn scores_add_up() {
    let cache = cache();
    on_many_threads(|thread, _| {
        let by = f64::from(thread + 1);
        let increment = SortedSetOperation::Increment { member: element(1), by, ttl: TTL };
        run(&cache, CollectionOperation::SortedSet(increment));
        let other = Scored { member: element(thread + 2), score: by };
        let put = SortedSetOperation::Put { elements: vec![other], ttl: TTL };
        run(&cache, CollectionOperation::SortedSet(put));
    });
    let scores = SortedSetOperation::GetScores { members: vec![element(1)] };
    let sum = f64::from(ROUNDS * (1..=THREADS).sum::<u32>());
    let found = run(&cache, CollectionOperation::SortedSet(scores));
    assert_eq!(found, Outcome::Scores(vec![Some(sum)]));
}

#[test]
fn what_is_pushed_is_popped_once() {
    let cache = cache();
    let popped = AtomicU64::new(0);
    let pop = |end| match run(&cache, CollectionOperation::List(ListOperation::Pop { end })) {
        Outcome::Missing => false,
        Outcome::Popped { value, .. } => {
            let bytes = value[..].try_into().expect("it has four bytes");
            popped.fetch_add(u64::from(u32::from_be_bytes(bytes)), Ordering::Relaxed);
            true
        }
        other => panic!("{other:?}"),
    };
    on_many_threads(|thread, round| {
        let ends = [End::Front, End::Back];
        let end = ends[(thread % 2) as usize];
        let values =
            vec![element(thread * ROUNDS + round); if round.is_multiple_of(50) { 100 } else { 1 }];
        let push = ListOperation::Push { end, values, truncate_to: None, ttl: TTL };
        run(&cache, CollectionOperation::List(push));
        pop(ends[(round % 2) as usize]);
        if round.is_multiple_of(20) {
            // A slice is read as the list is at one moment.
            let fetch = ListOperation::Fetch { slice: Slice::default() };
            run(&cache, CollectionOperation::List(fetch));
        }
    });
    while pop(End::Front) {}
    let pushed = (0..THREADS * ROUNDS).map(|number| {
        let times = if (number % ROUNDS).is_multiple_of(50) { 100 } else { 1 };
        u64::from(number) * times
    });
    assert_eq!(popped.load(Ordering::Relaxed), pushed.sum::<u64>());
}

#[test]
fn each_member_is_popped_by_one() {
    let cache = cache();
    let members = (0..THREADS * ROUNDS).map(element).collect();
    run(&cache, CollectionOperation::Set(SetOperation::Union { members, ttl: TTL }));
    let popped = AtomicU64::new(0);
    on_many_threads(|thread, _| {
        let pop = SetOperation::Pop { count: u64::from(thread) };
        match run(&cache, CollectionOperation::Set(pop)) {
            Outcome::Missing => {}
            Outcome::Values(members) => {
                popped.fetch_add(members.len() as u64, Ordering::Relaxed);
            }
            other => panic!("{other:?}"),
        }
    });
    assert_eq!(popped.load(Ordering::Relaxed), u64::from(THREADS * ROUNDS));
}

#[test]
fn one_of_two_compare_and_set_wins() {
    let cache = cache();
    let lost = AtomicU64::new(0);
    on_many_threads(|_, _| {
        loop {
            let (number, condition) = match apply(&cache, b"key", Operation::Get) {
                Ok(Outcome::Missing) => (0, Condition::Absent),
                Ok(Outcome::Scalar(scalar)) => {
                    let text = scalar.item.as_bytes().expect("it is a scalar");
                    let text = String::from_utf8(text.to_vec()).expect("it is a text");
                    (text.parse::<u64>().expect("it is a number"), Condition::Cas(scalar.cas))
                }
                other => panic!("{other:?}"),
            };
            let item = Item::String((number + 1).to_string().into());
            let put = Put { item, flags: 0, lifetime: None, condition };
            match apply(&cache, b"key", Operation::Put(put)) {
                Ok(Outcome::Stored { .. }) => return,
                Ok(Outcome::NotStored { .. }) => drop(lost.fetch_add(1, Ordering::Relaxed)),
                other => panic!("{other:?}"),
            }
        }
    });
    let Ok(Outcome::Scalar(scalar)) = apply(&cache, b"key", Operation::Get) else {
        panic!("it is there");
    };
    let total = (THREADS * ROUNDS).to_string();
    assert_eq!(scalar.item.as_bytes().as_deref(), Some(total.as_bytes()));
}
