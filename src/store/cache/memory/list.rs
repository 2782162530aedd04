//! A ring of slots, linked by their numbers: the order of a queue or the content of a
//! wheel's bucket, with removal from the middle in constant time.
//!
//! Each slot carries one pair of links for each of the two [`List`] kinds it can stand in.
//! Slot numbers come from the shard that owns the slots, never from outside.

use super::slots::Slots;

/// No slot has this number.
pub(super) const NONE: u32 = u32::MAX;

/// The links that order a slot for eviction.
pub(super) const QUEUE: usize = 0;
/// The links that file a slot by its time of expiry.
pub(super) const EXPIRY: usize = 1;
/// How many pairs of links a slot carries.
pub(super) const CHAINS: usize = 2;

/// The neighbours of a slot in a ring.
#[derive(Clone, Copy, Debug)]
pub(super) struct Links {
    previous: u32,
    next: u32,
}

impl Links {
    pub(super) const UNLINKED: Self = Self { previous: NONE, next: NONE };
}

/// A ring seen from its front; the back is the one before the front.
#[derive(Clone, Copy, Debug)]
pub(super) struct List<const CHAIN: usize> {
    front: u32,
}

impl<const CHAIN: usize> List<CHAIN> {
    pub(super) const EMPTY: Self = Self { front: NONE };

    pub(super) fn is_empty(self) -> bool {
        self.front == NONE
    }

    pub(super) fn back(self, slots: &Slots) -> Option<u32> {
        (!self.is_empty()).then(|| slots[self.front].links[CHAIN].previous)
    }

    /// The last one that is not `kept`.
    pub(super) fn back_but(self, slots: &Slots, kept: Option<u32>) -> Option<u32> {
        let back = self.back(slots)?;
        if Some(back) != kept {
            return Some(back);
        }
        Some(slots[back].links[CHAIN].previous).filter(|before| *before != back)
    }

    pub(super) fn push_front(&mut self, slots: &mut Slots, at: u32) {
        if self.is_empty() {
            slots[at].links[CHAIN] = Links { previous: at, next: at };
        } else {
            let next = self.front;
            let previous = slots[next].links[CHAIN].previous;
            slots[at].links[CHAIN] = Links { previous, next };
            slots[previous].links[CHAIN].next = at;
            slots[next].links[CHAIN].previous = at;
        }
        self.front = at;
    }

    pub(super) fn unlink(&mut self, slots: &mut Slots, at: u32) {
        let Links { previous, next } = slots[at].links[CHAIN];
        slots[at].links[CHAIN] = Links::UNLINKED;
        if next == at {
            self.front = NONE;
            return;
        }
        slots[previous].links[CHAIN].next = next;
        slots[next].links[CHAIN].previous = previous;
        if self.front == at {
            self.front = next;
        }
    }

    /// The slot numbered `from` is about to be numbered `to`.
    pub(super) fn renumber(&mut self, slots: &mut Slots, from: u32, to: u32) {
        let Links { previous, next } = slots[from].links[CHAIN];
        if next == from {
            slots[from].links[CHAIN] = Links { previous: to, next: to };
        } else {
            slots[previous].links[CHAIN].next = to;
            slots[next].links[CHAIN].previous = to;
        }
        if self.front == from {
            self.front = to;
        }
    }
}

#[cfg(test)]
impl<const CHAIN: usize> List<CHAIN> {
    /// All its slots, seen along both directions.
    #[track_caller]
    pub(super) fn members(self, slots: &Slots) -> Vec<u32> {
        let mut members = Vec::new();
        let mut at = self.front;
        while at != NONE && members.first() != Some(&at) {
            let next = slots[at].links[CHAIN].next;
            assert_eq!(slots[next].links[CHAIN].previous, at);
            members.push(at);
            at = next;
        }
        members
    }
}
