//! One shard of a cache in memory: an index of bodies, a dense slot for each, two queues for
//! eviction, a wheel for expiry, and fingerprints of what is gone.
//!
//! Source of the eviction: Yang et al., "FIFO queues are all you need for cache eviction"
//! (S3-FIFO, SOSP 2023). A hit sets a counter in its body, moves nothing, and sees no slot.
//! Times are nanoseconds of [`crate::clock::Clock::elapsed`], sizes bytes.

use std::sync::Arc;

use super::body::{Body, Hit, NEVER_NS, Value, size_bytes};
use super::budget::{Budget, Needed};
use super::decide::Current;
use super::ghosts::{Ghosts, Gone};
use super::index::Index;
use super::list::{CHAINS, Links, List, QUEUE};
use super::slots::{Chunks, SLOTS_KEPT, Slots};
use super::wheel::{UNFILED, Wheel};
use crate::clock::Clock;
use crate::store::cache::{Item, MissReason, Stats};

/// What an entry takes beside its key and value: the slot, its place in the index, its
/// fingerprint once it is gone, and the header and rounding of their allocation.
pub const ENTRY_OVERHEAD_BYTES: usize = 112;

/// New entries may hold one part in so many of a shard's bytes before one of them has to go;
/// a twentieth, and seven uses, gave the best hit ratio on requests by Zipf's law.
const YOUNG_SHARE: usize = 20;
/// Hits that move an entry from the young to the old, when its turn to be evicted comes.
const USES_PROMOTED: u64 = 1;
/// Entries that one eviction looks at before it takes the next whatever its uses, so that a
/// writer waits for a bounded time.
const EVICTION_STEPS_MAX: usize = 128;
/// Expired entries that a writer in need of room frees first.
const EXPIRED_FREED_MAX: usize = 16;

/// What is kept of an entry beside its body.
#[derive(Debug)]
pub(super) struct Slot {
    hash: u64,
    pub(super) cas: u64,
    pub(super) links: [Links; CHAINS],
    pub(super) flags: u32,
    pub(super) bucket: u16,
    age: Age,
}

impl Slot {
    fn new(hash: u64, age: Age) -> Self {
        let links = [Links::UNLINKED; CHAINS];
        Self { hash, cas: 0, links, flags: 0, bucket: UNFILED, age }
    }
}

#[derive(Debug)]
struct Other {
    /// Its slot.
    at: u32,
    item: Item,
}

/// What an entry counts as against the budget.
pub(super) fn weight_bytes(key: &[u8], item: &Item) -> usize {
    size_bytes(key, item).saturating_add(ENTRY_OVERHEAD_BYTES)
}

/// The queue that a slot stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Age {
    Young,
    Old,
}

#[derive(Debug)]
struct Queue {
    list: List<QUEUE>,
    bytes: usize,
}

impl Queue {
    const EMPTY: Self = Self { list: List::EMPTY, bytes: 0 };
}

/// Where a write may go: its room is reserved.
pub(super) enum Room {
    New,
    Over(u32),
}

/// What is stored.
#[derive(Debug)]
pub(super) struct Write {
    pub(super) item: Item,
    pub(super) flags: u32,
    pub(super) expires_ns: u64,
}

#[derive(Debug)]
pub(super) struct Shard {
    budget: Arc<Budget>,
    /// The bodies of `slots`.
    index: Index,
    /// Dense: the last one moves into the place of one that goes.
    slots: Slots,
    /// What is no small scalar, by the number that its body has; dense as well.
    others: Chunks<Other>,
    young: Queue,
    old: Queue,
    wheel: Wheel,
    ghosts: Ghosts,
    /// What happened here; the gauges are the budget's.
    counters: Stats,
    /// The next change of an item gets this number, which no other of this shard has.
    cas_next: u64,
    /// Collections that are stored no longer: to free one may take long, and is done once the
    /// lock is gone.
    gone: Vec<Item>,
}

impl Shard {
    pub(super) fn new(budget: Arc<Budget>, now_ns: u64) -> Self {
        Self {
            budget,
            index: Index::default(),
            slots: Slots::default(),
            others: Chunks::default(),
            young: Queue::EMPTY,
            old: Queue::EMPTY,
            wheel: Wheel::new(now_ns),
            ghosts: Ghosts::default(),
            counters: Stats::default(),
            cas_next: 1,
            gone: Vec::new(),
        }
    }

    pub(super) fn counters(&self) -> Stats {
        self.counters
    }

    /// The item and its `expires_ns`, which the caller checks once the lock is gone: reading
    /// the clock may take longer than all of this. What has expired already is to be asked for
    /// again by [`Shard::get_after_expiry`].
    pub(super) fn get(&mut self, hash: u64, key: &[u8]) -> Result<(Hit, u64), MissReason> {
        let Some((_, body)) = self.index.find(hash, key) else { return Err(self.miss(hash)) };
        self.counters.hits += 1;
        body.count_use();
        Ok((self.value(body).share(), body.expires_ns()))
    }

    /// Takes back the hit that had expired by `now_ns`, frees its entry, and looks again:
    /// another writer may have been here in between.
    pub(super) fn get_after_expiry(
        &mut self,
        hash: u64,
        key: &[u8],
        now_ns: u64,
    ) -> Result<(Hit, u64), MissReason> {
        self.counters.hits -= 1;
        self.live(hash, key, now_ns);
        self.get(hash, key)
    }

    /// Reserves the room to store `weight_bytes` under `key`, which [`Shard::live`] has just
    /// found in slot `found` or nowhere, evicting what this shard can spare for it. `None` where
    /// that is not enough.
    pub(super) fn make_room(
        &mut self,
        hash: u64,
        key: &[u8],
        found: Option<u32>,
        weight_bytes: usize,
        now_ns: u64,
    ) -> Option<Room> {
        let (mut old, mut expired_freed) = (found, false);
        loop {
            let needed = self.needed(old, weight_bytes);
            let reserved = match old {
                None => self.budget.reserve_entry(needed.bytes),
                Some(_) => self.budget.reserve_bytes(needed.bytes),
            };
            if reserved {
                return Some(old.map_or(Room::New, Room::Over));
            }
            if !expired_freed {
                expired_freed = true;
                self.sweep(EXPIRED_FREED_MAX, now_ns);
            } else if !self.evict(old) {
                return None;
            }
            if old.is_some() {
                // Its slot may have moved.
                old = self.find(hash, key);
            }
        }
    }

    /// What an entry of `weight_bytes` takes in the place of slot `old`, or as a new one.
    pub(super) fn needed(&self, old: Option<u32>, weight_bytes: usize) -> Needed {
        match old {
            None => Needed { bytes: weight_bytes, entries: 1 },
            Some(at) => {
                Needed { bytes: weight_bytes.saturating_sub(self.weight_bytes(at)), entries: 0 }
            }
        }
    }

    /// Stores into the room that [`Shard::make_room`] has just reserved.
    pub(super) fn write(&mut self, room: Room, hash: u64, key: &[u8], write: Write) {
        let at = match room {
            Room::New => self.insert(hash, key, write.item, write.expires_ns),
            Room::Over(at) => {
                self.replace(at, write.item);
                self.retime(at, write.expires_ns);
                at
            }
        };
        let slot = &mut self.slots[at];
        slot.flags = write.flags;
        slot.cas = self.cas_next;
        self.cas_next += 1;
        self.counters.stores += 1;
    }

    /// The live entry under `key`; one that has expired is freed.
    pub(super) fn live(&mut self, hash: u64, key: &[u8], now_ns: u64) -> Option<u32> {
        let (at, body) = self.index.find(hash, key)?;
        if body.has_expired(now_ns) {
            self.bury(at, Gone::Expired);
            return None;
        }
        Some(at)
    }

    pub(super) fn current(&self, at: u32) -> Option<Current<'_>> {
        let body = self.body(at)?;
        Some(Current::of(self.value(body), &self.slots[at], body.expires_ns()))
    }

    /// What the next [`Shard::write`] numbers its change with.
    pub(super) fn cas_next(&self) -> u64 {
        self.cas_next
    }

    /// What is to be freed once the lock is gone.
    pub(super) fn take_gone(&mut self) -> Vec<Item> {
        std::mem::take(&mut self.gone)
    }

    /// Counts what [`Shard::live`] found as a lookup.
    pub(super) fn count_lookup(&mut self, found: Option<u32>, hash: u64) {
        let Some(at) = found else {
            self.miss(hash);
            return;
        };
        self.counters.hits += 1;
        self.count_use(at);
    }

    /// An entry in use is kept from eviction.
    pub(super) fn count_use(&mut self, at: u32) {
        if let Some(body) = self.body(at) {
            body.count_use();
        }
    }

    /// The entry lives until `expires_ns` from now on.
    pub(super) fn retime(&mut self, at: u32, expires_ns: u64) {
        let Some(body) = self.body(at) else { return };
        let expired_before_ns = body.expires_ns();
        body.set_expires_ns(expires_ns);
        // An entry that now lives longer stays where it is filed; the wheel files it again
        // when it comes to it.
        let filed_in_time = self.slots[at].bucket != UNFILED && expired_before_ns <= expires_ns;
        if expires_ns >= NEVER_NS {
            self.wheel.unfile(&mut self.slots, at);
        } else if !filed_in_time {
            self.wheel.unfile(&mut self.slots, at);
            self.wheel.file(&mut self.slots, at, expires_ns);
        }
    }

    /// Looks at up to `steps` keys, from below slot `from` downward, and says where it stopped.
    /// `None`: that was the last. An entry that is there all the while is looked at: the last
    /// slot's moves into a place that comes free, and the last slot is looked at first.
    pub(super) fn scan(
        &self,
        from: u32,
        steps: usize,
        now_ns: u64,
        mut found: impl FnMut(&[u8]),
    ) -> Option<u32> {
        let from = from.min(self.len());
        let to = from.saturating_sub(u32::try_from(steps).unwrap_or(u32::MAX));
        let scanned = (to..from).rev().filter_map(|at| self.body(at));
        let live = scanned.filter(|body| !body.has_expired(now_ns));
        live.for_each(|body| found(body.key()));
        (to > 0).then_some(to)
    }

    /// As [`Shard::scan`]; removes what `is_meant` and says how many were live, too.
    pub(super) fn purge(
        &mut self,
        from: u32,
        steps: usize,
        now_ns: u64,
        is_meant: impl Fn(&[u8]) -> bool,
    ) -> (usize, Option<u32>) {
        let from = from.min(self.len());
        let to = from.saturating_sub(u32::try_from(steps).unwrap_or(u32::MAX));
        let mut removed = 0;
        for at in (to..from).rev() {
            let is_meant = self.body(at).is_some_and(|body| is_meant(body.key()));
            removed += usize::from(is_meant && self.invalidate(at, now_ns));
        }
        (removed, (to > 0).then_some(to))
    }

    /// True where there was a live entry.
    pub(super) fn remove(&mut self, hash: u64, key: &[u8], now_ns: u64) -> bool {
        let Some(at) = self.find(hash, key) else { return false };
        self.invalidate(at, now_ns)
    }

    /// Evicts entries until the whole cache has room for as much as `needed`, up to `evictions`
    /// of them, and says how many.
    pub(super) fn spare(&mut self, needed: Needed, evictions: usize, now_ns: u64) -> usize {
        if !self.budget.has_room(needed) {
            self.sweep(EXPIRED_FREED_MAX, now_ns);
        }
        let mut evicted = 0;
        while evicted < evictions && !self.budget.has_room(needed) && self.evict(None) {
            evicted += 1;
        }
        evicted
    }

    /// Looks at up to `steps` entries that are due, frees those that have expired, and says
    /// how many of each.
    pub(super) fn sweep(&mut self, steps: usize, now_ns: u64) -> Swept {
        let mut swept = Swept::default();
        while swept.steps < steps {
            let Some(at) = self.wheel.due(&self.slots, now_ns) else { break };
            swept.steps += 1;
            let expires_ns = self.body(at).map_or(0, Body::expires_ns);
            if expires_ns <= now_ns {
                if !self.bury(at, Gone::Expired) {
                    break;
                }
                swept.freed += 1;
            } else {
                self.wheel.unfile(&mut self.slots, at);
                self.wheel.file(&mut self.slots, at, expires_ns);
            }
        }
        swept
    }

    fn find(&self, hash: u64, key: &[u8]) -> Option<u32> {
        self.index.find(hash, key).map(|(at, _)| at)
    }

    fn body(&self, at: u32) -> Option<&Body> {
        self.index.body(self.slots[at].hash, at)
    }

    fn value<'a>(&'a self, body: &'a Body) -> Value<'a> {
        match body.number() {
            None => Value::Small(body),
            Some(number) => Value::Item(&self.others[number].item),
        }
    }

    /// What slot `at` counts as against the budget.
    fn weight_bytes(&self, at: u32) -> usize {
        self.body(at).map_or(0, |body| self.weight_of(body))
    }

    fn weight_of(&self, body: &Body) -> usize {
        match self.value(body) {
            Value::Small(body) => body.size_bytes() + ENTRY_OVERHEAD_BYTES,
            Value::Item(item) => weight_bytes(body.key(), item),
        }
    }

    /// The number that the next slot gets; a cache's entries are fewer than `u32::MAX`.
    fn len(&self) -> u32 {
        u32::try_from(self.slots.len()).unwrap_or(u32::MAX)
    }

    fn miss(&mut self, hash: u64) -> MissReason {
        let (reason, counter) = match self.ghosts.recall(hash) {
            None => (MissReason::NeverStored, &mut self.counters.misses_never_stored),
            Some(Gone::Expired) => (MissReason::Expired, &mut self.counters.misses_expired),
            Some(Gone::Invalidated) => {
                (MissReason::Invalidated, &mut self.counters.misses_invalidated)
            }
            Some(Gone::EvictedYoung | Gone::EvictedOld) => {
                (MissReason::Evicted, &mut self.counters.misses_evicted)
            }
        };
        *counter += 1;
        reason
    }

    fn insert(&mut self, hash: u64, key: &[u8], item: Item, expires_ns: u64) -> u32 {
        // Who was evicted and is back already is worth keeping.
        let age = match self.ghosts.forget(hash) {
            Some(Gone::EvictedYoung | Gone::EvictedOld) => Age::Old,
            Some(Gone::Expired | Gone::Invalidated) | None => Age::Young,
        };
        let at = self.len();
        let body = self.pack(at, key, item);
        body.set_expires_ns(expires_ns);
        let weight_bytes = self.weight_of(&body);
        self.slots.push(Slot::new(hash, age));
        if self.slots.len().is_power_of_two() {
            self.ghosts.fit(self.slots.len() + 1);
        }
        let slots = &self.slots;
        self.index.insert(hash, at, body, |at| slots[at].hash);
        self.enqueue(at, age, weight_bytes);
        if expires_ns < NEVER_NS {
            self.wheel.file(&mut self.slots, at, expires_ns);
        }
        at
    }

    /// The body of slot `at`; what is no small scalar goes into the shard.
    fn pack(&mut self, at: u32, key: &[u8], item: Item) -> Body {
        Body::small(key, &item).unwrap_or_else(|| {
            let number = number_of(&self.others);
            self.others.push(Other { at, item });
            Body::other(key, number)
        })
    }

    fn replace(&mut self, at: u32, item: Item) {
        let hash = self.slots[at].hash;
        let Some(old) = self.index.body(hash, at).cloned() else { return };
        let held_bytes = self.weight_of(&old);
        self.unpack(&old);
        let new = self.pack(at, old.key(), item);
        new.set_expires_ns(old.expires_ns());
        new.set_uses(old.uses().max(1));
        let weight_bytes = self.weight_of(&new);
        self.index.replace(hash, at, new);
        let queue = self.queue(self.slots[at].age);
        queue.bytes = queue.bytes + weight_bytes - held_bytes;
        // What it grew by is reserved already.
        self.budget.release(held_bytes.saturating_sub(weight_bytes), 0);
    }

    /// Takes out what the body has the number of. The last of the others moves into its place,
    /// so that its body is told a new number.
    fn unpack(&mut self, body: &Body) {
        let Some(number) = body.number() else { return };
        let Other { item, .. } = self.others.swap_remove(number);
        self.gone.extend(Some(item).filter(|item| matches!(item, Item::Collection(_))));
        if number < number_of(&self.others) {
            let at = self.others[number].at;
            let hash = self.slots[at].hash;
            if let Some(body) = self.index.body(hash, at) {
                let moved = Body::other(body.key(), number);
                moved.set_expires_ns(body.expires_ns());
                moved.set_uses(body.uses());
                self.index.replace(hash, at, moved);
            }
        }
    }

    /// Evicts one entry other than `kept`. False where there is none.
    fn evict(&mut self, kept: Option<u32>) -> bool {
        for step in 0.. {
            let total_bytes = self.young.bytes + self.old.bytes;
            let ages = if self.old.list.is_empty() || self.young.bytes * YOUNG_SHARE > total_bytes {
                [Age::Young, Age::Old]
            } else {
                [Age::Old, Age::Young]
            };
            let next = |age| {
                let at = self.queue_of(age).list.back_but(&self.slots, kept)?;
                Some((age, at))
            };
            let Some((age, at)) = ages.into_iter().find_map(next) else { break };
            let Some(body) = self.body(at) else { break };
            let uses = body.uses();
            let left = match age {
                Age::Young => (uses >= USES_PROMOTED).then_some(0),
                Age::Old => uses.checked_sub(1),
            };
            if let Some(left) = left
                && step < EVICTION_STEPS_MAX
            {
                body.set_uses(left);
                let weight_bytes = self.weight_of(body);
                self.dequeue(at, weight_bytes);
                self.enqueue(at, Age::Old, weight_bytes);
                continue;
            }
            let gone = match age {
                Age::Young => Gone::EvictedYoung,
                Age::Old => Gone::EvictedOld,
            };
            let is_gone = self.bury(at, gone);
            self.counters.evictions += u64::from(is_gone);
            return is_gone;
        }
        false
    }

    /// True where the entry was live.
    fn invalidate(&mut self, at: u32, now_ns: u64) -> bool {
        let live = self.body(at).is_some_and(|body| !body.has_expired(now_ns));
        self.bury(at, if live { Gone::Invalidated } else { Gone::Expired });
        live
    }

    /// Frees slot `at`, remembers why, and gives its room back. True, unless the slot has no
    /// body, which no slot is without.
    fn bury(&mut self, at: u32, gone: Gone) -> bool {
        let (slots, hash) = (&self.slots, self.slots[at].hash);
        let Some(body) = self.index.remove(hash, at, |at| slots[at].hash) else {
            return false;
        };
        let weight_bytes = self.weight_of(&body);
        self.unpack(&body);
        self.dequeue(at, weight_bytes);
        self.wheel.unfile(&mut self.slots, at);
        self.take(at);
        self.ghosts.remember(hash, gone, self.slots.len());
        self.budget.release(weight_bytes, 1);
        true
    }

    /// Takes out slot `at`, which is in none of the lists any more; the last one moves into its
    /// place.
    fn take(&mut self, at: u32) {
        let last = self.len() - 1;
        if at != last {
            let Slot { hash, age, .. } = self.slots[last];
            let other = self.index.renumber(hash, last, at).and_then(Body::number);
            if let Some(number) = other {
                self.others[number].at = at;
            }
            let queue = match age {
                Age::Young => &mut self.young,
                Age::Old => &mut self.old,
            };
            queue.list.renumber(&mut self.slots, last, at);
            self.wheel.renumber(&mut self.slots, last, at);
        }
        self.slots.swap_remove(at);
        self.give_memory_back();
    }

    /// Halves what is reserved once three quarters of it are unused.
    fn give_memory_back(&mut self) {
        let (held, capacity) = (self.slots.len(), self.slots.capacity());
        if held == 0 {
            self.wheel.shrink();
            self.others = Chunks::default();
        }
        if capacity <= SLOTS_KEPT || held > capacity / 4 {
            return;
        }
        let kept = (held * 2).max(SLOTS_KEPT);
        self.slots.shrink_to(kept);
        self.index.shrink();
        self.others.shrink_to(self.others.len());
        self.ghosts.fit(kept);
    }

    fn enqueue(&mut self, at: u32, age: Age, weight_bytes: usize) {
        self.slots[at].age = age;
        let queue = match age {
            Age::Young => &mut self.young,
            Age::Old => &mut self.old,
        };
        queue.bytes += weight_bytes;
        queue.list.push_front(&mut self.slots, at);
    }

    fn dequeue(&mut self, at: u32, weight_bytes: usize) {
        let queue = match self.slots[at].age {
            Age::Young => &mut self.young,
            Age::Old => &mut self.old,
        };
        queue.bytes -= weight_bytes;
        queue.list.unlink(&mut self.slots, at);
    }

    fn queue(&mut self, age: Age) -> &mut Queue {
        match age {
            Age::Young => &mut self.young,
            Age::Old => &mut self.old,
        }
    }

    fn queue_of(&self, age: Age) -> &Queue {
        match age {
            Age::Young => &self.young,
            Age::Old => &self.old,
        }
    }
}

/// The number that the next of the others gets; they are fewer than the slots.
fn number_of(others: &Chunks<Other>) -> u32 {
    u32::try_from(others.len()).unwrap_or(u32::MAX)
}

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Swept {
    /// Entries looked at.
    pub(super) steps: usize,
    /// Entries freed, among those looked at.
    pub(super) freed: usize,
}

/// The clock's monotonic reading; it lasts for 9 years.
pub(super) fn now_ns(clock: &Clock) -> u64 {
    u64::try_from(clock.elapsed().as_nanos()).unwrap_or(NEVER_NS).min(NEVER_NS - 1)
}

#[cfg(test)]
impl Slot {
    pub(super) fn of(cas: u64) -> Self {
        Self { cas, ..Self::new(0, Age::Young) }
    }
}

#[cfg(test)]
impl Shard {
    /// Checks every link against every other; the entries and bytes that it holds.
    #[track_caller]
    pub(super) fn assert_sound(&self) -> (usize, usize) {
        let mut seen = 0;
        for (queue, age) in [(&self.young, Age::Young), (&self.old, Age::Old)] {
            let listed = queue.list.members(&self.slots);
            assert!(listed.iter().all(|at| self.slots[*at].age == age));
            assert_eq!(queue.bytes, listed.iter().map(|at| self.weight_bytes(*at)).sum::<usize>());
            seen += listed.len();
        }
        let indexed = self.index.assert_sound(|at| self.slots[at].hash);
        assert_eq!((seen, indexed), (self.slots.len(), self.slots.len()));
        let mut others = 0;
        for at in 0..self.len() {
            let body = self.body(at).expect("each slot has a body");
            assert_eq!(self.find(self.slots[at].hash, body.key()), Some(at));
            if let Some(number) = body.number() {
                assert_eq!(self.others[number].at, at);
                others += 1;
            }
        }
        assert_eq!(self.others.len(), others);
        self.wheel.assert_sound(&self.slots, |at| self.body(at).map_or(0, Body::expires_ns));
        (self.slots.len(), self.young.bytes + self.old.bytes)
    }

    /// What its own tables take, keys and values apart.
    pub(super) fn held_bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Slot>()
            + self.index.held_bytes()
            + self.others.capacity() * size_of::<Other>()
            + self.ghosts.held_bytes()
            + self.wheel.held_bytes()
    }
}
