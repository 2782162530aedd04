//! What collections take in memory beside what they count against the budget, each case alone in
//! a process of its own. Keys have 32 bytes, fields of dictionaries 8; a case has a million
//! elements in all, or 200,000 collections of one.

use std::env;
use std::process::Command;

use tollgate::clock::Clock;
use tollgate::store::cache::item::dictionary::DictionaryOperation;
use tollgate::store::cache::item::list::ListOperation;
use tollgate::store::cache::item::set::SetOperation;
use tollgate::store::cache::item::sorted_set::{Scored, SortedSetOperation};
use tollgate::store::cache::memory::{Limits, MemoryCache};
use tollgate::store::cache::operation::{CollectionTtl, End};
use tollgate::store::cache::{
    Answer, CacheBackend, CollectionOperation, Element, Operation, WriteLimits,
};

use crate::{LIFETIME_S, Numbers, key, resident_bytes};

const ELEMENTS: usize = 1_000_000;
const SINGLES: usize = 200_000;
const FIELD_BYTES: usize = 8;

const KINDS: [&str; 4] = ["dictionary", "list", "set", "sorted-set"];
/// In one write; one after another in their order; one after another in a drawn order.
const WRITES: [&str; 3] = ["at-once", "in-order", "drawn"];
const LENGTHS: [usize; 4] = [1, 10, 1000, 100_000];
/// With its two counts one of 241 bytes is just past a size that the allocator has.
const PAYLOADS_BYTES: [usize; 3] = [8, 100, 241];

pub(crate) fn all() {
    let own = env::current_exe().expect("this program has a path");
    for kind in KINDS {
        for length in LENGTHS {
            for payload_bytes in PAYLOADS_BYTES {
                for writes in &WRITES[..if length == 1 { 1 } else { WRITES.len() }] {
                    let (length, bytes) = (length.to_string(), payload_bytes.to_string());
                    let case = ["--collections", kind, writes, &length, &bytes];
                    let status = Command::new(&own).args(case).status();
                    assert!(status.is_ok_and(|status| status.success()), "{case:?} ends");
                }
            }
        }
    }
}

pub(crate) fn one(kind: &str, writes: &str, length: usize, payload_bytes: usize) {
    let limits = Limits { entries_max: 2 * ELEMENTS, bytes_max: usize::MAX, ..Limits::default() };
    let cache = MemoryCache::new(limits, Clock::system());
    let collections = if length == 1 { SINGLES } else { ELEMENTS / length };
    let numbers = if writes == "drawn" { drawn(length) } else { (0..length).collect() };
    let written = if writes == "at-once" { length } else { 1 };
    let before_bytes = resident_bytes();
    for number in 0..collections {
        let key = key(number);
        for part in numbers.chunks(written) {
            let operation = Operation::Collection(write(kind, part, payload_bytes));
            let answer = cache.apply(key.as_bytes(), operation, WriteLimits::default());
            assert!(matches!(answer, Answer::Now(Ok(_))));
        }
    }
    let elements = (collections * length) as f64;
    let taken_bytes = (resident_bytes() - before_bytes) / elements;
    let counted_bytes = cache.stats().bytes as f64 / elements;
    println!(
        "{kind:<10} {length:>6} of {payload_bytes:>3} bytes, {writes:<8}: {taken_bytes:5.1} bytes an \
         element, {counted_bytes:5.1} counted, {:.3} of it",
        taken_bytes / counted_bytes
    );
}

fn write(kind: &str, numbers: &[usize], bytes: usize) -> CollectionOperation {
    let ttl = CollectionTtl {
        lifetime: Some(std::time::Duration::from_secs(LIFETIME_S.into())),
        refresh: false,
    };
    let elements = numbers.iter().map(|number| element(*number, bytes));
    match kind {
        "dictionary" => {
            let names = numbers.iter().map(|number| element(*number, FIELD_BYTES));
            let fields = names.zip(elements).collect();
            CollectionOperation::Dictionary(DictionaryOperation::Set { fields, ttl })
        }
        "list" => {
            let values = elements.collect();
            let push = ListOperation::Push { end: End::Back, values, truncate_to: None, ttl };
            CollectionOperation::List(push)
        }
        "set" => CollectionOperation::Set(SetOperation::Union { members: elements.collect(), ttl }),
        "sorted-set" => {
            // Scores are in another order than members.
            let score = |number: usize| (number.wrapping_mul(7919) % 1_000_003) as f64;
            let scores = numbers.iter().map(|number| score(*number));
            let scored = |(member, score)| Scored { member, score };
            let elements = elements.zip(scores).map(scored).collect();
            CollectionOperation::SortedSet(SortedSetOperation::Put { elements, ttl })
        }
        other => panic!("no collection is called {other}: there are {KINDS:?}"),
    }
}

fn element(number: usize, bytes: usize) -> Element {
    Element::from(format!("{number:0bytes$}").into_bytes())
}

/// All numbers below the length, the same in every run.
fn drawn(length: usize) -> Vec<usize> {
    let mut numbers: Vec<usize> = (0..length).collect();
    let mut draws = Numbers(7);
    for at in (1..length).rev() {
        numbers.swap(at, draws.below(at + 1));
    }
    numbers
}
