//! The room of one cache, shared by its shards: nothing is stored before its bytes and its
//! entry are reserved here, so that the limits hold at every moment.

use crate::sync::atomic::{AtomicUsize, Ordering};

/// Sizes in bytes, each entry's with its overhead.
#[derive(Debug)]
pub(super) struct Budget {
    bytes_max: usize,
    entries_max: usize,
    bytes: AtomicUsize,
    entries: AtomicUsize,
}

/// What a write takes beyond what is there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Needed {
    pub(super) bytes: usize,
    /// One, or none where an entry is replaced.
    pub(super) entries: usize,
}

impl Budget {
    pub(super) fn new(bytes_max: usize, entries_max: usize) -> Self {
        Self { bytes_max, entries_max, bytes: AtomicUsize::new(0), entries: AtomicUsize::new(0) }
    }

    pub(super) fn bytes_max(&self) -> usize {
        self.bytes_max
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    pub(super) fn entries(&self) -> usize {
        self.entries.load(Ordering::Relaxed)
    }

    /// True where so much more fits at this moment; reserves nothing.
    pub(super) fn has_room(&self, more: Needed) -> bool {
        self.bytes().saturating_add(more.bytes) <= self.bytes_max
            && self.entries().saturating_add(more.entries) <= self.entries_max
    }

    /// Reserves the room of one entry, or nothing.
    pub(super) fn reserve_entry(&self, bytes: usize) -> bool {
        if !reserve(&self.entries, 1, self.entries_max) {
            return false;
        }
        let reserved = self.reserve_bytes(bytes);
        if !reserved {
            self.entries.fetch_sub(1, Ordering::Relaxed);
        }
        reserved
    }

    /// Reserves room for an entry to grow, or nothing.
    pub(super) fn reserve_bytes(&self, bytes: usize) -> bool {
        reserve(&self.bytes, bytes, self.bytes_max)
    }

    /// Only what was reserved before.
    pub(super) fn release(&self, bytes: usize, entries: usize) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.entries.fetch_sub(entries, Ordering::Relaxed);
    }
}

fn reserve(used: &AtomicUsize, more: usize, max: usize) -> bool {
    let fits = |used: usize| used.checked_add(more).filter(|total| *total <= max);
    used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok()
}
