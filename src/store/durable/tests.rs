//! What both databases must do alike; then what is one's own.
//!
//! PostgreSQL is tested where `TOLLGATE_TEST_POSTGRES` has the URL of a server whose user may
//! make databases; each test makes one of its own.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use sqlx::{AssertSqlSafe, Connection, Executor};
use tempfile::TempDir;

use super::*;

/// 2024-02-28T12:00:00Z.
const NOW_MS: i64 = 1_709_121_600_000;
const NOW_US: i64 = NOW_MS * 1000;
const DAY: Duration = Duration::from_secs(24 * 3600);

struct Rig {
    store: Store,
    clock: Clock,
    settings: Settings,
    folder: TempDir,
}

#[derive(Clone, Copy)]
enum Kind {
    Sqlite,
    Postgres,
}

impl Rig {
    /// `None` where there is no server to test with.
    async fn new(kind: Kind) -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let location = match kind {
            Kind::Sqlite => Location::Sqlite(folder.path().join("tollgate.db")),
            Kind::Postgres => Location::Postgres(database().await?),
        };
        let settings = Settings {
            location,
            key_file: KeyFile::Own(folder.path().join("store.key")),
            retention: 7 * DAY,
        };
        let clock = Clock::manual(NOW_MS);
        let store = Store::open(&settings, &clock).await.unwrap();
        Some(Self { store, clock, settings, folder })
    }

    async fn put(&self, key: &str, label: Option<&str>, value: &str) -> KeyValue {
        item(self.store.write(put(key, label, value)).await)
    }

    async fn delete(&self, key: &str, label: Option<&str>) -> Written {
        let when = Condition::None;
        let write = Write::Delete { at: at(key, label), when, via: Via::Open };
        self.store.write(write).await.unwrap().written
    }

    async fn value(&self, key: &str, label: Option<&str>, moment: Moment) -> Option<String> {
        let found = self.store.get(at(key, label), moment, Sight::Open).await.unwrap();
        found.map(|item| String::from_utf8(item.content.value.unwrap().to_vec()).unwrap())
    }

    /// `key|label=value`, one after the other.
    async fn listed(&self, query: Query) -> Vec<String> {
        self.store.list(query).await.unwrap().items.iter().map(shown).collect()
    }

    fn tick(&self) -> i64 {
        self.clock.advance(Duration::from_millis(1));
        self.clock.epoch_ms() * 1000
    }
}

/// A new database on the server to test with.
async fn database() -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "tests/all tells so where the server is")]
    let Ok(server) = std::env::var("TOLLGATE_TEST_POSTGRES") else {
        eprintln!("TOLLGATE_TEST_POSTGRES is not set: PostgreSQL is not tested");
        return None;
    };
    let name = format!("test_{}", uuid::Uuid::new_v4().simple());
    let mut connection = sqlx::PgConnection::connect(&server).await.unwrap();
    let text = format!("CREATE DATABASE {name} TEMPLATE template0");
    connection.execute(AssertSqlSafe(text)).await.unwrap();
    let mut url = url::Url::parse(&server).unwrap();
    url.set_path(&name);
    Some(url.to_string())
}

/// One test for each database.
macro_rules! contract {
    ($(async fn $name:ident($rig:ident: Rig) $body:block)*) => {
        $(mod $name {
            use super::*;

            async fn holds($rig: Rig) $body

            #[tokio::test]
            async fn sqlite() {
                holds(Rig::new(Kind::Sqlite).await.unwrap()).await;
            }

            #[tokio::test]
            async fn postgres() {
                if let Some(rig) = Rig::new(Kind::Postgres).await {
                    holds(rig).await;
                }
            }
        })*
    };
}

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

fn at(key: &str, label: Option<&str>) -> Address {
    Address { key: bytes(key), label: label.map(bytes) }
}

fn content(value: &str) -> Content {
    Content { value: Some(bytes(value)), ..Content::default() }
}

fn put(key: &str, label: Option<&str>, value: &str) -> Write {
    let (at, when) = (at(key, label), Condition::None);
    Write::Put { at, content: content(value), when, via: Via::Open }
}

fn put_when(key: &str, value: &str, when: Condition) -> Write {
    Write::Put { at: at(key, None), content: content(value), when, via: Via::Open }
}

#[track_caller]
fn item(result: Result<Receipt, StoreError>) -> KeyValue {
    match result.unwrap().written {
        Written::Item(item) | Written::Unchanged(item) => item,
        other => panic!("no item: {other:?}"),
    }
}

fn shown(item: &KeyValue) -> String {
    let text = |bytes: &Bytes| String::from_utf8_lossy(bytes).into_owned();
    let label = item.at.label.as_ref().map(|label| format!("|{}", text(label)));
    let value = item.content.value.as_ref().map(text).unwrap_or_default();
    format!("{}{}={value}", text(&item.at.key), label.unwrap_or_default())
}

/// What no index can compress.
fn noise(count: usize) -> Bytes {
    std::iter::repeat_with(rand::random::<u8>).take(count).collect()
}

fn map(name: &str) -> MapId {
    MapId { name: bytes(name), label: Some(bytes("test")) }
}

fn entry(map: &MapId, name: &str, value: &str) -> Write {
    let (at, when) = (map.entry(name.as_bytes()), Condition::None);
    Write::Put { at, content: content(value), when, via: Via::Map }
}

mod history;
mod items;
mod maps;
mod opening;
