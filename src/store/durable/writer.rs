//! The one writer of a gateway: takes what is waiting into one transaction, so that many
//! writers share one sync of the log, and answers each when the transaction is on disk.

use std::sync::Arc;
use std::time::Duration;

use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, ConnectOptions, Connection, Executor, Row};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout};

use crate::clock::Clock;
use crate::store::durable::apply::{Turn, prune};
use crate::store::durable::dialect::Dialect;
use crate::store::durable::model::{Receipt, Write};
use crate::store::durable::row::{Sql, unreadable};
use crate::store::durable::seal::Sealer;
use crate::store::durable::watching::grow;
use crate::store::durable::{StoreError, TRUSTED_IDLE};

/// Changes of one transaction.
const BATCH_MAX: usize = 256;
/// The longest that a transaction takes; then its connection is given up.
const BATCH_WAIT: Duration = Duration::from_secs(20);
/// The longest wait for a connection.
const CONNECT_WAIT: Duration = Duration::from_secs(5);
/// Rows of history that one run takes away.
const PRUNE_ROWS_MAX: usize = 1000;

/// What the writer is asked.
pub(super) enum Job {
    Write {
        write: Box<Write>,
        done: oneshot::Sender<Result<Receipt, StoreError>>,
    },
    /// Takes away some history; answers whether there is more.
    Prune {
        done: oneshot::Sender<Result<bool, StoreError>>,
    },
}

/// How to reach the database.
#[derive(Clone)]
pub(super) struct Connect {
    pub(super) options: AnyConnectOptions,
    pub(super) dialect: Dialect,
}

impl Connect {
    pub(super) async fn connect(&self) -> Result<AnyConnection, StoreError> {
        let connecting = async {
            let mut connection = self.options.connect().await?;
            for setting in self.dialect.settings() {
                connection.execute(*setting).await?;
            }
            Ok(connection)
        };
        let away = StoreError::Unavailable { source: None };
        timeout(CONNECT_WAIT, connecting).await.unwrap_or(Err(away))
    }
}

pub(super) struct Writer {
    pub(super) connect: Connect,
    pub(super) connection: Option<AnyConnection>,
    /// When the connection was last used.
    pub(super) used: Instant,
    pub(super) sealer: Arc<Sealer>,
    pub(super) clock: Clock,
    pub(super) retention: Duration,
    /// The newest revision that is on disk.
    pub(super) revision: watch::Sender<i64>,
}

impl Writer {
    /// Works until nobody can ask any more.
    pub(super) async fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut waiting = Vec::with_capacity(BATCH_MAX);
        while jobs.recv_many(&mut waiting, BATCH_MAX).await > 0 {
            let (mut writes, mut answers) = (Vec::new(), Vec::new());
            for job in waiting.drain(..) {
                match job {
                    Job::Write { write, done } => {
                        writes.push(*write);
                        answers.push(done);
                    }
                    Job::Prune { done } => {
                        let pruned = self.prune().await;
                        // Who asked may have gone.
                        drop(done.send(pruned));
                    }
                }
            }
            for (answer, result) in answers.into_iter().zip(self.write_all(&writes).await) {
                drop(answer.send(result));
            }
        }
        if let Some(connection) = self.connection {
            // Closing checkpoints the log; without it the next start does.
            drop(timeout(BATCH_WAIT, connection.close()).await);
        }
    }

    /// Together, and one by one where the database itself fails one of them.
    async fn write_all(&mut self, writes: &[Write]) -> Vec<Result<Receipt, StoreError>> {
        if writes.is_empty() {
            return Vec::new();
        }
        match self.batch(writes).await {
            Ok(results) => results,
            Err(error) if writes.len() == 1 || error.is_away() => {
                writes.iter().map(|_| Err(error.clone())).collect()
            }
            Err(_) => {
                let mut results = Vec::with_capacity(writes.len());
                for write in writes {
                    let alone = self.batch(std::slice::from_ref(write)).await;
                    results.push(alone.and_then(|results| {
                        results.into_iter().next().unwrap_or(Err(StoreError::Busy))
                    }));
                }
                results
            }
        }
    }

    async fn batch(
        &mut self,
        writes: &[Write],
    ) -> Result<Vec<Result<Receipt, StoreError>>, StoreError> {
        match self.transaction(Task::Write(writes)).await? {
            Outcome::Written { results, revision } => {
                grow(&self.revision, revision);
                Ok(results)
            }
            Outcome::Pruned { .. } => Err(StoreError::Busy),
        }
    }

    async fn prune(&mut self) -> Result<bool, StoreError> {
        let retention_us = i64::try_from(self.retention.as_micros()).unwrap_or(i64::MAX);
        match self.transaction(Task::Prune { retention_us }).await? {
            Outcome::Pruned { more } => Ok(more),
            Outcome::Written { .. } => Err(StoreError::Busy),
        }
    }

    /// A connection that failed is not used again.
    async fn transaction(&mut self, task: Task<'_>) -> Result<Outcome, StoreError> {
        let mut connection = match self.kept().await {
            Some(connection) => connection,
            None => self.connect.connect().await?,
        };
        let now_us = self.clock.epoch_ms().saturating_mul(1000);
        let work = Work { dialect: self.connect.dialect, sealer: &self.sealer, now_us, task };
        let result = match timeout(BATCH_WAIT, work.run(&mut connection)).await {
            Ok(result) => result,
            Err(_) => {
                let source = std::io::Error::from(std::io::ErrorKind::TimedOut);
                Err(StoreError::Unknown { source: Arc::new(sqlx::Error::Io(source)) })
            }
        };
        match &result {
            Err(StoreError::Unavailable { .. } | StoreError::Unknown { .. }) => {}
            Ok(_) | Err(_) => {
                self.connection = Some(connection);
                self.used = Instant::now();
            }
        }
        result
    }

    /// The connection of the time before, where it is still one: a server may have been away
    /// while nobody wrote.
    async fn kept(&mut self) -> Option<AnyConnection> {
        let mut connection = self.connection.take()?;
        let is_trusted =
            self.connect.dialect == Dialect::Sqlite || self.used.elapsed() < TRUSTED_IDLE;
        if is_trusted {
            return Some(connection);
        }
        let answer = timeout(CONNECT_WAIT, connection.ping()).await;
        matches!(answer, Ok(Ok(()))).then_some(connection)
    }
}

/// What one transaction does.
enum Task<'w> {
    Write(&'w [Write]),
    Prune { retention_us: i64 },
}

enum Outcome {
    Written { results: Vec<Result<Receipt, StoreError>>, revision: i64 },
    Pruned { more: bool },
}

struct Work<'w> {
    dialect: Dialect,
    sealer: &'w Sealer,
    now_us: i64,
    task: Task<'w>,
}

impl Work<'_> {
    async fn run(&self, connection: &mut AnyConnection) -> Result<Outcome, StoreError> {
        let mut transaction = connection.begin_with(self.dialect.begin()).await?;
        match self.inside(&mut transaction).await {
            Ok(done) => transaction.commit().await.map_err(commit_failed).map(|()| done),
            Err(error) => {
                transaction.rollback().await?;
                Err(error)
            }
        }
    }

    /// The counter is held until the transaction ends.
    async fn inside(&self, connection: &mut AnyConnection) -> Result<Outcome, StoreError> {
        let turn = Sql::new(self.dialect.take_turn()).row(connection).await?;
        let revision: i64 = turn.ok_or_else(|| unreadable("the counter is gone"))?.try_get(0)?;
        let (sealer, now_us) = (self.sealer, self.now_us);
        match self.task {
            Task::Prune { retention_us } => {
                let more = prune(connection, now_us, retention_us, PRUNE_ROWS_MAX).await?;
                Ok(Outcome::Pruned { more })
            }
            Task::Write(writes) => {
                let mut turn = Turn { connection, sealer, now_us, revision };
                let mut results = Vec::with_capacity(writes.len());
                for write in writes {
                    match one(&mut turn, write).await {
                        Err(error) if !error.is_refusal() => return Err(error),
                        result => results.push(result),
                    }
                }
                let last = turn.revision;
                if last > revision {
                    self.tell(connection, last).await?;
                }
                Ok(Outcome::Written { results, revision: last })
            }
        }
    }

    async fn tell(&self, connection: &mut AnyConnection, revision: i64) -> Result<(), StoreError> {
        Sql::new("UPDATE counter SET revision = $1 WHERE id = 1")
            .with(revision)?
            .run(connection)
            .await?;
        if let Some(notify) = self.dialect.notify() {
            Sql::new(notify).with(revision.to_string())?.rows(connection).await?;
        }
        Ok(())
    }
}

/// Where the database said no nothing was written; where it did not answer nobody knows.
fn commit_failed(error: sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::Database(_) => StoreError::from(error),
        error => StoreError::Unknown { source: Arc::new(error) },
    }
}

/// A list of changes is undone as a whole where one of them is refused.
async fn one(turn: &mut Turn<'_>, write: &Write) -> Result<Receipt, StoreError> {
    let receipt = |turn: &Turn<'_>, written| Receipt { written, revision: turn.revision };
    let Write::All(_) = write else {
        return turn.apply(write).await.map(|written| receipt(turn, written));
    };
    let before = turn.revision;
    execute(turn, "SAVEPOINT change").await?;
    match turn.apply(write).await {
        Ok(written) => {
            execute(turn, "RELEASE SAVEPOINT change").await?;
            Ok(receipt(turn, written))
        }
        Err(error) if error.is_refusal() => {
            execute(turn, "ROLLBACK TO SAVEPOINT change").await?;
            execute(turn, "RELEASE SAVEPOINT change").await?;
            turn.revision = before;
            Err(error)
        }
        Err(error) => Err(error),
    }
}

async fn execute(turn: &mut Turn<'_>, text: &'static str) -> Result<(), StoreError> {
    turn.connection.execute(text).await?;
    Ok(())
}
