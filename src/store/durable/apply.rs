//! One change inside a writer's transaction: what must hold is looked at before anything is
//! written, so that a refused change leaves nothing behind.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use bytes::Bytes;
use sqlx::AnyConnection;
use sqlx::Row;

use crate::store::durable::model::{
    Address, Condition, Content, KEY_BYTES_MAX, KeyValue, LABEL_BYTES_MAX, Map, MapId, NewSnapshot,
    Query, RecordId, Sight, VALUE_BYTES_MAX, Via, Write, Written,
};
use crate::store::durable::read;
use crate::store::durable::row::{
    COLUMNS, SNAPSHOT_COLUMNS, Sql, Stored, encode_label, encode_tags, flag, place_of, record_place,
};
use crate::store::durable::seal::Sealer;
use crate::store::durable::{
    Composition, Filter, Moment, RecordKind, Snapshot, SnapshotStatus, StoreError,
};

/// Key-values of one snapshot.
pub const SNAPSHOT_ITEMS_MAX: usize = 100_000;
/// The largest definition or credential.
pub const RECORD_BYTES_MAX: usize = 1024 * 1024;
/// The largest imported bundle.
pub const BUNDLE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Rows that a walk inside a transaction takes at a time.
const STEP_ROWS: usize = 500;
const ETAG_BYTES: usize = 16;

/// A writer's turn: the counter is held, the transaction open.
pub(super) struct Turn<'t> {
    pub(super) connection: &'t mut AnyConnection,
    pub(super) sealer: &'t Sealer,
    pub(super) now_us: i64,
    /// The last revision that was given out.
    pub(super) revision: i64,
}

impl Turn<'_> {
    /// Does one change. After an error the caller rolls back what this change has written.
    pub(super) async fn apply(&mut self, write: &Write) -> Result<Written, StoreError> {
        match write {
            Write::Put { at, content, when, via } => self.put(at, content, when, *via).await,
            Write::Delete { at, when, via } => self.delete(at, when, *via).await,
            Write::Lock { at, locked, when } => self.lock(at, *locked, when).await,
            Write::Seed { map, entries } => self.seed(map, entries).await,
            Write::CreateMap { map, encrypted } => self.create_map(map, *encrypted).await,
            Write::DeleteMap { map } => self.delete_map(map).await,
            Write::CreateSnapshot(snapshot) => self.create_snapshot(snapshot).await,
            Write::SetSnapshotStatus { name, status, when } => {
                self.set_snapshot_status(name, *status, when).await
            }
            Write::PutRecord { at, body } => self.put_record(at, body).await,
            Write::AddRecord { at, body } => {
                if read::record(self.connection, self.sealer, at).await?.is_some() {
                    return Err(StoreError::AlreadyExists);
                }
                self.put_record(at, body).await
            }
            Write::ReplaceRecord { at, body } => {
                if read::record(self.connection, self.sealer, at).await?.is_none() {
                    return Err(StoreError::NotFound);
                }
                self.put_record(at, body).await
            }
            Write::DeleteRecord { at } => self.delete_record(at).await,
            Write::All(writes) => {
                for write in writes {
                    Box::pin(self.apply(write)).await?;
                }
                Ok(Written::Done)
            }
        }
    }

    async fn put(
        &mut self,
        at: &Address,
        content: &Content,
        when: &Condition,
        via: Via,
    ) -> Result<Written, StoreError> {
        check_sizes(at, content)?;
        let is_sealed = self.is_sealed(at, via).await?;
        let newest = self.newest(at).await?;
        let live = newest.as_ref().filter(|stored| !stored.is_deleted).map(|stored| &stored.item);
        if !when.holds(live.map(|item| item.etag.as_str())) {
            return Err(StoreError::PreconditionFailed);
        }
        if live.is_some_and(|item| item.is_locked) {
            return Err(StoreError::Locked);
        }
        if let Some(live) = live
            && live.content == *content
            && live.is_sealed == is_sealed
        {
            return Ok(Written::Unchanged(live.clone()));
        }
        let item = KeyValue {
            at: at.clone(),
            content: content.clone(),
            etag: etag(),
            is_locked: false,
            is_sealed,
            modified_us: self.time_after(newest.as_ref()),
            revision: self.next(),
        };
        self.replace(&item, false).await?;
        Ok(Written::Item(item))
    }

    async fn delete(
        &mut self,
        at: &Address,
        when: &Condition,
        via: Via,
    ) -> Result<Written, StoreError> {
        self.map_for(at, via).await?;
        let live = self.newest(at).await?.filter(|stored| !stored.is_deleted);
        if !when.holds(live.as_ref().map(|stored| stored.item.etag.as_str())) {
            return Err(StoreError::PreconditionFailed);
        }
        let Some(live) = live else { return Ok(Written::Nothing) };
        if live.item.is_locked {
            return Err(StoreError::Locked);
        }
        self.remove(&live).await?;
        Ok(Written::Item(live.item))
    }

    async fn lock(
        &mut self,
        at: &Address,
        locked: bool,
        when: &Condition,
    ) -> Result<Written, StoreError> {
        self.map_for(at, Via::Open).await?;
        let live = self.newest(at).await?.filter(|stored| !stored.is_deleted);
        if !when.holds(live.as_ref().map(|stored| stored.item.etag.as_str())) {
            return Err(StoreError::PreconditionFailed);
        }
        let live = live.ok_or(StoreError::NotFound)?;
        if live.item.is_locked == locked {
            return Ok(Written::Unchanged(live.item));
        }
        let item = KeyValue {
            is_locked: locked,
            etag: etag(),
            modified_us: self.time_after(Some(&live)),
            revision: self.next(),
            ..live.item
        };
        self.replace(&item, false).await?;
        Ok(Written::Item(item))
    }

    async fn seed(
        &mut self,
        map: &MapId,
        entries: &[(Bytes, Content)],
    ) -> Result<Written, StoreError> {
        for (name, content) in entries {
            let at = map.entry(name);
            let absent = Condition::IfNoneMatch(crate::store::durable::Etag::Any);
            match self.put(&at, content, &absent, Via::Map).await {
                Ok(_) | Err(StoreError::PreconditionFailed) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Written::Done)
    }

    async fn create_map(&mut self, map: &MapId, encrypted: bool) -> Result<Written, StoreError> {
        if map.name.is_empty() || map.name.contains(&b'/') {
            return Err(StoreError::InvalidState);
        }
        if read::map(self.connection, map).await?.is_some() {
            return Err(StoreError::AlreadyExists);
        }
        // What lies there unsealed would be what the map promises to hide.
        if encrypted && self.first_entry(map).await?.is_some() {
            return Err(StoreError::AlreadyExists);
        }
        self.insert_map(map, encrypted).await?;
        Ok(Written::Done)
    }

    async fn delete_map(&mut self, map: &MapId) -> Result<Written, StoreError> {
        let removed = Sql::new("DELETE FROM maps WHERE label = $1 AND name = $2")
            .with(encode_label(map.label.as_ref()))?
            .with(map.name.to_vec())?
            .run(self.connection)
            .await?;
        let mut is_there = removed > 0;
        while let Some(entry) = self.first_entry(map).await? {
            is_there = true;
            self.remove(&entry).await?;
        }
        if is_there { Ok(Written::Done) } else { Err(StoreError::NotFound) }
    }

    async fn create_snapshot(&mut self, new: &NewSnapshot) -> Result<Written, StoreError> {
        if read::snapshot(self.connection, &new.name).await?.is_some() {
            return Err(StoreError::AlreadyExists);
        }
        let items = self.compose(new).await?;
        let size = items.values().map(size_of).sum::<usize>();
        let snapshot = Snapshot {
            name: new.name.clone(),
            status: SnapshotStatus::Ready,
            filters_text: new.filters_text.clone(),
            composition: new.composition,
            created_us: self.now_us,
            expires_us: None,
            retention_seconds: new.retention_seconds,
            size_bytes: i64::try_from(size).unwrap_or(i64::MAX),
            items_count: i64::try_from(items.len()).unwrap_or(i64::MAX),
            tags: new.tags.clone(),
            description: new.description.clone(),
            etag: etag(),
        };
        let mut sql = Sql::new(&format!("INSERT INTO snapshots ({SNAPSHOT_COLUMNS}) VALUES ("));
        sql.bind(snapshot.name.as_str())?.push(", 0, ");
        sql.bind(snapshot.filters_text.as_str())?.push(", ");
        sql.bind(match snapshot.composition {
            Composition::Key => 0_i64,
            Composition::KeyLabel => 1,
        })?;
        sql.push(", ").bind(snapshot.created_us)?.push(", NULL, ");
        sql.bind(snapshot.retention_seconds)?.push(", ");
        sql.bind(snapshot.size_bytes)?.push(", ").bind(snapshot.items_count)?.push(", ");
        sql.bind(encode_tags(&snapshot.tags)?)?.push(", ");
        sql.bind(snapshot.description.clone().map(String::into_bytes))?.push(", ");
        sql.bind(snapshot.etag.as_str())?.push(")");
        sql.run(self.connection).await?;
        for item in items.values() {
            Sql::new("INSERT INTO snapshot_items (snapshot, revision) VALUES ($1, $2)")
                .with(snapshot.name.as_str())?
                .with(item.revision)?
                .run(self.connection)
                .await?;
        }
        self.next();
        Ok(Written::Snapshot(snapshot))
    }

    /// The items of a snapshot, by what must be distinct.
    async fn compose(
        &mut self,
        new: &NewSnapshot,
    ) -> Result<std::collections::BTreeMap<Address, KeyValue>, StoreError> {
        let mut items = std::collections::BTreeMap::new();
        for filter in &new.filters {
            let mut query = Query {
                keys: filter.keys.clone(),
                labels: filter.labels.clone(),
                tags: filter.tags.clone(),
                moment: Moment::Now,
                sight: Sight::Open,
                after: None,
                limit: STEP_ROWS,
            };
            loop {
                let page = read::list(self.connection, self.sealer, &query).await?;
                for item in page.items {
                    let mut at = item.at.clone();
                    if new.composition == Composition::Key {
                        at.label = None;
                    }
                    items.insert(at, item);
                    if items.len() > SNAPSHOT_ITEMS_MAX {
                        let (bytes, bytes_max) = (items.len(), SNAPSHOT_ITEMS_MAX);
                        return Err(StoreError::TooLarge { what: "a snapshot", bytes, bytes_max });
                    }
                }
                query.after = page.next;
                if query.after.is_none() {
                    break;
                }
            }
        }
        Ok(items)
    }

    async fn set_snapshot_status(
        &mut self,
        name: &str,
        status: SnapshotStatus,
        when: &Condition,
    ) -> Result<Written, StoreError> {
        let found = read::snapshot(self.connection, name).await?;
        if !when.holds(found.as_ref().map(|snapshot| snapshot.etag.as_str())) {
            return Err(StoreError::PreconditionFailed);
        }
        let found = found.ok_or(StoreError::NotFound)?;
        if found.status == status {
            return Err(StoreError::InvalidState);
        }
        let (number, expires_us) = match status {
            SnapshotStatus::Ready => (0_i64, None),
            SnapshotStatus::Archived => {
                let kept_us = found.retention_seconds.saturating_mul(1_000_000);
                (1, Some(self.now_us.saturating_add(kept_us)))
            }
        };
        let snapshot = Snapshot { status, expires_us, etag: etag(), ..found };
        Sql::new("UPDATE snapshots SET status = $1, expires_us = $2, etag = $3 WHERE name = $4")
            .with(number)?
            .with(expires_us)?
            .with(snapshot.etag.as_str())?
            .with(name)?
            .run(self.connection)
            .await?;
        self.next();
        Ok(Written::Snapshot(snapshot))
    }

    async fn put_record(&mut self, at: &RecordId, body: &Bytes) -> Result<Written, StoreError> {
        let bytes_max = match at.kind {
            RecordKind::ImportedRevision => BUNDLE_BYTES_MAX,
            RecordKind::CacheDefinition | RecordKind::TargetServer | RecordKind::Credential => {
                RECORD_BYTES_MAX
            }
        };
        check_size("a record", body.len(), bytes_max)?;
        let body = match at.kind.is_sealed() {
            true => self.sealer.seal(&record_place(at), body)?,
            false => body.clone(),
        };
        let revision = self.next();
        let text = format!(
            "INSERT INTO {} (scope, name, body, modified_us, revision) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (scope, name) DO UPDATE SET \
             body = excluded.body, modified_us = excluded.modified_us, revision = excluded.revision",
            at.kind.table()
        );
        Sql::new(&text)
            .with(at.scope.as_str())?
            .with(at.name.as_str())?
            .with(body.to_vec())?
            .with(self.now_us)?
            .with(revision)?
            .run(self.connection)
            .await?;
        Ok(Written::Done)
    }

    async fn delete_record(&mut self, at: &RecordId) -> Result<Written, StoreError> {
        let text = format!("DELETE FROM {} WHERE scope = $1 AND name = $2", at.kind.table());
        let removed = Sql::new(&text)
            .with(at.scope.as_str())?
            .with(at.name.as_str())?
            .run(self.connection)
            .await?;
        if removed == 0 {
            return Err(StoreError::NotFound);
        }
        self.next();
        Ok(Written::Done)
    }

    /// Whether what is written there must be sealed; the map comes into being where a policy
    /// writes its first entry.
    async fn is_sealed(&mut self, at: &Address, via: Via) -> Result<bool, StoreError> {
        let map = self.map_for(at, via).await?;
        if map.is_none()
            && via == Via::Map
            && let Some(id) = at.map()
        {
            self.insert_map(&id, false).await?;
        }
        Ok(map.is_some_and(|map| map.is_encrypted))
    }

    /// The map of a key, which an open door may not write to where it is encrypted.
    async fn map_for(&mut self, at: &Address, via: Via) -> Result<Option<Map>, StoreError> {
        let Some(id) = at.map() else { return Ok(None) };
        let map = read::map(self.connection, &id).await?;
        match &map {
            Some(map) if map.is_encrypted && via == Via::Open => Err(StoreError::Encrypted),
            Some(_) | None => Ok(map),
        }
    }

    async fn insert_map(&mut self, map: &MapId, encrypted: bool) -> Result<(), StoreError> {
        let revision = self.next();
        Sql::new("INSERT INTO maps (label, name, encrypted, revision) VALUES ($1, $2, $3, $4)")
            .with(encode_label(map.label.as_ref()))?
            .with(map.name.to_vec())?
            .with(i64::from(encrypted))?
            .with(revision)?
            .run(self.connection)
            .await?;
        Ok(())
    }

    async fn first_entry(&mut self, map: &MapId) -> Result<Option<Stored>, StoreError> {
        let query = Query {
            keys: Filter::Prefix(map.entry(b"").key),
            labels: Filter::Exactly(vec![map.label.clone()]),
            sight: Sight::All,
            ..Query::all(1)
        };
        let page = read::list(self.connection, self.sealer, &query).await?;
        Ok(page.items.into_iter().next().map(|item| Stored { item, is_deleted: false }))
    }

    /// The newest row of an address, a removal included.
    async fn newest(&mut self, at: &Address) -> Result<Option<Stored>, StoreError> {
        let text = format!(
            "SELECT {COLUMNS} FROM revisions \
             WHERE key_name = $1 AND label = $2 AND until_us IS NULL"
        );
        let row = Sql::new(&text)
            .with(at.key.to_vec())?
            .with(encode_label(at.label.as_ref()))?
            .row(self.connection)
            .await?;
        row.map(|row| Stored::read(&row)?.open(self.sealer)).transpose()
    }

    async fn remove(&mut self, live: &Stored) -> Result<(), StoreError> {
        let removal = KeyValue {
            content: Content::default(),
            etag: String::new(),
            modified_us: self.time_after(Some(live)),
            revision: self.next(),
            ..live.item.clone()
        };
        self.replace(&removal, true).await
    }

    /// Ends what is there and puts the item in its place.
    async fn replace(&mut self, item: &KeyValue, is_deleted: bool) -> Result<(), StoreError> {
        let label = encode_label(item.at.label.as_ref());
        Sql::new(
            "UPDATE revisions SET until_us = $1 \
             WHERE key_name = $2 AND label = $3 AND until_us IS NULL",
        )
        .with(item.modified_us)?
        .with(item.at.key.to_vec())?
        .with(label.as_slice().to_vec())?
        .run(self.connection)
        .await?;
        let value = match &item.content.value {
            Some(open) if item.is_sealed => {
                Some(self.sealer.seal(&place_of(&item.at), open)?.to_vec())
            }
            Some(open) => Some(open.to_vec()),
            None => None,
        };
        let text = format!(
            "INSERT INTO revisions ({COLUMNS}) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
        );
        Sql::new(&text)
            .with(item.revision)?
            .with(item.at.key.to_vec())?
            .with(label)?
            .with(i64::from(is_deleted))?
            .with(i64::from(item.is_sealed))?
            .with(i64::from(item.is_locked))?
            .with(value)?
            .with(item.content.content_type.clone().map(String::into_bytes))?
            .with(encode_tags(&item.content.tags)?)?
            .with(item.content.description.clone().map(String::into_bytes))?
            .with(item.etag.as_str())?
            .with(item.modified_us)?
            .run(self.connection)
            .await?;
        Ok(())
    }

    fn next(&mut self) -> i64 {
        self.revision = self.revision.saturating_add(1);
        self.revision
    }

    /// Never before what it follows, whichever gateway's clock wrote that.
    fn time_after(&self, before: Option<&Stored>) -> i64 {
        before.map_or(self.now_us, |before| self.now_us.max(before.item.modified_us))
    }
}

/// Whether a map of that name and label hides its entries.
pub(super) async fn is_encrypted(
    connection: &mut AnyConnection,
    map: &MapId,
) -> Result<Option<bool>, StoreError> {
    let row = Sql::new("SELECT encrypted FROM maps WHERE label = $1 AND name = $2")
        .with(encode_label(map.label.as_ref()))?
        .with(map.name.to_vec())?
        .row(connection)
        .await?;
    row.map(|row| flag(&row, 0)).transpose()
}

/// Removes what is older than the history that is kept, so many rows at the most. `true` where
/// more is left.
pub(super) async fn prune(
    connection: &mut AnyConnection,
    now_us: i64,
    retention_us: i64,
    rows_max: usize,
) -> Result<bool, StoreError> {
    let before = now_us.saturating_sub(retention_us);
    let rows = i64::try_from(rows_max).unwrap_or(i64::MAX);
    let expired = Sql::new("DELETE FROM snapshots WHERE expires_us <= $1")
        .with(now_us)?
        .run(connection)
        .await?;
    let replaced = Sql::new(
        "DELETE FROM revisions WHERE revision IN (SELECT revision FROM revisions \
         WHERE until_us < $1 AND revision NOT IN (SELECT revision FROM snapshot_items) \
         ORDER BY until_us LIMIT $2)",
    )
    .with(before)?
    .with(rows)?
    .run(connection)
    .await?;
    let removals = Sql::new(
        "SELECT revision FROM revisions WHERE deleted = 1 AND until_us IS NULL \
         AND modified_us < $1 ORDER BY modified_us LIMIT $2",
    )
    .with(before)?
    .with(rows)?
    .rows(connection)
    .await?;
    let mut newest = 0;
    for row in &removals {
        let revision: i64 = row.try_get(0)?;
        newest = newest.max(revision);
        Sql::new("DELETE FROM revisions WHERE revision = $1")
            .with(revision)?
            .run(connection)
            .await?;
    }
    if newest > 0 {
        // Who asks for changes since then would miss these removals.
        Sql::new("UPDATE counter SET forgotten = $1 WHERE id = 1 AND forgotten < $1")
            .with(newest)?
            .run(connection)
            .await?;
    }
    let full = |count: u64| usize::try_from(count).unwrap_or(usize::MAX) >= rows_max;
    Ok(full(expired) || full(replaced) || removals.len() >= rows_max)
}

fn etag() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; ETAG_BYTES]>())
}

fn size_of(item: &KeyValue) -> usize {
    let value = item.content.value.as_ref().map_or(0, Bytes::len);
    item.at.key.len() + item.at.label.as_ref().map_or(0, Bytes::len) + value
}

fn check_sizes(at: &Address, content: &Content) -> Result<(), StoreError> {
    check_size("a key", at.key.len(), KEY_BYTES_MAX)?;
    check_size("a label", at.label.as_ref().map_or(0, Bytes::len), LABEL_BYTES_MAX)?;
    check_size("a value", content.value.as_ref().map_or(0, Bytes::len), VALUE_BYTES_MAX)?;
    let tag = |(name, value): (&String, &Option<String>)| {
        name.len() + value.as_ref().map_or(0, String::len)
    };
    let beside = content.content_type.as_ref().map_or(0, String::len)
        + content.description.as_ref().map_or(0, String::len)
        + content.tags.iter().map(tag).sum::<usize>();
    check_size("what stands beside a value", beside, VALUE_BYTES_MAX)
}

fn check_size(what: &'static str, bytes: usize, bytes_max: usize) -> Result<(), StoreError> {
    if bytes > bytes_max {
        return Err(StoreError::TooLarge { what, bytes, bytes_max });
    }
    Ok(())
}
