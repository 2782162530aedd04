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
mod writer;

pub use apply::{BUNDLE_BYTES_MAX, RECORD_BYTES_MAX, SNAPSHOT_ITEMS_MAX};
pub use error::StoreError;
pub use model::{
    Address, Change, Changes, Composition, Condition, Content, Cursor, Etag, Filter, KEY_BYTES_MAX,
    KeyFilter, KeyValue, LABEL_BYTES_MAX, LabelFilter, Map, MapId, Moment, NewSnapshot, Page, Past,
    Query, Receipt, Record, RecordId, RecordKind, Sight, Snapshot, SnapshotFilter, SnapshotStatus,
    TagFilter, VALUE_BYTES_MAX, Via, Write, Written,
};

use std::fmt;
use std::fs::OpenOptions;
use std::future::Future;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::MigrateError;
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgListener;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Any, AnyConnection, AnyPool, ConnectOptions, Executor, Row};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep, timeout};

use crate::clock::Clock;
use crate::store::durable::dialect::{CHANNEL, Dialect};
use crate::store::durable::row::{Sql, unreadable};
use crate::store::durable::seal::Sealer;
use crate::store::durable::writer::{Connect, Job, Writer};

/// Connections that read.
const READERS_MAX: u32 = 4;
/// The longest wait for one of them, and for its answer.
const READ_WAIT: Duration = Duration::from_secs(5);
/// The longest wait for a write, its turn included. Then nobody knows whether it is done.
const WRITE_WAIT: Duration = Duration::from_secs(30);
/// Writes that wait for their turn; more wait to be taken in.
const JOBS_MAX: usize = 1024;
/// How often the newest revision is looked at, whatever was told of it.
const CHECK_EVERY: Duration = Duration::from_secs(1);
/// How often SQLite's log is looked at, where nothing tells of another process's writes, such as
/// those of `tollgate kv` beside a gateway.
const LOG_CHECK_EVERY: Duration = Duration::from_millis(25);
const PRUNE_EVERY: Duration = Duration::from_secs(60);
const LISTEN_PAUSE: Duration = Duration::from_secs(1);
const FILE_MODE: u32 = 0o600;

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
    jobs: mpsc::Sender<Job>,
    revision: watch::Receiver<i64>,
    /// When the database last said what the newest revision is, milliseconds since the epoch.
    checked_ms: Arc<AtomicI64>,
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
        verify_key(&mut connection, &sealer).await?;
        let newest = read::newest_revision(&mut connection).await?;

        let pool = pool(&connect);
        let (told, revision) = watch::channel(newest);
        let checked_ms = Arc::new(AtomicI64::new(clock.epoch_ms()));
        let (jobs, waiting) = mpsc::channel(JOBS_MAX);
        let mut tasks = JoinSet::new();
        let writer = Writer {
            connect: connect.clone(),
            connection: Some(connection),
            sealer: sealer.clone(),
            clock: clock.clone(),
            retention: settings.retention,
            revision: told.clone(),
        };
        // Ends by itself when the last one who could ask has gone, after its last answer.
        tokio::spawn(writer.run(waiting));
        if let Location::Postgres(url) = &settings.location {
            tasks.spawn(listen(url.clone(), told.clone()));
        }
        let ticks = Ticks::new(&settings.location);
        tasks.spawn(check(pool.clone(), ticks, told, checked_ms.clone(), clock.clone()));
        tasks.spawn(prune(jobs.downgrade()));
        let runtime = Handle::current();
        let inner = Inner { pool, sealer, jobs, revision, checked_ms, runtime, _tasks: tasks };
        Ok(Self(Arc::new(inner)))
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

    /// The newest revision that this gateway has heard of.
    pub fn watch(&self) -> watch::Receiver<i64> {
        self.0.revision.clone()
    }

    /// When the database last answered what its newest revision is, milliseconds since the epoch.
    pub fn checked_ms(&self) -> i64 {
        self.0.checked_ms.load(Ordering::Acquire)
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
    let options = AnyConnectOptions::from_url(&url).map_err(|_| StoreError::Url)?;
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
    AnyPoolOptions::new()
        .max_connections(READERS_MAX)
        .min_connections(0)
        .acquire_timeout(READ_WAIT)
        // A file is there, or the statement itself says so.
        .test_before_acquire(connect.dialect == Dialect::Postgres)
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

/// The first gateway leaves a value that its key alone opens; the others open it.
async fn verify_key(connection: &mut AnyConnection, sealer: &Sealer) -> Result<(), StoreError> {
    Sql::new("UPDATE counter SET key_check = $1 WHERE id = 1 AND key_check IS NULL")
        .with(sealer.check()?.to_vec())?
        .run(connection)
        .await?;
    let row = Sql::new("SELECT key_check FROM counter WHERE id = 1").row(connection).await?;
    let check: Vec<u8> = row.ok_or_else(|| unreadable("the counter is gone"))?.try_get(0)?;
    sealer.verify(&check)
}

/// Tells of a revision, unless a newer one was told.
fn grow(told: &watch::Sender<i64>, revision: i64) {
    told.send_if_modified(|newest| {
        let is_newer = revision > *newest;
        if is_newer {
            *newest = revision;
        }
        is_newer
    });
}

/// Hears of the other gateways' writes. What is missed while the connection is away the check
/// finds.
async fn listen(url: String, told: watch::Sender<i64>) {
    loop {
        if let Err(error) = hear(&url, &told).await {
            tracing::debug!(%error, "the store does not tell of changes for a moment");
        }
        sleep(LISTEN_PAUSE).await;
    }
}

async fn hear(url: &str, told: &watch::Sender<i64>) -> Result<(), sqlx::Error> {
    let url = postgres_url(url).map_err(|_| sqlx::Error::Configuration("no URL".into()))?;
    let mut listener = PgListener::connect(url.as_str()).await?;
    listener.listen(CHANNEL).await?;
    while let Some(notification) = listener.try_recv().await? {
        if let Ok(revision) = notification.payload().parse() {
            grow(told, revision);
        }
    }
    Ok(())
}

/// When to ask for the newest revision.
struct Ticks {
    ticks: Interval,
    /// SQLite's log.
    log: Option<PathBuf>,
    /// Its length and time of change.
    seen: Option<(u64, SystemTime)>,
    /// A change of the log may be in the midst of a write.
    awake_until: Instant,
    asked: Option<Instant>,
}

impl Ticks {
    fn new(location: &Location) -> Self {
        let (log, every) = match location {
            Location::Sqlite(path) => {
                let mut log = path.clone().into_os_string();
                log.push("-wal");
                (Some(PathBuf::from(log)), LOG_CHECK_EVERY)
            }
            Location::Postgres(_) => (None, CHECK_EVERY),
        };
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { ticks, log, seen: None, awake_until: Instant::now(), asked: None }
    }

    async fn next(&mut self) {
        loop {
            let now = self.ticks.tick().await;
            let Some(log) = &self.log else { return };
            let seen = std::fs::metadata(log).ok();
            let seen = seen.and_then(|log| Some((log.len(), log.modified().ok()?)));
            if seen != self.seen {
                self.seen = seen;
                self.awake_until = now + CHECK_EVERY;
            }
            let is_due = self.asked.is_none_or(|asked| asked + CHECK_EVERY <= now);
            if is_due || now < self.awake_until {
                self.asked = Some(now);
                return;
            }
        }
    }
}

/// Asks for the newest revision now and then, which also shows that the database is there.
async fn check(
    pool: AnyPool,
    mut ticks: Ticks,
    told: watch::Sender<i64>,
    checked_ms: Arc<AtomicI64>,
    clock: Clock,
) {
    let mut is_away = false;
    loop {
        ticks.next().await;
        let asking = async {
            let mut connection = pool.acquire().await?;
            read::newest_revision(&mut connection).await
        };
        let asked_ms = clock.epoch_ms();
        match timeout(READ_WAIT, asking).await {
            Ok(Ok(revision)) => {
                checked_ms.store(asked_ms, Ordering::Release);
                grow(&told, revision);
                if is_away {
                    tracing::info!("the store is back");
                }
                is_away = false;
            }
            Ok(Err(error)) if !is_away => {
                is_away = true;
                tracing::warn!(%error, "the store is away; what was read of it serves on");
            }
            Err(_) if !is_away => {
                is_away = true;
                tracing::warn!("the store does not answer; what was read of it serves on");
            }
            Ok(Err(_)) | Err(_) => {}
        }
    }
}

async fn prune(jobs: mpsc::WeakSender<Job>) {
    let mut ticks = interval(PRUNE_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let mut more = true;
        while more {
            let Some(jobs) = jobs.upgrade() else { return };
            let (done, answer) = oneshot::channel();
            if jobs.send(Job::Prune { done }).await.is_err() {
                return;
            }
            more = match answer.await {
                Ok(Ok(more)) => more,
                Ok(Err(error)) => {
                    tracing::debug!(%error, "the store's history was not pruned this time");
                    false
                }
                Err(_) => return,
            };
        }
    }
}
