//! Why the database could not be opened, written or read, and what can be done about it.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use instar_core::id::JobSlug;
use jiff::Timestamp;
use sqlx::migrate::MigrateError;

/// Why the store did not do what it was asked. Nothing was recorded then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    #[error("the run of {slug} that was due at {due} is recorded already")]
    OccurrenceTaken { slug: JobSlug, due: Timestamp },
    #[error("no space is left for the database {path}")]
    Full { path: PathBuf, source: sqlx::Error },
    #[error("another program keeps the database {path} locked")]
    Busy { path: PathBuf, source: sqlx::Error },
    #[error("failed to read or write the database {path}")]
    Io { path: PathBuf, source: sqlx::Error },
    #[error("failed to make the database {path}")]
    Create { path: PathBuf, source: io::Error },
    #[error(
        "the database {path} is damaged or no database: move it aside together with its -wal and -shm files, \
         and the next start makes a new one"
    )]
    Corrupt { path: PathBuf, source: Box<dyn Error + Send + Sync> },
    #[error(
        "the database {path} is missing or empty, but its log {}-wal is there: put the database back, or move the log \
         aside too", path.display()
    )]
    StrayLog { path: PathBuf },
    #[error("the database {path} belongs to another program: move it aside, and the next start makes a new one")]
    Foreign { path: PathBuf },
    #[error(
        "the database {path} has version {database}, and this program knows versions up to {known}: \
         use the newer program, or restore the database that was kept before its update"
    )]
    NewerDatabase { path: PathBuf, database: i64, known: i64 },
    #[error("the file system of the database {path} allows no write-ahead log: move it to a local disk")]
    NoWriteAheadLog { path: PathBuf },
    #[error("failed to bring the database {path} to version {version}")]
    Migrate { path: PathBuf, version: i64, source: MigrateError },
    #[error("a record in the database {path} cannot be understood")]
    Unreadable { path: PathBuf, source: sqlx::Error },
    #[error("the database {path} is closed")]
    Closed { path: PathBuf },
    #[error("the database {path} refused a statement")]
    Refused { path: PathBuf, source: sqlx::Error },
}

impl StoreError {
    /// The same call may succeed later, without anybody changing the database or the program.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Full { .. } | Self::Busy { .. } | Self::Io { .. } => true,
            Self::OccurrenceTaken { .. }
            | Self::Create { .. }
            | Self::Corrupt { .. }
            | Self::StrayLog { .. }
            | Self::Foreign { .. }
            | Self::NewerDatabase { .. }
            | Self::NoWriteAheadLog { .. }
            | Self::Migrate { .. }
            | Self::Unreadable { .. }
            | Self::Closed { .. }
            | Self::Refused { .. } => false,
        }
    }

    /// What an error of sqlx means for the database at `path`.
    pub(crate) fn of(path: &Path, source: sqlx::Error) -> Self {
        let path = path.to_owned();
        match &source {
            sqlx::Error::Io(_) => return Self::Io { path, source },
            sqlx::Error::PoolTimedOut => return Self::Busy { path, source },
            sqlx::Error::PoolClosed => return Self::Closed { path },
            sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } => return Self::Unreadable { path, source },
            _ => {}
        }
        let code = code(&source);
        if code == Some(sqlite::IOERR_SHMSIZE) {
            return Self::Full { path, source };
        }
        match code.map(primary) {
            Some(sqlite::BUSY | sqlite::LOCKED) => Self::Busy { path, source },
            Some(sqlite::FULL) => Self::Full { path, source },
            Some(sqlite::READONLY | sqlite::IOERR | sqlite::CANTOPEN) => Self::Io { path, source },
            Some(sqlite::INTERRUPT) => Self::Closed { path },
            Some(sqlite::CORRUPT | sqlite::NOTADB) => Self::Corrupt { path, source: source.into() },
            _ => Self::Refused { path, source },
        }
    }
}

/// The codes of <https://sqlite.org/rescode.html> that tell apart what can be done.
mod sqlite {
    pub(super) const BUSY: i32 = 5;
    pub(super) const LOCKED: i32 = 6;
    pub(super) const READONLY: i32 = 8;
    /// A read that was under way when the store was closed.
    pub(super) const INTERRUPT: i32 = 9;
    pub(super) const IOERR: i32 = 10;
    pub(super) const CORRUPT: i32 = 11;
    pub(super) const FULL: i32 = 13;
    pub(super) const CANTOPEN: i32 = 14;
    pub(super) const NOTADB: i32 = 26;
    /// The memory that connections share could not grow: it is a file on the same disk.
    pub(super) const IOERR_SHMSIZE: i32 = IOERR | (19 << 8);
}

/// The extended code.
fn code(error: &sqlx::Error) -> Option<i32> {
    error.as_database_error()?.code()?.parse().ok()
}

/// The lowest byte is the kind of the error.
fn primary(code: i32) -> i32 {
    code & 0xff
}
