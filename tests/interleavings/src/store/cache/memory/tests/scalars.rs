//! Numbers, conditions and expiry.

use std::collections::BTreeSet;
use std::sync::Mutex;

use super::*;
use crate::store::cache::operation::TtlOperation;

#[test]
fn no_increment_is_lost() {
    explore(|| {
        let cache = roomy();
        let numbers = Mutex::new(Vec::new());
        let increment = || {
            for _ in 0..3 {
                let operation = Operation::Increment { by: 1, lifetime: None };
                let Outcome::Number(number) = apply(&cache, b"key", operation) else {
                    panic!("an increment has a number");
                };
                numbers.lock().expect("nobody failed").push(number);
            }
        };
        together(&[&increment, &increment]);
        let mut numbers = numbers.into_inner().expect("nobody failed");
        numbers.sort_unstable();
        assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
        assert_eq!(value(&cache, b"key").as_deref(), Some("6"));
        assert_sound(&cache);
    });
}

/// What each thread heard of its put, and what then stands under the key.
fn contend(cache: &MemoryCache, condition: &Condition) -> (Vec<&'static str>, Option<String>) {
    let winners = Mutex::new(Vec::new());
    let contender = |name: &'static str| {
        let winners = &winners;
        move || {
            let condition = condition.clone();
            let put = Put { item: text(name), flags: 0, lifetime: None, condition };
            match apply(cache, b"key", Operation::Put(put)) {
                Outcome::Stored { .. } => winners.lock().expect("nobody failed").push(name),
                Outcome::NotStored { present } => assert!(present, "the winner's is there"),
                other => panic!("{other:?}"),
            }
        }
    };
    together(&[&contender("one"), &contender("two"), &contender("three")]);
    (winners.into_inner().expect("nobody failed"), value(cache, b"key"))
}

#[test]
fn one_compare_and_set_wins() {
    explore(|| {
        let cache = roomy();
        store(&cache, b"key", "before", None);
        let Outcome::Scalar(before) = apply(&cache, b"key", Operation::Get) else {
            panic!("it is there");
        };
        let (winners, held) = contend(&cache, &Condition::Cas(before.cas));
        assert_eq!(winners, [held.expect("it is there")]);
        assert_sound(&cache);
    });
}

#[test]
fn compare_and_set_counts_each_round_once() {
    explore(|| {
        let cache = roomy();
        store(&cache, b"key", "0", None);
        let count_up = || {
            let mut left = 2;
            while left > 0 {
                let Outcome::Scalar(before) = apply(&cache, b"key", Operation::Get) else {
                    panic!("it is there");
                };
                let bytes = before.item.as_bytes().expect("it is a scalar");
                let number: u32 =
                    std::str::from_utf8(&bytes).expect("a text").parse().expect("a number");
                let condition = Condition::Cas(before.cas);
                let item = text(&(number + 1).to_string());
                let put = Put { item, flags: 0, lifetime: None, condition };
                match apply(&cache, b"key", Operation::Put(put)) {
                    Outcome::Stored { cas } => {
                        assert!(cas > before.cas);
                        left -= 1;
                    }
                    Outcome::NotStored { present } => assert!(present),
                    other => panic!("{other:?}"),
                }
            }
        };
        together(&[&count_up, &count_up]);
        assert_eq!(value(&cache, b"key").as_deref(), Some("4"));
    });
}

#[test]
fn one_put_if_absent_wins() {
    explore(|| {
        let clock = Clock::manual();
        let cache = sharded(1, Limits::default(), &clock);
        // What has expired is absent, and freed by whoever comes first.
        store(&cache, b"key", "over", Some(SECOND));
        clock.advance(SECOND);
        let (winners, held) = contend(&cache, &Condition::Absent);
        assert_eq!(winners, [held.expect("it is there")]);
        assert_sound(&cache);
    });
}

/// A lookup: the time when it began and when it had ended, whether the item had got more time
/// before, and whether it was there.
struct Seen {
    from: Duration,
    to: Duration,
    prolonged: bool,
    hit: bool,
}

#[test]
fn an_item_lives_longer_or_is_over() {
    explore(|| {
        let clock = Clock::manual();
        let cache = sharded(1, Limits::default(), &clock);
        store(&cache, b"key", "value", Some(10 * SECOND));
        let (prolonged, seen) = (Mutex::new(None), Mutex::new(Vec::new()));
        let prolong = || {
            let operation = Operation::Ttl(TtlOperation::Overwrite(Some(100 * SECOND)));
            let outcome = apply(&cache, b"key", operation);
            *prolonged.lock().expect("nobody failed") = Some(outcome);
        };
        let read = || {
            for round in 0..3 {
                let prolonged = *prolonged.lock().expect("nobody failed") == Some(Outcome::Done);
                let from = clock.elapsed();
                let hit = if round == 1 {
                    apply(&cache, b"key", Operation::Get) != Outcome::Missing
                } else {
                    value(&cache, b"key").is_some()
                };
                let to = clock.elapsed();
                seen.lock().expect("nobody failed").push(Seen { from, to, prolonged, hit });
            }
        };
        let tick = || {
            clock.advance(4 * SECOND);
            clock.advance(6 * SECOND);
            cache.sweep(usize::MAX);
        };
        together(&[&prolong, &read, &tick]);

        let is_longer = match prolonged.into_inner().expect("nobody failed") {
            Some(Outcome::Done) => true,
            Some(Outcome::Missing) => false,
            other => panic!("{other:?}"),
        };
        let mut gone = false;
        for Seen { from, to, prolonged, hit } in seen.into_inner().expect("nobody failed") {
            assert!(!hit || from < 10 * SECOND || is_longer, "it was over at {from:?}");
            assert!(hit || (to >= 10 * SECOND && !prolonged), "it was not over at {to:?}");
            assert!(!hit || !gone, "it is back");
            gone |= !hit;
        }
        let left = apply(&cache, b"key", Operation::Ttl(TtlOperation::Remaining));
        if is_longer {
            let left_s: BTreeSet<u64> = [90, 94, 100].into();
            let Outcome::Remaining(Some(left)) = left else { panic!("{left:?}") };
            assert!(!gone && left_s.contains(&left.as_secs()), "{left:?}");
        } else {
            assert_eq!(left, Outcome::Missing);
        }
        let stats = cache.stats();
        assert_eq!(stats.hits + stats.misses_expired, 3, "each lookup counts once: {stats:?}");
        assert_sound(&cache);
    });
}
