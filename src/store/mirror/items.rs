//! Key-values in the order of lists: by key, then label, without one first.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;

use crate::store::durable::{
    Address, Cursor, Filter, KeyFilter, KeyValue, LabelFilter, Query, Size,
};

/// Key-values that one part of a list looks at.
const PART_ITEMS_MAX: usize = 1000;
/// What a key-value costs beside its texts.
const OVERHEAD_BYTES: usize = 400;
/// Addresses of which this gateway's writes are ahead of what is shown; more wait for the database.
const AHEAD_MAX: usize = 1000;

/// What a write did to an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrote {
    Put,
    Removed,
}

#[derive(Default)]
pub(super) struct Items {
    by_address: BTreeMap<Address, Arc<KeyValue>>,
    /// How many key-values have it.
    labels: BTreeMap<Option<Bytes>, usize>,
    bytes: usize,
    /// What is shown.
    revision: i64,
    /// What of this gateway's writes is shown before its revision is.
    ahead: BTreeMap<Address, Ahead>,
}

/// The newest write of an address.
#[derive(Clone, Copy)]
struct Ahead {
    /// Of the item that was put or removed; a removal comes behind it.
    order: (i64, bool),
    /// Whoever has caught up with it has seen the write.
    until: i64,
}

/// Some of a list.
pub(super) struct Part {
    pub(super) items: Vec<Arc<KeyValue>>,
    /// The last that was looked at.
    pub(super) last: Option<Cursor>,
    pub(super) is_end: bool,
}

impl Items {
    pub(super) fn revision(&self) -> i64 {
        self.revision
    }

    pub(super) fn shows(&mut self, revision: i64) {
        self.revision = revision;
        self.ahead.retain(|_, ahead| ahead.until > revision);
    }

    /// Whether what changed until that revision is older than what is shown of an address.
    pub(super) fn is_ahead(&self, at: &Address, revision: i64) -> bool {
        self.ahead.get(at).is_some_and(|ahead| ahead.until > revision)
    }

    /// What was written here, and is part of that revision. Writes may be told in another order
    /// than they were done.
    pub(super) fn wrote(&mut self, item: &KeyValue, what: Wrote, until: i64) {
        let order = (item.revision, what == Wrote::Removed);
        let before = self.ahead.get(&item.at);
        let is_newest = before.is_none_or(|before| before.order < order)
            && self.get(&item.at).is_none_or(|held| (held.revision, false) < order);
        let has_room = before.is_some() || self.ahead.len() < AHEAD_MAX;
        if until <= self.revision || !is_newest || !has_room || item.is_sealed {
            return;
        }
        self.ahead.insert(item.at.clone(), Ahead { order, until });
        match what {
            Wrote::Put => self.put(item.clone()),
            Wrote::Removed => self.remove(&item.at),
        }
    }

    /// Whether so much as the store has is well below what memory is given: what grows a little
    /// must not go out again at once.
    pub(super) fn have_room(size: Size, bytes_max: usize) -> bool {
        let bytes = size.items.saturating_mul(OVERHEAD_BYTES).saturating_add(size.bytes);
        bytes <= bytes_max / 4 * 3
    }

    /// What all take in memory.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn get(&self, at: &Address) -> Option<Arc<KeyValue>> {
        self.by_address.get(at).cloned()
    }

    pub(super) fn put(&mut self, item: KeyValue) {
        self.remove(&item.at);
        *self.labels.entry(item.at.label.clone()).or_default() += 1;
        self.bytes = self.bytes.saturating_add(bytes_of(&item));
        self.by_address.insert(item.at.clone(), Arc::new(item));
    }

    pub(super) fn remove(&mut self, at: &Address) {
        let Some(item) = self.by_address.remove(at) else { return };
        self.bytes = self.bytes.saturating_sub(bytes_of(&item));
        if let Some(count) = self.labels.get_mut(&at.label) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.labels.remove(&at.label);
            }
        }
    }

    /// The next key-values of a list, at most `wanted`.
    pub(super) fn part(&self, query: &Query, after: Option<&Cursor>, wanted: usize) -> Part {
        let mut part = Part { items: Vec::new(), last: after.cloned(), is_end: false };
        let after = after.map(|after| &after.at);
        for (seen, (at, item)) in self.walk(&query.keys, after).enumerate() {
            if seen >= PART_ITEMS_MAX || part.items.len() >= wanted {
                return part;
            }
            part.last = Some(Cursor { at: at.clone(), revision: item.revision });
            let has_tag = |(name, value): &(String, Option<String>)| {
                item.content.tags.get(name) == Some(value)
            };
            if takes_label(&query.labels, at.label.as_ref()) && query.tags.iter().all(has_tag) {
                part.items.push(item.clone());
            }
        }
        // A full page has a next one, even if nothing follows.
        part.is_end = part.items.len() < wanted;
        part
    }

    pub(super) fn keys(
        &self,
        names: &KeyFilter,
        after: Option<&Bytes>,
        limit: usize,
    ) -> Vec<Bytes> {
        let mut keys: Vec<Bytes> = Vec::new();
        let start = after.map(|key| Address { key: key.clone(), label: None });
        for (at, _) in self.walk(names, start.as_ref()) {
            if keys.len() >= limit {
                break;
            }
            if keys.last().or(after) != Some(&at.key) {
                keys.push(at.key.clone());
            }
        }
        keys
    }

    pub(super) fn labels(
        &self,
        names: &LabelFilter,
        after: Option<&Option<Bytes>>,
        limit: usize,
    ) -> Vec<Option<Bytes>> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let labels = self.labels.range((from, Bound::Unbounded)).map(|(label, _)| label);
        labels.filter(|label| takes_label(names, label.as_ref())).take(limit).cloned().collect()
    }

    /// What has such a key, from behind an address on.
    fn walk<'i>(
        &'i self,
        keys: &KeyFilter,
        after: Option<&Address>,
    ) -> impl Iterator<Item = (&'i Address, &'i Arc<KeyValue>)> + use<'i> {
        let mut reaches: Vec<(Bytes, Reach)> = match keys {
            Filter::All => vec![(Bytes::new(), Reach::Prefix)],
            Filter::Prefix(prefix) => vec![(prefix.clone(), Reach::Prefix)],
            Filter::Exactly(names) => {
                names.iter().map(|name| (name.clone(), Reach::Name)).collect()
            }
        };
        reaches.sort_by(|one, other| one.0.cmp(&other.0));
        reaches.dedup_by(|one, other| one.0 == other.0);
        let after = after.cloned();
        reaches.into_iter().flat_map(move |(start, reach)| {
            let first = Address { key: start.clone(), label: None };
            let from = match &after {
                Some(after) if *after >= first => Bound::Excluded(after.clone()),
                Some(_) | None => Bound::Included(first),
            };
            let range = self.by_address.range((from, Bound::Unbounded));
            range.take_while(move |(at, _)| match reach {
                Reach::Prefix => at.key.starts_with(&start),
                Reach::Name => at.key == start,
            })
        })
    }
}

#[derive(Clone, Copy)]
enum Reach {
    Prefix,
    Name,
}

fn takes_label(filter: &LabelFilter, label: Option<&Bytes>) -> bool {
    match filter {
        Filter::All => true,
        Filter::Exactly(labels) => labels.iter().any(|wanted| wanted.as_ref() == label),
        Filter::Prefix(prefix) => label.is_some_and(|label| label.starts_with(prefix)),
    }
}

fn bytes_of(item: &KeyValue) -> usize {
    let content = &item.content;
    let tags = content.tags.iter().map(|(name, value)| {
        name.len() + value.as_ref().map_or(0, String::len) + 2 * size_of::<String>()
    });
    let texts = [&content.content_type, &content.description].into_iter().flatten();
    OVERHEAD_BYTES
        + item.at.key.len()
        + item.at.label.as_ref().map_or(0, Bytes::len)
        + content.value.as_ref().map_or(0, Bytes::len)
        + item.etag.len()
        + tags.sum::<usize>()
        + texts.map(String::len).sum::<usize>()
}
