//! Which changes are over: a pure function of scans and the times at which they were made.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::deploy::watch::scan::{Fingerprint, Scan};
use crate::deploy::watch::{Change, Entry, EntryKind};

/// An entry is handed on when two scans this far apart saw the same.
const SETTLE: Duration = Duration::from_millis(150);
/// A zip without its directory is handed on after this time all the same, so that somebody
/// hears of it.
const TRUNCATED_WAIT: Duration = Duration::from_secs(5);

/// Remembers what was handed on and what is still changing.
#[derive(Debug, Default)]
pub(super) struct Settler {
    known: BTreeMap<PathBuf, Known>,
}

#[derive(Debug)]
struct Known {
    /// As it was when it was last handed on; `None`: never.
    handed: Option<State>,
    /// As the last scan saw it; `None`: it was not there.
    seen: Option<State>,
    /// When a scan first saw it so.
    since: Duration,
}

type State = (EntryKind, Fingerprint);

/// What one scan settles.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Settled {
    /// Removed entries by path, then changed ones by path.
    pub(super) changes: Vec<Change>,
    /// When to scan again at the latest, because something is not settled yet.
    pub(super) look_again: Option<Duration>,
}

impl Settler {
    /// Takes all that a scan found as handed on, and hands it on by path.
    pub(super) fn take(&mut self, scan: &Scan) -> Vec<Entry> {
        let mut entries = Vec::with_capacity(scan.entries.len());
        self.known.clear();
        for (path, state) in &scan.entries {
            let known = Known { handed: Some(*state), seen: Some(*state), since: Duration::ZERO };
            self.known.insert(path.clone(), known);
            entries.push(Entry { path: path.clone(), kind: state.0 });
        }
        entries
    }

    /// `now` never goes back from call to call. `is_whole` is asked of a zip that is about to
    /// be handed on.
    pub(super) fn feed(
        &mut self,
        scan: &Scan,
        now: Duration,
        is_whole: &dyn Fn(&Path) -> bool,
    ) -> Settled {
        self.see(scan, now);
        let mut removed = Vec::new();
        let mut changed = Vec::new();
        let mut look_again: Option<Duration> = None;
        for (path, known) in &mut self.known {
            if known.seen == known.handed {
                continue;
            }
            let mut due = known.since + SETTLE;
            if due <= now && known.seen.is_some_and(|(kind, _)| kind == EntryKind::Zip) {
                let given_up = known.since + TRUNCATED_WAIT;
                due = if now < given_up && !is_whole(path) { given_up } else { due };
            }
            if due > now {
                look_again = Some(look_again.map_or(due, |earlier| earlier.min(due)));
                continue;
            }
            let entry = |kind| Entry { path: path.clone(), kind };
            match (known.seen, known.handed) {
                (Some((kind, _)), _) => changed.push(Change::Changed(entry(kind))),
                (None, Some((kind, _))) => removed.push(Change::Removed(entry(kind))),
                (None, None) => {}
            }
            known.handed = known.seen;
        }
        self.known.retain(|_, known| known.handed.is_some() || known.seen.is_some());
        removed.append(&mut changed);
        Settled { changes: removed, look_again }
    }

    fn see(&mut self, scan: &Scan, now: Duration) {
        for (path, known) in &mut self.known {
            let is_unknown = path.parent().is_some_and(|folder| {
                scan.unknown.iter().any(|unknown| unknown.as_path() == folder)
            });
            let state = scan.entries.get(path).copied();
            if known.seen != state && !is_unknown {
                known.seen = state;
                known.since = now;
            }
        }
        for (path, state) in &scan.entries {
            if !self.known.contains_key(path) {
                let known = Known { handed: None, seen: Some(*state), since: now };
                self.known.insert(path.clone(), known);
            }
        }
    }
}
