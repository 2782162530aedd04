//! Fingerprints of keys that are no longer stored, with the reason: they tell a miss's
//! cause, and show the eviction which keys came back too soon.
//!
//! A set-associative table of 8 bytes a key, 8 keys a set (one cache line), oldest first out.
//! It forgets: an answer of `None` does not prove that a key was never stored.

/// Keys in a set.
const WAYS: usize = 8;
/// The fewest fingerprints that a table holds once it holds any.
const GHOSTS_MIN: usize = 64;
/// The most fingerprints that one shard holds: 1 MiB.
const GHOSTS_MAX: usize = 128 * 1024;
/// The bits of a fingerprint that hold the reason; the others are the hash's own.
const REASON_BITS: u64 = 0b11;
/// Not a fingerprint: those of hash zero are moved off it.
const VACANT: u64 = 0;

/// Why a key is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gone {
    Expired,
    /// Removed by name, by prefix, or with everything.
    Invalidated,
    /// Evicted before anyone had asked for it twice.
    EvictedYoung,
    EvictedOld,
}

#[derive(Debug, Default)]
pub(super) struct Ghosts {
    /// A power of two of them, set after set; empty until the first key is gone.
    prints: Vec<u64>,
}

impl Ghosts {
    /// Sizes the table for a shard of `entries` entries.
    pub(super) fn fit(&mut self, entries: usize) {
        let wanted = entries.next_power_of_two().clamp(GHOSTS_MIN, GHOSTS_MAX);
        let shrinks = self.prints.len() >= wanted.saturating_mul(4);
        let grows = !self.prints.is_empty() && self.prints.len() < wanted;
        if shrinks || grows {
            let old = std::mem::replace(&mut self.prints, vec![VACANT; wanted]);
            // From the oldest of each set on, so that the youngest end up in front.
            for print in old.into_iter().rev().filter(|print| *print != VACANT) {
                self.insert(print);
            }
        }
    }

    pub(super) fn remember(&mut self, hash: u64, gone: Gone, entries: usize) {
        if self.prints.is_empty() {
            let wanted = entries.next_power_of_two().clamp(GHOSTS_MIN, GHOSTS_MAX);
            self.prints = vec![VACANT; wanted];
        }
        let reason = match gone {
            Gone::Expired => 0,
            Gone::Invalidated => 1,
            Gone::EvictedYoung => 2,
            Gone::EvictedOld => 3,
        };
        self.insert(tag(hash) | reason);
    }

    pub(super) fn recall(&self, hash: u64) -> Option<Gone> {
        let set = self.prints.get(self.set_start(hash)..)?.get(..WAYS)?;
        let print = set.iter().find(|print| tag(**print) == tag(hash) && **print != VACANT)?;
        Some(match print & REASON_BITS {
            0 => Gone::Expired,
            1 => Gone::Invalidated,
            2 => Gone::EvictedYoung,
            _ => Gone::EvictedOld,
        })
    }

    /// Like [`Ghosts::recall`], and the key is no longer remembered: it is stored again.
    pub(super) fn forget(&mut self, hash: u64) -> Option<Gone> {
        let gone = self.recall(hash)?;
        let start = self.set_start(hash);
        let set = &mut self.prints[start..start + WAYS];
        for print in set.iter_mut().filter(|print| tag(**print) == tag(hash)) {
            *print = VACANT;
        }
        Some(gone)
    }

    fn insert(&mut self, print: u64) {
        let start = self.set_start(print);
        let set = &mut self.prints[start..start + WAYS];
        let same = |other: &u64| *other == VACANT || tag(*other) == tag(print);
        let replaced = set.iter().position(same).unwrap_or(WAYS - 1);
        set.copy_within(..replaced, 1);
        set[0] = print;
    }

    /// The bits above the reason choose the set, so that a fingerprint alone finds it again.
    fn set_start(&self, print: u64) -> usize {
        let sets = (self.prints.len() / WAYS).max(1) as u64;
        let set = (tag(print) >> REASON_BITS.count_ones()) & (sets - 1);
        usize::try_from(set).unwrap_or(0) * WAYS
    }
}

/// A hash without the reason's bits, and never [`VACANT`].
fn tag(hash: u64) -> u64 {
    (hash | 1 << 63) & !REASON_BITS
}

#[cfg(test)]
impl Ghosts {
    pub(super) fn held_bytes(&self) -> usize {
        self.prints.capacity() * size_of::<u64>()
    }
}
