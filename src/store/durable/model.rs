//! What the store holds and what can be asked of it, in the words of all its doors.
//!
//! Source: Azure App Configuration's REST reference (key-values, locks, revisions, snapshots);
//! Apigee docs, "Key value maps". Times are microseconds since the epoch; revisions grow by one
//! with each write, in the order in which writes became durable.

use std::collections::BTreeMap;

use bytes::Bytes;

/// The largest value. Apigee's own limit for an entry of a map is below it.
pub const VALUE_BYTES_MAX: usize = 1024 * 1024;
/// The longest key. An index row of PostgreSQL holds 2704 bytes, key and label together.
pub const KEY_BYTES_MAX: usize = 1536;
/// The longest label: 256 characters of App Configuration.
pub const LABEL_BYTES_MAX: usize = 1024;

/// Where a key-value stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    pub key: Bytes,
    /// `None`: no label.
    pub label: Option<Bytes>,
}

/// A map of key-values: those whose key is its name, `/` and the entry's name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MapId {
    /// Without `/`.
    pub name: Bytes,
    pub label: Option<Bytes>,
}

impl MapId {
    pub fn entry(&self, name: &[u8]) -> Address {
        let mut key = Vec::with_capacity(self.name.len() + 1 + name.len());
        key.extend_from_slice(&self.name);
        key.push(b'/');
        key.extend_from_slice(name);
        Address { key: Bytes::from(key), label: self.label.clone() }
    }

    /// The entry's name in a key of this map.
    pub fn name_in<'k>(&self, key: &'k [u8]) -> Option<&'k [u8]> {
        key.strip_prefix(self.name.as_ref())?.strip_prefix(b"/")
    }
}

impl Address {
    /// The map that the key-value is an entry of.
    pub fn map(&self) -> Option<MapId> {
        let end = memchr::memchr(b'/', &self.key)?;
        Some(MapId { name: self.key.slice(..end), label: self.label.clone() })
    }
}

/// What a writer decides of a key-value.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Content {
    pub value: Option<Bytes>,
    pub content_type: Option<String>,
    /// `None`: a tag without a value.
    pub tags: BTreeMap<String, Option<String>>,
    pub description: Option<String>,
}

/// Values may be secrets.
impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Content")
            .field("value_bytes", &self.value.as_ref().map(Bytes::len))
            .field("content_type", &self.content_type)
            .field("tags", &self.tags)
            .finish_non_exhaustive()
    }
}

/// A key-value as it is or was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyValue {
    pub at: Address,
    pub content: Content,
    pub etag: String,
    pub is_locked: bool,
    /// An entry of an encrypted map; its value is open here, sealed in the database.
    pub is_sealed: bool,
    pub modified_us: i64,
    pub revision: i64,
}

/// An etag of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Etag {
    /// `*`: any item.
    Any,
    Is(String),
}

/// What must hold of an item for an operation to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Condition {
    #[default]
    None,
    IfMatch(Etag),
    IfNoneMatch(Etag),
}

impl Condition {
    /// `etag` is the item's, `None` where there is no item.
    pub fn holds(&self, etag: Option<&str>) -> bool {
        let matches = |wanted: &Etag| match (wanted, etag) {
            (_, None) => false,
            (Etag::Any, Some(_)) => true,
            (Etag::Is(wanted), Some(etag)) => wanted == etag,
        };
        match self {
            Self::None => true,
            Self::IfMatch(wanted) => matches(wanted),
            Self::IfNoneMatch(wanted) => !matches(wanted),
        }
    }
}

/// Who writes: policies and the management API know of encrypted maps, others do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// Refused where the key belongs to an encrypted map.
    Open,
    /// Makes the entry's map where it is missing, and seals where it is encrypted.
    Map,
}

/// One change. All of it is done, or nothing.
#[derive(Clone, Debug)]
pub enum Write {
    Put {
        at: Address,
        content: Content,
        when: Condition,
        via: Via,
    },
    Delete {
        at: Address,
        when: Condition,
        via: Via,
    },
    Lock {
        at: Address,
        locked: bool,
        when: Condition,
    },
    /// Entries of a new or known map that are not there yet.
    Seed {
        map: MapId,
        entries: Vec<(Bytes, Content)>,
    },
    CreateMap {
        map: MapId,
        encrypted: bool,
    },
    /// With its entries.
    DeleteMap {
        map: MapId,
    },
    CreateSnapshot(NewSnapshot),
    SetSnapshotStatus {
        name: String,
        status: SnapshotStatus,
        when: Condition,
    },
    PutRecord {
        at: RecordId,
        body: Bytes,
    },
    /// Unless there is one.
    AddRecord {
        at: RecordId,
        body: Bytes,
    },
    /// Where there is one.
    ReplaceRecord {
        at: RecordId,
        body: Bytes,
    },
    DeleteRecord {
        at: RecordId,
    },
    /// All in this order, or none.
    All(Vec<Write>),
}

/// What became of a [`Write`].
#[derive(Clone, Debug, PartialEq)]
pub enum Written {
    /// The item as it now is; a removed one as it was.
    Item(KeyValue),
    /// It was so before: nothing was written.
    Unchanged(KeyValue),
    /// There was nothing to remove.
    Nothing,
    Snapshot(Snapshot),
    /// A map, a record or a list of writes.
    Done,
}

/// A result, and the revision that it is part of: whoever has caught up with it sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Receipt {
    pub written: Written,
    pub revision: i64,
}

/// A map of its own right, whether it has entries or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map {
    pub id: MapId,
    pub is_encrypted: bool,
    pub revision: i64,
}

/// The typed tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecordKind {
    CacheDefinition,
    TargetServer,
    /// Sealed.
    Credential,
    /// A bundle that was imported, as a zip; its name holds the kind, name and revision.
    ImportedRevision,
}

/// The name of a record of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RecordId {
    pub kind: RecordKind,
    /// The environment; empty for what belongs to the organization.
    pub scope: String,
    pub name: String,
}

#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    pub at: RecordId,
    pub body: Bytes,
    pub modified_us: i64,
    pub revision: i64,
}

/// A body may be a credential.
impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Record").field("at", &self.at).finish_non_exhaustive()
    }
}

/// When a reader looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    Now,
    /// As it was at that time, microseconds since the epoch.
    At(i64),
}

/// What a reader may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// Without the entries of encrypted maps.
    Open,
    All,
}

/// Which keys, labels or names are wanted; `N` is a name, or a label that may be none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter<N> {
    All,
    /// Any of them.
    Exactly(Vec<N>),
    Prefix(Bytes),
}

pub type KeyFilter = Filter<Bytes>;
pub type LabelFilter = Filter<Option<Bytes>>;

/// Tags that an item must have, all of them.
pub type TagFilter = Vec<(String, Option<String>)>;

/// Which key-values a list is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    pub keys: KeyFilter,
    pub labels: LabelFilter,
    pub tags: TagFilter,
    pub moment: Moment,
    pub sight: Sight,
    pub after: Option<Cursor>,
    /// The longest page.
    pub limit: usize,
}

impl Query {
    /// Everything open, now, from the first on.
    pub fn all(limit: usize) -> Self {
        Self {
            keys: Filter::All,
            labels: Filter::All,
            tags: Vec::new(),
            moment: Moment::Now,
            sight: Sight::Open,
            after: None,
            limit,
        }
    }
}

/// The last item of a page. Lists are ordered by key, then label, without one first; revisions
/// within that from the newest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub at: Address,
    pub revision: i64,
}

/// `next` is there where the page is full, even if nothing follows.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T, C = Cursor> {
    pub items: Vec<T>,
    pub next: Option<C>,
}

/// What a key-value was, or its removal, which has no content.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    pub item: KeyValue,
    pub is_removal: bool,
}

/// What changed since a revision: the newest state of each key-value.
#[derive(Clone, Debug, PartialEq)]
pub enum Changes {
    Since {
        items: Vec<Change>,
        /// To ask from the next time.
        revision: i64,
        /// There is more already.
        more: bool,
    },
    /// So long ago that removals are forgotten: read everything anew.
    Reload { revision: i64 },
}

/// What key-values take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    pub items: usize,
    pub bytes: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub at: Address,
    pub revision: i64,
    /// `None`: removed.
    pub item: Option<KeyValue>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotStatus {
    Ready,
    Archived,
}

/// Which of several items with one key a snapshot takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Composition {
    /// One item for each key; later filters win.
    Key,
    KeyLabel,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotFilter {
    pub keys: KeyFilter,
    /// Without one the items without label are meant.
    pub labels: LabelFilter,
    pub tags: TagFilter,
}

#[derive(Clone, Debug)]
pub struct NewSnapshot {
    pub name: String,
    pub filters: Vec<SnapshotFilter>,
    /// The filters as the door wrote them, for the door to show.
    pub filters_text: String,
    pub composition: Composition,
    /// How long it is kept once it is archived.
    pub retention_seconds: i64,
    pub tags: BTreeMap<String, Option<String>>,
    pub description: Option<String>,
}

/// A frozen list of key-values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    pub name: String,
    pub status: SnapshotStatus,
    pub filters_text: String,
    pub composition: Composition,
    pub created_us: i64,
    /// When it goes away; `None` while it is ready.
    pub expires_us: Option<i64>,
    pub retention_seconds: i64,
    pub size_bytes: i64,
    pub items_count: i64,
    pub tags: BTreeMap<String, Option<String>>,
    pub description: Option<String>,
    pub etag: String,
}
