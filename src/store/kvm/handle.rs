//! One map in memory: read by data threads without a lock, changed by one task.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use arc_swap::ArcSwap;
use bytes::Bytes;
use hashbrown::HashMap;
use parking_lot::Mutex;

use crate::store::durable::{Address, Content};
use crate::store::kvm::Entry;

/// Entries of one shard when a map is loaded; a change copies a shard.
const SHARD_ENTRIES: usize = 256;
/// Above so many the map is divided anew.
const SHARD_ENTRIES_MAX: usize = 1024;
const SHARDS_MAX: usize = 4096;

/// Key-values with one label whose keys begin with the same bytes. What follows is the name.
#[derive(Debug)]
pub struct Handle {
    pub(super) prefix: Address,
    data: ArcSwap<Data>,
    /// Entries that a bundle brings along and that nobody has written yet.
    pub(super) seeds: Mutex<Vec<(Bytes, Content)>>,
    /// Taken while the seeds are written, so that they are written once.
    pub(super) seeding: tokio::sync::Mutex<()>,
    is_used: AtomicBool,
    bytes: AtomicUsize,
}

#[derive(Debug)]
enum Data {
    /// Not read yet.
    New,
    /// Too large for memory.
    Outside,
    Inside(Shards),
}

type Shard = HashMap<Bytes, Entry, foldhash::fast::RandomState>;

#[derive(Debug)]
struct Shards {
    hasher: foldhash::fast::RandomState,
    shards: Box<[ArcSwap<Shard>]>,
}

/// What memory knows of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    Entry(Entry),
    Missing,
    /// The database must be asked.
    Elsewhere,
}

/// Whether the task that keeps maps in memory has something to do with this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    New,
    Outside,
    Inside,
}

impl Handle {
    pub(super) fn new(prefix: Address) -> Self {
        Self {
            prefix,
            data: ArcSwap::from_pointee(Data::New),
            seeds: Mutex::default(),
            seeding: tokio::sync::Mutex::default(),
            is_used: AtomicBool::new(true),
            bytes: AtomicUsize::new(0),
        }
    }

    pub fn get(&self, name: &[u8]) -> Found {
        self.is_used.store(true, Ordering::Relaxed);
        match self.data.load().as_ref() {
            Data::New | Data::Outside => Found::Elsewhere,
            Data::Inside(shards) => {
                let shard = shards.shards.get(shards.index(name));
                match shard.and_then(|shard| shard.load().get(name).cloned()) {
                    Some(entry) => Found::Entry(entry),
                    None => Found::Missing,
                }
            }
        }
    }

    pub(super) fn state(&self) -> State {
        match self.data.load().as_ref() {
            Data::New => State::New,
            Data::Outside => State::Outside,
            Data::Inside(_) => State::Inside,
        }
    }

    /// Whether it was read since this was last asked.
    pub(super) fn take_use(&self) -> bool {
        self.is_used.swap(false, Ordering::Relaxed)
    }

    pub(super) fn fill(&self, entries: Vec<(Bytes, Entry)>) {
        let bytes = entries.iter().map(|(name, entry)| entry.bytes(name)).sum();
        self.data.store(Arc::new(Data::Inside(Shards::new(entries))));
        self.bytes.store(bytes, Ordering::Relaxed);
    }

    pub(super) fn leave_outside(&self) {
        self.data.store(Arc::new(Data::Outside));
        self.bytes.store(0, Ordering::Relaxed);
    }

    pub(super) fn forget(&self) {
        self.data.store(Arc::new(Data::New));
        self.bytes.store(0, Ordering::Relaxed);
    }

    /// Puts the newest state of entries in place. Called by one task alone.
    pub(super) fn change(&self, changes: Vec<(Bytes, Option<Entry>)>) {
        let data = self.data.load_full();
        let Data::Inside(shards) = data.as_ref() else { return };
        let mut by_shard: HashMap<usize, Vec<(Bytes, Option<Entry>)>> = HashMap::new();
        for change in changes {
            by_shard.entry(shards.index(&change.0)).or_default().push(change);
        }
        let (mut is_crowded, mut bytes) = (false, self.bytes());
        for (index, changes) in by_shard {
            let Some(place) = shards.shards.get(index) else { continue };
            let mut shard = Shard::clone(&place.load());
            for (name, entry) in changes {
                let before = shard.get(&name).map_or(0, |entry| entry.bytes(&name));
                let after = entry.as_ref().map_or(0, |entry| entry.bytes(&name));
                bytes = bytes.saturating_add(after).saturating_sub(before);
                match entry {
                    Some(entry) => shard.insert(name, entry),
                    None => shard.remove(&name),
                };
            }
            is_crowded |= shard.len() > SHARD_ENTRIES_MAX;
            place.store(Arc::new(shard));
        }
        self.bytes.store(bytes, Ordering::Relaxed);
        if is_crowded && shards.shards.len() < SHARDS_MAX {
            self.fill(shards.entries());
        }
    }

    /// What its entries take in memory.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }
}

impl Shards {
    fn new(entries: Vec<(Bytes, Entry)>) -> Self {
        let count = (entries.len() / SHARD_ENTRIES).next_power_of_two().clamp(1, SHARDS_MAX);
        let hasher = foldhash::fast::RandomState::default();
        let mut shards: Vec<Shard> = Vec::new();
        shards.resize_with(count, Shard::default);
        let mut this = Self { hasher, shards: Box::default() };
        for (name, entry) in entries {
            if let Some(shard) = shards.get_mut(this.index_of(&name, count)) {
                shard.insert(name, entry);
            }
        }
        this.shards = shards.into_iter().map(ArcSwap::from_pointee).collect();
        this
    }

    fn entries(&self) -> Vec<(Bytes, Entry)> {
        let shards = self.shards.iter().map(ArcSwap::load_full);
        shards
            .flat_map(|shard| {
                let entries: Vec<_> =
                    shard.iter().map(|(name, entry)| (name.clone(), entry.clone())).collect();
                entries
            })
            .collect()
    }

    fn index(&self, name: &[u8]) -> usize {
        self.index_of(name, self.shards.len())
    }

    fn index_of(&self, name: &[u8], count: usize) -> usize {
        use std::hash::BuildHasher;
        let hash = self.hasher.hash_one(name);
        // The upper half: a table inside a shard takes its place from the lower one.
        usize::try_from(hash >> 32).unwrap_or(0) & (count.max(1) - 1)
    }
}
