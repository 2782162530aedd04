//! Caches as managed objects: what all doors create, change, list, flush and delete them with.
//!
//! A definition is a record of the store, survives a restart, and is followed by every gateway on
//! that store; the items are each gateway's own. What the configuration file defines the file
//! owns: no door changes or deletes it. A record of a name that the file has too waits until the
//! file lets go of the name. One that this gateway cannot read is no cache, but keeps its name
//! until the management API or the command line deletes it.
//!
//! Sources: Apigee docs, "Create a cache in an environment", "Limits" (100 caches); Momento's
//! control protocol for what create, delete and flush say of a cache that is or is not there.

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Mutex, watch};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::store::cache::CacheError;
use crate::store::cache::definition::{CacheDefinition, Door, NameError, check_any_name};
use crate::store::cache::record;
use crate::store::cache::registry::{CACHES_MAX, Caches, NamedCache};
use crate::store::durable::{Receipt, Record, RecordId, RecordKind, Store, StoreError, Write};

/// When what could not be read is tried again, and whoever is gone is noticed.
const RETRY_EVERY: Duration = Duration::from_secs(1);
/// How long other writes to the store are gathered before the definitions are read again.
const GATHER: Duration = Duration::from_millis(5);
/// How long who changed a cache waits for the plans that use it.
const LINK_WAIT: Duration = Duration::from_secs(1);

/// Why a cache is not as it was asked for.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ControlError {
    #[error(transparent)]
    Name(#[from] NameError),
    #[error("the environment has no cache `{name}`")]
    NotFound { name: String },
    #[error("the environment has a cache `{name}` already")]
    AlreadyExists { name: String },
    #[error(
        "the stored definition of the cache `{name}` cannot be read, as it may be a newer \
         gateway's; delete the cache to use its name"
    )]
    Unreadable { name: String },
    #[error(
        "the configuration file owns the cache `{name}`; change or remove its `[[cache]]` there"
    )]
    OwnedByFile { name: String },
    #[error("an environment has at most {CACHES_MAX} caches; delete one first")]
    TooMany,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Cache(#[from] CacheError),
}

/// Who decides that a cache is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The configuration file.
    File,
    /// Whoever created it through a door.
    Store,
    /// The policies that use it; it is gone after a restart without them.
    Policy,
}

/// Some of a list in the order of the names.
#[derive(Debug)]
pub struct CachePage {
    pub caches: Vec<Arc<NamedCache>>,
    /// The name after which the rest stands; `None` at the end.
    pub next: Option<String>,
}

/// The caches of one environment and their definitions. Cloning shares it.
#[derive(Clone)]
pub struct CacheControl(Arc<Inner>);

struct Inner {
    caches: Arc<Caches>,
    store: Store,
    environment: String,
    of_file: Vec<CacheDefinition>,
    /// Taken to look at what is there and write what shall be.
    turn: Mutex<()>,
    /// The records as last read; taken to read them again.
    records: Mutex<Vec<Record>>,
    /// How often a cache came, went or became another.
    changes: watch::Sender<u64>,
    /// How many of the changes plans have followed; `None` where none follow.
    linked: watch::Sender<Option<u64>>,
}

impl CacheControl {
    /// Takes the definitions of the store and those of the file into `caches`, and follows the
    /// store on the runtime that this is called on.
    pub async fn open(
        caches: Arc<Caches>,
        store: Store,
        environment: &str,
        of_file: Vec<CacheDefinition>,
    ) -> Result<Self, StoreError> {
        let inner = Arc::new(Inner {
            caches,
            store,
            environment: environment.to_owned(),
            of_file,
            turn: Mutex::default(),
            records: Mutex::default(),
            changes: watch::Sender::new(0),
            linked: watch::Sender::new(None),
        });
        inner.catch_up().await?;
        tokio::spawn(follow(Arc::downgrade(&inner), inner.store.watch()));
        Ok(Self(inner))
    }

    /// The cache of this name, where it is open to that door.
    pub fn get(&self, name: &str, door: Door) -> Option<Arc<NamedCache>> {
        self.0.caches.get(name).filter(|cache| cache.definition().is_open_to(door))
    }

    /// The caches open to that door whose names come after `after`, `limit` of them at most.
    pub fn list(&self, door: Door, after: Option<&str>, limit: usize) -> CachePage {
        let mut caches = self.0.caches.after(after);
        caches.retain(|cache| cache.definition().is_open_to(door));
        let more = caches.len() > limit;
        caches.truncate(limit);
        let last = caches.last().filter(|_| more);
        let next = last.map(|cache| cache.definition().name.clone());
        CachePage { caches, next }
    }

    /// `None` where there is no such cache.
    pub fn owner(&self, name: &str) -> Option<Owner> {
        let cache = self.0.caches.get(name)?;
        Some(match cache.is_made_by_policy() {
            true => Owner::Policy,
            false if self.0.is_of_file(name) => Owner::File,
            false => Owner::Store,
        })
    }

    /// Creates a cache: returns when it is on disk, and plans that were in want of it are linked
    /// (or after a second, should that take longer). One that only policies made is taken over
    /// with its items.
    pub async fn create(&self, definition: CacheDefinition) -> Result<(), ControlError> {
        check_any_name(&definition.name)?;
        let _turn = self.0.turn.lock().await;
        let name = &definition.name;
        match self.owner(name) {
            Some(Owner::File | Owner::Store) => return Err(already_exists(name)),
            None if self.0.caches.names().len() >= CACHES_MAX => return Err(ControlError::TooMany),
            Some(Owner::Policy) | None => {}
        }
        let body = Bytes::from(record::encode(&definition));
        match self.0.store.write(Write::AddRecord { at: self.0.at(name), body }).await {
            Ok(receipt) => {
                self.show(&receipt).await;
                Ok(())
            }
            Err(StoreError::AlreadyExists) if self.0.is_unreadable(name).await => {
                Err(unreadable(name))
            }
            Err(StoreError::AlreadyExists) => Err(already_exists(name)),
            Err(error) => Err(error.into()),
        }
    }

    /// Puts a definition in place of that of the same name. The items stay where the budgets do.
    pub async fn update(
        &self,
        definition: CacheDefinition,
        door: Door,
    ) -> Result<(), ControlError> {
        let _turn = self.0.turn.lock().await;
        let name = &definition.name;
        let at = self.0.at(name);
        let body = Bytes::from(record::encode(&definition));
        let write = match self.ask(name, door).await? {
            Owner::File => return Err(owned_by_file(name)),
            Owner::Store => Write::ReplaceRecord { at, body },
            Owner::Policy => Write::PutRecord { at, body },
        };
        let written = self.0.store.write(write).await;
        self.show(&written.map_err(|error| of_store(name, error))?).await;
        Ok(())
    }

    /// Deletes a cache with its items: returns when that is on disk, and plans that used it are
    /// linked without it (or after a second). Under profile x plans that use it have a new one.
    pub async fn delete(&self, name: &str, door: Door) -> Result<(), ControlError> {
        let _turn = self.0.turn.lock().await;
        let owner = match self.ask(name, door).await {
            Err(ControlError::Unreadable { .. }) => Owner::Store,
            asked => asked?,
        };
        match owner {
            Owner::File => Err(owned_by_file(name)),
            Owner::Store => self.delete_record(name).await,
            Owner::Policy => {
                if self.0.is_unreadable(name).await {
                    self.delete_record(name).await?;
                }
                if let Some(gone) = self.0.caches.forget(name) {
                    drop_items(&gone).await;
                    self.0.changes.send_modify(|changes| *changes += 1);
                    self.wait_for_plans().await;
                }
                Ok(())
            }
        }
    }

    /// Removes a cache's items in this gateway, and says how many; the cache stays.
    pub async fn flush(&self, name: &str, door: Door) -> Result<usize, ControlError> {
        let cache = self.get(name, door).ok_or_else(|| not_found(name))?;
        Ok(cache.clear().settled().await?)
    }

    /// Counts the changes, each of which may want plans to be linked anew.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }

    /// Says that plans have followed that many changes. From the first time on, who changes a
    /// cache waits for it.
    pub fn linked(&self, changes: u64) {
        self.0.linked.send_replace(Some(changes));
    }

    /// Which doors a definition is open to that cannot be read is not known: it is told to those
    /// that every cache is open to.
    async fn ask(&self, name: &str, door: Door) -> Result<Owner, ControlError> {
        match self.get(name, door).and_then(|_| self.owner(name)) {
            Some(owner) => Ok(owner),
            None if door == Door::Management && self.0.is_unreadable(name).await => {
                Err(unreadable(name))
            }
            None => Err(not_found(name)),
        }
    }

    async fn delete_record(&self, name: &str) -> Result<(), ControlError> {
        let written = self.0.store.write(Write::DeleteRecord { at: self.0.at(name) }).await;
        self.show(&written.map_err(|error| of_store(name, error))?).await;
        Ok(())
    }

    /// What is written is there; where it cannot be read at once, the follower tries again.
    async fn show(&self, receipt: &Receipt) {
        if let Err(error) = self.0.catch_up().await {
            let revision = receipt.revision;
            tracing::warn!(%error, revision, "a change of the caches is not seen for a moment");
            return;
        }
        self.wait_for_plans().await;
    }

    async fn wait_for_plans(&self) {
        let changes = *self.0.changes.borrow();
        let mut linked = self.0.linked.subscribe();
        let followed = linked.wait_for(|linked| linked.is_none_or(|linked| linked >= changes));
        if timeout(LINK_WAIT, followed).await.is_err() {
            tracing::debug!("plans that use a changed cache are still being linked");
        }
    }
}

impl fmt::Debug for CacheControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheControl").field("caches", &self.0.caches).finish_non_exhaustive()
    }
}

impl Inner {
    fn at(&self, name: &str) -> RecordId {
        let (kind, scope) = (RecordKind::CacheDefinition, self.environment.clone());
        RecordId { kind, scope, name: name.to_owned() }
    }

    fn is_of_file(&self, name: &str) -> bool {
        self.of_file.iter().any(|definition| definition.name == name)
    }

    /// Whether there is a record of that name, but no definition in it.
    async fn is_unreadable(&self, name: &str) -> bool {
        let records = self.records.lock().await;
        let record = records.iter().find(|record| record.at.name == name);
        record.is_some_and(|record| record::decode(name, &record.body).is_none())
    }

    /// Reads the records, and makes the caches what they say.
    async fn catch_up(&self) -> Result<(), StoreError> {
        let mut known = self.records.lock().await;
        let kind = RecordKind::CacheDefinition;
        let found = self.store.records(kind, self.environment.clone()).await?;
        if *known == found {
            return Ok(());
        }
        let definitions = self.of_file.iter().cloned().chain(found.iter().filter_map(read));
        let gone = self.caches.define(definitions.collect());
        *known = found;
        self.changes.send_modify(|changes| *changes += 1);
        for cache in gone {
            drop_items(&cache).await;
        }
        Ok(())
    }
}

/// Keeps the caches in step with the store until nobody holds their control.
async fn follow(control: Weak<Inner>, mut newest: watch::Receiver<i64>) {
    let mut ticks = interval(RETRY_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_behind = true;
    loop {
        if is_behind {
            newest.mark_unchanged();
            let Some(inner) = control.upgrade() else { return };
            is_behind = match inner.catch_up().await {
                Ok(()) => false,
                Err(error) => {
                    tracing::debug!(%error, "caches stay as they are for a moment");
                    true
                }
            };
            drop(inner);
            sleep(GATHER).await;
        }
        tokio::select! {
            changed = newest.changed() => match changed {
                Ok(()) => is_behind = true,
                Err(_) => return,
            },
            _ = ticks.tick() => if control.strong_count() == 0 {
                return;
            },
        }
    }
}

fn read(record: &Record) -> Option<CacheDefinition> {
    let read = record::decode(&record.at.name, &record.body);
    if read.is_none() {
        let cache = &record.at.name;
        tracing::warn!(cache, "the definition of a cache cannot be read; the cache is left out");
    }
    read
}

/// Whoever holds the cache still finds it empty.
async fn drop_items(cache: &NamedCache) {
    if let Err(error) = cache.clear().settled().await {
        let cache = &cache.definition().name;
        tracing::warn!(cache, %error, "a deleted cache still has its items");
    }
}

fn of_store(name: &str, error: StoreError) -> ControlError {
    match error {
        // Another gateway was first.
        StoreError::NotFound => not_found(name),
        error => error.into(),
    }
}

fn not_found(name: &str) -> ControlError {
    ControlError::NotFound { name: name.to_owned() }
}

fn already_exists(name: &str) -> ControlError {
    ControlError::AlreadyExists { name: name.to_owned() }
}

fn unreadable(name: &str) -> ControlError {
    ControlError::Unreadable { name: name.to_owned() }
}

fn owned_by_file(name: &str) -> ControlError {
    ControlError::OwnedByFile { name: name.to_owned() }
}
