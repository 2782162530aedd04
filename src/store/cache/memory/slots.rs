//! Values numbered from zero without a gap, such as what a shard keeps of each entry.
//!
//! They stand in chunks, so that a shard that grows moves none of them and has less than a
//! chunk of spare room. Only the first chunk is smaller while a shard holds little.

use std::ops::{Index, IndexMut};

use super::shard::Slot;

const CHUNK_BITS: u32 = 8;
/// Values in a chunk: 10 KiB of slots.
const CHUNK: usize = 1 << CHUNK_BITS;
/// Slots that a shard keeps room for, however few it holds.
pub(super) const SLOTS_KEPT: usize = 16;

/// What a shard keeps of its entries beside key, value and expiry.
pub(super) type Slots = Chunks<Slot>;

#[derive(Debug)]
pub(super) struct Chunks<T> {
    /// All but the last that hold something are full; one more may be empty.
    chunks: Vec<Vec<T>>,
    len: usize,
}

impl<T> Default for Chunks<T> {
    fn default() -> Self {
        Self { chunks: Vec::new(), len: 0 }
    }
}

impl<T> Chunks<T> {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn capacity(&self) -> usize {
        match &self.chunks[..] {
            [] => 0,
            [first] => first.capacity(),
            chunks => chunks.len() * CHUNK,
        }
    }

    pub(super) fn push(&mut self, value: T) {
        let chunk = self.len >> CHUNK_BITS;
        if chunk == self.chunks.len() {
            let room = if chunk == 0 { SLOTS_KEPT } else { CHUNK };
            self.chunks.push(Vec::with_capacity(room));
        }
        // Only the first chunk is ever full with fewer than `CHUNK`, and doubles.
        self.chunks[chunk].push(value);
        self.len += 1;
    }

    /// Takes out value `at`; the last one moves into its place.
    pub(super) fn swap_remove(&mut self, at: u32) -> T {
        let last = self.len - 1;
        let chunk = last >> CHUNK_BITS;
        let moved = self.chunks[chunk].swap_remove(last & (CHUNK - 1));
        self.len = last;
        if self.chunks[chunk].is_empty() {
            // One empty chunk stays, so that a shard at its edge does not ask for one again and
            // again.
            self.chunks.truncate(chunk + 1);
        }
        if at as usize == last { moved } else { std::mem::replace(&mut self[at], moved) }
    }

    /// Gives back what is beyond `room` values, in whole chunks but for the first.
    pub(super) fn shrink_to(&mut self, room: usize) {
        let chunks = room.max(self.len).div_ceil(CHUNK);
        self.chunks.truncate(chunks);
        if let [first] = &mut self.chunks[..] {
            first.shrink_to(room);
        }
        self.chunks.shrink_to_fit();
    }

    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flatten()
    }
}

impl<T> Index<u32> for Chunks<T> {
    type Output = T;

    fn index(&self, at: u32) -> &T {
        &self.chunks[at as usize >> CHUNK_BITS][at as usize & (CHUNK - 1)]
    }
}

impl<T> IndexMut<u32> for Chunks<T> {
    fn index_mut(&mut self, at: u32) -> &mut T {
        &mut self.chunks[at as usize >> CHUNK_BITS][at as usize & (CHUNK - 1)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(slots: &Slots) -> Vec<u64> {
        slots.iter().map(|slot| slot.cas).collect()
    }

    #[test]
    fn the_last_slot_moves_into_the_place_of_one_that_goes() {
        let mut slots = Slots::default();
        let total = 2 * CHUNK as u64 + 1;
        (0..total).for_each(|number| slots.push(Slot::of(number)));
        assert_eq!(slots.swap_remove(5).cas, 5);
        assert_eq!(slots[5].cas, total - 1);
        assert_eq!(slots.swap_remove(2 * CHUNK as u32 - 1).cas, total - 2);
        assert_eq!((slots.len(), numbers(&slots).len()), (2 * CHUNK - 1, 2 * CHUNK - 1));
    }

    #[test]
    fn room_is_less_than_two_chunks_beyond_what_is_held() {
        let mut slots = Slots::default();
        for number in 0..4 * CHUNK {
            slots.push(Slot::of(0));
            let spare = slots.capacity() - slots.len();
            assert!(spare < CHUNK.min(number + SLOTS_KEPT), "{spare} beside {number}");
        }
        while slots.len() > 0 {
            slots.swap_remove(0);
            assert!(slots.capacity() - slots.len() < 2 * CHUNK);
        }
        slots.shrink_to(SLOTS_KEPT);
        assert_eq!(slots.capacity(), SLOTS_KEPT);
    }
}
