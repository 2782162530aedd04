//! Key-value maps as policies read them: the maps that deployed plans can reach are in memory,
//! read without a lock, and follow the durable store as fast as it tells of changes. What does
//! not fit into memory is asked for.
//!
//! Source: Apigee docs, "Key value maps" and "KeyValueMapOperations policy".

mod entry;
mod follow;
mod handle;
#[cfg(test)]
mod tests;

pub use entry::{Entry, VALUES, Values};
pub use handle::{Found, Handle};

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use hashbrown::HashMap;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use crate::clock::Clock;
use crate::store::durable::{
    Address, Condition, Content, Etag, MapId, Moment, Sight, Store, StoreError, Via, Write,
};
use crate::store::kvm::handle::State;

/// Maps in memory whose names only requests tell.
const DYNAMIC_MAPS_MAX: usize = 1000;
/// How long a writer waits for memory to show what it wrote.
const SHOWN_WAIT: Duration = Duration::from_secs(1);
/// How long a start waits for the property sets.
const SETTLE_WAIT: Duration = Duration::from_secs(5);

/// What the keys of the environment's property sets begin with: the key is the variable's name.
pub const PROPERTIES: &[u8] = b"propertyset.";

/// The maps of an environment. Cloning shares them.
#[derive(Clone)]
pub struct Maps(Arc<Inner>);

struct Inner {
    /// `None`: there is no store, and nothing is found.
    store: Option<Store>,
    clock: Clock,
    snapshot_bytes_max: usize,
    properties: [Arc<Handle>; 2],
    /// By the label and what keys begin with. Swapped whole.
    known: ArcSwap<HashMap<Address, Arc<Handle>>>,
    /// Taken to change `known`: when a plan is linked, and for a name that is new.
    changing: Mutex<()>,
    /// The revision that memory shows.
    shown: watch::Sender<i64>,
    /// A map is new, or has entries to write.
    wake: Arc<Notify>,
}

impl fmt::Debug for Maps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Maps").field("known", &self.0.known.load().len()).finish_non_exhaustive()
    }
}

/// What keeps a map in memory.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// A plan names it.
    Plan,
    /// A request named it.
    Request,
}

impl Maps {
    /// The maps of an environment over a store, whose changes are followed on the runtime that
    /// this is called on. Returns when the property sets are in memory.
    pub async fn open(
        store: Store,
        clock: Clock,
        environment: &str,
        snapshot_bytes_max: usize,
    ) -> Self {
        let maps = Self::over(Some(store.clone()), clock, environment, snapshot_bytes_max);
        tokio::spawn(follow::follow(Arc::downgrade(&maps.0), store));
        maps.settle().await;
        maps
    }

    /// Maps of nobody: every question is answered as if the store were away.
    pub fn none() -> Self {
        Self::over(None, Clock::system(), "", 0)
    }

    fn over(
        store: Option<Store>,
        clock: Clock,
        environment: &str,
        snapshot_bytes_max: usize,
    ) -> Self {
        let environment = Bytes::copy_from_slice(environment.as_bytes());
        let properties = [Some(environment), None].map(|label| {
            Arc::new(Handle::new(Address { key: Bytes::from_static(PROPERTIES), label }))
        });
        let known = properties.iter().map(|handle| (handle.prefix.clone(), handle.clone()));
        let known: HashMap<Address, Arc<Handle>> = known.collect();
        Self(Arc::new(Inner {
            store,
            clock,
            snapshot_bytes_max,
            properties,
            known: ArcSwap::from_pointee(known),
            changing: Mutex::default(),
            shown: watch::Sender::new(0),
            wake: Arc::default(),
        }))
    }

    /// The property sets of the environment, then those of the organization, by `{set}.{key}`.
    pub fn properties(&self) -> [Arc<Handle>; 2] {
        self.0.properties.clone()
    }

    /// A map that a plan names, which stays in memory as long as the handle is held.
    pub fn map(&self, id: &MapId) -> Arc<Handle> {
        self.reach(id.entry(b""), Reach::Plan)
            .unwrap_or_else(|| Arc::new(Handle::new(id.entry(b""))))
    }

    /// A map that a request names.
    pub fn find(&self, id: &MapId) -> Arc<Handle> {
        let prefix = id.entry(b"");
        if let Some(known) = self.0.known.load().get(&prefix) {
            return known.clone();
        }
        self.reach(prefix.clone(), Reach::Request).unwrap_or_else(|| Arc::new(Handle::new(prefix)))
    }

    /// Entries that a bundle brings along: written where the map lacks them, before anything else
    /// is read of it.
    pub fn seed(&self, handle: &Handle, entries: Vec<(Bytes, Content)>) {
        handle.seeds.lock().extend(entries);
        self.0.wake.notify_one();
    }

    /// How old what memory shows may be, in milliseconds.
    pub fn age_ms(&self) -> i64 {
        let checked = self.0.store.as_ref().map_or(i64::MIN, Store::checked_ms);
        self.0.clock.epoch_ms().saturating_sub(checked)
    }

    /// Waits until every map that is known was read once, or the store does not answer.
    pub async fn settle(&self) {
        let mut shown = self.0.shown.subscribe();
        let waiting = async {
            while self.0.known.load().values().any(|handle| handle.state() == State::New) {
                if shown.changed().await.is_err() {
                    return;
                }
            }
        };
        if self.0.store.is_some() && timeout(SETTLE_WAIT, waiting).await.is_err() {
            tracing::warn!("the store does not answer: property sets are read when it does");
        }
    }

    /// Waits until memory shows what was written with that revision, a second at the most.
    pub async fn wait_for(&self, revision: i64) {
        let mut shown = self.0.shown.subscribe();
        drop(timeout(SHOWN_WAIT, shown.wait_for(|shown| *shown >= revision)).await);
    }

    /// Asks the database, whatever memory shows.
    pub async fn ask(&self, handle: Arc<Handle>, name: Bytes) -> Result<Option<Entry>, StoreError> {
        let store = self.store()?.clone();
        let asked = async move {
            write_seeds(&store, &handle).await?;
            let found = store.get(address(&handle, &name), Moment::Now, Sight::All).await?;
            Ok(found.as_ref().and_then(Entry::of))
        };
        self.store()?.run(asked).await
    }

    /// Writes an entry, and returns when it is on disk and memory shows it.
    pub async fn put(
        &self,
        handle: Arc<Handle>,
        name: Bytes,
        values: Values,
        over: Override,
    ) -> Result<(), StoreError> {
        let when = match over {
            Override::Yes => Condition::None,
            Override::No => Condition::IfNoneMatch(Etag::Any),
        };
        let (at, content) = (address(&handle, &name), values.to_content());
        match self.write(handle, Write::Put { at, content, when, via: Via::Map }).await {
            // It is there: nothing is to be done.
            Err(StoreError::PreconditionFailed) => Ok(()),
            result => result,
        }
    }

    pub async fn delete(&self, handle: Arc<Handle>, name: Bytes) -> Result<(), StoreError> {
        let at = address(&handle, &name);
        self.write(handle, Write::Delete { at, when: Condition::None, via: Via::Map }).await
    }

    async fn write(&self, handle: Arc<Handle>, write: Write) -> Result<(), StoreError> {
        let store = self.store()?.clone();
        let this = self.clone();
        let writing = async move {
            write_seeds(&store, &handle).await?;
            let receipt = store.write(write).await?;
            this.wait_for(receipt.revision).await;
            Ok(())
        };
        self.store()?.run(writing).await
    }

    fn store(&self) -> Result<&Store, StoreError> {
        self.0.store.as_ref().ok_or(StoreError::Unavailable { source: None })
    }

    /// `None` where a request names one map too many.
    fn reach(&self, prefix: Address, reach: Reach) -> Option<Arc<Handle>> {
        let _changing = self.0.changing.lock();
        let known = self.0.known.load_full();
        if let Some(known) = known.get(&prefix) {
            return Some(known.clone());
        }
        if reach == Reach::Request && known.len() >= DYNAMIC_MAPS_MAX {
            return None;
        }
        let handle = Arc::new(Handle::new(prefix.clone()));
        let mut next = HashMap::clone(&known);
        next.insert(prefix, handle.clone());
        self.0.known.store(Arc::new(next));
        self.0.wake.notify_one();
        Some(handle)
    }
}

/// Whether a value that is there is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Override {
    Yes,
    No,
}

impl Inner {
    /// Lets go of the maps that no plan holds and no request has read since the last time.
    fn drop_unused(&self) {
        let _changing = self.changing.lock();
        let known = self.known.load();
        let kept: HashMap<Address, Arc<Handle>> = known
            .iter()
            // One reference is that of `known` itself.
            .filter(|(_, handle)| Arc::strong_count(handle) > 1 || handle.take_use())
            .map(|(prefix, handle)| (prefix.clone(), handle.clone()))
            .collect();
        if kept.len() < known.len() {
            self.known.store(Arc::new(kept));
        }
    }

    fn bytes(&self) -> usize {
        self.known.load().values().map(|handle| handle.bytes()).sum()
    }
}

/// Once, whoever comes first.
async fn write_seeds(store: &Store, handle: &Handle) -> Result<(), StoreError> {
    if handle.seeds.lock().is_empty() {
        return Ok(());
    }
    let _seeding = handle.seeding.lock().await;
    let entries = handle.seeds.lock().clone();
    let count = entries.len();
    let name = handle.prefix.key.slice(..handle.prefix.key.len().saturating_sub(1));
    let map = MapId { name, label: handle.prefix.label.clone() };
    match store.write(Write::Seed { map, entries }).await {
        Err(error) if error.is_away() => return Err(error),
        Ok(_) => {}
        Err(error) => {
            let map = String::from_utf8_lossy(&handle.prefix.key).into_owned();
            tracing::warn!(map, %error, "a map's initial entries cannot be written");
        }
    }
    handle.seeds.lock().drain(..count);
    Ok(())
}

fn address(handle: &Handle, name: &[u8]) -> Address {
    let key = Bytes::from([&handle.prefix.key[..], name].concat());
    Address { key, label: handle.prefix.label.clone() }
}
