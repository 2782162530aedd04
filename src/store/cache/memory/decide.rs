//! What an operation makes of the item that is there: a pure function, so that it happens whole
//! or not at all. Times are nanoseconds of [`crate::clock::Clock::elapsed`].

use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};

use super::body::{NEVER_NS, Value};
use super::shard::{Slot, Write};
use crate::store::cache::collection;
use crate::store::cache::operation::{
    Access, CollectionOperation, CollectionTtl, Condition, Count, CountStep, End, Lifetime,
    Operation, Outcome, Put, Scalar, TtlOperation, ValueHash, WriteLimits, integer,
};
use crate::store::cache::{CacheError, Item, ItemKind};

/// The live item under the key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Current<'a> {
    pub(super) value: Value<'a>,
    flags: u32,
    cas: u64,
    expires_ns: u64,
}

impl<'a> Current<'a> {
    pub(super) fn of(value: Value<'a>, slot: &Slot, expires_ns: u64) -> Self {
        Self { value, flags: slot.flags, cas: slot.cas, expires_ns }
    }

    /// To look at once the lock is gone.
    pub(super) fn to_seen(self) -> Seen {
        let Self { value, flags, cas, expires_ns } = self;
        Seen { item: value.to_item(), flags, cas, expires_ns }
    }

    fn scalar(&self) -> Result<Bytes, CacheError> {
        self.value.as_bytes().ok_or(CacheError::WrongType { found: self.value.kind() })
    }

    fn remaining(&self, moment: Moment) -> Option<Duration> {
        let left_ns = || Duration::from_nanos(self.expires_ns.saturating_sub(moment.now_ns));
        (self.expires_ns != NEVER_NS).then(left_ns)
    }

    fn has_cas(&self, wanted: Option<u64>) -> bool {
        wanted.is_none_or(|wanted| wanted == self.cas)
    }
}

/// A [`Current`] that outlives the lock under which it was seen.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    item: Item,
    flags: u32,
    cas: u64,
    expires_ns: u64,
}

impl Seen {
    pub(super) fn as_current(&self) -> Current<'_> {
        let Self { item, flags, cas, expires_ns } = self;
        Current { value: Value::Item(item), flags: *flags, cas: *cas, expires_ns: *expires_ns }
    }

    /// Whether neither the item nor its expiry is another since then.
    pub(super) fn is_still(&self, current: Current<'_>) -> bool {
        self.cas == current.cas && self.expires_ns == current.expires_ns
    }
}

/// When an operation happens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) now_ns: u64,
    /// What a write would be numbered with.
    pub(super) cas_next: u64,
}

impl Moment {
    /// When something ends that begins now. `None`: it is over at once.
    fn end_ns(self, lifetime: Lifetime, limits: &WriteLimits) -> Option<u64> {
        match lifetime {
            None => Some(NEVER_NS),
            Some(Duration::ZERO) => None,
            Some(lifetime) => {
                let ns = lifetime.min(limits.ttl_max).as_nanos();
                let ns = u64::try_from(ns).unwrap_or(NEVER_NS);
                Some(self.now_ns.saturating_add(ns).min(NEVER_NS - 1))
            }
        }
    }
}

/// What becomes of an item.
#[derive(Debug)]
pub(super) enum Effect {
    Keep,
    Write(Write),
    /// It expires then.
    Retime(u64),
    Remove,
}

type Decision = Result<(Effect, Outcome), CacheError>;

/// What `operation` does to `current` and what the caller hears once that is done. An error
/// does nothing.
pub(super) fn decide(
    operation: &Operation,
    current: Option<Current<'_>>,
    limits: &WriteLimits,
    moment: Moment,
) -> Decision {
    match operation {
        Operation::Get => get(current, None, limits, moment),
        Operation::GetAndTouch(lifetime) => get(current, Some(*lifetime), limits, moment),
        Operation::Put(wanted) => put(wanted, current, limits, moment),
        Operation::Delete { cas } => Ok(match current {
            None => (Effect::Keep, Outcome::Missing),
            Some(current) if current.has_cas(*cas) => (Effect::Remove, Outcome::Done),
            Some(_) => (Effect::Keep, Outcome::NotStored { present: true }),
        }),
        Operation::Increment { by, lifetime } => {
            let before = match current {
                None => 0,
                Some(current) => integer(&current.scalar()?)?,
            };
            let sum = before.checked_add(*by).ok_or(CacheError::Overflow)?;
            let item = Item::Bytes(Bytes::from(sum.to_string()));
            let flags = current.map_or(0, |current| current.flags);
            let effect = write(item, flags, moment.end_ns(*lifetime, limits));
            Ok((effect, Outcome::Number(sum)))
        }
        Operation::Count(wanted) => count(wanted, current, limits, moment),
        Operation::Extend { end, bytes, cas } => extend(*end, bytes, *cas, current, moment),
        Operation::Ttl(wanted) => Ok(match current {
            None => (Effect::Keep, Outcome::Missing),
            Some(current) => ttl(*wanted, current, limits, moment),
        }),
        Operation::Kind => Ok((
            Effect::Keep,
            current.map_or(Outcome::Missing, |current| Outcome::Kind(current.value.kind())),
        )),
        Operation::Collection(operation) => on_collection(operation, current, limits, moment),
    }
}

fn on_collection(
    operation: &CollectionOperation,
    current: Option<Current<'_>>,
    limits: &WriteLimits,
    moment: Moment,
) -> Decision {
    let before = match current {
        None => None,
        Some(Current { value, .. }) => {
            let found = value.kind();
            Some(value.collection().ok_or(CacheError::WrongType { found })?)
        }
    };
    let ttl = match (operation.access(), before) {
        (Access::Read | Access::Take(_), None) => return Ok((Effect::Keep, Outcome::Missing)),
        (Access::Read, Some(_)) => None,
        (Access::Take(ttl), Some(_)) => ttl,
        (Access::Add(ttl), _) => Some(ttl),
    };
    let (after, outcome) = collection::apply(operation, before)?;
    if operation.access() == Access::Read {
        return Ok((Effect::Keep, outcome));
    }
    if after.is_empty() {
        return Ok((Effect::Remove, outcome));
    }
    let end_ns = match (current, ttl) {
        (Some(current), None | Some(CollectionTtl { refresh: false, .. })) => {
            Some(current.expires_ns)
        }
        (_, Some(ttl)) => moment.end_ns(ttl.lifetime, limits),
        (None, None) => None,
    };
    Ok((write(Item::Collection(Arc::new(after)), 0, end_ns), outcome))
}

fn get(
    current: Option<Current<'_>>,
    touch: Option<Lifetime>,
    limits: &WriteLimits,
    moment: Moment,
) -> Decision {
    let Some(current) = current else { return Ok((Effect::Keep, Outcome::Missing)) };
    let mut remaining = current.remaining(moment);
    if current.value.kind() != ItemKind::Scalar {
        return Err(CacheError::WrongType { found: current.value.kind() });
    }
    let mut effect = Effect::Keep;
    if let Some(lifetime) = touch {
        effect = retime(moment.end_ns(lifetime, limits));
        remaining = lifetime.map(|lifetime| lifetime.min(limits.ttl_max));
    }
    let (item, flags, cas) = (current.value.to_item(), current.flags, current.cas);
    Ok((effect, Outcome::Scalar(Scalar { item, flags, cas, remaining })))
}

fn put(
    wanted: &Put,
    current: Option<Current<'_>>,
    limits: &WriteLimits,
    moment: Moment,
) -> Decision {
    if !holds(&wanted.condition, current)? {
        return Ok((Effect::Keep, Outcome::NotStored { present: current.is_some() }));
    }
    let end_ns = moment.end_ns(wanted.lifetime, limits);
    let effect = write(wanted.item.clone(), wanted.flags, end_ns);
    Ok((effect, Outcome::Stored { cas: moment.cas_next }))
}

fn holds(condition: &Condition, current: Option<Current<'_>>) -> Result<bool, CacheError> {
    let equal = |wanted: &Bytes| match current {
        None => Ok(None),
        Some(current) => current.scalar().map(|value| Some(value == *wanted)),
    };
    let hash_equal = |wanted: &ValueHash| match current {
        None => Ok(None),
        Some(current) => current.scalar().map(|value| Some(ValueHash::of(&value) == *wanted)),
    };
    Ok(match condition {
        Condition::Always => true,
        Condition::Present => current.is_some(),
        Condition::Absent => current.is_none(),
        Condition::Equal(wanted) => equal(wanted)? == Some(true),
        Condition::NotEqual(wanted) => equal(wanted)? != Some(true),
        Condition::PresentAndNotEqual(wanted) => equal(wanted)? == Some(false),
        Condition::AbsentOrEqual(wanted) => equal(wanted)? != Some(false),
        Condition::HashEqual(wanted) => hash_equal(wanted)? == Some(true),
        Condition::PresentAndNotHashEqual(wanted) => hash_equal(wanted)? == Some(false),
        Condition::AbsentOrHashEqual(wanted) => hash_equal(wanted)? != Some(false),
        Condition::AbsentOrNotHashEqual(wanted) => hash_equal(wanted)? != Some(true),
        Condition::Cas(wanted) => current.is_some_and(|current| current.cas == *wanted),
    })
}

fn count(
    wanted: &Count,
    current: Option<Current<'_>>,
    limits: &WriteLimits,
    moment: Moment,
) -> Decision {
    let cas = moment.cas_next;
    let Some(current) = current else {
        let Some((number, lifetime)) = wanted.initial else {
            return Ok((Effect::Keep, Outcome::Missing));
        };
        let item = Item::Bytes(Bytes::from(number.to_string()));
        let effect = write(item, 0, moment.end_ns(lifetime, limits));
        return Ok((effect, Outcome::Count { number, cas }));
    };
    let value = current.scalar()?;
    if !current.has_cas(wanted.cas) {
        return Ok((Effect::Keep, Outcome::NotStored { present: true }));
    }
    // What a decrement left behind a shorter number is no part of it.
    let digits = value.trim_ascii_end();
    let before: u64 = unsigned(digits).ok_or(CacheError::NotAnInteger)?;
    let number = match wanted.step {
        CountStep::Up(by) => before.wrapping_add(by),
        CountStep::Down(by) => before.saturating_sub(by),
    };
    let mut text = number.to_string();
    if let CountStep::Down(_) = wanted.step {
        while text.len() < value.len() {
            text.push(' ');
        }
    }
    let end_ns = match wanted.touch {
        None => Some(current.expires_ns),
        Some(lifetime) => moment.end_ns(lifetime, limits),
    };
    let effect = write(Item::Bytes(Bytes::from(text)), current.flags, end_ns);
    Ok((effect, Outcome::Count { number, cas }))
}

fn extend(
    end: End,
    bytes: &Bytes,
    cas: Option<u64>,
    current: Option<Current<'_>>,
    moment: Moment,
) -> Decision {
    let Some(current) = current else {
        return Ok((Effect::Keep, Outcome::NotStored { present: false }));
    };
    let value = current.scalar()?;
    if !current.has_cas(cas) {
        return Ok((Effect::Keep, Outcome::NotStored { present: true }));
    }
    let mut whole = BytesMut::with_capacity(value.len().saturating_add(bytes.len()));
    let (first, second) = match end {
        End::Front => (bytes, &value),
        End::Back => (&value, bytes),
    };
    whole.put_slice(first);
    whole.put_slice(second);
    let effect = write(Item::Bytes(whole.freeze()), current.flags, Some(current.expires_ns));
    Ok((effect, Outcome::Stored { cas: moment.cas_next }))
}

fn ttl(
    wanted: TtlOperation,
    current: Current<'_>,
    limits: &WriteLimits,
    moment: Moment,
) -> (Effect, Outcome) {
    let not_set = (Effect::Keep, Outcome::NotSet);
    let end_ns = |lifetime| moment.end_ns(lifetime, limits);
    // What is over at once ends before anything that lives.
    let set = |end_ns| (retime(end_ns), Outcome::Done);
    match wanted {
        TtlOperation::Remaining => (Effect::Keep, Outcome::Remaining(current.remaining(moment))),
        TtlOperation::Overwrite(lifetime) => set(end_ns(lifetime)),
        TtlOperation::Increase(lifetime) => match end_ns(lifetime) {
            Some(end_ns) if end_ns > current.expires_ns => set(Some(end_ns)),
            _ => not_set,
        },
        TtlOperation::Decrease(lifetime) => match end_ns(lifetime) {
            Some(end_ns) if end_ns >= current.expires_ns => not_set,
            end_ns => set(end_ns),
        },
    }
}

fn write(item: Item, flags: u32, end_ns: Option<u64>) -> Effect {
    match end_ns {
        None => Effect::Remove,
        Some(expires_ns) => Effect::Write(Write { item, flags, expires_ns }),
    }
}

fn retime(end_ns: Option<u64>) -> Effect {
    end_ns.map_or(Effect::Remove, Effect::Retime)
}

fn unsigned(text: &[u8]) -> Option<u64> {
    let is_digits = text.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(text).ok().filter(|_| is_digits)?.parse().ok()
}
