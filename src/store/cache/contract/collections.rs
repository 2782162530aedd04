//! What operations on collections come to.

use std::num::NonZero;
use std::time::Duration;

use bytes::Bytes;

use super::scalars::apply;
use super::{Make, SECOND, fresh, put, settle, text};
use crate::store::cache::item::dictionary::DictionaryOperation;
use crate::store::cache::item::list::{ListOperation, ListRange, Slice};
use crate::store::cache::item::set::SetOperation;
use crate::store::cache::item::sorted_set::{
    Aggregate, Order, ScoreBound, ScoreRange, Scored, SortedSetOperation,
};
use crate::store::cache::memory::Limits;
use crate::store::cache::operation::{CollectionTtl, End, TtlOperation, Union};
use crate::store::cache::{
    CacheBackend, CacheError, CollectionOperation, Element, ItemKind, Operation, Outcome,
    WriteLimits,
};

/// For those that do not go by lifetimes.
const TTL: CollectionTtl = CollectionTtl { lifetime: None, refresh: false };

pub(super) fn element(text: &str) -> Element {
    Element::from(text.as_bytes())
}

fn elements<const N: usize>(texts: [&str; N]) -> Vec<Element> {
    texts.map(element).into()
}

fn scored<const N: usize>(elements: [(&str, f64); N]) -> Vec<Scored> {
    elements.map(|(member, score)| Scored { member: element(member), score }).into()
}

fn dictionary(operation: DictionaryOperation) -> Operation {
    Operation::Collection(CollectionOperation::Dictionary(operation))
}

fn list(operation: ListOperation) -> Operation {
    Operation::Collection(CollectionOperation::List(operation))
}

fn set(operation: SetOperation) -> Operation {
    Operation::Collection(CollectionOperation::Set(operation))
}

fn sorted_set(operation: SortedSetOperation) -> Operation {
    Operation::Collection(CollectionOperation::SortedSet(operation))
}

fn push(end: End, values: Vec<Element>, truncate_to: u32) -> ListOperation {
    ListOperation::Push { end, values, truncate_to: NonZero::new(truncate_to), ttl: TTL }
}

fn fields<const N: usize>(fields: [(&str, &str); N]) -> Vec<(Element, Element)> {
    fields.map(|(name, value)| (element(name), element(value))).into()
}

/// One of each kind that is a collection, to which more may be added.
pub(super) fn additions(value: &str, ttl: CollectionTtl) -> [(ItemKind, Operation); 4] {
    let values = elements([value]);
    let push =
        ListOperation::Push { end: End::Back, values: values.clone(), truncate_to: None, ttl };
    [
        (
            ItemKind::Dictionary,
            dictionary(DictionaryOperation::Set { fields: fields([(value, "1")]), ttl }),
        ),
        (ItemKind::List, list(push)),
        (ItemKind::Set, set(SetOperation::Union { members: values, ttl })),
        (
            ItemKind::SortedSet,
            sorted_set(SortedSetOperation::Put { elements: scored([(value, 1.0)]), ttl }),
        ),
    ]
}

#[track_caller]
fn check(cache: &dyn CacheBackend, operation: Operation, expected: Outcome) {
    assert_eq!(apply(cache, b"key", operation.clone()), Ok(expected), "{operation:?}");
}

pub(crate) fn dictionaries_hold_fields(make: Make) {
    use DictionaryOperation::{Delete, DeleteAll, Fetch, Get, Increment, Length, Set};
    let (cache, _) = fresh(make);
    let check = |operation, expected| check(&*cache, dictionary(operation), expected);
    for absent in [
        Fetch,
        Get { fields: elements(["a"]) },
        Delete { fields: elements(["a"]) },
        DeleteAll,
        Length,
    ] {
        check(absent, Outcome::Missing);
    }
    let set = |fields| Set { fields, ttl: TTL };
    check(set(fields([("b", "1"), ("a", "1"), ("b", "2")])), Outcome::Length(2));
    check(set(fields([("c", ""), ("", "0")])), Outcome::Length(4));
    check(Fetch, Outcome::Fields(fields([("", "0"), ("a", "1"), ("b", "2"), ("c", "")])));
    let asked = Get { fields: elements(["c", "x", "a", "c"]) };
    let (empty, one) = (Some(element("")), Some(element("1")));
    check(asked, Outcome::FieldValues(vec![empty.clone(), None, one, empty]));
    let increment = |field, by| Increment { field: element(field), by, ttl: TTL };
    check(increment("a", 41), Outcome::Number(42));
    check(increment("n", -1), Outcome::Number(-1));
    check(increment("n", i64::MIN + 1), Outcome::Number(i64::MIN));
    for (field, by, error) in [("n", -1, CacheError::Overflow), ("c", 1, CacheError::NotAnInteger)]
    {
        assert_eq!(apply(&*cache, b"key", dictionary(increment(field, by))), Err(error));
    }
    check(Delete { fields: elements(["a", "x", "", "n"]) }, Outcome::Length(2));
    check(Fetch, Outcome::Fields(fields([("b", "2"), ("c", "")])));
    check(Delete { fields: elements(["c", "b"]) }, Outcome::Length(0));
    check(Length, Outcome::Missing);
    check(set(fields([("a", "1")])), Outcome::Length(1));
    check(DeleteAll, Outcome::Length(0));
    check(Fetch, Outcome::Missing);
}

pub(crate) fn lists_hold_values_in_their_order(make: Make) {
    use ListOperation::{Erase, EraseAll, Fetch, Length, Pop, Remove};
    let (cache, _) = fresh(make);
    let check = |operation, expected| check(&*cache, list(operation), expected);
    let all = Slice::default();
    for absent in [
        Fetch { slice: all },
        Length,
        Pop { end: End::Front },
        ListOperation::Retain { slice: all, ttl: TTL },
        Remove { value: element("a") },
        Erase { ranges: Vec::new() },
        EraseAll,
    ] {
        check(absent, Outcome::Missing);
    }
    let holds = |values| check(Fetch { slice: all }, Outcome::Values(values));
    check(push(End::Front, elements(["c", "d"]), 0), Outcome::Length(2));
    check(push(End::Front, elements(["a", "b"]), 0), Outcome::Length(4));
    check(push(End::Back, elements(["e", "a"]), 0), Outcome::Length(6));
    holds(elements(["a", "b", "c", "d", "e", "a"]));
    check(Remove { value: element("a") }, Outcome::Length(4));
    check(Remove { value: element("x") }, Outcome::Length(4));
    let popped = |value, length| Outcome::Popped { value: element(value), length };
    check(Pop { end: End::Front }, popped("b", 3));
    check(Pop { end: End::Back }, popped("e", 2));
    // What is cut off is at the other end.
    check(push(End::Back, elements(["f", "g"]), 3), Outcome::Length(3));
    holds(elements(["d", "f", "g"]));
    check(push(End::Front, elements(["y", "z"]), 4), Outcome::Length(4));
    holds(elements(["y", "z", "d", "f"]));
    check(push(End::Front, elements(["1", "2", "3"]), 2), Outcome::Length(2));
    holds(elements(["1", "2"]));
    check(push(End::Back, elements(["3", "4", "5"]), 2), Outcome::Length(2));
    holds(elements(["4", "5"]));
    check(push(End::Back, elements(["6", "7", "8", "9"]), 0), Outcome::Length(6));
    let range = |begin, count| ListRange { begin, count };
    let ranges = vec![range(5, 9), range(1, 2), range(2, 1), range(8, 1), range(0, 0)];
    check(Erase { ranges }, Outcome::Length(3));
    holds(elements(["4", "7", "8"]));
    check(Erase { ranges: vec![range(0, u32::MAX)] }, Outcome::Length(0));
    check(Length, Outcome::Missing);
    // A few of many, of which one is named twice.
    let many: Vec<_> = (0..100).map(|number| element(&number.to_string())).collect();
    check(push(End::Back, many, 0), Outcome::Length(100));
    check(Erase { ranges: vec![range(11, 1), range(10, 3)] }, Outcome::Length(97));
    let slice = Slice { start: Some(9), end: Some(11) };
    check(Fetch { slice }, Outcome::Values(elements(["9", "13"])));
    check(EraseAll, Outcome::Length(0));
    check(push(End::Back, elements(["a"]), 0), Outcome::Length(1));
    check(EraseAll, Outcome::Length(0));
    check(Length, Outcome::Missing);
    check(push(End::Back, elements(["a"]), 0), Outcome::Length(1));
    check(Pop { end: End::Back }, popped("a", 0));
    check(Length, Outcome::Missing);
}

pub(crate) fn a_slice_counts_from_both_ends(make: Make) {
    for (start, end, expected) in [
        (None, None, "abcde"),
        (Some(0), Some(5), "abcde"),
        (Some(1), Some(3), "bc"),
        (Some(-2), None, "de"),
        (None, Some(-1), "abcd"),
        (Some(-4), Some(-2), "bc"),
        (Some(2), Some(9), "cde"),
        (Some(-9), Some(2), "ab"),
        (Some(i64::MIN), Some(i64::MAX), "abcde"),
        (Some(3), Some(3), ""),
        (Some(4), Some(2), ""),
        (Some(5), None, ""),
        (None, Some(-5), ""),
    ] {
        let (cache, _) = fresh(make);
        let slice = Slice { start, end };
        let values: Vec<_> = expected.chars().map(|c| element(&c.to_string())).collect();
        let all = elements(["a", "b", "c", "d", "e"]);
        check(&*cache, list(push(End::Back, all, 0)), Outcome::Length(5));
        let fetch = list(ListOperation::Fetch { slice });
        check(&*cache, fetch.clone(), Outcome::Values(values.clone()));
        let retain = list(ListOperation::Retain { slice, ttl: TTL });
        check(&*cache, retain, Outcome::Length(values.len() as u64));
        let all = list(ListOperation::Fetch { slice: Slice::default() });
        let left = if values.is_empty() { Outcome::Missing } else { Outcome::Values(values) };
        check(&*cache, all, left);
    }
}

pub(crate) fn sets_hold_each_member_once(make: Make) {
    use SetOperation::{
        Contains, DeleteAll, Fetch, Length, Pop, Sample, Subtract, SubtractFrom, Union,
    };
    let (cache, _) = fresh(make);
    let check = |operation, expected| check(&*cache, set(operation), expected);
    for absent in [
        Fetch,
        Sample { limit: 1 },
        Subtract { members: elements(["a"]) },
        SubtractFrom { members: elements(["a"]) },
        DeleteAll,
        Contains { members: elements(["a"]) },
        Length,
        Pop { count: 1 },
    ] {
        check(absent, Outcome::Missing);
    }
    // In no order.
    let values = |operation| {
        let outcome = apply(&*cache, b"key", set(operation));
        let Ok(Outcome::Values(mut values)) = outcome else { panic!("{outcome:?}") };
        values.sort();
        values
    };
    let add = |members| Union { members, ttl: TTL };
    check(add(elements(["b", "a", "b"])), Outcome::Length(2));
    check(add(elements(["c", "", "a"])), Outcome::Length(4));
    assert_eq!(values(Fetch), elements(["", "a", "b", "c"]));
    let asked = Contains { members: elements(["c", "x", "", "c"]) };
    check(asked, Outcome::Contains(vec![true, false, true, true]));
    check(Subtract { members: elements(["", "x", "a"]) }, Outcome::Length(2));
    check(Length, Outcome::Length(2));
    check(SubtractFrom { members: elements(["d", "b", "e", "d"]) }, Outcome::Length(2));
    assert_eq!(values(Fetch), elements(["d", "e"]));
    check(SubtractFrom { members: elements(["d", "e"]) }, Outcome::Length(0));
    check(Length, Outcome::Missing);

    let many: Vec<_> = (0..100).map(|number| element(&number.to_string())).collect();
    check(add(many.clone()), Outcome::Length(100));
    assert_eq!(values(Sample { limit: 0 }), []);
    for (limit, found) in [(1, 1), (99, 99), (100, 100), (u64::MAX, 100)] {
        let mut sample = values(Sample { limit });
        sample.dedup();
        assert_eq!(sample.len(), found);
        assert!(sample.iter().all(|member| many.contains(member)));
    }
    let popped = values(Pop { count: 30 });
    assert_eq!((popped.len(), values(Fetch).len()), (30, 70));
    let asked = Contains { members: popped };
    check(asked, Outcome::Contains(vec![false; 30]));
    assert_eq!(values(Pop { count: 71 }).len(), 70);
    check(Length, Outcome::Missing);
    check(add(elements(["a"])), Outcome::Length(1));
    check(DeleteAll, Outcome::Length(0));
    check(Length, Outcome::Missing);
}

pub(crate) fn sorted_sets_order_by_score(make: Make) {
    use SortedSetOperation::{
        FetchByIndex, GetScores, Increment, Length, Put, Rank, Remove, RemoveAll,
    };
    let (cache, _) = fresh(make);
    let check = |operation, expected| check(&*cache, sorted_set(operation), expected);
    let all = |order| FetchByIndex { order, slice: Slice::default() };
    let by_score = |order, scores, offset, count| SortedSetOperation::FetchByScore {
        order,
        scores,
        offset,
        count,
    };
    let (up, down) = (Order::Ascending, Order::Descending);
    let rank = |member, order| Rank { member: element(member), order };
    for absent in [
        all(up),
        by_score(up, ScoreRange::default(), 0, None),
        GetScores { members: elements(["a"]) },
        Remove { members: elements(["a"]) },
        RemoveAll,
        rank("a", up),
        Length,
        SortedSetOperation::LengthByScore { scores: ScoreRange::default() },
    ] {
        check(absent, Outcome::Missing);
    }
    let put = |elements| Put { elements, ttl: TTL };
    check(put(scored([("c", 9.0), ("b", 1.0), ("a", 1.0), ("c", 2.0)])), Outcome::Length(3));
    check(put(scored([("d", -0.0), ("b", f64::INFINITY)])), Outcome::Length(4));
    let ordered = [("d", 0.0), ("a", 1.0), ("c", 2.0), ("b", f64::INFINITY)];
    check(all(up), Outcome::Elements(scored(ordered)));
    let mut reversed = ordered;
    reversed.reverse();
    check(all(down), Outcome::Elements(scored(reversed)));
    let first = Slice { start: None, end: Some(1) };
    check(FetchByIndex { order: down, slice: first }, Outcome::Elements(scored([reversed[0]])));
    let last = Slice { start: Some(-2), end: None };
    check(
        FetchByIndex { order: down, slice: last },
        Outcome::Elements(scored([reversed[2], reversed[3]])),
    );
    for (member, ascending, descending) in [
        ("d", Some(0), Some(3)),
        ("a", Some(1), Some(2)),
        ("b", Some(3), Some(0)),
        ("x", None, None),
    ] {
        check(rank(member, up), Outcome::Rank(ascending));
        check(rank(member, down), Outcome::Rank(descending));
    }
    let asked = GetScores { members: elements(["c", "x", "c"]) };
    check(asked, Outcome::Scores(vec![Some(2.0), None, Some(2.0)]));
    let increment = |member, by| Increment { member: element(member), by, ttl: TTL };
    check(increment("a", 1.0), Outcome::Score(2.0));
    check(increment("e", -1.5), Outcome::Score(-1.5));
    // Members of equal score by their bytes, in the other order the other way round.
    let tied = |order| by_score(order, between(2.0, 2.0), 0, None);
    check(tied(up), Outcome::Elements(scored([("a", 2.0), ("c", 2.0)])));
    check(tied(down), Outcome::Elements(scored([("c", 2.0), ("a", 2.0)])));
    check(Remove { members: elements(["a", "x", "e", "d"]) }, Outcome::Length(2));
    check(Remove { members: elements(["b", "c"]) }, Outcome::Length(0));
    check(Length, Outcome::Missing);
    check(put(scored([("a", 1.0)])), Outcome::Length(1));
    check(RemoveAll, Outcome::Length(0));
    check(Length, Outcome::Missing);
}

fn between(min: f64, max: f64) -> ScoreRange {
    ScoreRange { min: ScoreBound::Inclusive(min), max: ScoreBound::Inclusive(max) }
}

pub(crate) fn scores_lie_between_bounds(make: Make) {
    use ScoreBound::{Exclusive, Inclusive, Open};
    let (cache, _) = fresh(make);
    let elements = scored([("a", -1.0), ("b", 0.0), ("c", 0.0), ("d", 1.0), ("e", 2.0)]);
    let put = SortedSetOperation::Put { elements: elements.clone(), ttl: TTL };
    check(&*cache, sorted_set(put), Outcome::Length(5));
    for (min, max, offset, count, expected) in [
        (Open, Open, 0, None, "abcde"),
        (Inclusive(0.0), Open, 0, None, "bcde"),
        (Inclusive(-0.0), Inclusive(0.0), 0, None, "bc"),
        (Exclusive(0.0), Open, 0, None, "de"),
        (Open, Inclusive(1.0), 0, None, "abcd"),
        (Open, Exclusive(1.0), 0, None, "abc"),
        (Exclusive(-1.0), Exclusive(2.0), 0, None, "bcd"),
        (Inclusive(f64::NEG_INFINITY), Inclusive(f64::INFINITY), 0, None, "abcde"),
        (Exclusive(0.0), Exclusive(0.0), 0, None, ""),
        (Inclusive(2.0), Inclusive(-1.0), 0, None, ""),
        (Inclusive(3.0), Open, 0, None, ""),
        (Open, Open, 1, Some(2), "bc"),
        (Open, Open, 4, Some(2), "e"),
        (Open, Open, 5, None, ""),
        (Open, Open, u64::MAX, Some(u64::MAX), ""),
        (Inclusive(0.0), Open, 1, Some(u64::MAX), "cde"),
        (Open, Open, 0, Some(0), ""),
    ] {
        let scores = ScoreRange { min, max };
        let named = |expected: &str| -> Vec<Scored> {
            let found = expected.chars().map(|name| element(&name.to_string()));
            let of = |name| elements.iter().find(|element| element.member == name).cloned();
            found.filter_map(of).collect()
        };
        let fetch =
            |order| sorted_set(SortedSetOperation::FetchByScore { order, scores, offset, count });
        check(&*cache, fetch(Order::Ascending), Outcome::Elements(named(expected)));
        if offset == 0 && count.is_none() {
            let mut reversed = named(expected);
            reversed.reverse();
            check(&*cache, fetch(Order::Descending), Outcome::Elements(reversed));
            let length = sorted_set(SortedSetOperation::LengthByScore { scores });
            check(&*cache, length, Outcome::Length(expected.len() as u64));
        }
    }
    let fetch = SortedSetOperation::FetchByScore {
        order: Order::Descending,
        scores: ScoreRange::default(),
        offset: 1,
        count: Some(2),
    };
    check(&*cache, sorted_set(fetch), Outcome::Elements(scored([("d", 1.0), ("c", 0.0)])));
}

pub(crate) fn refuses_scores_that_are_no_numbers(make: Make) {
    let (cache, _) = fresh(make);
    let put = |score| {
        let elements = scored([("b", 1.0), ("a", score)]);
        sorted_set(SortedSetOperation::Put { elements, ttl: TTL })
    };
    let increment =
        |by| sorted_set(SortedSetOperation::Increment { member: element("a"), by, ttl: TTL });
    let scores = |bound| ScoreRange { min: bound, max: ScoreBound::Open };
    let refused = [
        put(f64::NAN),
        increment(f64::NAN),
        sorted_set(SortedSetOperation::LengthByScore {
            scores: scores(ScoreBound::Inclusive(f64::NAN)),
        }),
        sorted_set(SortedSetOperation::FetchByScore {
            order: Order::Ascending,
            scores: scores(ScoreBound::Exclusive(f64::NAN)),
            offset: 0,
            count: None,
        }),
    ];
    for operation in refused {
        assert_eq!(apply(&*cache, b"key", operation), Err(CacheError::NotANumber));
    }
    assert_eq!(apply(&*cache, b"key", Operation::Kind), Ok(Outcome::Missing));
    check(&*cache, increment(f64::INFINITY), Outcome::Score(f64::INFINITY));
    let refused = apply(&*cache, b"key", increment(f64::NEG_INFINITY));
    assert_eq!(refused, Err(CacheError::NotANumber));
    check(&*cache, increment(1.0), Outcome::Score(f64::INFINITY));
}

pub(crate) fn unites_sorted_sets(make: Make) {
    let (cache, clock) = fresh(make);
    let put_set = |key: &[u8], elements| {
        let put = sorted_set(SortedSetOperation::Put { elements, ttl: TTL });
        apply(&*cache, key, put).expect("it is stored");
    };
    put_set(b"x", scored([("a", 1.0), ("b", 2.0)]));
    put_set(b"y", scored([("b", 3.0), ("c", -4.0)]));
    let unite = |sources: &[(&'static str, f64)], aggregate, lifetime| {
        let source =
            |(key, factor): &(&'static str, f64)| (Bytes::from_static(key.as_bytes()), *factor);
        let sources = sources.iter().map(source).collect();
        let union = Union { sources, aggregate, lifetime };
        settle(cache.sorted_set_union(b"to", union, WriteLimits::default()))
    };
    let all = || {
        let slice = Slice::default();
        let fetch = SortedSetOperation::FetchByIndex { order: Order::Ascending, slice };
        apply(&*cache, b"to", sorted_set(fetch))
    };
    let found = |elements| Ok(Outcome::Elements(elements));
    let both = [("x", 2.0), ("none", 1.0), ("y", 1.0)];
    for (aggregate, expected) in [
        (Aggregate::Sum, scored([("c", -4.0), ("a", 2.0), ("b", 7.0)])),
        (Aggregate::Min, scored([("c", -4.0), ("a", 2.0), ("b", 3.0)])),
        (Aggregate::Max, scored([("c", -4.0), ("a", 2.0), ("b", 4.0)])),
    ] {
        // What is under the key is no source, whatever kind it is of.
        put(&*cache, b"to", text("before"), None);
        assert_eq!(unite(&both, aggregate, Some(SECOND)), Ok(Outcome::Length(3)));
        assert_eq!(all(), found(expected));
    }
    clock.advance(SECOND);
    assert_eq!(all(), Ok(Outcome::Missing), "the union has a lifetime");
    assert_eq!(unite(&[("x", 1.0), ("x", 1.0)], Aggregate::Sum, None), Ok(Outcome::Length(2)));
    assert_eq!(all(), found(scored([("a", 2.0), ("b", 4.0)])));
    assert_eq!(unite(&[("to", 0.5), ("y", 1.0)], Aggregate::Sum, None), Ok(Outcome::Length(3)));
    assert_eq!(all(), found(scored([("c", -4.0), ("a", 1.0), ("b", 5.0)])));
    put(&*cache, b"scalar", text("value"), None);
    let wrong_type = CacheError::WrongType { found: ItemKind::Scalar };
    let refused = unite(&[("x", 1.0), ("scalar", 1.0)], Aggregate::Sum, None);
    assert_eq!(refused, Err(wrong_type));
    let refused = unite(&[("x", f64::NAN)], Aggregate::Sum, None);
    assert_eq!(refused, Err(CacheError::NotANumber));
    let opposite = [("x", f64::INFINITY), ("x", f64::NEG_INFINITY)];
    assert_eq!(unite(&opposite, Aggregate::Sum, None), Err(CacheError::NotANumber));
    assert_eq!(all(), found(scored([("c", -4.0), ("a", 1.0), ("b", 5.0)])), "it is as it was");
    assert_eq!(unite(&[("none", 1.0)], Aggregate::Sum, None), Ok(Outcome::Length(0)));
    assert_eq!(all(), Ok(Outcome::Missing));
    assert_eq!(unite(&[], Aggregate::Sum, None), Ok(Outcome::Length(0)));
}

/// Made to live for two seconds; a second later it is written to.
pub(crate) fn a_collection_keeps_its_lifetime_unless_asked(make: Make) {
    let remaining =
        |cache: &dyn CacheBackend| apply(cache, b"key", Operation::Ttl(TtlOperation::Remaining));
    let left = |lifetime| Ok(Outcome::Remaining(lifetime));
    let ttl = |lifetime, refresh| CollectionTtl { lifetime, refresh };
    for (change, refresh, expected) in [
        (Some(9 * SECOND), false, Some(SECOND)),
        (Some(9 * SECOND), true, Some(9 * SECOND)),
        (None, true, None),
    ] {
        let before = additions("a", ttl(Some(2 * SECOND), false));
        for ((kind, first), (_, second)) in
            before.into_iter().zip(additions("b", ttl(change, refresh)))
        {
            let (cache, clock) = fresh(make);
            apply(&*cache, b"key", first).expect("it is stored");
            clock.advance(SECOND);
            apply(&*cache, b"key", second).expect("it is stored");
            assert_eq!(remaining(&*cache), left(expected), "{kind:?}, {refresh}");
        }
    }
    // What is over at once is removed.
    for (kind, operation) in additions("a", ttl(Some(Duration::ZERO), true)) {
        let (cache, _) = fresh(make);
        apply(&*cache, b"key", operation.clone()).expect("it is done");
        assert_eq!(remaining(&*cache), Ok(Outcome::Missing), "{kind:?}");
    }
    let (cache, clock) = fresh(make);
    let values = elements(["a", "b", "c"]);
    let push = ListOperation::Push {
        end: End::Back,
        values,
        truncate_to: None,
        ttl: ttl(Some(2 * SECOND), false),
    };
    apply(&*cache, b"key", list(push)).expect("it is stored");
    clock.advance(SECOND);
    apply(&*cache, b"key", list(ListOperation::Pop { end: End::Back })).expect("it is done");
    assert_eq!(remaining(&*cache), left(Some(SECOND)), "a removal keeps it");
    let slice = Slice { start: Some(1), end: None };
    let retain = ListOperation::Retain { slice, ttl: ttl(Some(5 * SECOND), true) };
    apply(&*cache, b"key", list(retain)).expect("it is done");
    assert_eq!(remaining(&*cache), left(Some(5 * SECOND)), "where it is asked to, it does not");
    clock.advance(5 * SECOND);
    check(&*cache, list(ListOperation::Length), Outcome::Missing);
}

pub(crate) fn refuses_an_item_of_another_kind(make: Make) {
    let (cache, _) = fresh(make);
    let read = |kind| match kind {
        ItemKind::Dictionary => dictionary(DictionaryOperation::Fetch),
        ItemKind::List => list(ListOperation::Length),
        ItemKind::Set => set(SetOperation::Pop { count: 1 }),
        ItemKind::SortedSet => sorted_set(SortedSetOperation::RemoveAll),
        ItemKind::Scalar | ItemKind::Response => Operation::Get,
    };
    put(&*cache, b"Scalar", text("1"), None);
    let mut kinds = vec![ItemKind::Scalar];
    for (kind, operation) in additions("a", TTL) {
        apply(&*cache, format!("{kind:?}").as_bytes(), operation).expect("it is stored");
        kinds.push(kind);
    }
    for found in kinds {
        let key = format!("{found:?}");
        assert_eq!(apply(&*cache, key.as_bytes(), Operation::Kind), Ok(Outcome::Kind(found)));
        let refusal = Err(CacheError::WrongType { found });
        for (kind, operation) in additions("b", TTL) {
            if kind != found {
                assert_eq!(apply(&*cache, key.as_bytes(), operation), refusal, "{kind:?}");
                assert_eq!(apply(&*cache, key.as_bytes(), read(kind)), refusal, "{kind:?}");
            }
        }
        if found != ItemKind::Scalar {
            for operation in [Operation::Get, Operation::Increment { by: 1, lifetime: None }] {
                assert_eq!(apply(&*cache, key.as_bytes(), operation), refusal);
            }
        }
    }
}

pub(crate) fn limits_bind_elements_and_collections(make: Make) {
    let limits = WriteLimits { element_bytes_max: 3, key_bytes_max: 3, ..WriteLimits::default() };
    let (cache, _) = fresh(make);
    let run =
        |key: &[u8], operation: Operation, limits| settle(cache.apply(key, operation, limits));
    for (kind, operation) in additions("abc", TTL) {
        let refused = run(b"long", operation.clone(), limits);
        assert!(matches!(refused, Err(CacheError::KeyTooLong { .. })), "{kind:?} {refused:?}");
        let key = format!("{}", kind as u8);
        run(key.as_bytes(), operation, limits).expect("it is at the limit");
    }
    let too_large = Err(CacheError::ElementTooLarge { element_bytes: 4, limit_bytes: 3 });
    for (kind, operation) in additions("abcd", TTL) {
        let key = format!("{}", kind as u8);
        assert_eq!(run(key.as_bytes(), operation, limits), too_large, "{kind:?}");
    }
    let value = dictionary(DictionaryOperation::Set { fields: fields([("a", "abcd")]), ttl: TTL });
    assert_eq!(run(b"d", value, limits), too_large);
    let increment = |member| {
        sorted_set(SortedSetOperation::Increment { member: element(member), by: 1.0, ttl: TTL })
    };
    assert_eq!(run(b"z", increment("abcd"), limits), too_large);

    // The whole collection, which may be over a limit that another writer has.
    for ((kind, first), (_, second)) in additions("a", TTL).into_iter().zip(additions("b", TTL)) {
        let (cache, _) = fresh(make);
        let run = |operation: &Operation, collection_bytes_max| {
            let limits = WriteLimits { collection_bytes_max, ..WriteLimits::default() };
            settle(cache.apply(b"key", operation.clone(), limits))
        };
        let refused = run(&first, 8);
        let Err(CacheError::ValueTooLarge { value_bytes, limit_bytes: 8 }) = refused else {
            panic!("{kind:?}: {refused:?}");
        };
        run(&first, value_bytes).expect("it is at the limit");
        let refused = run(&second, value_bytes);
        assert!(matches!(refused, Err(CacheError::ValueTooLarge { .. })), "{kind:?} {refused:?}");
        run(&second, usize::MAX).expect("there is no limit");
        let remove = match kind {
            ItemKind::Dictionary => {
                dictionary(DictionaryOperation::Delete { fields: elements(["a"]) })
            }
            ItemKind::List => list(ListOperation::Pop { end: End::Front }),
            ItemKind::Set => set(SetOperation::Subtract { members: elements(["a"]) }),
            _ => sorted_set(SortedSetOperation::Remove { members: elements(["a"]) }),
        };
        run(&remove, 8).expect("what becomes smaller may be over the limit");
    }
}

/// Collections count with all that is in them, and give back what they took.
pub(crate) fn collections_count_against_the_budget(make: Make) {
    let (cache, _) = fresh(make);
    let bytes = || cache.stats().bytes;
    for (kind, operation) in additions("a", TTL) {
        let (mut before, mut steps) = (0, Vec::new());
        for number in 0..300 {
            let value = format!("{number:06}");
            let (_, operation) = additions(&value, TTL)
                .into_iter()
                .find(|(other, _)| *other == kind)
                .expect("it is one of them");
            apply(&*cache, b"key", operation).expect("it is stored");
            steps.push(bytes() - before);
            before = bytes();
        }
        let (first, rest) = steps.split_first().expect("there are steps");
        assert!(rest.iter().all(|step| *step == rest[0] && rest[0] > 6), "{kind:?} {rest:?}");
        assert!(*first > rest[0], "{kind:?}: an entry takes more than an element");
        assert_eq!(cache.stats().entries, 1);
        apply(&*cache, b"key", Operation::Delete { cas: None }).expect("it is removed");
        assert_eq!((cache.stats().entries, bytes()), (0, 0), "{kind:?}");
        drop(operation);
    }
}

/// A collection that grows evicts other entries, up to half of the cache; then it is refused.
pub(crate) fn a_growing_collection_makes_room_for_itself(make: Make) {
    let clock = crate::clock::Clock::manual(0);
    let bytes_max = 256 * 1024;
    let cache = make(Limits { bytes_max, ..Limits::default() }, &clock);
    for number in 0..400 {
        put(&*cache, format!("other {number}").as_bytes(), text(&"x".repeat(300)), None);
    }
    let evictions = cache.stats().evictions;
    let mut length = 0;
    let refusal = loop {
        let values = vec![element(&"y".repeat(1000)); 3];
        match apply(&*cache, b"key", list(push(End::Back, values, 0))) {
            Ok(outcome) => {
                length += 3;
                assert_eq!(outcome, Outcome::Length(length));
            }
            Err(error) => break error,
        }
        assert!(cache.stats().bytes <= bytes_max as u64);
    };
    assert!(matches!(refusal, CacheError::ValueTooLarge { .. }), "{refusal}");
    assert!((100..=130).contains(&length), "{length}");
    assert!(cache.stats().evictions > evictions);
    check(&*cache, list(ListOperation::Length), Outcome::Length(length));
    // With a limit of its own it goes on at its newest end.
    let values = vec![element("z"); 10];
    check(&*cache, list(push(End::Back, values, 10)), Outcome::Length(10));
    let before = cache.stats().bytes;
    apply(&*cache, b"key", list(ListOperation::EraseAll)).expect("it is done");
    assert!(cache.stats().bytes < before);
}
