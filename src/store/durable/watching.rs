//! How a gateway hears of what others write: by PostgreSQL's notifications, by SQLite's log, and,
//! whatever was told, by asking for the newest revision now and then.
//!
//! Sources: PostgreSQL's documentation, `LISTEN`; SQLite's, "Write-Ahead Logging".

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use sqlx::AnyPool;
use sqlx::postgres::PgListener;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep, timeout};

use crate::clock::Clock;
use crate::store::durable::dialect::CHANNEL;
use crate::store::durable::writer::Job;
use crate::store::durable::{Location, READ_WAIT, StoreError, read};

/// How often the newest revision is looked at, whatever was told of it.
const CHECK_EVERY: Duration = Duration::from_secs(1);
/// How often SQLite's log is looked at, where nothing tells of another process's writes, such as
/// those of `tollgate kv` beside a gateway.
const LOG_CHECK_EVERY: Duration = Duration::from_millis(25);
const PRUNE_EVERY: Duration = Duration::from_secs(60);
const LISTEN_PAUSE: Duration = Duration::from_secs(1);
/// Checks in a row that find what no notification told: then the connection is a dead one.
const UNTOLD_MAX: u32 = 3;

/// What is known of the database itself.
pub(super) struct Health {
    /// When it last said what the newest revision is, milliseconds since the epoch.
    checked_ms: AtomicI64,
    is_away: AtomicBool,
    /// Checks in a row that found what nobody had told.
    untold: AtomicU32,
    listen_anew: Notify,
}

impl Health {
    pub(super) fn new(now_ms: i64) -> Self {
        Self {
            checked_ms: AtomicI64::new(now_ms),
            is_away: AtomicBool::new(false),
            untold: AtomicU32::new(0),
            listen_anew: Notify::new(),
        }
    }

    pub(super) fn checked_ms(&self) -> i64 {
        self.checked_ms.load(Ordering::Acquire)
    }

    pub(super) fn is_away(&self) -> bool {
        self.is_away.load(Ordering::Acquire)
    }

    fn found_untold(&self) {
        if self.untold.fetch_add(1, Ordering::Relaxed) + 1 >= UNTOLD_MAX {
            self.untold.store(0, Ordering::Relaxed);
            self.listen_anew.notify_one();
        }
    }
}

/// Tells of a revision, unless a newer one was told. Returns whether it was news.
pub(super) fn grow(told: &watch::Sender<i64>, revision: i64) -> bool {
    told.send_if_modified(|newest| {
        let is_newer = revision > *newest;
        if is_newer {
            *newest = revision;
        }
        is_newer
    })
}

/// Hears of the other gateways' writes. What is missed while the connection is away the check
/// finds.
pub(super) struct Listen {
    pub(super) url: url::Url,
    pub(super) told: watch::Sender<i64>,
    pub(super) health: Arc<Health>,
}

impl Listen {
    pub(super) async fn run(self) {
        loop {
            if let Err(error) = self.hear().await {
                tracing::debug!(%error, "the store does not tell of changes for a moment");
            }
            sleep(LISTEN_PAUSE).await;
        }
    }

    async fn hear(&self) -> Result<(), sqlx::Error> {
        let mut listener = PgListener::connect(self.url.as_str()).await?;
        listener.listen(CHANNEL).await?;
        loop {
            let heard = tokio::select! {
                heard = listener.try_recv() => heard?,
                () = self.health.listen_anew.notified() => None,
            };
            let Some(notification) = heard else { return Ok(()) };
            self.health.untold.store(0, Ordering::Relaxed);
            if let Ok(revision) = notification.payload().parse() {
                grow(&self.told, revision);
            }
        }
    }
}

/// Asks for the newest revision now and then, which also shows that the database is there.
pub(super) struct Check {
    pub(super) pool: AnyPool,
    pub(super) told: watch::Sender<i64>,
    pub(super) health: Arc<Health>,
    pub(super) clock: Clock,
}

impl Check {
    pub(super) async fn run(self, location: Location) {
        let mut ticks = Ticks::new(&location);
        loop {
            ticks.next().await;
            let asked_ms = self.clock.epoch_ms();
            let was_away = self.health.is_away();
            let answer = timeout(READ_WAIT, self.ask()).await;
            self.health.is_away.store(!matches!(answer, Ok(Ok(_))), Ordering::Release);
            match answer {
                Ok(Ok(revision)) => {
                    self.health.checked_ms.store(asked_ms, Ordering::Release);
                    if grow(&self.told, revision) {
                        self.health.found_untold();
                    }
                    if was_away {
                        tracing::info!("the store is back");
                    }
                }
                Ok(Err(error)) if !was_away => {
                    tracing::warn!(%error, "the store is away; what was read of it serves on");
                }
                Err(_) if !was_away => {
                    tracing::warn!("the store does not answer; what was read of it serves on");
                }
                Ok(Err(_)) | Err(_) => {}
            }
        }
    }

    async fn ask(&self) -> Result<i64, StoreError> {
        let mut connection = self.pool.acquire().await?;
        read::newest_revision(&mut connection).await
    }
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

pub(super) async fn prune(jobs: mpsc::WeakSender<Job>) {
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
