//! The durable store: what the gateway is told and must not forget. SQLite in a file of the
//! state folder, or PostgreSQL where several gateways share.
//!
//! A write is answered when it is on disk. Writers take turns at one counter, so that revisions
//! are the order of commits, and who reads the changes since one misses none. All work is done on
//! the runtime that opened the store, whoever asks.
//!
//! Sources: SQLite's documentation, "Write-Ahead Logging" and "Atomic Commit"; PostgreSQL's,
//! "Explicit Locking", `LISTEN`; Azure App Configuration's REST reference for what is kept.

mod apply;
mod dialect;
mod error;
mod model;
mod read;
mod row;
mod seal;
#[cfg(test)]
mod tests;
mod watching;
mod writer;

pub use apply::{BUNDLE_BYTES_MAX, RECORD_BYTES_MAX, SNAPSHOT_ITEMS_MAX};
pub use error::StoreError;
pub use model::{
    Address, Change, Changes, Composition, Condition, Content, Cursor, Etag, Filter, KEY_BYTES_MAX,
    KeyFilter, KeyValue, LABEL_BYTES_MAX, LabelFilter, Map, MapId, Moment, NewSnapshot, Page, Past,
    Query, Receipt, Record, RecordId, RecordKind, Sight, Size, Snapshot, SnapshotFilter,
    SnapshotStatus, TagFilter, VALUE_BYTES_MAX, Via, Write, Written,
};

use std::fmt;
use std::fs::OpenOptions;
use std::future::Future;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::MigrateError;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Any, AnyConnection, AnyPool, ConnectOptions, Connection, Executor, Row};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::clock::Clock;
use crate::store::durable::dialect::Dialect;
use crate::store::durable::row::{Sql, unreadable};
use crate::store::durable::seal::Sealer;
use crate::store::durable::watching::{Check, Health, Listen, prune};
use crate::store::durable::writer::{Connect, Job, Writer};

/// Connections that read.
const READERS_MAX: u32 = 4;
/// The longest wait for one of them, and for its answer.
const READ_WAIT: Duration = Duration::from_secs(5);
/// The longest wait for a write, its turn included. Then nobody knows whether it is done.
const WRITE_WAIT: Duration = Duration::from_secs(30);
/// Writes that wait for their turn; more wait to be taken in.
const JOBS_MAX: usize = 1024;
/// A connection of PostgreSQL that nobody used for so long is asked whether it is still there.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);
const FILE_MODE: u32 = 0o600;
const IDENTITY_BYTES: usize = 8;

/// Where the database is.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    Sqlite(PathBuf),
    /// The URL, which may hold a password.
    Postgres(String),
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => f.debug_tuple("Sqlite").field(path).finish(),
            Self::Postgres(_) => f.write_str("Postgres"),
        }
    }
}

/// Where the key of sealed values is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyFile {
    /// Made where it is missing.
    Own(PathBuf),
    /// Must be there.
    Given(PathBuf),
}

#[derive(Clone, Debug)]
pub struct Settings {
    pub location: Location,
    pub key_file: KeyFile,
    /// How long what was replaced or removed is kept.
    pub retention: Duration,
}

/// The store. Cloning shares it.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    pool: AnyPool,
    sealer: Arc<Sealer>,
    identity: String,
    jobs: mpsc::Sender<Job>,
    revision: watch::Receiver<i64>,
    health: Arc<Health>,
    runtime: Handle,
    /// End with the store.
    _tasks: JoinSet<()>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("revision", &*self.0.revision.borrow()).finish()
    }
}

type Reading<'c, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'c>>;

/// Reads with a connection of the pool.
macro_rules! reading {
    ($store:ident, |$connection:ident, $sealer:tt| $reading:expr) => {
        $store.read(move |$connection, $sealer| Box::pin(async move { $reading.await })).await
    };
}

impl Store {
    /// Opens the database, whose tables are made or brought up to date.
    pub async fn open(settings: &Settings, clock: &Clock) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let sealer = Arc::new(match &settings.key_file {
            KeyFile::Own(path) => Sealer::open_or_make(path)?,
            KeyFile::Given(path) => Sealer::open(path)?,
        });
        let connect = connect_to(&settings.location)?;
        let mut connection = connect.connect().await?;
        let migrator = connect.dialect.migrator();
        migrator.run_direct(None, &mut connection, false).await.map_err(migration_failed)?;
        let identity = verify_key(&mut connection, &sealer).await?;
        let newest = read::newest_revision(&mut connection).await?;

        let pool = pool(&connect);
        let (told, revision) = watch::channel(newest);
        let health = Arc::new(Health::new(clock.epoch_ms()));
        let (jobs, waiting) = mpsc::channel(JOBS_MAX);
        let mut tasks = JoinSet::new();
        let writer = Writer {
            connect: connect.clone(),
            connection: Some(connection),
            used: Instant::now(),
            sealer: sealer.clone(),
            clock: clock.clone(),
            retention: settings.retention,
            revision: told.clone(),
        };
        // Ends by itself when the last one who could ask has gone, after its last answer.
        tokio::spawn(writer.run(waiting));
        if let Location::Postgres(url) = &settings.location {
            let listen =
                Listen { url: postgres_url(url)?, told: told.clone(), health: health.clone() };
            tasks.spawn(listen.run());
        }
        let check =
            Check { pool: pool.clone(), told, health: health.clone(), clock: clock.clone() };
        tasks.spawn(check.run(settings.location.clone()));
        tasks.spawn(prune(jobs.downgrade()));
        let runtime = Handle::current();
        let inner =
            Inner { pool, sealer, identity, jobs, revision, health, runtime, _tasks: tasks };
        Ok(Self(Arc::new(inner)))
    }

    /// Whether there is a store, which is looked for and not made.
    pub async fn is_there(settings: &Settings) -> Result<bool, StoreError> {
        if let Location::Sqlite(path) = &settings.location
            && !path.exists()
        {
            return Ok(false);
        }
        sqlx::any::install_default_drivers();
        let connect = connect_to(&settings.location)?;
        let mut connection = connect.connect().await?;
        Sql::new(connect.dialect.has_counter()).row(&mut connection).await.map(|row| row.is_some())
    }

    /// Does a change, and answers when it is on disk.
    pub async fn write(&self, write: Write) -> Result<Receipt, StoreError> {
        let write = Box::new(write);
        self.ask(|done| Job::Write { write, done }).await
    }

    /// Takes away some of the history that is too old; `true` where there is more.
    pub async fn prune(&self) -> Result<bool, StoreError> {
        self.ask(|done| Job::Prune { done }).await
    }

    pub async fn get(
        &self,
        at: Address,
        moment: Moment,
        sight: Sight,
    ) -> Result<Option<KeyValue>, StoreError> {
        reading!(self, |connection, sealer| read::get(connection, sealer, &at, moment, sight))
    }

    pub async fn list(&self, query: Query) -> Result<Page<KeyValue>, StoreError> {
        reading!(self, |connection, sealer| read::list(connection, sealer, &query))
    }

    /// What was and is, of each address from the newest on.
    pub async fn revisions(&self, query: Query) -> Result<Page<KeyValue>, StoreError> {
        reading!(self, |connection, sealer| read::revisions(connection, sealer, &query))
    }

    /// As [`Store::revisions`], with removals.
    pub async fn history(&self, query: Query) -> Result<Page<Past>, StoreError> {
        reading!(self, |connection, sealer| read::history(connection, sealer, &query))
    }

    /// The distinct keys of open key-values, in order, after one of them.
    pub async fn keys(
        &self,
        names: KeyFilter,
        moment: Moment,
        after: Option<Bytes>,
        limit: usize,
    ) -> Result<Vec<Bytes>, StoreError> {
        reading!(self, |connection, _| read::keys(
            connection,
            &names,
            moment,
            after.as_deref(),
            limit
        ))
    }

    /// The distinct labels of open key-values, in order, no label first.
    pub async fn labels(
        &self,
        names: LabelFilter,
        moment: Moment,
        after: Option<Option<Bytes>>,
        limit: usize,
    ) -> Result<Vec<Option<Bytes>>, StoreError> {
        reading!(self, |connection, _| {
            let after = after.as_ref().map(Option::as_ref);
            read::labels(connection, &names, moment, after, limit)
        })
    }

    pub async fn snapshot(&self, name: String) -> Result<Option<Snapshot>, StoreError> {
        reading!(self, |connection, _| read::snapshot(connection, &name))
    }

    pub async fn snapshots(
        &self,
        after: Option<String>,
        limit: usize,
    ) -> Result<Vec<Snapshot>, StoreError> {
        reading!(self, |connection, _| read::snapshots(connection, after.as_deref(), limit))
    }

    /// What a snapshot holds; nothing where there is none of that name.
    pub async fn snapshot_items(
        &self,
        name: String,
        query: Query,
    ) -> Result<Page<KeyValue>, StoreError> {
        reading!(self, |connection, sealer| read::snapshot_items(connection, sealer, &name, &query))
    }

    /// The newest state of what changed after a revision, oldest change first.
    pub async fn changes_since(&self, since: i64, limit: usize) -> Result<Changes, StoreError> {
        reading!(self, |connection, sealer| read::changes_since(connection, sealer, since, limit))
    }

    pub async fn map(&self, id: MapId) -> Result<Option<Map>, StoreError> {
        reading!(self, |connection, _| read::map(connection, &id))
    }

    /// The maps of one label, by name.
    pub async fn maps(&self, label: Option<Bytes>) -> Result<Vec<Map>, StoreError> {
        reading!(self, |connection, _| read::maps(connection, label.as_ref()))
    }

    pub async fn record(&self, at: RecordId) -> Result<Option<Record>, StoreError> {
        reading!(self, |connection, sealer| read::record(connection, sealer, &at))
    }

    pub async fn records(
        &self,
        kind: RecordKind,
        scope: String,
    ) -> Result<Vec<Record>, StoreError> {
        reading!(self, |connection, sealer| read::records(connection, sealer, kind, &scope))
    }

    /// What all open key-values take: how many there are, and the bytes of their texts.
    pub async fn size(&self) -> Result<Size, StoreError> {
        reading!(self, |connection, _| read::size(connection))
    }

    /// The newest revision, as the database knows it.
    pub async fn newest_revision(&self) -> Result<i64, StoreError> {
        reading!(self, |connection, _| read::newest_revision(connection))
    }

    /// Letters and digits that no other store has, and every gateway of this one knows.
    pub fn identity(&self) -> &str {
        &self.0.identity
    }

    /// The newest revision that this gateway has heard of.
    pub fn watch(&self) -> watch::Receiver<i64> {
        self.0.revision.clone()
    }

    /// When the database last answered what its newest revision is, milliseconds since the epoch.
    pub fn checked_ms(&self) -> i64 {
        self.0.health.checked_ms()
    }

    /// Whether the database did not answer when it was last looked for.
    pub fn is_away(&self) -> bool {
        self.0.health.is_away()
    }

    /// Runs something on the runtime that opened the store.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.0.runtime.spawn(work).await.unwrap_or_else(|_| Err(unanswered()))
    }

    async fn ask<T: Send + 'static>(
        &self,
        job: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Job,
    ) -> Result<T, StoreError> {
        let (done, answer) = oneshot::channel();
        let (job, jobs) = (job(done), self.0.jobs.clone());
        let waiting = self.0.runtime.spawn(timeout(WRITE_WAIT, async move {
            match jobs.send(job).await {
                Ok(()) => answer.await.unwrap_or_else(|_| Err(unanswered())),
                Err(_) => Err(StoreError::Unavailable { source: None }),
            }
        }));
        match waiting.await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => Err(unanswered()),
        }
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl for<'c> FnOnce(&'c mut AnyConnection, &'c Sealer) -> Reading<'c, T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = self.0.clone();
        let reading = self.0.runtime.spawn(async move {
            let away = || Err(StoreError::Unavailable { source: None });
            let reading = async {
                let mut connection: PoolConnection<Any> = inner.pool.acquire().await?;
                work(&mut connection, &inner.sealer).await
            };
            timeout(READ_WAIT, reading).await.unwrap_or_else(|_| away())
        });
        reading.await.unwrap_or(Err(StoreError::Unavailable { source: None }))
    }
}

/// Whoever asked does not know whether the write will be done.
fn unanswered() -> StoreError {
    let source = std::io::Error::from(std::io::ErrorKind::TimedOut);
    StoreError::Unknown { source: Arc::new(sqlx::Error::Io(source)) }
}

fn connect_to(location: &Location) -> Result<Connect, StoreError> {
    let (url, dialect) = match location {
        Location::Sqlite(path) => {
            make_file(path)?;
            let options = SqliteConnectOptions::new().filename(path);
            (options.to_url_lossy(), Dialect::Sqlite)
        }
        Location::Postgres(url) => (postgres_url(url)?, Dialect::Postgres),
    };
    // What goes wrong is told in our words; statements are nobody's business.
    let options = AnyConnectOptions::from_url(&url).map_err(|_| StoreError::Url)?;
    let options = options.disable_statement_logging();
    Ok(Connect { options, dialect })
}

/// The database's file is its owner's alone, wherever it stands.
fn make_file(path: &Path) -> Result<(), StoreError> {
    let open = OpenOptions::new().create(true).append(true).mode(FILE_MODE).open(path);
    let failed = |source| StoreError::File { path: path.to_owned(), source: Arc::new(source) };
    open.map(drop).map_err(failed)
}

/// Off loopback a database must prove who it is, unless the URL says what is wanted.
fn postgres_url(text: &str) -> Result<url::Url, StoreError> {
    let mut url = url::Url::parse(text).map_err(|_| StoreError::Url)?;
    let is_near = match url.host() {
        // A socket of this machine.
        None => true,
        Some(url::Host::Domain(name)) => name.is_empty() || name == "localhost",
        // A scheme without rules of its own keeps an IPv4 address as a name.
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
    };
    let is_near = is_near
        || url
            .host_str()
            .and_then(|host| host.parse::<std::net::IpAddr>().ok())
            .is_some_and(|address| address.is_loopback());
    let says = url.query_pairs().any(|(name, _)| matches!(&*name, "sslmode" | "ssl-mode" | "host"));
    if !is_near && !says {
        url.query_pairs_mut().append_pair("sslmode", "verify-full");
    }
    Ok(url)
}

fn pool(connect: &Connect) -> AnyPool {
    let settings = connect.dialect.settings();
    let is_remote = connect.dialect == Dialect::Postgres;
    AnyPoolOptions::new()
        .max_connections(READERS_MAX)
        .min_connections(0)
        .acquire_timeout(READ_WAIT)
        // A file is there, or the statement itself says so; a server may have gone meanwhile. The
        // pool itself asks each connection that is given back.
        .test_before_acquire(false)
        .before_acquire(move |connection, meta| {
            Box::pin(async move {
                if is_remote && meta.idle_for > TRUSTED_IDLE {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .after_connect(move |connection, _| {
            Box::pin(async move {
                for setting in settings {
                    connection.execute(*setting).await?;
                }
                Ok(())
            })
        })
        .connect_lazy_with(connect.options.clone())
}

fn migration_failed(error: MigrateError) -> StoreError {
    match error {
        MigrateError::VersionMissing(found) => {
            StoreError::SchemaNewer { found, known: Dialect::schema_version() }
        }
        MigrateError::VersionMismatch(version) => StoreError::SchemaForeign { version },
        MigrateError::Execute(error) => StoreError::from(error),
        error => StoreError::Migrate { source: Arc::new(error) },
    }
}

/// The first gateway leaves a value that its key alone opens; the others open it. It has random
/// bytes, by whose digest the store is known.
async fn verify_key(connection: &mut AnyConnection, sealer: &Sealer) -> Result<String, StoreError> {
    // Only a new store is written to: who reads does not wait for one who writes.
    if key_check(connection).await?.is_none() {
        Sql::new("UPDATE counter SET key_check = $1 WHERE id = 1 AND key_check IS NULL")
            .with(sealer.check()?.to_vec())?
            .run(connection)
            .await?;
    }
    let check = key_check(connection).await?;
    let check = check.ok_or_else(|| unreadable("the counter has no check of the key"))?;
    sealer.verify(&check)?;
    let digest = Sha256::digest(&check);
    Ok(digest.iter().take(IDENTITY_BYTES).map(|byte| format!("{byte:02x}")).collect())
}

async fn key_check(connection: &mut AnyConnection) -> Result<Option<Vec<u8>>, StoreError> {
    let row = Sql::new("SELECT key_check FROM counter WHERE id = 1").row(connection).await?;
    Ok(row.ok_or_else(|| unreadable("the counter is gone"))?.try_get(0)?)
}
