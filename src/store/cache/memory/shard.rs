//! One shard of a cache in memory: a table of slot numbers over dense slots, two queues for
//! eviction, a wheel for expiry, and fingerprints of what is gone.
//!
//! Source of the eviction: Yang et al., "FIFO queues are all you need for cache eviction"
//! (S3-FIFO, SOSP 2023). A hit sets a counter in its slot and moves nothing.
//! Times are nanoseconds of [`crate::clock::Clock::elapsed`], sizes bytes.

use std::sync::Arc;

use hashbrown::HashTable;

use super::body::{Body, size_bytes};
use super::budget::Budget;
use super::ghosts::{Ghosts, Gone};
use super::list::{CHAINS, Links, List, QUEUE};
use super::slots::{SLOTS_KEPT, Slots};
use super::wheel::{UNFILED, Wheel};
use crate::clock::Clock;
use crate::store::cache::{Item, MissReason, Stats};

/// What an entry takes beside its key and value: the slot, its place in the table, its
/// fingerprint once it is gone, and the header and rounding of their allocation.
pub const ENTRY_OVERHEAD_BYTES: usize = 112;

/// An `expires_ns` that never comes.
pub(super) const NEVER_NS: u64 = u64::MAX;

/// New entries may hold one part in so many of a shard's bytes before one of them has to go;
/// a twentieth, and seven uses, gave the best hit ratio on requests by Zipf's law.
const YOUNG_SHARE: usize = 20;
/// How many hits a slot counts; each saves it once from eviction.
const USES_MAX: u8 = 7;
/// Hits that move an entry from the young to the old, when its turn to be evicted comes.
const USES_PROMOTED: u8 = 1;
/// Entries that one eviction looks at before it takes the next whatever its uses, so that a
/// writer waits for a bounded time.
const EVICTION_STEPS_MAX: usize = 128;
/// Expired entries that a writer in need of room frees first.
const EXPIRED_FREED_MAX: usize = 16;

/// One entry, on a cache line of its own.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Slot {
    hash: u64,
    pub(super) expires_ns: u64,
    pub(super) body: Body,
    pub(super) cas: u64,
    pub(super) flags: u32,
    pub(super) links: [Links; CHAINS],
    pub(super) bucket: u16,
    age: Age,
    uses: u8,
}

impl Slot {
    fn new(hash: u64, body: Body, age: Age) -> Self {
        Self {
            hash,
            expires_ns: NEVER_NS,
            body,
            cas: 0,
            flags: 0,
            links: [Links::UNLINKED; CHAINS],
            bucket: UNFILED,
            age,
            uses: 0,
        }
    }

    fn weight_bytes(&self) -> usize {
        self.body.size_bytes() + ENTRY_OVERHEAD_BYTES
    }

    fn has_expired(&self, now_ns: u64) -> bool {
        self.expires_ns <= now_ns
    }
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
    /// Numbers of `slots`.
    table: HashTable<u32>,
    /// Dense: the last one moves into the place of one that goes.
    slots: Slots,
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
            table: HashTable::new(),
            slots: Slots::default(),
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
    pub(super) fn get(&mut self, hash: u64, key: &[u8]) -> Result<(Item, u64), MissReason> {
        let Some(at) = self.find(hash, key) else { return Err(self.miss(hash)) };
        self.counters.hits += 1;
        self.count_use(at);
        let slot = &self.slots[at];
        Ok((slot.body.value().to_item(), slot.expires_ns))
    }

    /// Takes back the hit that had expired by `now_ns`, frees its entry, and looks again:
    /// another writer may have been here in between.
    pub(super) fn get_after_expiry(
        &mut self,
        hash: u64,
        key: &[u8],
        now_ns: u64,
    ) -> Result<(Item, u64), MissReason> {
        self.counters.hits -= 1;
        if let Some(at) = self.find(hash, key)
            && self.slots[at].has_expired(now_ns)
        {
            self.bury(at, Gone::Expired);
        }
        self.get(hash, key)
    }

    /// Reserves the room to store `weight_bytes` under `key`, evicting what this shard can
    /// spare for it. `None` where that is not enough.
    pub(super) fn make_room(
        &mut self,
        hash: u64,
        key: &[u8],
        weight_bytes: usize,
        now_ns: u64,
    ) -> Option<Room> {
        let mut expired_freed = false;
        loop {
            let old = self.find(hash, key);
            let reserved = match old {
                None => self.budget.reserve_entry(weight_bytes),
                Some(at) => {
                    let held_bytes = self.slots[at].weight_bytes();
                    self.budget.reserve_bytes(weight_bytes.saturating_sub(held_bytes))
                }
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
        }
    }

    /// Stores into the room that [`Shard::make_room`] has just reserved.
    pub(super) fn write(&mut self, room: Room, hash: u64, key: &[u8], write: Write) {
        let at = match room {
            Room::New => self.insert(hash, key, write.item),
            Room::Over(at) => self.replace(at, write.item),
        };
        let slot = &mut self.slots[at];
        slot.flags = write.flags;
        slot.cas = self.cas_next;
        self.cas_next += 1;
        self.retime(at, write.expires_ns);
        self.counters.stores += 1;
    }

    /// The live entry under `key`; one that has expired is freed.
    pub(super) fn live(&mut self, hash: u64, key: &[u8], now_ns: u64) -> Option<u32> {
        let at = self.find(hash, key)?;
        if self.slots[at].has_expired(now_ns) {
            self.bury(at, Gone::Expired);
            return None;
        }
        Some(at)
    }

    pub(super) fn slot(&self, at: u32) -> &Slot {
        &self.slots[at]
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
        let slot = &mut self.slots[at];
        if slot.uses < USES_MAX {
            slot.uses += 1;
        }
    }

    /// The entry lives until `expires_ns` from now on.
    pub(super) fn retime(&mut self, at: u32, expires_ns: u64) {
        let slot = &mut self.slots[at];
        let expired_before_ns = std::mem::replace(&mut slot.expires_ns, expires_ns);
        // An entry that now lives longer stays where it is filed; the wheel files it again
        // when it comes to it.
        let filed_in_time = slot.bucket != UNFILED && expired_before_ns <= expires_ns;
        if expires_ns == NEVER_NS {
            self.wheel.unfile(&mut self.slots, at);
        } else if !filed_in_time {
            self.wheel.unfile(&mut self.slots, at);
            self.wheel.file(&mut self.slots, at);
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
        let scanned = (to..from).rev().map(|at| &self.slots[at]);
        let live = scanned.filter(|slot| !slot.has_expired(now_ns));
        live.for_each(|slot| found(slot.body.key()));
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
            if is_meant(self.slots[at].body.key()) && self.invalidate(at, now_ns) {
                removed += 1;
            }
        }
        (removed, (to > 0).then_some(to))
    }

    /// True where there was a live entry.
    pub(super) fn remove(&mut self, hash: u64, key: &[u8], now_ns: u64) -> bool {
        let Some(at) = self.find(hash, key) else { return false };
        self.invalidate(at, now_ns)
    }

    /// Evicts entries until the whole cache has room for one of `weight_bytes`, or none is left.
    pub(super) fn spare(&mut self, weight_bytes: usize, now_ns: u64) {
        if !self.budget.has_room(weight_bytes) {
            self.sweep(EXPIRED_FREED_MAX, now_ns);
        }
        while !self.budget.has_room(weight_bytes) && self.evict(None) {}
    }

    /// Looks at up to `steps` entries that are due, frees those that have expired, and says
    /// how many of each.
    pub(super) fn sweep(&mut self, steps: usize, now_ns: u64) -> Swept {
        let mut swept = Swept::default();
        while swept.steps < steps {
            let Some(at) = self.wheel.due(&self.slots, now_ns) else { break };
            swept.steps += 1;
            if self.slots[at].has_expired(now_ns) {
                self.bury(at, Gone::Expired);
                swept.freed += 1;
            } else {
                self.wheel.unfile(&mut self.slots, at);
                self.wheel.file(&mut self.slots, at);
            }
        }
        swept
    }

    fn find(&self, hash: u64, key: &[u8]) -> Option<u32> {
        let is_it = |at: &u32| {
            let slot = &self.slots[*at];
            slot.hash == hash && slot.body.key() == key
        };
        self.table.find(hash, is_it).copied()
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

    fn insert(&mut self, hash: u64, key: &[u8], item: Item) -> u32 {
        // Who was evicted and is back already is worth keeping.
        let age = match self.ghosts.forget(hash) {
            Some(Gone::EvictedYoung | Gone::EvictedOld) => Age::Old,
            Some(Gone::Expired | Gone::Invalidated) | None => Age::Young,
        };
        let at = self.len();
        self.slots.push(Slot::new(hash, Body::new(key, item), age));
        if self.slots.len().is_power_of_two() {
            self.ghosts.fit(self.slots.len() + 1);
        }
        let slots = &self.slots;
        self.table.insert_unique(hash, at, |at| slots[*at].hash);
        self.enqueue(at, age);
        at
    }

    fn replace(&mut self, at: u32, item: Item) -> u32 {
        let slot = &mut self.slots[at];
        let (age, held_bytes) = (slot.age, slot.weight_bytes());
        let replaced = slot.body.replace(item);
        slot.uses = slot.uses.max(1);
        let weight_bytes = slot.weight_bytes();
        self.let_go(replaced);
        let queue = self.queue(age);
        queue.bytes = queue.bytes + weight_bytes - held_bytes;
        // What it grew by is reserved already.
        self.budget.release(held_bytes.saturating_sub(weight_bytes), 0);
        at
    }

    /// Evicts one entry other than `kept`. False where there is none.
    fn evict(&mut self, kept: Option<u32>) -> bool {
        if self.slots.len() <= usize::from(kept.is_some()) {
            return false;
        }
        for step in 0.. {
            let total_bytes = self.young.bytes + self.old.bytes;
            let age = if self.old.list.is_empty() || self.young.bytes * YOUNG_SHARE > total_bytes {
                Age::Young
            } else {
                Age::Old
            };
            let Some(at) = self.queue(age).list.back(&self.slots) else { break };
            let uses = self.slots[at].uses;
            let spared = match age {
                Age::Young => uses >= USES_PROMOTED,
                Age::Old => uses > 0,
            };
            if Some(at) == kept || (spared && step < EVICTION_STEPS_MAX) {
                self.dequeue(at);
                self.enqueue(at, Age::Old);
                self.slots[at].uses = match age {
                    Age::Young => 0,
                    Age::Old => uses.saturating_sub(1),
                };
                continue;
            }
            let gone = match age {
                Age::Young => Gone::EvictedYoung,
                Age::Old => Gone::EvictedOld,
            };
            self.bury(at, gone);
            self.counters.evictions += 1;
            return true;
        }
        false
    }

    /// True where the entry was live.
    fn invalidate(&mut self, at: u32, now_ns: u64) -> bool {
        let live = !self.slots[at].has_expired(now_ns);
        self.bury(at, if live { Gone::Invalidated } else { Gone::Expired });
        live
    }

    /// Frees slot `at`, remembers why, and gives its room back.
    fn bury(&mut self, at: u32, gone: Gone) {
        let slot = self.take(at);
        self.ghosts.remember(slot.hash, gone, self.slots.len());
        self.budget.release(slot.weight_bytes(), 1);
        self.let_go(slot.body.into_shared());
    }

    fn let_go(&mut self, item: Option<Item>) {
        self.gone.extend(item.filter(|item| matches!(item, Item::Collection(_))));
    }

    fn take(&mut self, at: u32) -> Slot {
        self.dequeue(at);
        self.wheel.unfile(&mut self.slots, at);
        if let Ok(entry) = self.table.find_entry(self.slots[at].hash, |it| *it == at) {
            entry.remove();
        }
        let last = self.len() - 1;
        if at != last {
            let Slot { hash, age, .. } = self.slots[last];
            if let Some(number) = self.table.find_mut(hash, |it| *it == last) {
                *number = at;
            }
            let queue = match age {
                Age::Young => &mut self.young,
                Age::Old => &mut self.old,
            };
            queue.list.renumber(&mut self.slots, last, at);
            self.wheel.renumber(&mut self.slots, last, at);
        }
        let slot = self.slots.swap_remove(at);
        self.give_memory_back();
        slot
    }

    /// Halves what is reserved once three quarters of it are unused.
    fn give_memory_back(&mut self) {
        let (held, capacity) = (self.slots.len(), self.slots.capacity());
        if capacity <= SLOTS_KEPT || held > capacity / 4 {
            return;
        }
        let kept = (held * 2).max(SLOTS_KEPT);
        self.slots.shrink_to(kept);
        let slots = &self.slots;
        self.table.shrink_to(kept, |at| slots[*at].hash);
        self.ghosts.fit(kept);
        if held == 0 {
            self.wheel.shrink();
        }
    }

    fn enqueue(&mut self, at: u32, age: Age) {
        let weight_bytes = self.slots[at].weight_bytes();
        self.slots[at].age = age;
        let queue = match age {
            Age::Young => &mut self.young,
            Age::Old => &mut self.old,
        };
        queue.bytes += weight_bytes;
        queue.list.push_front(&mut self.slots, at);
    }

    fn dequeue(&mut self, at: u32) {
        let slot = &self.slots[at];
        let (age, weight_bytes) = (slot.age, slot.weight_bytes());
        let queue = match age {
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
}

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Swept {
    /// Entries looked at.
    pub(super) steps: usize,
    /// Entries freed, among those looked at.
    pub(super) freed: usize,
}

/// The clock's monotonic reading; it lasts for 584 years.
pub(super) fn now_ns(clock: &Clock) -> u64 {
    u64::try_from(clock.elapsed().as_nanos()).unwrap_or(NEVER_NS - 1)
}

#[cfg(test)]
impl Slot {
    pub(super) fn of(key: &[u8], item: Item, cas: u64) -> Self {
        Self { cas, ..Self::new(0, Body::new(key, item), Age::Young) }
    }
}

#[cfg(test)]
impl Shard {
    /// Checks every link against every other; the entries and bytes that it holds.
    #[track_caller]
    pub(super) fn assert_sound(&self) -> (usize, usize) {
        let mut seen = 0;
        for (queue, age) in [(&self.young, Age::Young), (&self.old, Age::Old)] {
            let members = self.slots.iter().filter(|slot| slot.age == age);
            let weights = members.map(Slot::weight_bytes);
            assert_eq!(queue.bytes, weights.sum::<usize>());
            let listed = queue.list.members(&self.slots);
            assert!(listed.iter().all(|at| self.slots[*at].age == age));
            seen += listed.len();
        }
        assert_eq!((seen, self.table.len()), (self.slots.len(), self.slots.len()));
        for (at, slot) in self.slots.iter().enumerate() {
            assert_eq!(self.find(slot.hash, slot.body.key()).map(|found| found as usize), Some(at));
        }
        self.wheel.assert_sound(&self.slots);
        (self.slots.len(), self.young.bytes + self.old.bytes)
    }

    /// What its own tables take, keys and values apart.
    pub(super) fn held_bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Slot>()
            + self.table.allocation_size()
            + self.ghosts.held_bytes()
            + self.wheel.held_bytes()
    }
}
