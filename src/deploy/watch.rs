//! The watched folders: which deployments lie in them, and which of them have changed.
//!
//! An entry is a folder or a `.zip` directly inside a watched folder that holds `apiproxy/` or
//! `sharedflowbundle/`, or a policy XML directly inside a watched folder named `policies`. A
//! scan reads names, sizes and times, no contents; events of the system only say that it is
//! time for one, so a lost event costs a delay and nothing else. Source of the settling times:
//! a change is to be handed on within a second, a copy under way is not.

mod scan;
mod settle;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::deploy::watch::scan::{FolderId, Scan, folder_id, is_whole, scan};
use crate::deploy::watch::settle::Settler;

/// Between two scans, so that a stream of events does not keep the disk busy.
const SCAN_GAP: Duration = Duration::from_millis(50);
/// Between two looks at a folder that is missing or that the system does not watch.
const POLL_EVERY: Duration = Duration::from_millis(500);
/// Between two scans where nothing seems to happen.
const IDLE_EVERY: Duration = Duration::from_secs(5);

/// Something that can be deployed, by its place in a watched folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The watched folder's path with the entry's name.
    pub path: PathBuf,
    pub kind: EntryKind,
}

impl Entry {
    /// What a path would be by its name.
    pub fn at(path: PathBuf) -> Self {
        let kind = match path.extension().and_then(|extension| extension.to_str()) {
            Some("xml") => EntryKind::Policy,
            Some("zip") => EntryKind::Zip,
            Some(_) | None => EntryKind::Folder,
        };
        Self { path, kind }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    Folder,
    Zip,
    /// A bare policy XML: an environment policy.
    Policy,
}

/// What became of an entry since it was last handed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is new, or not what it was.
    Changed(Entry),
    Removed(Entry),
}

/// The entries that lie in a folder now, by path. A folder that is missing has none.
pub fn entries(folder: &Path) -> std::io::Result<Vec<Entry>> {
    scan::entries(folder).map(|listing| listing.entries)
}

/// Whether a folder is a bundle: it holds `apiproxy/` or `sharedflowbundle/`.
pub fn holds_bundle(folder: &Path) -> bool {
    scan::holds_bundle(folder)
}

/// Watches folders until it is dropped.
pub struct Watch {
    folders: Arc<[PathBuf]>,
    clock: Clock,
    settler: Settler,
    /// `None` where the system's watcher could not be made: the folders are polled.
    watcher: Option<RecommendedWatcher>,
    /// What each folder was when it was last given to the watcher; `None`: it is not watched.
    armed: BTreeMap<PathBuf, Option<FolderId>>,
    wake: Arc<Notify>,
    last_scan: Option<Duration>,
    look_again: Option<Duration>,
    /// What was said in the log and still holds.
    told: BTreeSet<PathBuf>,
}

impl Watch {
    /// A folder that is missing is noticed when it appears.
    pub fn new(folders: Vec<PathBuf>, clock: Clock) -> Self {
        let wake = Arc::new(Notify::new());
        let mut watch = Self {
            armed: folders.iter().map(|folder| (folder.clone(), None)).collect(),
            folders: folders.into(),
            clock,
            settler: Settler::default(),
            watcher: system_watcher(wake.clone()),
            wake,
            last_scan: None,
            look_again: None,
            told: BTreeSet::new(),
        };
        watch.arm();
        watch
    }

    /// All entries that are there now, by path, settled or not. What comes later is a change
    /// against these.
    pub async fn scan_all(&mut self) -> Vec<Entry> {
        let found = self.scan().await;
        self.settler.take(&found)
    }

    /// Waits for the next changes: removed entries by path, then changed ones by path, so
    /// that a bundle that moved makes room for itself. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Vec<Change> {
        loop {
            self.wait().await;
            self.arm();
            let found = self.scan().await;
            let settled = self.settler.feed(&found, self.clock.elapsed(), &is_whole);
            self.look_again = settled.look_again;
            if !settled.changes.is_empty() {
                return settled.changes;
            }
        }
    }

    /// Until an event, the next thing to look at, or the next look for safety's sake.
    async fn wait(&mut self) {
        let Some(last) = self.last_scan else { return };
        let is_watched = self.armed.values().all(Option::is_some);
        let every = if is_watched { IDLE_EVERY } else { POLL_EVERY };
        let regular = last + every;
        let due = self.look_again.map_or(regular, |at| at.min(regular));
        let earliest = last + SCAN_GAP;
        tokio::select! {
            // Kept in `look_again`, so that a future dropped in the gap does not lose it.
            () = self.wake.notified() => self.look_again = Some(earliest),
            () = self.sleep_until(due.max(earliest)) => return,
        }
        self.sleep_until(earliest).await;
    }

    async fn sleep_until(&self, until: Duration) {
        tokio::time::sleep(until.saturating_sub(self.clock.elapsed())).await;
    }

    async fn scan(&mut self) -> Scan {
        let folders = self.folders.clone();
        let found = tokio::task::spawn_blocking(move || scan(&folders)).await;
        self.last_scan = Some(self.clock.elapsed());
        match found {
            Ok(found) => {
                self.tell(&found);
                found
            }
            // The runtime is shutting down, or the scan has panicked and said so.
            Err(error) => {
                tracing::error!(%error, "the watched folders could not be scanned");
                Scan { unknown: self.folders.to_vec(), ..Scan::default() }
            }
        }
    }

    /// Says once what a scan leaves out.
    fn tell(&mut self, found: &Scan) {
        let mut holds = BTreeSet::new();
        for (path, reason) in &found.left_out {
            if !self.told.contains(path) {
                tracing::warn!(path = %path.display(), "not watched: {reason}");
            }
            holds.insert(path.clone());
        }
        self.told = holds;
    }

    /// Gives the watcher each folder that appeared, or took another's place.
    fn arm(&mut self) {
        let Some(watcher) = &mut self.watcher else { return };
        for (folder, armed) in &mut self.armed {
            let id = folder_id(folder);
            if *armed == id {
                continue;
            }
            if armed.is_some() {
                // The folder that was watched is gone; the watcher may know that already.
                watcher.unwatch(folder).ok();
            }
            *armed = id.filter(|_| match watcher.watch(folder, RecursiveMode::Recursive) {
                Ok(()) => true,
                Err(error) => {
                    tracing::warn!(folder = %folder.display(), %error, "polled, not watched");
                    false
                }
            });
        }
    }
}

fn system_watcher(wake: Arc<Notify>) -> Option<RecommendedWatcher> {
    let made = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // A scan opens folders; it must not wake itself.
        if !matches!(event, Ok(event) if matches!(event.kind, EventKind::Access(_))) {
            wake.notify_one();
        }
    });
    made.inspect_err(|error| tracing::warn!(%error, "the folders are polled, not watched")).ok()
}
