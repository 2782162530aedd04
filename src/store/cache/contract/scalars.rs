//! What operations on scalars, and those on any item, come to.

use std::time::Duration;

use bytes::Bytes;

use super::{Make, SECOND, fresh, get, hit, put, settle, text};
use crate::store::cache::operation::{
    Condition, Count, CountStep, End, Lifetime, Operation, Outcome, Put, TtlOperation, ValueHash,
    WriteLimits,
};
use crate::store::cache::{CacheBackend, CacheError, Item, ItemKind, KEY_BYTES_MAX};

pub(crate) fn apply(
    cache: &dyn CacheBackend,
    key: &[u8],
    operation: Operation,
) -> Result<Outcome, CacheError> {
    settle(cache.apply(key, operation, WriteLimits::default()))
}

fn bytes(value: &'static str) -> Item {
    Item::Bytes(Bytes::from_static(value.as_bytes()))
}

/// What a memcached client or an SDK would read; `None` for an absent item.
#[track_caller]
fn read(cache: &dyn CacheBackend, key: &[u8]) -> Option<String> {
    match apply(cache, key, Operation::Get) {
        Ok(Outcome::Missing) => None,
        Ok(Outcome::Scalar(scalar)) => {
            let value = scalar.item.as_bytes().expect("it is a scalar");
            Some(String::from_utf8(value.to_vec()).expect("it is a text"))
        }
        other => panic!("{other:?}"),
    }
}

fn store(item: Item, condition: Condition, lifetime: Lifetime) -> Operation {
    Operation::Put(Put { item, flags: 7, lifetime, condition })
}

fn cas(cache: &dyn CacheBackend, key: &[u8]) -> u64 {
    match apply(cache, key, Operation::Get) {
        Ok(Outcome::Scalar(scalar)) => scalar.cas,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn stores_where_the_condition_holds(make: Make) {
    let x = || Bytes::from_static(b"x");
    let hash = || ValueHash::of(b"x");
    // Whether it stores over nothing, over `x`, and over `y`.
    for (condition, absent, same, other) in [
        (Condition::Always, true, true, true),
        (Condition::Present, false, true, true),
        (Condition::Absent, true, false, false),
        (Condition::Equal(x()), false, true, false),
        (Condition::NotEqual(x()), true, false, true),
        (Condition::PresentAndNotEqual(x()), false, false, true),
        (Condition::AbsentOrEqual(x()), true, true, false),
        (Condition::HashEqual(hash()), false, true, false),
        (Condition::PresentAndNotHashEqual(hash()), false, false, true),
        (Condition::AbsentOrHashEqual(hash()), true, true, false),
        (Condition::AbsentOrNotHashEqual(hash()), true, false, true),
    ] {
        for (before, stores) in [(None, absent), (Some("x"), same), (Some("y"), other)] {
            let (cache, clock) = fresh(make);
            if let Some(before) = before {
                put(&*cache, b"key", text(before), Some(2 * SECOND));
            }
            let outcome =
                apply(&*cache, b"key", store(bytes("new"), condition.clone(), Some(SECOND)));
            let after = read(&*cache, b"key");
            clock.advance(SECOND);
            let later = read(&*cache, b"key");
            if stores {
                assert!(matches!(outcome, Ok(Outcome::Stored { .. })), "{condition:?} {before:?}");
                assert_eq!((after.as_deref(), later), (Some("new"), None));
            } else {
                let present = before.is_some();
                assert_eq!(outcome, Ok(Outcome::NotStored { present }), "{condition:?}");
                assert_eq!((after.as_deref(), later.as_deref()), (before, before));
            }
        }
    }
}

pub(crate) fn compares_a_typed_value_by_its_text(make: Make) {
    for (item, seen) in [
        (Item::Integer(-7), "-7"),
        (Item::Long(1 << 40), "1099511627776"),
        (Item::Double(2.0), "2.0"),
        (Item::Boolean(true), "true"),
        (text("a"), "a"),
    ] {
        let (cache, _) = fresh(make);
        put(&*cache, b"key", item, None);
        assert_eq!(read(&*cache, b"key").as_deref(), Some(seen));
        let condition = Condition::Equal(Bytes::from_static(seen.as_bytes()));
        let outcome = apply(&*cache, b"key", store(bytes("new"), condition, None));
        assert!(matches!(outcome, Ok(Outcome::Stored { .. })), "{seen}");
    }
}

pub(crate) fn a_cas_stores_over_what_it_was_read_from(make: Make) {
    let (cache, _) = fresh(make);
    let absent = apply(&*cache, b"key", store(bytes("a"), Condition::Cas(1), None));
    assert_eq!(absent, Ok(Outcome::NotStored { present: false }));

    put(&*cache, b"key", text("a"), None);
    let first = cas(&*cache, b"key");
    assert_ne!(first, 0);
    assert_eq!(cas(&*cache, b"key"), first, "a read is no change");
    let Ok(Outcome::Stored { cas: second }) =
        apply(&*cache, b"key", store(bytes("b"), Condition::Cas(first), None))
    else {
        panic!("it is stored");
    };
    assert_eq!(cas(&*cache, b"key"), second);
    let stale = apply(&*cache, b"key", store(bytes("c"), Condition::Cas(first), None));
    assert_eq!(stale, Ok(Outcome::NotStored { present: true }));
    assert_eq!(read(&*cache, b"key").as_deref(), Some("b"));

    let delete = |cas| apply(&*cache, b"key", Operation::Delete { cas: Some(cas) });
    assert_eq!(delete(first), Ok(Outcome::NotStored { present: true }));
    assert_eq!(delete(second), Ok(Outcome::Done));
    assert_eq!(delete(second), Ok(Outcome::Missing));

    put(&*cache, b"key", text("a"), None);
    assert!(![first, second].contains(&cas(&*cache, b"key")), "a number is given once");
}

pub(crate) fn keeps_flags_until_another_write(make: Make) {
    let (cache, _) = fresh(make);
    let flags = || match apply(&*cache, b"key", Operation::Get) {
        Ok(Outcome::Scalar(scalar)) => scalar.flags,
        other => panic!("{other:?}"),
    };
    apply(&*cache, b"key", store(bytes("1"), Condition::Always, None)).expect("it is stored");
    assert_eq!(flags(), 7);
    let extend = Operation::Extend { end: End::Back, bytes: Bytes::from_static(b"0"), cas: None };
    apply(&*cache, b"key", extend).expect("it is stored");
    apply(&*cache, b"key", Operation::Increment { by: 1, lifetime: None }).expect("it is added");
    assert_eq!((flags(), read(&*cache, b"key").as_deref()), (7, Some("11")));
    put(&*cache, b"key", text("of a policy"), None);
    assert_eq!(flags(), 0);
}

pub(crate) fn increments_integers_of_64_bits(make: Make) {
    let (max, min) = (i64::MAX.to_string(), i64::MIN.to_string());
    for (before, by, after) in [
        (None, 5, Ok(5)),
        (Some("10"), -11, Ok(-1)),
        (Some("-0"), 1, Ok(1)),
        (Some(&*max), 0, Ok(i64::MAX)),
        (Some(&*max), 1, Err(CacheError::Overflow)),
        (Some(&*min), -1, Err(CacheError::Overflow)),
        (Some("9223372036854775808"), -1, Err(CacheError::NotAnInteger)),
        (Some(""), 1, Err(CacheError::NotAnInteger)),
        (Some("-"), 1, Err(CacheError::NotAnInteger)),
        (Some("+1"), 1, Err(CacheError::NotAnInteger)),
        (Some(" 1"), 1, Err(CacheError::NotAnInteger)),
        (Some("1.0"), 1, Err(CacheError::NotAnInteger)),
    ] {
        let (cache, clock) = fresh(make);
        if let Some(before) = before {
            put(&*cache, b"key", text(before), None);
        }
        let increment = Operation::Increment { by, lifetime: Some(SECOND) };
        let outcome = apply(&*cache, b"key", increment);
        assert_eq!(outcome, after.clone().map(Outcome::Number), "{before:?} + {by}");
        let expected =
            after.as_ref().map_or(before.map(str::to_owned), |sum| Some(sum.to_string()));
        assert_eq!(read(&*cache, b"key"), expected);
        clock.advance(SECOND);
        assert_eq!(read(&*cache, b"key").is_none(), after.is_ok(), "the lifetime is the sum's");
    }
}

pub(crate) fn counts_up_and_down_as_memcached_does(make: Make) {
    let step = |step| Count { step, initial: None, touch: None, cas: None };
    for (before, count, number, after) in [
        ("10", step(CountStep::Up(5)), 15, "15"),
        ("18446744073709551615", step(CountStep::Up(1)), 0, "0"),
        ("10", step(CountStep::Down(1)), 9, "9 "),
        ("9 ", step(CountStep::Down(1)), 8, "8 "),
        ("9 ", step(CountStep::Up(2)), 11, "11"),
        ("5", step(CountStep::Down(6)), 0, "0"),
    ] {
        let (cache, clock) = fresh(make);
        put(&*cache, b"key", text(before), Some(SECOND));
        let before_cas = cas(&*cache, b"key");
        let outcome = apply(&*cache, b"key", Operation::Count(count));
        let Ok(Outcome::Count { number: found, cas: after_cas }) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!((found, read(&*cache, b"key").as_deref()), (number, Some(after)));
        assert_eq!(cas(&*cache, b"key"), after_cas);
        assert_ne!(before_cas, after_cas);
        clock.advance(SECOND);
        assert_eq!(read(&*cache, b"key"), None, "it keeps its expiry");
    }
    let (cache, clock) = fresh(make);
    let up = || step(CountStep::Up(1));
    let run = |count| apply(&*cache, b"key", Operation::Count(count));
    assert_eq!(run(up()), Ok(Outcome::Missing));
    let outcome = run(Count { initial: Some((41, Some(SECOND))), ..up() });
    assert!(matches!(outcome, Ok(Outcome::Count { number: 41, .. })), "{outcome:?}");
    let touched = run(Count { touch: Some(Some(3 * SECOND)), ..up() });
    assert!(matches!(touched, Ok(Outcome::Count { number: 42, .. })), "{touched:?}");
    clock.advance(2 * SECOND);
    assert_eq!(read(&*cache, b"key").as_deref(), Some("42"));
    let stale = run(Count { cas: Some(0), ..up() });
    assert_eq!(stale, Ok(Outcome::NotStored { present: true }));
    put(&*cache, b"key", text("-1"), None);
    assert_eq!(run(up()), Err(CacheError::NotAnInteger));
}

pub(crate) fn extends_what_is_there(make: Make) {
    let (cache, clock) = fresh(make);
    let extend = |end, bytes: &'static [u8], cas| {
        let bytes = Bytes::from_static(bytes);
        apply(&*cache, b"key", Operation::Extend { end, bytes, cas })
    };
    assert_eq!(extend(End::Back, b"b", None), Ok(Outcome::NotStored { present: false }));
    put(&*cache, b"key", text("b"), Some(SECOND));
    assert!(matches!(extend(End::Back, b"c", None), Ok(Outcome::Stored { .. })));
    assert!(matches!(extend(End::Front, b"a", None), Ok(Outcome::Stored { .. })));
    assert_eq!(read(&*cache, b"key").as_deref(), Some("abc"));
    assert_eq!(extend(End::Front, b"a", Some(0)), Ok(Outcome::NotStored { present: true }));
    clock.advance(SECOND);
    assert_eq!(read(&*cache, b"key"), None);
}

pub(crate) fn changes_how_long_an_item_lives(make: Make) {
    use TtlOperation::{Decrease, Increase, Overwrite};
    let (short, long) = (Some(5 * SECOND), Some(20 * SECOND));
    let ten = Some(10 * SECOND);
    for (before, change, outcome, after) in [
        (ten, Overwrite(short), Outcome::Done, Some(short)),
        (ten, Overwrite(long), Outcome::Done, Some(long)),
        (ten, Overwrite(None), Outcome::Done, Some(None)),
        (ten, Overwrite(Some(Duration::ZERO)), Outcome::Done, None),
        (ten, Increase(long), Outcome::Done, Some(long)),
        (ten, Increase(ten), Outcome::NotSet, Some(ten)),
        (ten, Increase(short), Outcome::NotSet, Some(ten)),
        (ten, Increase(None), Outcome::Done, Some(None)),
        (None, Increase(long), Outcome::NotSet, Some(None)),
        (ten, Decrease(short), Outcome::Done, Some(short)),
        (ten, Decrease(ten), Outcome::NotSet, Some(ten)),
        (ten, Decrease(long), Outcome::NotSet, Some(ten)),
        (None, Decrease(long), Outcome::Done, Some(long)),
    ] {
        let (cache, _) = fresh(make);
        put(&*cache, b"key", text("value"), before);
        let run = |ttl| apply(&*cache, b"key", Operation::Ttl(ttl));
        assert_eq!(run(change), Ok(outcome), "{before:?} {change:?}");
        let remaining = run(TtlOperation::Remaining);
        let expected = after.map_or(Outcome::Missing, Outcome::Remaining);
        assert_eq!(remaining, Ok(expected), "{before:?} {change:?}");
    }
    let (cache, clock) = fresh(make);
    assert_eq!(apply(&*cache, b"key", Operation::Ttl(Overwrite(ten))), Ok(Outcome::Missing));
    put(&*cache, b"key", text("value"), ten);
    clock.advance(4 * SECOND);
    let Ok(Outcome::Scalar(scalar)) = apply(&*cache, b"key", Operation::GetAndTouch(ten)) else {
        panic!("it is there");
    };
    assert_eq!(scalar.remaining, ten);
    clock.advance(9 * SECOND);
    assert_eq!(get(&*cache, b"key"), hit("value"));
    clock.advance(SECOND);
    assert_eq!(apply(&*cache, b"key", Operation::Kind), Ok(Outcome::Missing));
}

pub(crate) fn obeys_the_limits_of_the_writer(make: Make) {
    let (cache, _) = fresh(make);
    let limits = WriteLimits {
        key_bytes_max: KEY_BYTES_MAX + 1,
        value_bytes_max: 3,
        ttl_max: SECOND,
        ..WriteLimits::default()
    };
    let long_key = [b'k'; KEY_BYTES_MAX + 1];
    let run = |key: &[u8], item| {
        settle(cache.apply(key, store(item, Condition::Always, Some(9 * SECOND)), limits))
    };
    assert!(matches!(run(&long_key, bytes("abc")), Ok(Outcome::Stored { .. })));
    let remaining = apply(&*cache, &long_key, Operation::Ttl(TtlOperation::Remaining));
    assert_eq!(remaining, Ok(Outcome::Remaining(Some(SECOND))));
    let too_large = CacheError::ValueTooLarge { value_bytes: 4, limit_bytes: 3 };
    assert_eq!(run(b"key", bytes("abcd")), Err(too_large));
    let too_long = [b'k'; KEY_BYTES_MAX + 2];
    let refused = run(&too_long, bytes("abc"));
    assert!(matches!(refused, Err(CacheError::KeyTooLong { .. })), "{refused:?}");
    let extend = Operation::Extend { end: End::Back, bytes: Bytes::from_static(b"d"), cas: None };
    let refused = settle(cache.apply(&long_key, extend, limits));
    assert!(matches!(refused, Err(CacheError::ValueTooLarge { .. })), "{refused:?}");
    assert_eq!(read(&*cache, &long_key).as_deref(), Some("abc"), "it is as it was");
}

pub(crate) fn tells_kinds_and_whether_a_key_exists(make: Make) {
    let (cache, clock) = fresh(make);
    let kind = || apply(&*cache, b"key", Operation::Kind);
    assert_eq!(kind(), Ok(Outcome::Missing));
    put(&*cache, b"key", Item::Integer(1), Some(SECOND));
    assert_eq!(kind(), Ok(Outcome::Kind(ItemKind::Scalar)));
    clock.advance(SECOND);
    assert_eq!(kind(), Ok(Outcome::Missing));
}

pub(crate) fn lists_and_removes_keys_by_prefix(make: Make) {
    let (cache, clock) = fresh(make);
    for number in 0..3000 {
        put(&*cache, format!("a/{number}").as_bytes(), text("value"), None);
        put(&*cache, format!("b/{number}").as_bytes(), text("value"), Some(SECOND));
    }
    put(&*cache, b"a/over", text("value"), Some(SECOND));
    clock.advance(SECOND);
    for steps_max in [0, 1, 700, usize::MAX] {
        let (mut found, mut from) = (Vec::new(), None);
        loop {
            let page = settle(cache.keys(b"a/", from, steps_max)).expect("it is answered");
            assert!(page.keys.len() <= steps_max.max(1));
            found.extend(page.keys);
            from = page.next;
            if from.is_none() {
                break;
            }
        }
        found.sort();
        let mut expected: Vec<_> = (0..3000).map(|number| format!("a/{number}")).collect();
        expected.sort();
        assert_eq!(found, expected, "{steps_max} at a time");
    }
    assert_eq!(settle(cache.remove_prefix(b"a/1")), Ok(1111));
    assert_eq!(settle(cache.remove_prefix(b"a/1")), Ok(0));
    assert_eq!(settle(cache.remove_prefix(b"b")), Ok(0), "those have expired");
    assert_eq!(get(&*cache, b"a/2"), hit("value"));
}
