//! The expiry index of a shard: a timer wheel of 4 levels with 64 buckets each.
//!
//! Source: Varghese and Lauck, "Hashed and Hierarchical Timing Wheels" (1987), scheme 7.
//! A tick is one second of the clock; level 0 has one bucket a tick, each further level
//! buckets 64 times as wide, 194 days in all. An entry moves down a level at most three
//! times in its life. The wheel finds memory to free; whether an entry may still be
//! returned is decided by its own time alone.

#[cfg(test)]
use super::body::NEVER_NS;
use super::list::{EXPIRY, List};
use super::slots::Slots;

const LEVELS: usize = 4;
/// Buckets on a level: as many as a word of `occupied` has bits.
const WIDTH: usize = 64;
const WIDTH_BITS: u32 = WIDTH.trailing_zeros();
const TICK_NS: u64 = 1_000_000_000;
/// How far ahead the wheel files: one bucket of the top level short of its whole turn, so
/// that an entry never stands in the bucket that the turn has just passed.
const AHEAD_TICKS_MAX: u64 = 63 << (3 * WIDTH_BITS);

/// In no bucket: the slot does not expire.
pub(super) const UNFILED: u16 = u16::MAX;

#[derive(Debug)]
pub(super) struct Wheel {
    /// Every bucket due before this tick is empty.
    tick: u64,
    /// One bit for each bucket that holds something, one word a level.
    occupied: [u64; LEVELS],
    /// Made when the first entry that expires is filed.
    buckets: Option<Box<[List<EXPIRY>; LEVELS * WIDTH]>>,
}

impl Wheel {
    pub(super) fn new(now_ns: u64) -> Self {
        Self { tick: now_ns / TICK_NS, occupied: [0; LEVELS], buckets: None }
    }

    /// Files slot `at`, which expires at `expires_ns`.
    pub(super) fn file(&mut self, slots: &mut Slots, at: u32, expires_ns: u64) {
        let when = expires_ns.div_ceil(TICK_NS);
        let when = when.clamp(self.tick, self.tick.saturating_add(AHEAD_TICKS_MAX));
        let highest_difference = ((self.tick ^ when) | 1).ilog2();
        let level = ((highest_difference / WIDTH_BITS) as usize).min(LEVELS - 1);
        let bucket = level * WIDTH + position(when, level);
        let bucket_lists =
            self.buckets.get_or_insert_with(|| Box::new([List::EMPTY; LEVELS * WIDTH]));
        bucket_lists[bucket].push_front(slots, at);
        self.occupied[level] |= 1 << (bucket % WIDTH);
        slots[at].bucket = u16::try_from(bucket).unwrap_or(UNFILED);
    }

    /// Takes slot `at` out of its bucket, where it is in one.
    pub(super) fn unfile(&mut self, slots: &mut Slots, at: u32) {
        let bucket = usize::from(std::mem::replace(&mut slots[at].bucket, UNFILED));
        let Some(list) = self.buckets.as_mut().and_then(|lists| lists.get_mut(bucket)) else {
            return;
        };
        list.unlink(slots, at);
        if list.is_empty() {
            self.occupied[bucket / WIDTH] &= !(1 << (bucket % WIDTH));
        }
    }

    /// The slot numbered `from` is about to be numbered `to`.
    pub(super) fn renumber(&mut self, slots: &mut Slots, from: u32, to: u32) {
        let bucket = usize::from(slots[from].bucket);
        if let Some(list) = self.buckets.as_mut().and_then(|lists| lists.get_mut(bucket)) {
            list.renumber(slots, from, to);
        }
    }

    /// A slot out of the earliest bucket that is due by `now_ns`. It has expired, or the
    /// caller files it again and it moves down a level.
    pub(super) fn due(&mut self, slots: &Slots, now_ns: u64) -> Option<u32> {
        let now = now_ns / TICK_NS;
        let earliest = (0..LEVELS).filter_map(|level| self.earliest(level)).min();
        match earliest {
            Some((due, bucket)) if due <= now => {
                self.tick = self.tick.max(due);
                self.buckets.as_ref().and_then(|lists| lists[bucket].back(slots))
            }
            _ => {
                self.tick = self.tick.max(now);
                None
            }
        }
    }

    /// Gives the buckets' memory back, once nothing is filed in them.
    pub(super) fn shrink(&mut self) {
        if self.occupied == [0; LEVELS] {
            self.buckets = None;
        }
    }

    /// The tick at which the next occupied bucket of a level is due, and that bucket.
    fn earliest(&self, level: usize) -> Option<(u64, usize)> {
        let occupied = self.occupied[level];
        if occupied == 0 {
            return None;
        }
        let current = position(self.tick, level);
        // The shift is below 64, and so is the sum's remainder.
        let ahead = occupied.rotate_right(current as u32).trailing_zeros() as usize;
        let bucket = (current + ahead) % WIDTH;
        let bucket_bits = WIDTH_BITS * level as u32;
        let turn_bits = bucket_bits + WIDTH_BITS;
        let turn_start = (self.tick >> turn_bits) << turn_bits;
        let wraps = u64::from(bucket < current) << turn_bits;
        Some((turn_start + wraps + ((bucket as u64) << bucket_bits), level * WIDTH + bucket))
    }
}

/// Which bucket of its level a tick falls into.
fn position(tick: u64, level: usize) -> usize {
    let bucket = (tick >> (WIDTH_BITS * level as u32)) & (WIDTH as u64 - 1);
    usize::try_from(bucket).unwrap_or(0)
}

#[cfg(test)]
impl Wheel {
    #[track_caller]
    pub(super) fn assert_sound(&self, slots: &Slots, expires_ns: impl Fn(u32) -> u64) {
        let mut filed = 0;
        for (bucket, list) in self.buckets.iter().flat_map(|lists| lists.iter().enumerate()) {
            let members = list.members(slots);
            assert!(members.iter().all(|at| usize::from(slots[*at].bucket) == bucket));
            let occupied = self.occupied[bucket / WIDTH] >> (bucket % WIDTH) & 1 == 1;
            assert_eq!(occupied, !members.is_empty());
            filed += members.len();
        }
        let numbers = 0..u32::try_from(slots.len()).expect("they are few");
        assert_eq!(filed, numbers.filter(|at| expires_ns(*at) != NEVER_NS).count());
    }

    pub(super) fn held_bytes(&self) -> usize {
        self.buckets.as_ref().map_or(0, |lists| size_of_val(&**lists))
    }
}
