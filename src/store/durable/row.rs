//! Between rows of the database and the model, and statements with their arguments.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::{Any, AnyConnection, Arguments, AssertSqlSafe, Encode, Row, Type};

use crate::store::durable::model::{Address, Content, KeyValue, Record, RecordId, RecordKind};
use crate::store::durable::seal::Sealer;
use crate::store::durable::{Composition, Snapshot, SnapshotStatus, StoreError};

/// Of `revisions`, in the order in which [`Stored::read`] takes them.
pub(super) const COLUMNS: &str = "revision, key_name, label, deleted, sealed, locked, value, \
     content_type, tags, description, etag, modified_us";

pub(super) const SNAPSHOT_COLUMNS: &str = "name, status, filters, composition, created_us, \
     expires_us, retention_seconds, size_bytes, items_count, tags, description, etag";

const LABELLED: u8 = 1;

/// A statement and its arguments. Its text comes from this folder alone; what is from outside
/// is an argument.
#[derive(Default)]
pub(super) struct Sql {
    text: String,
    arguments: AnyArguments,
    count: usize,
}

impl Sql {
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), ..Self::default() }
    }

    pub(super) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a parameter to the text.
    pub(super) fn bind<'a>(
        &mut self,
        value: impl Encode<'a, Any> + Type<Any>,
    ) -> Result<&mut Self, StoreError> {
        self.argument(value)?;
        self.text.push_str(&format!("${}", self.count));
        Ok(self)
    }

    /// Adds an argument whose parameter stands in the text already.
    pub(super) fn with<'a>(
        mut self,
        value: impl Encode<'a, Any> + Type<Any>,
    ) -> Result<Self, StoreError> {
        self.argument(value)?;
        Ok(self)
    }

    fn argument<'a>(&mut self, value: impl Encode<'a, Any> + Type<Any>) -> Result<(), StoreError> {
        self.count += 1;
        self.arguments.add(value).map_err(|error| StoreError::from(sqlx::Error::Encode(error)))
    }

    pub(super) async fn run(self, connection: &mut AnyConnection) -> Result<u64, StoreError> {
        let query = sqlx::query_with(AssertSqlSafe(self.text), self.arguments);
        Ok(query.execute(connection).await?.rows_affected())
    }

    pub(super) async fn rows(
        self,
        connection: &mut AnyConnection,
    ) -> Result<Vec<AnyRow>, StoreError> {
        let query = sqlx::query_with(AssertSqlSafe(self.text), self.arguments);
        Ok(query.fetch_all(connection).await?)
    }

    pub(super) async fn row(
        self,
        connection: &mut AnyConnection,
    ) -> Result<Option<AnyRow>, StoreError> {
        let query = sqlx::query_with(AssertSqlSafe(self.text), self.arguments);
        Ok(query.fetch_optional(connection).await?)
    }
}

/// A row of `revisions`.
pub(super) struct Stored {
    pub(super) item: KeyValue,
    pub(super) is_deleted: bool,
}

impl Stored {
    /// Its value stays sealed.
    pub(super) fn read(row: &AnyRow) -> Result<Self, StoreError> {
        let label: Vec<u8> = row.try_get(2)?;
        let value: Option<Vec<u8>> = row.try_get(6)?;
        let tags: String = row.try_get(8)?;
        Ok(Self {
            is_deleted: flag(row, 3)?,
            item: KeyValue {
                at: Address {
                    key: Bytes::from(row.try_get::<Vec<u8>, _>(1)?),
                    label: decode_label(label)?,
                },
                content: Content {
                    value: value.map(Bytes::from),
                    content_type: text(row, 7)?,
                    tags: decode_tags(&tags)?,
                    description: text(row, 9)?,
                },
                etag: row.try_get(10)?,
                is_locked: flag(row, 5)?,
                is_sealed: flag(row, 4)?,
                modified_us: row.try_get(11)?,
                revision: row.try_get(0)?,
            },
        })
    }

    /// Opens what is sealed.
    pub(super) fn open(mut self, sealer: &Sealer) -> Result<Self, StoreError> {
        if self.item.is_sealed
            && let Some(sealed) = &self.item.content.value
        {
            let place = place_of(&self.item.at);
            self.item.content.value = Some(sealer.unseal(&place, sealed)?);
        }
        Ok(self)
    }
}

/// What is authenticated beside a sealed value: where it stands.
pub(super) fn place_of(at: &Address) -> Vec<u8> {
    let mut place = encode_label(at.label.as_ref());
    place.push(0);
    place.extend_from_slice(&at.key);
    place
}

pub(super) fn encode_label(label: Option<&Bytes>) -> Vec<u8> {
    match label {
        None => Vec::new(),
        Some(label) => [&[LABELLED], label.as_ref()].concat(),
    }
}

pub(super) fn decode_label(label: Vec<u8>) -> Result<Option<Bytes>, StoreError> {
    match label.split_first() {
        None => Ok(None),
        Some((&LABELLED, _)) => Ok(Some(Bytes::from(label).slice(1..))),
        Some(_) => Err(unreadable("a label begins with a byte that none begins with")),
    }
}

pub(super) fn encode_tags(tags: &BTreeMap<String, Option<String>>) -> Result<String, StoreError> {
    serde_json::to_string(tags).map_err(|error| StoreError::from(sqlx::Error::Encode(error.into())))
}

fn decode_tags(text: &str) -> Result<BTreeMap<String, Option<String>>, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::from(sqlx::Error::Decode(error.into())))
}

pub(super) fn flag(row: &AnyRow, column: usize) -> Result<bool, StoreError> {
    Ok(row.try_get::<i64, _>(column)? != 0)
}

pub(super) fn text(row: &AnyRow, column: usize) -> Result<Option<String>, StoreError> {
    let bytes: Option<Vec<u8>> = row.try_get(column)?;
    let text = bytes.map(String::from_utf8).transpose();
    text.map_err(|error| StoreError::from(sqlx::Error::Decode(error.into())))
}

pub(super) fn unreadable(what: &'static str) -> StoreError {
    StoreError::Record { source: Arc::new(sqlx::Error::Decode(what.into())) }
}

pub(super) fn read_snapshot(row: &AnyRow) -> Result<Snapshot, StoreError> {
    let tags: String = row.try_get(9)?;
    Ok(Snapshot {
        name: row.try_get(0)?,
        status: match row.try_get(1)? {
            0_i64 => SnapshotStatus::Ready,
            1 => SnapshotStatus::Archived,
            _ => return Err(unreadable("a snapshot has a status that none has")),
        },
        filters_text: row.try_get(2)?,
        composition: match row.try_get(3)? {
            0_i64 => Composition::Key,
            1 => Composition::KeyLabel,
            _ => return Err(unreadable("a snapshot has a composition that none has")),
        },
        created_us: row.try_get(4)?,
        expires_us: row.try_get(5)?,
        retention_seconds: row.try_get(6)?,
        size_bytes: row.try_get(7)?,
        items_count: row.try_get(8)?,
        tags: decode_tags(&tags)?,
        description: text(row, 10)?,
        etag: row.try_get(11)?,
    })
}

impl RecordKind {
    pub(super) fn table(self) -> &'static str {
        match self {
            Self::CacheDefinition => "cache_definitions",
            Self::TargetServer => "target_servers",
            Self::Credential => "credentials",
            Self::ImportedRevision => "imported_revisions",
        }
    }

    pub(super) fn is_sealed(self) -> bool {
        match self {
            Self::Credential => true,
            Self::CacheDefinition | Self::TargetServer | Self::ImportedRevision => false,
        }
    }
}

/// What is authenticated beside a sealed record.
pub(super) fn record_place(at: &RecordId) -> Vec<u8> {
    format!("{}\0{}\0{}", at.kind.table(), at.scope, at.name).into_bytes()
}

/// Columns: scope, name, body, modified_us, revision.
pub(super) fn read_record(
    kind: RecordKind,
    row: &AnyRow,
    sealer: &Sealer,
) -> Result<Record, StoreError> {
    let at = RecordId { kind, scope: row.try_get(0)?, name: row.try_get(1)? };
    let body: Vec<u8> = row.try_get(2)?;
    let body = match kind.is_sealed() {
        true => sealer.unseal(&record_place(&at), &body)?,
        false => Bytes::from(body),
    };
    Ok(Record { at, body, modified_us: row.try_get(3)?, revision: row.try_get(4)? })
}
