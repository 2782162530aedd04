//! The open key-values of the store in memory, as they are now: what doors read, with the database
//! and without it. Entries of encrypted maps are not in it.
//!
//! Memory answers when it shows all that this gateway, and the one who asks, have heard of. Where
//! that takes too long the database does, and where that is away memory as it is. What was in the
//! past is the database's.

mod follow;
mod items;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::RwLock;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::store::durable::{
    Address, KeyFilter, KeyValue, LabelFilter, Moment, Page, Query, Receipt, Sight, Store,
    StoreError, Written,
};
use crate::store::mirror::items::{Items, Part};

pub use items::Wrote;

/// How long a reader waits for memory to show what is known to be there.
const SHOWN_WAIT: Duration = Duration::from_millis(250);
/// The same of one who has written.
const WRITTEN_WAIT: Duration = Duration::from_secs(1);
/// How often it is looked whether key-values that did not fit into memory fit again, where some
/// of them changed.
const SIZE_LOOK_EVERY: Duration = Duration::from_secs(30);
/// How long the database is waited for where memory could answer.
const DATABASE_WAIT: Duration = Duration::from_secs(1);

/// Cloning shares it.
#[derive(Clone)]
pub struct Mirror(Arc<Inner>);

struct Inner {
    store: Store,
    bytes_max: usize,
    /// Held to look one key-value up, or a thousand of a list, and to change some: microseconds.
    held: RwLock<Held>,
    /// Changes with `held`: the revision that memory shows, `None` before it is read.
    shown: watch::Sender<Option<i64>>,
}

enum Held {
    /// Not read yet.
    New,
    /// More than memory is given.
    Outside,
    Inside(Items),
}

impl fmt::Debug for Mirror {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mirror").field("bytes_max", &self.0.bytes_max).finish_non_exhaustive()
    }
}

impl Mirror {
    /// Follows the store on the runtime that this is called on. `bytes_max`: what is more stays
    /// in the database alone.
    pub fn open(store: Store, bytes_max: usize) -> Self {
        Self::looking(store, bytes_max, SIZE_LOOK_EVERY)
    }

    fn looking(store: Store, bytes_max: usize, look_every: Duration) -> Self {
        let mirror = Self::still(store.clone(), bytes_max, Held::New);
        tokio::spawn(follow::follow(Arc::downgrade(&mirror.0), store, look_every));
        mirror
    }

    /// One that follows nothing.
    fn still(store: Store, bytes_max: usize, held: Held) -> Self {
        let (held, shown) = (RwLock::new(held), watch::Sender::new(None));
        Self(Arc::new(Inner { store, bytes_max, held, shown }))
    }

    /// Waits until the key-values are in memory, or were found to have no room there.
    pub async fn settle(&self) {
        // The sender is ours.
        drop(self.0.shown.subscribe().wait_for(Option::is_some).await);
    }

    /// Takes in what an open write of this gateway came to, which reads see from here on, however
    /// slow the database is; then waits until memory shows all that was written until then, a
    /// second at the most.
    pub async fn wrote(&self, receipt: &Receipt, what: Wrote) {
        if let (Written::Item(item), Held::Inside(items)) =
            (&receipt.written, &mut *self.0.held.write())
        {
            items.wrote(item, what, receipt.revision);
        }
        self.wait_for(receipt.revision).await;
    }

    async fn wait_for(&self, revision: i64) {
        self.shows(revision, WRITTEN_WAIT).await;
    }

    /// `seen`: the newest revision that whoever asks has heard of, here as below.
    pub async fn get(
        &self,
        at: &Address,
        moment: Moment,
        seen: i64,
    ) -> Result<Option<Arc<KeyValue>>, StoreError> {
        let memory = || self.inside(|items| items.get(at));
        let database = async {
            let found = self.0.store.get(at.clone(), moment, Sight::Open).await?;
            Ok(found.map(Arc::new))
        };
        self.read(moment, seen, memory, database).await
    }

    /// The query's sight is an open one.
    pub async fn list(&self, query: &Query, seen: i64) -> Result<Page<Arc<KeyValue>>, StoreError> {
        if self.is_asked_first(query.moment, seen).await
            && let Some(page) = self.scan(query).await
        {
            return Ok(page);
        }
        let database = async {
            let page = self.0.store.list(query.clone()).await?;
            Ok(Page { items: page.items.into_iter().map(Arc::new).collect(), next: page.next })
        };
        match self.patiently(query.moment, database).await {
            Err(error) if error.is_away() && query.moment == Moment::Now => {
                self.scan(query).await.ok_or(error)
            }
            answer => answer,
        }
    }

    /// The distinct keys, in order, after one of them.
    pub async fn keys(
        &self,
        names: &KeyFilter,
        moment: Moment,
        after: Option<Bytes>,
        limit: usize,
        seen: i64,
    ) -> Result<Vec<Bytes>, StoreError> {
        let memory = || self.inside(|items| items.keys(names, after.as_ref(), limit));
        let database = self.0.store.keys(names.clone(), moment, after.clone(), limit);
        self.read(moment, seen, memory, database).await
    }

    /// The distinct labels, in order, no label first.
    pub async fn labels(
        &self,
        names: &LabelFilter,
        moment: Moment,
        after: Option<Option<Bytes>>,
        limit: usize,
        seen: i64,
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        let memory = || self.inside(|items| items.labels(names, after.as_ref(), limit));
        let database = self.0.store.labels(names.clone(), moment, after.clone(), limit);
        self.read(moment, seen, memory, database).await
    }

    async fn read<T>(
        &self,
        moment: Moment,
        seen: i64,
        memory: impl Fn() -> Option<T>,
        database: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        if self.is_asked_first(moment, seen).await
            && let Some(found) = memory()
        {
            return Ok(found);
        }
        match self.patiently(moment, database).await {
            Err(error) if error.is_away() && moment == Moment::Now => memory().ok_or(error),
            answer => answer,
        }
    }

    /// Whether memory answers before the database does.
    async fn is_asked_first(&self, moment: Moment, seen: i64) -> bool {
        if moment != Moment::Now {
            return false;
        }
        if self.0.store.is_away() {
            return true;
        }
        let known = *self.0.store.watch().borrow();
        let seen = if seen > known { self.credible(seen).await } else { seen };
        self.shows(known.max(seen), SHOWN_WAIT).await
    }

    /// What may have been seen: no more than the database has. Whoever says more is not waited for:
    /// the store is an older copy than the one that was seen, or nobody saw it.
    async fn credible(&self, seen: i64) -> i64 {
        match timeout(SHOWN_WAIT, self.0.store.newest_revision()).await {
            Ok(Ok(newest)) => seen.min(newest),
            Ok(Err(_)) | Err(_) => seen,
        }
    }

    /// Whether memory shows a revision, in time.
    async fn shows(&self, revision: i64, wait: Duration) -> bool {
        if self.inside(|items| items.revision() >= revision).unwrap_or(true) {
            return true;
        }
        let mut shown = self.0.shown.subscribe();
        let waiting = shown.wait_for(|shown| shown.is_some_and(|shown| shown >= revision));
        timeout(wait, waiting).await.is_ok()
    }

    /// Waits less where memory can answer too.
    async fn patiently<T>(
        &self,
        moment: Moment,
        database: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        if moment != Moment::Now || self.inside(|_| ()).is_none() {
            return database.await;
        }
        let away = Err(StoreError::Unavailable { source: None });
        timeout(DATABASE_WAIT, database).await.unwrap_or(away)
    }

    /// `None` where memory does not hold the key-values.
    fn inside<T>(&self, look: impl FnOnce(&Items) -> T) -> Option<T> {
        match &*self.0.held.read() {
            Held::Inside(items) => Some(look(items)),
            Held::New | Held::Outside => None,
        }
    }

    /// A part at a time, so that neither a writer nor another reader waits for long.
    async fn scan(&self, query: &Query) -> Option<Page<Arc<KeyValue>>> {
        let mut found = Vec::new();
        let mut after = query.after.clone();
        loop {
            let wanted = query.limit.saturating_sub(found.len());
            let part = self.inside(|items| items.part(query, after.as_ref(), wanted))?;
            let Part { items, last, is_end } = part;
            found.extend(items);
            if is_end {
                return Some(Page { items: found, next: None });
            }
            after = last;
            if found.len() >= query.limit {
                return Some(Page { items: found, next: after });
            }
            tokio::task::yield_now().await;
        }
    }
}

impl Inner {
    fn hold(&self, held: Held) {
        let shown = match &held {
            Held::New => None,
            Held::Outside => Some(i64::MAX),
            Held::Inside(items) => Some(items.revision()),
        };
        *self.held.write() = held;
        self.shown.send_replace(shown);
    }
}
