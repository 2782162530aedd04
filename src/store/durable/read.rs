//! What is asked of the store: one item, lists, names, what changed.

use bytes::Bytes;
use sqlx::AnyConnection;
use sqlx::Row;

use crate::store::durable::StoreError;
use crate::store::durable::apply::is_encrypted;
use crate::store::durable::model::{
    Address, Change, Changes, Cursor, Filter, KeyFilter, KeyValue, LabelFilter, Map, MapId, Moment,
    Page, Past, Query, Record, RecordId, RecordKind, Sight, Size, Snapshot, TagFilter,
};
use crate::store::durable::row::{
    COLUMNS, SNAPSHOT_COLUMNS, Sql, Stored, decode_label, encode_label, flag, read_record,
    read_snapshot,
};
use crate::store::durable::seal::Sealer;

/// Rows that are looked at for one page where tags decide which of them count.
const SCAN_ROWS_MAX: usize = 10_000;

pub(super) async fn get(
    connection: &mut AnyConnection,
    sealer: &Sealer,
    at: &Address,
    moment: Moment,
    sight: Sight,
) -> Result<Option<KeyValue>, StoreError> {
    let mut sql = Sql::new(&format!("SELECT {COLUMNS} FROM revisions WHERE key_name = "));
    sql.bind(at.key.to_vec())?.push(" AND label = ").bind(encode_label(at.label.as_ref()))?;
    is_there(&mut sql, moment)?;
    can_see(&mut sql, sight);
    // Of two changes in one microsecond the last one counts.
    sql.push(" ORDER BY revision DESC LIMIT 1");
    let row = sql.row(connection).await?;
    let stored = row.map(|row| Stored::read(&row)?.open(sealer)).transpose()?;
    Ok(stored.map(|stored| stored.item))
}

pub(super) async fn list(
    connection: &mut AnyConnection,
    sealer: &Sealer,
    query: &Query,
) -> Result<Page<KeyValue>, StoreError> {
    scan(connection, sealer, query, Walk::Items, item_of).await
}

/// What was and is, within one address from the newest; removals are not shown.
pub(super) async fn revisions(
    connection: &mut AnyConnection,
    sealer: &Sealer,
    query: &Query,
) -> Result<Page<KeyValue>, StoreError> {
    scan(connection, sealer, query, Walk::Revisions, item_of).await
}

/// As [`revisions`], with removals.
pub(super) async fn history(
    connection: &mut AnyConnection,
    sealer: &Sealer,
    query: &Query,
) -> Result<Page<Past>, StoreError> {
    let past = |stored: Stored| Past { item: stored.item, is_removal: stored.is_deleted };
    scan(connection, sealer, query, Walk::History, past).await
}

/// The content of a snapshot; none of an unknown one.
pub(super) async fn snapshot_items(
    connection: &mut AnyConnection,
    sealer: &Sealer,
    name: &str,
    query: &Query,
) -> Result<Page<KeyValue>, StoreError> {
    scan(connection, sealer, query, Walk::Snapshot(name), item_of).await
}

fn item_of(stored: Stored) -> KeyValue {
    stored.item
}

#[derive(Clone, Copy)]
enum Walk<'n> {
    Items,
    Revisions,
    /// Revisions and removals.
    History,
    Snapshot(&'n str),
}

/// Takes rows until the page is full or enough were looked at.
async fn scan<T>(
    connection: &mut AnyConnection,
    sealer: &Sealer,
    query: &Query,
    walk: Walk<'_>,
    take: impl Fn(Stored) -> T,
) -> Result<Page<T>, StoreError> {
    let mut items = Vec::new();
    let mut after = query.after.clone();
    let mut seen = 0;
    loop {
        let wanted = query.limit.saturating_sub(items.len());
        let rows = statement(query, walk, after.as_ref(), wanted)?.rows(connection).await?;
        seen += rows.len();
        let is_end = rows.len() < wanted;
        for row in &rows {
            let stored = Stored::read(row)?.open(sealer)?;
            let (at, revision) = (stored.item.at.clone(), stored.item.revision);
            after = Some(Cursor { at, revision });
            if has_tags(&stored.item, &query.tags) {
                items.push(take(stored));
            }
        }
        if is_end {
            return Ok(Page { items, next: None });
        }
        if items.len() >= query.limit || seen >= SCAN_ROWS_MAX {
            return Ok(Page { items, next: after });
        }
    }
}

fn statement(
    query: &Query,
    walk: Walk<'_>,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Sql, StoreError> {
    let mut sql = Sql::new(&format!("SELECT {COLUMNS} FROM revisions WHERE "));
    match walk {
        Walk::Items => {
            sql.push("1 = 1");
            is_there(&mut sql, query.moment)?;
        }
        Walk::Revisions => {
            sql.push("deleted = 0");
            if let Moment::At(time) = query.moment {
                sql.push(" AND modified_us <= ").bind(time)?;
            }
        }
        Walk::History => {
            sql.push("1 = 1");
            if let Moment::At(time) = query.moment {
                sql.push(" AND modified_us <= ").bind(time)?;
            }
        }
        Walk::Snapshot(name) => {
            sql.push("revision IN (SELECT revision FROM snapshot_items WHERE snapshot = ");
            sql.bind(name)?.push(")");
        }
    }
    can_see(&mut sql, query.sight);
    key_filter(&mut sql, "key_name", &query.keys)?;
    label_filter(&mut sql, &query.labels)?;
    if let Some(after) = after {
        let label = encode_label(after.at.label.as_ref());
        sql.push(" AND ((key_name, label) > (").bind(after.at.key.to_vec())?;
        sql.push(", ").bind(label.clone())?.push(")");
        if matches!(walk, Walk::Revisions | Walk::History) {
            sql.push(" OR (key_name = ").bind(after.at.key.to_vec())?;
            sql.push(" AND label = ").bind(label)?;
            sql.push(" AND revision < ").bind(after.revision)?.push(")");
        }
        sql.push(")");
    }
    sql.push(" ORDER BY key_name, label, revision DESC LIMIT ").bind(count(limit))?;
    Ok(sql)
}

/// The distinct keys after one of them.
pub(super) async fn keys(
    connection: &mut AnyConnection,
    names: &KeyFilter,
    moment: Moment,
    after: Option<&[u8]>,
    limit: usize,
) -> Result<Vec<Bytes>, StoreError> {
    let mut sql = Sql::new("SELECT DISTINCT key_name FROM revisions WHERE sealed = 0");
    is_there(&mut sql, moment)?;
    key_filter(&mut sql, "key_name", names)?;
    if let Some(after) = after {
        sql.push(" AND key_name > ").bind(after.to_vec())?;
    }
    sql.push(" ORDER BY key_name LIMIT ").bind(count(limit))?;
    let rows = sql.rows(connection).await?;
    rows.iter().map(|row| Ok(Bytes::from(row.try_get::<Vec<u8>, _>(0)?))).collect()
}

/// The distinct labels after one of them; `Some(None)` is "no label".
pub(super) async fn labels(
    connection: &mut AnyConnection,
    names: &LabelFilter,
    moment: Moment,
    after: Option<Option<&Bytes>>,
    limit: usize,
) -> Result<Vec<Option<Bytes>>, StoreError> {
    let mut sql = Sql::new("SELECT DISTINCT label FROM revisions WHERE sealed = 0");
    is_there(&mut sql, moment)?;
    label_filter(&mut sql, names)?;
    if let Some(after) = after {
        sql.push(" AND label > ").bind(encode_label(after))?;
    }
    sql.push(" ORDER BY label LIMIT ").bind(count(limit))?;
    let rows = sql.rows(connection).await?;
    rows.iter().map(|row| decode_label(row.try_get(0)?)).collect()
}

pub(super) async fn newest_revision(connection: &mut AnyConnection) -> Result<i64, StoreError> {
    let row = Sql::new("SELECT revision FROM counter WHERE id = 1").row(connection).await?;
    row.map_or(Ok(0), |row| Ok(row.try_get(0)?))
}

pub(super) async fn size(connection: &mut AnyConnection) -> Result<Size, StoreError> {
    // A value's length is known without the value.
    let text = "SELECT COUNT(*), SUM(LENGTH(key_name) + LENGTH(label) + LENGTH(tags) \
        + LENGTH(etag) + COALESCE(LENGTH(value), 0) + COALESCE(LENGTH(content_type), 0) \
        + COALESCE(LENGTH(description), 0)) \
        FROM revisions WHERE until_us IS NULL AND deleted = 0 AND sealed = 0";
    let Some(row) = Sql::new(text).row(connection).await? else { return Ok(Size::default()) };
    let number = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
    let bytes: Option<i64> = row.try_get(1)?;
    Ok(Size { items: number(row.try_get(0)?), bytes: number(bytes.unwrap_or(0)) })
}

pub(super) async fn changes_since(
    connection: &mut AnyConnection,
    sealer: &Sealer,
    since: i64,
    limit: usize,
) -> Result<Changes, StoreError> {
    // What is written after this is read comes the next time.
    let revision = newest_revision(connection).await?;
    let text = format!(
        "SELECT {COLUMNS} FROM revisions WHERE revision > $1 AND revision <= $2 \
         AND until_us IS NULL ORDER BY revision LIMIT $3"
    );
    let rows =
        Sql::new(&text).with(since)?.with(revision)?.with(count(limit))?.rows(connection).await?;
    let more = rows.len() >= limit;
    // Read last: removals that were forgotten meanwhile are missing above.
    let forgotten = Sql::new("SELECT forgotten FROM counter WHERE id = 1").row(connection).await?;
    let forgotten: i64 = forgotten.map_or(Ok(0), |row| row.try_get(0))?;
    if since < forgotten {
        return Ok(Changes::Reload { revision });
    }
    let items: Vec<Change> = rows
        .iter()
        .map(|row| {
            let stored = Stored::read(row)?.open(sealer)?;
            let (at, revision) = (stored.item.at.clone(), stored.item.revision);
            Ok(Change { at, revision, item: (!stored.is_deleted).then_some(stored.item) })
        })
        .collect::<Result<_, StoreError>>()?;
    let revision = match items.last() {
        Some(last) if more => last.revision,
        Some(_) | None => revision,
    };
    Ok(Changes::Since { items, revision, more })
}

pub(super) async fn map(
    connection: &mut AnyConnection,
    id: &MapId,
) -> Result<Option<Map>, StoreError> {
    let found = is_encrypted(connection, id).await?;
    Ok(found.map(|is_encrypted| Map { id: id.clone(), is_encrypted, revision: 0 }))
}

/// The maps of one label, by name.
pub(super) async fn maps(
    connection: &mut AnyConnection,
    label: Option<&Bytes>,
) -> Result<Vec<Map>, StoreError> {
    let rows =
        Sql::new("SELECT name, encrypted, revision FROM maps WHERE label = $1 ORDER BY name")
            .with(encode_label(label))?
            .rows(connection)
            .await?;
    rows.iter()
        .map(|row| {
            let name = Bytes::from(row.try_get::<Vec<u8>, _>(0)?);
            let id = MapId { name, label: label.cloned() };
            Ok(Map { id, is_encrypted: flag(row, 1)?, revision: row.try_get(2)? })
        })
        .collect()
}

pub(super) async fn snapshot(
    connection: &mut AnyConnection,
    name: &str,
) -> Result<Option<Snapshot>, StoreError> {
    let text = format!("SELECT {SNAPSHOT_COLUMNS} FROM snapshots WHERE name = $1");
    let row = Sql::new(&text).with(name)?.row(connection).await?;
    row.map(|row| read_snapshot(&row)).transpose()
}

/// All snapshots after one of them, by name.
pub(super) async fn snapshots(
    connection: &mut AnyConnection,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<Snapshot>, StoreError> {
    let mut sql = Sql::new(&format!("SELECT {SNAPSHOT_COLUMNS} FROM snapshots"));
    if let Some(after) = after {
        sql.push(" WHERE name > ").bind(after)?;
    }
    sql.push(" ORDER BY name LIMIT ").bind(count(limit))?;
    sql.rows(connection).await?.iter().map(read_snapshot).collect()
}

pub(super) async fn record(
    connection: &mut AnyConnection,
    sealer: &Sealer,
    at: &RecordId,
) -> Result<Option<Record>, StoreError> {
    let text = format!(
        "SELECT scope, name, body, modified_us, revision FROM {} WHERE scope = $1 AND name = $2",
        at.kind.table()
    );
    let row =
        Sql::new(&text).with(at.scope.as_str())?.with(at.name.as_str())?.row(connection).await?;
    row.map(|row| read_record(at.kind, &row, sealer)).transpose()
}

/// The records of one kind and scope, by name.
pub(super) async fn records(
    connection: &mut AnyConnection,
    sealer: &Sealer,
    kind: RecordKind,
    scope: &str,
) -> Result<Vec<Record>, StoreError> {
    let text = format!(
        "SELECT scope, name, body, modified_us, revision FROM {} WHERE scope = $1 ORDER BY name",
        kind.table()
    );
    let rows = Sql::new(&text).with(scope)?.rows(connection).await?;
    rows.iter().map(|row| read_record(kind, row, sealer)).collect()
}

fn is_there(sql: &mut Sql, moment: Moment) -> Result<(), StoreError> {
    match moment {
        Moment::Now => {
            sql.push(" AND deleted = 0 AND until_us IS NULL");
        }
        Moment::At(time) => {
            sql.push(" AND deleted = 0 AND modified_us <= ").bind(time)?;
            sql.push(" AND (until_us IS NULL OR until_us > ").bind(time)?.push(")");
        }
    }
    Ok(())
}

fn can_see(sql: &mut Sql, sight: Sight) {
    match sight {
        Sight::Open => {
            sql.push(" AND sealed = 0");
        }
        Sight::All => {}
    }
}

fn key_filter(sql: &mut Sql, column: &str, filter: &KeyFilter) -> Result<(), StoreError> {
    match filter {
        Filter::All => Ok(()),
        Filter::Exactly(names) => any_of(sql, column, names.iter().map(|name| name.to_vec())),
        Filter::Prefix(prefix) => begins(sql, column, prefix),
    }
}

fn label_filter(sql: &mut Sql, filter: &LabelFilter) -> Result<(), StoreError> {
    match filter {
        Filter::All => Ok(()),
        Filter::Exactly(labels) => {
            any_of(sql, "label", labels.iter().map(|label| encode_label(label.as_ref())))
        }
        Filter::Prefix(prefix) => begins(sql, "label", &encode_label(Some(prefix))),
    }
}

fn any_of(
    sql: &mut Sql,
    column: &str,
    names: impl Iterator<Item = Vec<u8>>,
) -> Result<(), StoreError> {
    sql.push(&format!(" AND {column} IN ("));
    let mut is_first = true;
    for name in names {
        if !is_first {
            sql.push(", ");
        }
        is_first = false;
        sql.bind(name)?;
    }
    if is_first {
        sql.push("NULL");
    }
    sql.push(")");
    Ok(())
}

/// A range, which an index serves.
fn begins(sql: &mut Sql, column: &str, prefix: &[u8]) -> Result<(), StoreError> {
    sql.push(&format!(" AND {column} >= ")).bind(prefix.to_vec())?;
    if let Some(end) = end_of(prefix) {
        sql.push(&format!(" AND {column} < ")).bind(end)?;
    }
    Ok(())
}

/// The first bytes after all that begin with the prefix; `None`: there is no such.
fn end_of(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut end = prefix.get(..=last)?.to_vec();
    if let Some(byte) = end.last_mut() {
        *byte += 1;
    }
    Some(end)
}

fn has_tags(item: &KeyValue, wanted: &TagFilter) -> bool {
    wanted.iter().all(|(name, value)| item.content.tags.get(name) == Some(value))
}

fn count(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
