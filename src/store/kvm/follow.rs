//! The one task that keeps maps in memory in step with the store.

use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use hashbrown::HashMap;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::store::durable::{Address, Change, Changes, Filter, Query, Sight, Store, StoreError};
use crate::store::kvm::handle::State;
use crate::store::kvm::{Entry, Handle, Inner, PROPERTIES, write_seeds};

/// Rows that are read at a time.
const STEP_ROWS: usize = 1000;
/// When what failed is tried again, and whoever is gone is noticed.
const RETRY_EVERY: Duration = Duration::from_secs(1);
const DROP_UNUSED_EVERY: Duration = Duration::from_secs(60);

pub(super) async fn follow(maps: Weak<Inner>, store: Store) {
    let mut newest = store.watch();
    let mut shown = *newest.borrow_and_update();
    let mut ticks = interval(RETRY_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut dropped = Instant::now();
    loop {
        let Some(inner) = maps.upgrade() else { return };
        if let Err(error) = catch_up(&inner, &store, &mut shown).await {
            tracing::debug!(%error, "maps stay as they are for a moment");
        }
        if dropped.elapsed() > DROP_UNUSED_EVERY {
            inner.drop_unused();
            dropped = Instant::now();
        }
        inner.shown.send_replace(shown);
        let wake = inner.wake.clone();
        drop(inner);
        tokio::select! {
            changed = newest.changed() => if changed.is_err() {
                return;
            },
            () = wake.notified() => {}
            _ = ticks.tick() => {}
        }
    }
}

async fn catch_up(inner: &Inner, store: &Store, shown: &mut i64) -> Result<(), StoreError> {
    let known = inner.known.load_full();
    for handle in known.values() {
        write_seeds(store, handle).await?;
    }
    while *store.watch().borrow() > *shown {
        match store.changes_since(*shown, STEP_ROWS).await? {
            Changes::Since { items, revision, .. } => {
                apply(inner, items);
                *shown = revision;
            }
            Changes::Reload { revision } => {
                known.values().for_each(|handle| handle.forget());
                *shown = revision;
            }
        }
    }
    for handle in known.values().filter(|handle| handle.state() == State::New) {
        load(inner, store, handle).await?;
    }
    Ok(())
}

fn apply(inner: &Inner, changes: Vec<Change>) {
    let known = inner.known.load();
    let mut by_map: HashMap<Address, Vec<(Bytes, Option<Entry>)>> = HashMap::new();
    for change in changes {
        let length = match change.at.key.starts_with(PROPERTIES) {
            true => PROPERTIES.len(),
            false => memchr::memchr(b'/', &change.at.key).map_or(0, |slash| slash + 1),
        };
        let (prefix, name) = (change.at.key.slice(..length), change.at.key.slice(length..));
        let entry = change.item.as_ref().and_then(Entry::of);
        let prefix = Address { key: prefix, label: change.at.label };
        by_map.entry(prefix).or_default().push((name, entry));
    }
    for (prefix, changes) in by_map {
        let Some(handle) = known.get(&prefix) else { continue };
        handle.change(changes);
        if inner.bytes() > inner.snapshot_bytes_max {
            put_outside(handle);
        }
    }
}

/// Reads a map as it is now, which is not before what memory shows.
async fn load(inner: &Inner, store: &Store, handle: &Arc<Handle>) -> Result<(), StoreError> {
    let mut query = Query {
        keys: Filter::Prefix(handle.prefix.key.clone()),
        labels: Filter::Exactly(vec![handle.prefix.label.clone()]),
        sight: Sight::All,
        ..Query::all(STEP_ROWS)
    };
    let (mut entries, mut bytes) = (Vec::new(), inner.bytes());
    loop {
        let page = store.list(query.clone()).await?;
        for item in &page.items {
            let name = item.at.key.slice(handle.prefix.key.len()..);
            if let Some(entry) = Entry::of(item) {
                bytes = bytes.saturating_add(entry.bytes(&name));
                entries.push((name, entry));
            }
        }
        if bytes > inner.snapshot_bytes_max {
            put_outside(handle);
            return Ok(());
        }
        query.after = page.next;
        if query.after.is_none() {
            handle.fill(entries);
            return Ok(());
        }
    }
}

fn put_outside(handle: &Handle) {
    let map = String::from_utf8_lossy(&handle.prefix.key).into_owned();
    tracing::warn!(
        map,
        "the map does not fit into memory and is read from the store; raise store.snapshot_bytes_max"
    );
    handle.leave_outside();
}
