//! Where the two databases differ: their tables' types, how a writer waits its turn, how it
//! tells the others, and what a connection is told first. All other SQL is shared; `$1` is a
//! parameter to both.
//!
//! Sources: SQLite's documentation, "Write-Ahead Logging", `PRAGMA synchronous`, "Partial
//! Indexes"; PostgreSQL's, "Explicit Locking", `NOTIFY`, `CREATE INDEX`.

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, SqlSafeStr};

/// The channel of PostgreSQL on which a writer tells the newest revision.
pub(super) const CHANNEL: &str = "tollgate_revision";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// Begins a transaction that may write.
    pub(super) fn begin(self) -> &'static str {
        match self {
            // Takes the only place of a writer at once; a later upgrade could fail.
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN",
        }
    }

    /// Reads the counter and holds it until the transaction ends.
    pub(super) fn take_turn(self) -> &'static str {
        match self {
            Self::Sqlite => "SELECT revision FROM counter WHERE id = 1",
            Self::Postgres => "SELECT revision FROM counter WHERE id = 1 FOR UPDATE",
        }
    }

    /// A row where the counter, which every store has, is there.
    pub(super) fn has_counter(self) -> &'static str {
        match self {
            Self::Sqlite => "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'counter'",
            Self::Postgres => "SELECT 1 WHERE to_regclass('counter') IS NOT NULL",
        }
    }

    /// What tells the other gateways; `$1` is the revision as text.
    pub(super) fn notify(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("SELECT 1 FROM pg_notify('tollgate_revision', $1)"),
        }
    }

    /// What every connection hears first.
    pub(super) fn settings(self) -> &'static [&'static str] {
        match self {
            Self::Sqlite => &[
                "PRAGMA journal_mode = WAL",
                // The log is synced before a commit returns.
                "PRAGMA synchronous = FULL",
                "PRAGMA busy_timeout = 5000",
                "PRAGMA foreign_keys = ON",
            ],
            Self::Postgres => &[
                "SET statement_timeout = '10s'",
                "SET lock_timeout = '5s'",
                "SET idle_in_transaction_session_timeout = '15s'",
                // A write is acknowledged when it is on disk, whatever the server's default.
                "SET synchronous_commit = 'on'",
            ],
        }
    }

    pub(super) fn migrator(self) -> Migrator {
        let migrations = MIGRATIONS.iter().map(|(version, name, sql)| {
            let sql = AssertSqlSafe(self.spell(sql)).into_sql_str();
            Migration::new(*version, (*name).into(), MigrationType::Simple, sql, false)
        });
        Migrator::with_migrations(migrations.collect())
    }

    /// The newest migration that this program knows.
    pub(super) fn schema_version() -> i64 {
        MIGRATIONS.iter().map(|(version, ..)| *version).max().unwrap_or(0)
    }

    /// SQLite's integers have 64 bits under the name INTEGER alone.
    fn spell(self, sql: &str) -> String {
        match self {
            Self::Sqlite => sql.replace("BYTES", "BLOB").replace("INT64", "INTEGER"),
            // Texts are ordered by their bytes there too.
            Self::Postgres => sql
                .replace("BYTES", "BYTEA")
                .replace("INT64", "BIGINT")
                .replace("TEXT", "TEXT COLLATE \"C\""),
        }
    }
}

/// Applied in order, never changed once they were released: a change is a new one. Texts from
/// outside are bytes, since PostgreSQL's TEXT holds no NUL; JSON escapes it.
const MIGRATIONS: &[(i64, &str, &str)] = &[(1, "begin", BEGIN)];

/// `revisions` holds what is, what was and what was removed. A row is the newest of its address
/// while `until_us` is null. A label is empty where there is none, else a byte 1 and its bytes,
/// since nulls are distinct to a unique index.
const BEGIN: &str = "
CREATE TABLE counter (
    id INT64 NOT NULL PRIMARY KEY,
    revision INT64 NOT NULL,
    forgotten INT64 NOT NULL,
    key_check BYTES
);
INSERT INTO counter (id, revision, forgotten) VALUES (1, 0, 0);
CREATE TABLE revisions (
    revision INT64 NOT NULL PRIMARY KEY,
    key_name BYTES NOT NULL,
    label BYTES NOT NULL,
    deleted INT64 NOT NULL,
    sealed INT64 NOT NULL,
    locked INT64 NOT NULL,
    value BYTES,
    content_type BYTES,
    tags TEXT NOT NULL,
    description BYTES,
    etag TEXT NOT NULL,
    modified_us INT64 NOT NULL,
    until_us INT64
);
CREATE UNIQUE INDEX newest_by_address ON revisions (key_name, label) WHERE until_us IS NULL;
CREATE INDEX revisions_by_address ON revisions (key_name, label, revision);
CREATE INDEX revisions_by_end ON revisions (until_us) WHERE until_us IS NOT NULL;
CREATE INDEX removals ON revisions (modified_us) WHERE deleted = 1 AND until_us IS NULL;
CREATE TABLE maps (
    label BYTES NOT NULL,
    name BYTES NOT NULL,
    encrypted INT64 NOT NULL,
    revision INT64 NOT NULL,
    PRIMARY KEY (label, name)
);
CREATE TABLE snapshots (
    name TEXT NOT NULL PRIMARY KEY,
    status INT64 NOT NULL,
    filters TEXT NOT NULL,
    composition INT64 NOT NULL,
    created_us INT64 NOT NULL,
    expires_us INT64,
    retention_seconds INT64 NOT NULL,
    size_bytes INT64 NOT NULL,
    items_count INT64 NOT NULL,
    tags TEXT NOT NULL,
    description BYTES,
    etag TEXT NOT NULL
);
CREATE TABLE snapshot_items (
    snapshot TEXT NOT NULL REFERENCES snapshots (name) ON DELETE CASCADE,
    revision INT64 NOT NULL REFERENCES revisions (revision),
    PRIMARY KEY (snapshot, revision)
);
CREATE INDEX snapshots_of_revision ON snapshot_items (revision);
CREATE TABLE cache_definitions (
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    body BYTES NOT NULL,
    modified_us INT64 NOT NULL,
    revision INT64 NOT NULL,
    PRIMARY KEY (scope, name)
);
CREATE TABLE target_servers (
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    body BYTES NOT NULL,
    modified_us INT64 NOT NULL,
    revision INT64 NOT NULL,
    PRIMARY KEY (scope, name)
);
CREATE TABLE credentials (
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    body BYTES NOT NULL,
    modified_us INT64 NOT NULL,
    revision INT64 NOT NULL,
    PRIMARY KEY (scope, name)
);
CREATE TABLE imported_revisions (
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    body BYTES NOT NULL,
    modified_us INT64 NOT NULL,
    revision INT64 NOT NULL,
    PRIMARY KEY (scope, name)
);
";
