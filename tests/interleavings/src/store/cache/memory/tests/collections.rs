//! Lists, sets, dictionaries and sorted sets; what is decided outside of the lock too.

use std::collections::BTreeSet;
use std::sync::Mutex;

use super::*;
use crate::store::cache::Element;
use crate::store::cache::item::dictionary::DictionaryOperation;
use crate::store::cache::item::list::{ListOperation, Slice};
use crate::store::cache::item::set::SetOperation;
use crate::store::cache::item::sorted_set::{Aggregate, Order, Scored, SortedSetOperation};
use crate::store::cache::operation::{CollectionTtl, End};

const TTL: CollectionTtl = CollectionTtl { lifetime: None, refresh: false };
/// So many elements are not gone through under the lock.
const MANY: u32 = STEPS_PER_LOCK as u32 + 4;

fn element(number: u32) -> Element {
    Element::from(number.to_string().into_bytes())
}

fn elements(numbers: impl IntoIterator<Item = u32>) -> Vec<Element> {
    numbers.into_iter().map(element).collect()
}

fn number(element: &Element) -> u32 {
    std::str::from_utf8(element).expect("a text").parse().expect("a number")
}

fn dictionary(operation: DictionaryOperation) -> CollectionOperation {
    CollectionOperation::Dictionary(operation)
}

/// Fields and values in numbers; `None` where there is no dictionary.
fn fields(cache: &MemoryCache) -> Option<Vec<(u32, u32)>> {
    match on_collection(cache, b"key", dictionary(DictionaryOperation::Fetch)) {
        Outcome::Missing => None,
        Outcome::Fields(fields) => {
            Some(fields.iter().map(|(name, value)| (number(name), number(value))).collect())
        }
        other => panic!("{other:?}"),
    }
}

fn set_fields(cache: &MemoryCache, numbers: impl IntoIterator<Item = u32>, to: u32) {
    let fields = numbers.into_iter().map(|number| (element(number), element(to))).collect();
    on_collection(cache, b"key", dictionary(DictionaryOperation::Set { fields, ttl: TTL }));
}

#[test]
fn what_is_pushed_is_popped_or_left_once_and_in_order() {
    explore(|| {
        let cache = roomy();
        let push = |values: &[u32]| {
            let values = elements(values.iter().copied());
            let push = ListOperation::Push { end: End::Back, values, truncate_to: None, ttl: TTL };
            on_collection(&cache, b"key", CollectionOperation::List(push));
        };
        let many: Vec<u32> = (100..100 + MANY).collect();
        let one = || [&[1][..], &many, &[2]].into_iter().for_each(push);
        let other = || [&[3][..], &[4, 5], &[6]].into_iter().for_each(push);
        let popped = Mutex::new(Vec::new());
        let pop = || {
            for _ in 0..4 {
                let pop = CollectionOperation::List(ListOperation::Pop { end: End::Front });
                match on_collection(&cache, b"key", pop) {
                    Outcome::Missing => {}
                    Outcome::Popped { value, .. } => {
                        popped.lock().expect("nobody failed").push(number(&value));
                    }
                    other => panic!("{other:?}"),
                }
            }
        };
        together(&[&one, &other, &pop]);
        let mut all = popped.into_inner().expect("nobody failed");
        let fetch = CollectionOperation::List(ListOperation::Fetch { slice: Slice::default() });
        let Outcome::Values(left) = on_collection(&cache, b"key", fetch) else {
            panic!("more is pushed than popped");
        };
        all.extend(left.iter().map(number));
        let is_of_one = |number: &u32| matches!(number, 1 | 2 | 100..);
        let (of_one, of_other): (Vec<_>, Vec<_>) = all.into_iter().partition(is_of_one);
        let pushed: Vec<u32> = [1].into_iter().chain(many.iter().copied()).chain([2]).collect();
        assert_eq!((of_one, of_other), (pushed, vec![3, 4, 5, 6]));
        assert_sound(&cache);
    });
}

#[test]
fn a_reader_of_a_set_sees_whole_unions_and_differences() {
    for size in [3, MANY] {
        explore(move || {
            let cache = roomy();
            let set =
                |operation| on_collection(&cache, b"key", CollectionOperation::Set(operation));
            let unite = |numbers| {
                set(SetOperation::Union { members: elements(numbers), ttl: TTL });
            };
            unite(0..1);
            let group = 10..10 + size;
            let add = || (0..2).for_each(|_| unite(group.clone()));
            let subtract = || {
                for _ in 0..2 {
                    set(SetOperation::Subtract { members: elements(group.clone()) });
                }
            };
            let read = || {
                for _ in 0..2 {
                    let Outcome::Values(members) = set(SetOperation::Fetch) else {
                        panic!("one member stays all the while");
                    };
                    let members: BTreeSet<u32> = members.iter().map(number).collect();
                    let mut whole: BTreeSet<u32> = group.clone().collect();
                    whole.insert(0);
                    assert!(members.len() == 1 || members == whole, "{members:?}");
                    // One after the other, as a write may come between.
                    let members = elements(group.clone());
                    let Outcome::Contains(is_there) = set(SetOperation::Contains { members })
                    else {
                        panic!("one member stays all the while");
                    };
                    assert!(is_there.iter().all(|one| *one == is_there[0]), "{is_there:?}");
                }
            };
            together(&[&add, &subtract, &read]);
            assert_sound(&cache);
        });
    }
}

#[test]
fn a_long_write_loses_no_short_one() {
    explore(|| {
        let cache = roomy();
        const COUNTER: u32 = 1000;
        set_fields(&cache, 0..1, 0);
        let write = || set_fields(&cache, 0..MANY, 7);
        // More often than the long write is tried outside of the lock.
        const TIMES: u32 = ROUNDS_OUTSIDE as u32 + 2;
        let count = || {
            for time in 1..=TIMES {
                let field = element(COUNTER);
                let increment = DictionaryOperation::Increment { field, by: 1, ttl: TTL };
                let counted = on_collection(&cache, b"key", dictionary(increment));
                assert_eq!(counted, Outcome::Number(time.into()));
            }
        };
        together(&[&write, &count]);
        let mut expected: Vec<_> = (0..MANY).map(|number| (number, 7)).collect();
        expected.push((COUNTER, TIMES));
        let mut found = fields(&cache).expect("it is there");
        found.sort_unstable();
        assert_eq!(found, expected);
        assert_sound(&cache);
    });
}

#[test]
fn a_long_write_brings_nothing_back() {
    explore(|| {
        let cache = roomy();
        set_fields(&cache, 500..501, 1);
        let write = || set_fields(&cache, 0..MANY, 7);
        let renew = || {
            apply(&cache, b"key", Operation::Delete { cas: None });
            set_fields(&cache, 600..601, 2);
        };
        let read = || {
            for (name, _) in fields(&cache).into_iter().flatten() {
                assert!(name < MANY || matches!(name, 500 | 600), "{name}");
            }
        };
        together(&[&write, &renew, &read]);
        let found = fields(&cache).expect("it is there");
        assert!(found.contains(&(600, 2)) && !found.contains(&(500, 1)), "{found:?}");
        assert!([1, MANY as usize + 1].contains(&found.len()), "{found:?}");
        assert_sound(&cache);
    });
}

#[test]
fn of_two_long_writes_neither_loses_what_only_the_other_has() {
    explore(|| {
        let cache = roomy();
        let one = || set_fields(&cache, 0..MANY, 1);
        let other = || set_fields(&cache, 1..MANY + 1, 2);
        let read = || {
            let found: BTreeSet<_> = fields(&cache).into_iter().flatten().collect();
            let shared = found.range((1, 0)..(MANY, 0)).map(|(_, value)| *value);
            assert!(shared.collect::<BTreeSet<_>>().len() <= 1, "{found:?}");
        };
        together(&[&one, &other, &read]);
        read();
        let found: BTreeSet<_> = fields(&cache).into_iter().flatten().collect();
        assert!(found.contains(&(0, 1)) && found.contains(&(MANY, 2)), "{found:?}");
        assert_eq!(found.len(), MANY as usize + 1);
        assert_sound(&cache);
    });
}

fn sorted_set(cache: &MemoryCache, key: &[u8], operation: SortedSetOperation) -> Outcome {
    on_collection(cache, key, CollectionOperation::SortedSet(operation))
}

fn put_scores(cache: &MemoryCache, key: &[u8], members: impl IntoIterator<Item = u32>, score: f64) {
    let scored = |number| Scored { member: element(number), score };
    let elements = members.into_iter().map(scored).collect();
    sorted_set(cache, key, SortedSetOperation::Put { elements, ttl: TTL });
}

#[test]
fn a_union_takes_each_source_at_one_moment() {
    explore(|| {
        let cache = roomy();
        let members = 0..MANY;
        // The first source is always as far as the second, or one step ahead.
        for key in [b"a", b"b"] {
            put_scores(&cache, key, members.clone(), 1.0);
        }
        put_scores(&cache, b"union", members.clone(), 0.0);
        let write = || {
            for score in [2.0, 3.0] {
                put_scores(&cache, b"a", members.clone(), score);
                put_scores(&cache, b"b", members.clone(), score);
            }
        };
        let unite = || {
            let source = |key: &'static [u8], factor| (Bytes::from_static(key), factor);
            let union = Union {
                sources: vec![source(b"a", 1.0), source(b"b", 10.0)],
                aggregate: Aggregate::Sum,
                lifetime: None,
            };
            let done = settle(cache.sorted_set_union(b"union", union, WriteLimits::default()));
            assert_eq!(done, Ok(Outcome::Length(MANY.into())));
        };
        let fetch = || {
            let all = SortedSetOperation::FetchByIndex {
                order: Order::Ascending,
                slice: Slice::default(),
            };
            let Outcome::Elements(elements) = sorted_set(&cache, b"union", all) else {
                panic!("it is there all the while");
            };
            assert_eq!(elements.len(), MANY as usize);
            let score = elements[0].score;
            assert!(elements.iter().all(|element| element.score == score), "{elements:?}");
            score as u32
        };
        let read = || {
            let first = fetch();
            let second = fetch();
            assert!(first == 0 || second == first, "{first} and then {second}");
        };
        together(&[&write, &unite, &read]);
        let (of_a, of_b) = (fetch() % 10, fetch() / 10);
        // `b` is looked at after `a`.
        assert!((1..=3).contains(&of_a) && of_b >= of_a - 1 && of_b <= 3, "{of_a}, {of_b}");
        assert_sound(&cache);
    });
}
