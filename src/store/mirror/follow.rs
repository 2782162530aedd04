//! The one task that keeps the mirror in step with the store.

use std::sync::Weak;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::store::durable::{Change, Changes, Query, Store, StoreError};
use crate::store::mirror::items::Items;
use crate::store::mirror::{Held, Inner};

/// Rows that are read, and changes that are shown, at a time.
const STEP_ROWS: usize = 1000;
/// When what failed is tried again, and whether anybody still reads is looked at.
const RETRY_EVERY: Duration = Duration::from_secs(1);

/// `look_every`: how often key-values that did not fit are looked at again.
pub(super) async fn follow(mirror: Weak<Inner>, store: Store, look_every: Duration) {
    let mut newest = store.watch();
    let mut looked = Looked { at: Instant::now(), revision: 0 };
    let mut ticks = interval(RETRY_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        newest.borrow_and_update();
        let Some(inner) = mirror.upgrade() else { return };
        let mut caught_up = catch_up(&inner, &store).await;
        if caught_up.is_ok() && looked.is_due(&inner, &store, look_every) {
            caught_up = come_back(&inner, &store).await;
        }
        if let Err(error) = caught_up {
            tracing::debug!(%error, "the mirror stays as it is for a moment");
        }
        drop(inner);
        tokio::select! {
            changed = newest.changed() => if changed.is_err() {
                return;
            },
            _ = ticks.tick() => {}
        }
    }
}

/// When it was looked whether key-values that did not fit do.
struct Looked {
    at: Instant,
    revision: i64,
}

impl Looked {
    fn is_due(&mut self, inner: &Inner, store: &Store, every: Duration) -> bool {
        if !matches!(*inner.held.read(), Held::Outside) {
            return false;
        }
        let (now, revision) = (Instant::now(), *store.watch().borrow());
        let is_due = revision != self.revision && now.duration_since(self.at) >= every;
        if is_due {
            *self = Self { at: now, revision };
        }
        is_due
    }
}

/// Takes the key-values into memory again where the store has shrunk.
pub(super) async fn come_back(inner: &Inner, store: &Store) -> Result<(), StoreError> {
    if !Items::have_room(store.size().await?, inner.bytes_max) {
        return Ok(());
    }
    if let Held::Inside(items) = load(inner, store).await? {
        tracing::info!("the key-values fit into memory again");
        inner.hold(Held::Inside(items));
    }
    Ok(())
}

async fn catch_up(inner: &Inner, store: &Store) -> Result<(), StoreError> {
    if matches!(*inner.held.read(), Held::New) {
        inner.hold(load(inner, store).await?);
    }
    loop {
        let shown = match &*inner.held.read() {
            Held::Inside(items) => items.revision(),
            Held::New | Held::Outside => return Ok(()),
        };
        if *store.watch().borrow() <= shown {
            return Ok(());
        }
        match store.changes_since(shown, STEP_ROWS).await? {
            Changes::Since { items, revision, .. } => show(inner, items, revision),
            Changes::Reload { .. } => inner.hold(load(inner, store).await?),
        }
    }
}

/// All that there is. What changes meanwhile is read as it was or as it is, and comes once more
/// with the changes since the revision that this began with.
async fn load(inner: &Inner, store: &Store) -> Result<Held, StoreError> {
    let mut items = Items::default();
    items.shows(*store.watch().borrow());
    let mut query = Query::all(STEP_ROWS);
    loop {
        let page = store.list(query.clone()).await?;
        page.items.into_iter().for_each(|item| items.put(item));
        if items.bytes() > inner.bytes_max {
            return Ok(outside());
        }
        query.after = page.next;
        if query.after.is_none() {
            return Ok(Held::Inside(items));
        }
    }
}

pub(super) fn show(inner: &Inner, changes: Vec<Change>, revision: i64) {
    let mut held = inner.held.write();
    let Held::Inside(items) = &mut *held else { return };
    for change in changes {
        if items.is_ahead(&change.at, revision) {
            continue;
        }
        match change.item.filter(|item| !item.is_sealed) {
            Some(item) => items.put(item),
            None => items.remove(&change.at),
        }
    }
    items.shows(revision);
    let is_crowded = items.bytes() > inner.bytes_max;
    drop(held);
    match is_crowded {
        true => inner.hold(outside()),
        false => drop(inner.shown.send_replace(Some(revision))),
    }
}

fn outside() -> Held {
    tracing::warn!(
        "the key-values do not fit into memory and are read from the store; raise \
         store.snapshot_bytes_max"
    );
    Held::Outside
}
