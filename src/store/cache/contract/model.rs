//! A plain map and a clock that know what every operation comes to, and random operations that
//! a cache is held against.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};

use super::collections::element;
use super::scalars::apply;
use super::{Make, fresh, settle};
use crate::clock::Clock;
use crate::store::cache::item::dictionary::DictionaryOperation;
use crate::store::cache::item::list::{ListOperation, ListRange, Slice};
use crate::store::cache::item::set::SetOperation;
use crate::store::cache::item::sorted_set::{
    Aggregate, Order, ScoreBound, ScoreRange, Scored, SortedSetOperation,
};
use crate::store::cache::operation::{
    CollectionTtl, Condition, Count, CountStep, End, Lifetime, Put, Scalar, TtlOperation, Union,
    ValueHash,
};
use crate::store::cache::{
    CacheBackend, CacheError, CollectionOperation, Element, Item, ItemKind, Operation, Outcome,
    TTL_MAX, WriteLimits,
};

// Strategies are boxed: as one type they overflow the stack of a test's thread.

/// Stands for the number that the item has now.
const CAS_NOW: u64 = u64::MAX;

const KEYS: [&str; 4] = ["a", "b", "c", "d"];

#[derive(Clone, Debug)]
enum Step {
    Apply(&'static str, Operation),
    Unite(&'static str, Union),
    Advance(Duration),
    Sweep,
    Remove(&'static str),
}

fn step() -> BoxedStrategy<Step> {
    let key = || select(&KEYS[..]);
    let source = (key(), select(&[1.0, -2.0, 0.0, 0.5, f64::INFINITY][..]))
        .prop_map(|(key, factor)| (Bytes::from_static(key.as_bytes()), factor));
    let aggregate = select(&[Aggregate::Sum, Aggregate::Min, Aggregate::Max][..]);
    let union = (vec(source, 0..3), aggregate, lifetime())
        .prop_map(|(sources, aggregate, lifetime)| Union { sources, aggregate, lifetime });
    prop_oneof![
        10 => (key(), scalar_operation()).prop_map(|(key, it)| Step::Apply(key, it)),
        // One kind under one key for the most part: else all there is were wrong types.
        6 => dictionary_operation().prop_map(|it| on_collection(0, CollectionOperation::Dictionary(it))),
        8 => list_operation().prop_map(|it| on_collection(1, CollectionOperation::List(it))),
        6 => set_operation().prop_map(|it| on_collection(2, CollectionOperation::Set(it))),
        8 => sorted_set_operation().prop_map(|it| on_collection(3, CollectionOperation::SortedSet(it))),
        2 => (key(), collection_operation())
            .prop_map(|(key, it)| Step::Apply(key, Operation::Collection(it))),
        1 => (key(), union).prop_map(|(key, union)| Step::Unite(key, union)),
        2 => (0_u64..3000).prop_map(|ms| Step::Advance(Duration::from_millis(ms))),
        1 => Just(Step::Sweep),
        1 => key().prop_map(Step::Remove),
    ]
    .boxed()
}

fn on_collection(key: usize, operation: CollectionOperation) -> Step {
    Step::Apply(KEYS[key], Operation::Collection(operation))
}

fn lifetime() -> impl Strategy<Value = Lifetime> {
    prop_oneof![
        2 => Just(None),
        1 => Just(Some(Duration::ZERO)),
        6 => (1_u64..9000).prop_map(|ms| Some(Duration::from_millis(ms))),
        1 => Just(Some(TTL_MAX * 2)),
    ]
}

fn ttl() -> impl Strategy<Value = CollectionTtl> {
    (lifetime(), any::<bool>()).prop_map(|(lifetime, refresh)| CollectionTtl { lifetime, refresh })
}

fn word() -> impl Strategy<Value = &'static str> {
    select(
        &["", "x", "y", "yy", "z", "7", "-7", "007", "9223372036854775807", "18446744073709551615"]
            [..],
    )
}

fn value() -> impl Strategy<Value = Element> {
    word().prop_map(element)
}

fn values() -> impl Strategy<Value = Vec<Element>> {
    vec(value(), 0..6)
}

fn cas() -> impl Strategy<Value = Option<u64>> {
    select(&[None, Some(CAS_NOW), Some(0)][..])
}

fn scalar_operation() -> BoxedStrategy<Operation> {
    let bytes = || word().prop_map(|word| Bytes::from_static(word.as_bytes()));
    let condition = prop_oneof![
        4 => Just(Condition::Always),
        1 => Just(Condition::Present),
        1 => Just(Condition::Absent),
        1 => bytes().prop_map(Condition::Equal),
        1 => bytes().prop_map(Condition::NotEqual),
        1 => bytes().prop_map(Condition::PresentAndNotEqual),
        1 => bytes().prop_map(Condition::AbsentOrEqual),
        1 => bytes().prop_map(|it| Condition::HashEqual(ValueHash::of(&it))),
        1 => bytes().prop_map(|it| Condition::PresentAndNotHashEqual(ValueHash::of(&it))),
        1 => bytes().prop_map(|it| Condition::AbsentOrHashEqual(ValueHash::of(&it))),
        1 => bytes().prop_map(|it| Condition::AbsentOrNotHashEqual(ValueHash::of(&it))),
        1 => select(&[CAS_NOW, 0][..]).prop_map(Condition::Cas),
    ]
    .boxed();
    let item = prop_oneof![bytes().prop_map(Item::Bytes), any::<i64>().prop_map(Item::Long)];
    let put = (item, any::<u32>(), lifetime(), condition)
        .prop_map(|(item, flags, lifetime, condition)| Put { item, flags, lifetime, condition })
        .boxed();
    let by = prop_oneof![0_u64..20, any::<u64>()];
    let count_step = (any::<bool>(), by)
        .prop_map(|(up, by)| if up { CountStep::Up(by) } else { CountStep::Down(by) });
    let count = (count_step, option::of((any::<u64>(), lifetime())), option::of(lifetime()), cas())
        .prop_map(|(step, initial, touch, cas)| Count { step, initial, touch, cas })
        .boxed();
    let extend = (select(&[End::Front, End::Back][..]), bytes(), cas())
        .prop_map(|(end, bytes, cas)| Operation::Extend { end, bytes, cas });
    let ttl = prop_oneof![
        Just(TtlOperation::Remaining),
        lifetime().prop_map(TtlOperation::Overwrite),
        lifetime().prop_map(TtlOperation::Increase),
        lifetime().prop_map(TtlOperation::Decrease),
    ];
    prop_oneof![
        2 => Just(Operation::Get),
        1 => lifetime().prop_map(Operation::GetAndTouch),
        4 => put.prop_map(Operation::Put),
        1 => cas().prop_map(|cas| Operation::Delete { cas }),
        2 => (prop_oneof![-5_i64..5, any::<i64>()], lifetime())
            .prop_map(|(by, lifetime)| Operation::Increment { by, lifetime }),
        2 => count.prop_map(Operation::Count),
        1 => extend,
        2 => ttl.prop_map(Operation::Ttl),
        1 => Just(Operation::Kind),
    ]
    .boxed()
}

fn collection_operation() -> BoxedStrategy<CollectionOperation> {
    prop_oneof![
        dictionary_operation().prop_map(CollectionOperation::Dictionary),
        list_operation().prop_map(CollectionOperation::List),
        set_operation().prop_map(CollectionOperation::Set),
        sorted_set_operation().prop_map(CollectionOperation::SortedSet),
    ]
    .boxed()
}

fn dictionary_operation() -> BoxedStrategy<DictionaryOperation> {
    use DictionaryOperation::{Delete, DeleteAll, Fetch, Get, Increment, Length, Set};
    prop_oneof![
        2 => Just(Fetch),
        2 => values().prop_map(|fields| Get { fields }),
        5 => (vec((value(), value()), 0..6), ttl()).prop_map(|(fields, ttl)| Set { fields, ttl }),
        2 => (value(), -9_i64..9, ttl())
            .prop_map(|(field, by, ttl)| Increment { field, by, ttl }),
        2 => values().prop_map(|fields| Delete { fields }),
        1 => Just(DeleteAll),
        1 => Just(Length),
    ]
    .boxed()
}

fn slice() -> impl Strategy<Value = Slice> {
    let place = || option::of(prop_oneof![9 => -8_i64..8, 1 => any::<i64>()]);
    (place(), place()).prop_map(|(start, end)| Slice { start, end })
}

fn list_operation() -> BoxedStrategy<ListOperation> {
    use ListOperation::{Erase, EraseAll, Fetch, Length, Pop, Push, Remove, Retain};
    let end = || select(&[End::Front, End::Back][..]);
    let truncate_to = option::of((1_u32..9).prop_map(|to| to.try_into().expect("it is not zero")));
    let range = (0_u32..8, prop_oneof![0_u32..4, Just(u32::MAX)])
        .prop_map(|(begin, count)| ListRange { begin, count });
    prop_oneof![
        2 => slice().prop_map(|slice| Fetch { slice }),
        1 => Just(Length),
        5 => (end(), values(), truncate_to, ttl()).prop_map(|(end, values, truncate_to, ttl)| {
            Push { end, values, truncate_to, ttl }
        }),
        2 => end().prop_map(|end| Pop { end }),
        1 => (slice(), ttl()).prop_map(|(slice, ttl)| Retain { slice, ttl }),
        1 => value().prop_map(|value| Remove { value }),
        1 => vec(range, 0..4).prop_map(|ranges| Erase { ranges }),
        1 => Just(EraseAll),
    ]
    .boxed()
}

fn set_operation() -> BoxedStrategy<SetOperation> {
    use SetOperation::{
        Contains, DeleteAll, Fetch, Length, Pop, Sample, Subtract, SubtractFrom, Union,
    };
    prop_oneof![
        2 => Just(Fetch),
        1 => (0_u64..9).prop_map(|limit| Sample { limit }),
        5 => (values(), ttl()).prop_map(|(members, ttl)| Union { members, ttl }),
        2 => values().prop_map(|members| Subtract { members }),
        1 => values().prop_map(|members| SubtractFrom { members }),
        1 => Just(DeleteAll),
        2 => values().prop_map(|members| Contains { members }),
        1 => Just(Length),
        1 => (0_u64..9).prop_map(|count| Pop { count }),
    ]
    .boxed()
}

fn sorted_set_operation() -> BoxedStrategy<SortedSetOperation> {
    use SortedSetOperation::{
        FetchByIndex, FetchByScore, GetScores, Increment, Length, LengthByScore, Put, Rank, Remove,
        RemoveAll,
    };
    let score =
        || select(&[-1.5, -0.0, 0.0, 1.0, 2.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN][..]);
    let scored = (value(), score()).prop_map(|(member, score)| Scored { member, score });
    let order = || select(&[Order::Ascending, Order::Descending][..]);
    let bound = move || {
        prop_oneof![
            1 => Just(ScoreBound::Open),
            2 => score().prop_map(ScoreBound::Inclusive),
            2 => score().prop_map(ScoreBound::Exclusive),
        ]
    };
    let scores = move || (bound(), bound()).prop_map(|(min, max)| ScoreRange { min, max });
    prop_oneof![
        6 => (vec(scored, 0..6), ttl()).prop_map(|(elements, ttl)| Put { elements, ttl }),
        2 => (order(), slice()).prop_map(|(order, slice)| FetchByIndex { order, slice }),
        3 => (order(), scores(), 0_u64..4, option::of(0_u64..4)).prop_map(
            |(order, scores, offset, count)| FetchByScore { order, scores, offset, count }
        ),
        1 => values().prop_map(|members| GetScores { members }),
        2 => values().prop_map(|members| Remove { members }),
        1 => Just(RemoveAll),
        3 => (value(), score(), ttl()).prop_map(|(member, by, ttl)| Increment { member, by, ttl }),
        2 => (value(), order()).prop_map(|(member, order)| Rank { member, order }),
        1 => Just(Length),
        1 => scores().prop_map(|scores| LengthByScore { scores }),
    ]
    .boxed()
}

#[derive(Clone, Debug)]
enum Held {
    Scalar { item: Item, flags: u32 },
    Dictionary(BTreeMap<Element, Element>),
    List(Vec<Element>),
    Set(BTreeSet<Element>),
    SortedSet(BTreeMap<Element, f64>),
}

impl Held {
    fn kind(&self) -> ItemKind {
        match self {
            Self::Scalar { .. } => ItemKind::Scalar,
            Self::Dictionary(_) => ItemKind::Dictionary,
            Self::List(_) => ItemKind::List,
            Self::Set(_) => ItemKind::Set,
            Self::SortedSet(_) => ItemKind::SortedSet,
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Scalar { .. } => false,
            Self::Dictionary(fields) => fields.is_empty(),
            Self::List(values) => values.is_empty(),
            Self::Set(members) => members.is_empty(),
            Self::SortedSet(scores) => scores.is_empty(),
        }
    }
}

/// `None`: it does not expire.
type Expiry = Option<Duration>;

/// What a cache without limits would hold.
#[derive(Clone, Debug, Default)]
struct Model {
    entries: BTreeMap<&'static str, (Held, Expiry)>,
    now: Duration,
}

/// What an operation comes to; what a cache numbers is zero here.
type Expected = Result<Outcome, CacheError>;

impl Model {
    /// `None`: it is over at once.
    fn end(&self, lifetime: Lifetime) -> Option<Expiry> {
        match lifetime {
            Some(Duration::ZERO) => None,
            lifetime => Some(lifetime.map(|lifetime| self.now + lifetime.min(TTL_MAX))),
        }
    }

    fn set(&mut self, key: &'static str, held: Held, end: Option<Expiry>) {
        match end.filter(|_| !held.is_empty()) {
            Some(end) => drop(self.entries.insert(key, (held, end))),
            None => drop(self.entries.remove(key)),
        }
    }

    fn apply(&mut self, key: &'static str, operation: &Operation) -> Expected {
        let there = self.entries.get(key).cloned();
        let wrong = |held: &Held| CacheError::WrongType { found: held.kind() };
        let scalar = match &there {
            None => None,
            Some((Held::Scalar { item, flags }, end)) => {
                Some(Ok((item.clone(), item.as_bytes().expect("it is a scalar"), *flags, *end)))
            }
            Some((held, _)) => Some(Err(wrong(held))),
        };
        let bytes = |text: String| Item::Bytes(Bytes::from(text));
        match operation {
            Operation::Get | Operation::GetAndTouch(_) => {
                let Some(scalar) = scalar else { return Ok(Outcome::Missing) };
                let (item, _, flags, end) = scalar?;
                let mut remaining = end.map(|end| end - self.now);
                if let Operation::GetAndTouch(lifetime) = operation {
                    remaining = lifetime.map(|lifetime| lifetime.min(TTL_MAX));
                    let held = Held::Scalar { item: item.clone(), flags };
                    self.set(key, held, self.end(*lifetime));
                }
                Ok(Outcome::Scalar(Scalar { item, flags, cas: 0, remaining }))
            }
            Operation::Put(put) => {
                let value = || match &scalar {
                    None => Ok(None),
                    Some(Ok((_, value, ..))) => Ok(Some(value.clone())),
                    Some(Err(error)) => Err(error.clone()),
                };
                let equal = |wanted: &Bytes| value().map(|value| value.map(|it| it == wanted));
                let hash = |wanted: &ValueHash| {
                    value().map(|value| value.map(|it| ValueHash::of(&it) == *wanted))
                };
                let stores = match &put.condition {
                    Condition::Always => true,
                    Condition::Present => there.is_some(),
                    Condition::Absent => there.is_none(),
                    Condition::Equal(it) => equal(it)? == Some(true),
                    Condition::NotEqual(it) => equal(it)? != Some(true),
                    Condition::PresentAndNotEqual(it) => equal(it)? == Some(false),
                    Condition::AbsentOrEqual(it) => equal(it)? != Some(false),
                    Condition::HashEqual(it) => hash(it)? == Some(true),
                    Condition::PresentAndNotHashEqual(it) => hash(it)? == Some(false),
                    Condition::AbsentOrHashEqual(it) => hash(it)? != Some(false),
                    Condition::AbsentOrNotHashEqual(it) => hash(it)? != Some(true),
                    Condition::Cas(cas) => there.is_some() && *cas == CAS_NOW,
                };
                if !stores {
                    return Ok(Outcome::NotStored { present: there.is_some() });
                }
                let held = Held::Scalar { item: put.item.clone(), flags: put.flags };
                self.set(key, held, self.end(put.lifetime));
                Ok(Outcome::Stored { cas: 0 })
            }
            Operation::Delete { cas } => Ok(match there {
                None => Outcome::Missing,
                Some(_) if *cas == Some(0) => Outcome::NotStored { present: true },
                Some(_) => {
                    self.entries.remove(key);
                    Outcome::Done
                }
            }),
            Operation::Increment { by, lifetime } => {
                let scalar = scalar.transpose()?;
                let before = scalar.as_ref().map_or(Ok(0), |(_, value, ..)| integer(value))?;
                let sum = before.checked_add(*by).ok_or(CacheError::Overflow)?;
                let flags = scalar.map_or(0, |(_, _, flags, _)| flags);
                let held = Held::Scalar { item: bytes(sum.to_string()), flags };
                self.set(key, held, self.end(*lifetime));
                Ok(Outcome::Number(sum))
            }
            Operation::Count(count) => {
                let Some(scalar) = scalar else {
                    let Some((number, lifetime)) = count.initial else {
                        return Ok(Outcome::Missing);
                    };
                    let held = Held::Scalar { item: bytes(number.to_string()), flags: 0 };
                    self.set(key, held, self.end(lifetime));
                    return Ok(Outcome::Count { number, cas: 0 });
                };
                let (_, value, flags, end) = scalar?;
                if count.cas == Some(0) {
                    return Ok(Outcome::NotStored { present: true });
                }
                let text = String::from_utf8(value.to_vec()).expect("it is a text");
                let before: u64 =
                    text.trim_ascii_end().parse().map_err(|_| CacheError::NotAnInteger)?;
                let (number, text) = match count.step {
                    CountStep::Up(by) => {
                        let number = before.wrapping_add(by);
                        (number, number.to_string())
                    }
                    CountStep::Down(by) => {
                        let number = before.saturating_sub(by);
                        (number, format!("{number:<width$}", width = text.len()))
                    }
                };
                let end = count.touch.map_or(Some(end), |lifetime| self.end(lifetime));
                self.set(key, Held::Scalar { item: bytes(text), flags }, end);
                Ok(Outcome::Count { number, cas: 0 })
            }
            Operation::Extend { end: side, bytes, cas } => {
                let Some(scalar) = scalar else {
                    return Ok(Outcome::NotStored { present: false });
                };
                let (_, value, flags, end) = scalar?;
                if *cas == Some(0) {
                    return Ok(Outcome::NotStored { present: true });
                }
                let whole = match side {
                    End::Front => [&bytes[..], &value].concat(),
                    End::Back => [&value[..], bytes].concat(),
                };
                let item = Item::Bytes(Bytes::from(whole));
                self.set(key, Held::Scalar { item, flags }, Some(end));
                Ok(Outcome::Stored { cas: 0 })
            }
            Operation::Ttl(ttl) => {
                let Some((held, end)) = there else { return Ok(Outcome::Missing) };
                let far = |end: Expiry| end.unwrap_or(Duration::MAX);
                let (lifetime, sets) = match *ttl {
                    TtlOperation::Remaining => {
                        return Ok(Outcome::Remaining(end.map(|end| end - self.now)));
                    }
                    TtlOperation::Overwrite(lifetime) => (lifetime, true),
                    TtlOperation::Increase(lifetime) => {
                        let new = self.end(lifetime);
                        (lifetime, new.is_some_and(|new| far(new) > far(end)))
                    }
                    TtlOperation::Decrease(lifetime) => {
                        let new = self.end(lifetime);
                        (lifetime, new.is_none_or(|new| far(new) < far(end)))
                    }
                };
                if !sets {
                    return Ok(Outcome::NotSet);
                }
                self.set(key, held, self.end(lifetime));
                Ok(Outcome::Done)
            }
            Operation::Kind => {
                Ok(there.map_or(Outcome::Missing, |(held, _)| Outcome::Kind(held.kind())))
            }
            Operation::Collection(operation) => {
                if has_nan(operation) {
                    return Err(CacheError::NotANumber);
                }
                self.on_collection(key, operation, there)
            }
        }
    }

    fn on_collection(
        &mut self,
        key: &'static str,
        operation: &CollectionOperation,
        there: Option<(Held, Expiry)>,
    ) -> Expected {
        let (held, end) = there.map_or((None, None), |(held, end)| (Some(held), Some(end)));
        let empty = match operation {
            CollectionOperation::Dictionary(_) => Held::Dictionary(BTreeMap::new()),
            CollectionOperation::List(_) => Held::List(Vec::new()),
            CollectionOperation::Set(_) => Held::Set(BTreeSet::new()),
            CollectionOperation::SortedSet(_) => Held::SortedSet(BTreeMap::new()),
        };
        if let Some(held) = &held
            && held.kind() != empty.kind()
        {
            return Err(CacheError::WrongType { found: held.kind() });
        }
        let (ttl, creates) = match operation {
            CollectionOperation::Dictionary(
                DictionaryOperation::Set { ttl, .. } | DictionaryOperation::Increment { ttl, .. },
            )
            | CollectionOperation::List(ListOperation::Push { ttl, .. })
            | CollectionOperation::Set(SetOperation::Union { ttl, .. })
            | CollectionOperation::SortedSet(
                SortedSetOperation::Put { ttl, .. } | SortedSetOperation::Increment { ttl, .. },
            ) => (Some(*ttl), true),
            CollectionOperation::List(ListOperation::Retain { ttl, .. }) => (Some(*ttl), false),
            _ => (None, false),
        };
        if held.is_none() && !creates {
            return Ok(Outcome::Missing);
        }
        let mut held = held.unwrap_or(empty);
        let outcome = match (operation, &mut held) {
            (CollectionOperation::Dictionary(it), Held::Dictionary(fields)) => {
                on_dictionary(it, fields)?
            }
            (CollectionOperation::List(it), Held::List(values)) => on_list(it, values),
            (CollectionOperation::Set(it), Held::Set(members)) => on_set(it, members),
            (CollectionOperation::SortedSet(it), Held::SortedSet(scores)) => {
                on_sorted_set(it, scores)?
            }
            _ => panic!("the kinds are the same"),
        };
        let end = match (end, ttl) {
            (Some(end), None) => Some(end),
            (Some(end), Some(ttl)) if !ttl.refresh => Some(end),
            (_, ttl) => ttl.and_then(|ttl| self.end(ttl.lifetime)),
        };
        self.set(key, held, end);
        Ok(outcome)
    }

    fn unite(&mut self, key: &'static str, union: &Union) -> Expected {
        let mut scores: BTreeMap<Element, f64> = BTreeMap::new();
        for (source, factor) in &union.sources {
            let source = std::str::from_utf8(source).expect("it is a text");
            let set = match self.entries.get(source) {
                None => continue,
                Some((Held::SortedSet(set), _)) => set,
                Some((held, _)) => return Err(CacheError::WrongType { found: held.kind() }),
            };
            for (member, score) in set {
                let score = score * factor;
                let all = match (scores.get(member), union.aggregate) {
                    (None, _) => score,
                    (Some(before), Aggregate::Sum) => before + score,
                    (Some(before), Aggregate::Min) if score < *before => score,
                    (Some(before), Aggregate::Max) if score > *before => score,
                    (Some(before), _) => *before,
                };
                if score.is_nan() || all.is_nan() {
                    return Err(CacheError::NotANumber);
                }
                scores.insert(member.clone(), all + 0.0);
            }
        }
        let length = scores.len() as u64;
        self.set(key, Held::SortedSet(scores), self.end(union.lifetime));
        Ok(Outcome::Length(length))
    }
}

fn integer(value: &[u8]) -> Result<i64, CacheError> {
    let text = std::str::from_utf8(value).expect("it is a text");
    text.parse().map_err(|_| CacheError::NotAnInteger)
}

fn has_nan(operation: &CollectionOperation) -> bool {
    let CollectionOperation::SortedSet(operation) = operation else { return false };
    let of_bound = |bound: &ScoreBound| match bound {
        ScoreBound::Open => false,
        ScoreBound::Inclusive(score) | ScoreBound::Exclusive(score) => score.is_nan(),
    };
    match operation {
        SortedSetOperation::Put { elements, .. } => elements.iter().any(|it| it.score.is_nan()),
        SortedSetOperation::Increment { by, .. } => by.is_nan(),
        SortedSetOperation::FetchByScore { scores, .. }
        | SortedSetOperation::LengthByScore { scores } => {
            of_bound(&scores.min) || of_bound(&scores.max)
        }
        _ => false,
    }
}

fn length(length: usize) -> Outcome {
    Outcome::Length(length as u64)
}

fn on_dictionary(
    operation: &DictionaryOperation,
    held: &mut BTreeMap<Element, Element>,
) -> Expected {
    match operation {
        DictionaryOperation::Fetch => {
            return Ok(Outcome::Fields(held.clone().into_iter().collect()));
        }
        DictionaryOperation::Get { fields } => {
            let value = |field| held.get(field).cloned();
            return Ok(Outcome::FieldValues(fields.iter().map(value).collect()));
        }
        DictionaryOperation::Increment { field, by, .. } => {
            let before = held.get(field).map_or(Ok(0), |value| integer(value))?;
            let sum = before.checked_add(*by).ok_or(CacheError::Overflow)?;
            held.insert(field.clone(), element(&sum.to_string()));
            return Ok(Outcome::Number(sum));
        }
        DictionaryOperation::Set { fields, .. } => held.extend(fields.iter().cloned()),
        DictionaryOperation::Delete { fields } => held.retain(|name, _| !fields.contains(name)),
        DictionaryOperation::DeleteAll => held.clear(),
        DictionaryOperation::Length => {}
    }
    Ok(length(held.len()))
}

/// The positions of a slice, one by one.
fn within(slice: &Slice, len: usize) -> Vec<usize> {
    let len = i128::try_from(len).expect("it is small");
    let place = |at: i64| if at < 0 { len + i128::from(at) } else { i128::from(at) };
    let start = slice.start.map_or(0, place);
    let end = slice.end.map_or(len, place);
    let all = (0..len).filter(|at| start <= *at && *at < end);
    all.map(|at| usize::try_from(at).expect("it is small")).collect()
}

fn on_list(operation: &ListOperation, held: &mut Vec<Element>) -> Outcome {
    match operation {
        ListOperation::Fetch { slice } => {
            let at = within(slice, held.len());
            return Outcome::Values(at.into_iter().map(|at| held[at].clone()).collect());
        }
        ListOperation::Pop { end } => {
            let value = match end {
                End::Front => held.remove(0),
                End::Back => held.pop().expect("no list is empty"),
            };
            return Outcome::Popped { value, length: held.len() as u64 };
        }
        ListOperation::Push { end, values, truncate_to, .. } => {
            let kept = truncate_to.map_or(usize::MAX, |to| to.get() as usize);
            match end {
                End::Front => {
                    held.splice(0..0, values.iter().cloned());
                    held.truncate(kept);
                }
                End::Back => {
                    held.extend(values.iter().cloned());
                    held.drain(..held.len().saturating_sub(kept));
                }
            }
        }
        ListOperation::Retain { slice, .. } => {
            let at = within(slice, held.len());
            *held = at.into_iter().map(|at| held[at].clone()).collect();
        }
        ListOperation::Remove { value } => held.retain(|held| held != value),
        ListOperation::Erase { ranges } => {
            let mut at = 0;
            held.retain(|_| {
                let erased = |range: &ListRange| {
                    (u64::from(range.begin)..u64::from(range.begin) + u64::from(range.count))
                        .contains(&at)
                };
                let kept = !ranges.iter().any(erased);
                at += 1;
                kept
            });
        }
        ListOperation::EraseAll => held.clear(),
        ListOperation::Length => {}
    }
    length(held.len())
}

/// What comes in no order, or by chance, is left to [`check_members`].
fn on_set(operation: &SetOperation, held: &mut BTreeSet<Element>) -> Outcome {
    match operation {
        SetOperation::Fetch | SetOperation::Sample { .. } | SetOperation::Pop { .. } => {
            return Outcome::Values(held.iter().cloned().collect());
        }
        SetOperation::Contains { members } => {
            return Outcome::Contains(members.iter().map(|it| held.contains(it)).collect());
        }
        SetOperation::Union { members, .. } => held.extend(members.iter().cloned()),
        SetOperation::Subtract { members } => held.retain(|it| !members.contains(it)),
        SetOperation::SubtractFrom { members } => {
            let left = members.iter().filter(|it| !held.contains(*it));
            *held = left.cloned().collect();
        }
        SetOperation::DeleteAll => held.clear(),
        SetOperation::Length => {}
    }
    length(held.len())
}

fn on_sorted_set(operation: &SortedSetOperation, held: &mut BTreeMap<Element, f64>) -> Expected {
    let sorted = |order: &Order| {
        let scored =
            |(member, score): (&Element, &f64)| Scored { member: member.clone(), score: *score };
        let mut all: Vec<Scored> = held.iter().map(scored).collect();
        all.sort_by(|one, other| {
            one.score
                .partial_cmp(&other.score)
                .expect("no score is NaN")
                .then_with(|| one.member.cmp(&other.member))
        });
        if *order == Order::Descending {
            all.reverse();
        }
        all
    };
    let lies = |score: f64, scores: &ScoreRange| {
        (match scores.min {
            ScoreBound::Open => true,
            ScoreBound::Inclusive(min) => score >= min,
            ScoreBound::Exclusive(min) => score > min,
        }) && (match scores.max {
            ScoreBound::Open => true,
            ScoreBound::Inclusive(max) => score <= max,
            ScoreBound::Exclusive(max) => score < max,
        })
    };
    match operation {
        SortedSetOperation::FetchByIndex { order, slice } => {
            let all = sorted(order);
            let at = within(slice, all.len());
            return Ok(Outcome::Elements(at.into_iter().map(|at| all[at].clone()).collect()));
        }
        SortedSetOperation::FetchByScore { order, scores, offset, count } => {
            let count = count.map_or(usize::MAX, |count| usize::try_from(count).expect("small"));
            let offset = usize::try_from(*offset).expect("small");
            let all = sorted(order).into_iter().filter(|it| lies(it.score, scores));
            return Ok(Outcome::Elements(all.skip(offset).take(count).collect()));
        }
        SortedSetOperation::GetScores { members } => {
            let score = |member| held.get(member).copied();
            return Ok(Outcome::Scores(members.iter().map(score).collect()));
        }
        SortedSetOperation::Rank { member, order } => {
            let rank = sorted(order).iter().position(|it| it.member == *member);
            return Ok(Outcome::Rank(rank.map(|rank| rank as u64)));
        }
        SortedSetOperation::Increment { member, by, .. } => {
            let score = held.get(member).copied().unwrap_or(0.0) + by;
            if score.is_nan() {
                return Err(CacheError::NotANumber);
            }
            held.insert(member.clone(), score + 0.0);
            return Ok(Outcome::Score(score));
        }
        SortedSetOperation::LengthByScore { scores } => {
            return Ok(length(held.values().filter(|score| lies(**score, scores)).count()));
        }
        SortedSetOperation::Put { elements, .. } => {
            held.extend(elements.iter().map(|it| (it.member.clone(), it.score + 0.0)));
        }
        SortedSetOperation::Remove { members } => held.retain(|it, _| !members.contains(it)),
        SortedSetOperation::RemoveAll => held.clear(),
        SortedSetOperation::Length => {}
    }
    Ok(length(held.len()))
}

/// What is numbered by the cache is zero.
fn without_cas(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Scalar(scalar) => {
            assert_ne!(scalar.cas, 0);
            Outcome::Scalar(Scalar { cas: 0, ..scalar })
        }
        Outcome::Stored { cas } => {
            assert_ne!(cas, 0);
            Outcome::Stored { cas: 0 }
        }
        Outcome::Count { number, cas } => {
            assert_ne!(cas, 0);
            Outcome::Count { number, cas: 0 }
        }
        other => other,
    }
}

/// The operation with the number that the item has in this cache. `None`: it cannot be known,
/// since the item is no scalar.
fn with_cas(
    cache: &dyn CacheBackend,
    key: &'static str,
    operation: &Operation,
) -> Option<Operation> {
    let mut operation = operation.clone();
    let cas = match &mut operation {
        Operation::Put(Put { condition: Condition::Cas(cas), .. })
        | Operation::Delete { cas: Some(cas) }
        | Operation::Count(Count { cas: Some(cas), .. })
        | Operation::Extend { cas: Some(cas), .. }
            if *cas == CAS_NOW =>
        {
            cas
        }
        _ => return Some(operation),
    };
    match apply(cache, key.as_bytes(), Operation::Get) {
        Ok(Outcome::Scalar(scalar)) => *cas = scalar.cas,
        Ok(Outcome::Missing) => {}
        _ => return None,
    }
    Some(operation)
}

/// Members that were fetched or chosen; what was popped is taken out of the model.
fn check_members(
    model: &mut Model,
    key: &'static str,
    operation: &SetOperation,
    found: &[Element],
) {
    let Some((Held::Set(held), end)) = model.entries.get(key).cloned() else {
        panic!("there is no set");
    };
    let count = match operation {
        SetOperation::Sample { limit: count } | SetOperation::Pop { count } => *count,
        _ => u64::MAX,
    };
    let chosen: BTreeSet<Element> = found.iter().cloned().collect();
    assert_eq!(chosen.len(), found.len(), "each is chosen once");
    assert!(chosen.is_subset(&held));
    assert_eq!(found.len() as u64, count.min(held.len() as u64));
    if let SetOperation::Pop { .. } = operation {
        model.set(key, Held::Set(&held - &chosen), Some(end));
    }
}

fn check(cache: &dyn CacheBackend, clock: &Clock, model: &mut Model, step: &Step) {
    model.now = clock.elapsed();
    let now = model.now;
    model.entries.retain(|_, (_, end)| end.is_none_or(|end| now < end));
    match step {
        Step::Apply(key, operation) => {
            let Some(wanted) = with_cas(cache, key, operation) else { return };
            let before = model.entries.get(key).cloned();
            let expected = model.apply(key, operation);
            let found = apply(cache, key.as_bytes(), wanted).map(without_cas);
            match (operation, found) {
                (
                    Operation::Collection(CollectionOperation::Set(operation)),
                    Ok(Outcome::Values(mut found)),
                ) => {
                    // Members of a set come in no order.
                    found.sort();
                    check_members(model, key, operation, &found);
                }
                (_, found) => assert_eq!(found, expected, "{operation:?} on {before:?}"),
            }
        }
        Step::Unite(key, union) => {
            let found = settle(cache.sorted_set_union(
                key.as_bytes(),
                union.clone(),
                WriteLimits::default(),
            ));
            assert_eq!(found, model.unite(key, union), "{union:?}");
        }
        Step::Advance(by) => clock.advance(*by),
        Step::Sweep => drop(cache.sweep(4)),
        Step::Remove(key) => {
            let removed = settle(cache.remove(key.as_bytes()));
            assert_eq!(removed, Ok(model.entries.remove(key).is_some()));
        }
    }
    assert!(cache.stats().entries >= model.entries.len() as u64);
}

pub(crate) fn agrees_with_plain_collections(make: Make) {
    let mut runner = TestRunner::new(Config { cases: 500, ..Config::default() });
    let outcome = runner.run(&vec(step(), 1..80), |steps| {
        let (cache, clock) = fresh(make);
        let mut model = Model::default();
        for step in &steps {
            check(&*cache, &clock, &mut model, step);
        }
        for key in KEYS {
            apply(&*cache, key.as_bytes(), Operation::Delete { cas: None }).expect("it is removed");
        }
        assert_eq!((cache.stats().entries, cache.stats().bytes), (0, 0));
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}
