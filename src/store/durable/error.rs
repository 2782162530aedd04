//! Why the store did not do what it was asked.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use sqlx::migrate::MigrateError;

/// What the one who asked hears. No text repeats a stored value or the database's URL.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// What the caller demanded of the item's state does not hold.
    #[error("the item is not in the state that was asked for")]
    PreconditionFailed,
    #[error("the item is locked; unlock it first")]
    Locked,
    #[error("there is no such item")]
    NotFound,
    #[error("there is one of that name already")]
    AlreadyExists,
    #[error("the item's state does not allow that")]
    InvalidState,
    /// Values of an encrypted map are for policies and the management API.
    #[error("the key belongs to an encrypted map")]
    Encrypted,
    #[error("{what} has {bytes} bytes; the limit is {bytes_max}")]
    TooLarge { what: &'static str, bytes: usize, bytes_max: usize },
    #[error("the store cannot be reached; see that its database runs, then try again")]
    Unavailable { source: Option<Arc<sqlx::Error>> },
    /// The answer was lost: the write may have been done.
    #[error("the store did not say whether the write was done; look before you repeat it")]
    Unknown { source: Arc<sqlx::Error> },
    #[error("the store is busy: somebody else writes to it for long; try again")]
    Busy,
    #[error("the store's disk is full; make room, then try again")]
    Full { source: Arc<sqlx::Error> },
    #[error("the store refuses these credentials, or has no such database; see `store.url`")]
    Refused { source: Arc<sqlx::Error> },
    #[error("the store's database is damaged; put a backup in its place")]
    Damaged { source: Arc<sqlx::Error> },
    #[error("the store cannot write to its file; see the rights of its folder")]
    ReadOnly { source: Arc<sqlx::Error> },
    #[error(
        "the store was written by a newer Tollgate: it has migration {found}, and this one knows \
         {known}; start the newer one, or name another database in `store.url`"
    )]
    SchemaNewer { found: i64, known: i64 },
    #[error(
        "the store's tables are not those of Tollgate (migration {version} differs); name another \
         database in `store.url`"
    )]
    SchemaForeign { version: i64 },
    #[error("the store's tables could not be made")]
    Migrate { source: Arc<MigrateError> },
    #[error("cannot use the store's file {}", path.display())]
    File { path: PathBuf, source: Arc<io::Error> },
    #[error("`store.url` is no database; write sqlite:FILE or postgres://USER@HOST/DATABASE")]
    Url,
    #[error("cannot use the key file {}", path.display())]
    KeyFile { path: PathBuf, source: Arc<io::Error> },
    #[error(
        "the key file {} has {bytes} bytes and needs 32; \
         make one with `head -c 32 /dev/urandom`", path.display()
    )]
    KeyLength { path: PathBuf, bytes: u64 },
    #[error(
        "the store was sealed with another key than that of {}; \
         put the file there that the first gateway has", path.display()
    )]
    WrongKey { path: PathBuf },
    /// A sealed value that its key does not open.
    #[error("a sealed value of the store cannot be opened")]
    Unsealable,
    #[error("a record of the store cannot be read")]
    Record { source: Arc<sqlx::Error> },
    #[error("the store's database failed")]
    Database { source: Arc<sqlx::Error> },
}

impl StoreError {
    /// Whether the change was looked at and refused, so that nothing of it was written and what
    /// stands beside it in one transaction goes on.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::PreconditionFailed
                | Self::Locked
                | Self::NotFound
                | Self::AlreadyExists
                | Self::InvalidState
                | Self::Encrypted
                | Self::TooLarge { .. }
                | Self::Unsealable
                | Self::Record { .. }
        )
    }

    /// Whether nothing but waiting helps.
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Unknown { .. } | Self::Busy)
    }
}

/// SQLite says numbers, the lowest byte of which is the kind; PostgreSQL says SQLSTATE classes.
impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let source = Arc::new(error);
        let database = match source.as_ref() {
            sqlx::Error::Database(database) => database,
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Protocol(_) => return Self::Unavailable { source: Some(source) },
            sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::Decode(_) => return Self::Record { source },
            _ => return Self::Database { source },
        };
        let code = database.code().unwrap_or_default().into_owned();
        if let Ok(number) = code.parse::<u32>()
            && code.len() < 5
        {
            return match number & 0xff {
                5 | 6 => Self::Busy,
                8 => Self::ReadOnly { source },
                10 | 14 => Self::Unavailable { source: Some(source) },
                13 => Self::Full { source },
                11 | 26 => Self::Damaged { source },
                _ => Self::Database { source },
            };
        }
        match code.as_str() {
            "53100" => Self::Full { source },
            "40001" | "40P01" | "55P03" | "57014" => Self::Busy,
            "25006" => Self::ReadOnly { source },
            "3D000" | "42501" => Self::Refused { source },
            _ => match code.get(..2) {
                Some("28") => Self::Refused { source },
                Some("08" | "53" | "57") => Self::Unavailable { source: Some(source) },
                Some("XX") => Self::Damaged { source },
                _ => Self::Database { source },
            },
        }
    }
}
