//! Opening the database: its file, its settings and its schema. All that only SQLite understands is here.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqlSafeStr, SqliteConnection, Transaction};
use tokio::sync::Mutex;

use crate::error::StoreError;
use crate::record::Writer;

/// The database of a host. Cheap to clone; all clones write through the one connection.
#[derive(Debug, Clone)]
pub struct Store(pub(crate) Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) path: PathBuf,
    options: SqliteConnectOptions,
    /// Held over a whole transaction, hence not a mutex of `std`.
    pub(crate) writer: Mutex<Writer>,
    pub(crate) readers: SqlitePool,
    /// Reads under way are given up as soon as this is set.
    is_closing: Arc<AtomicBool>,
}

/// How long a statement waits for another program that holds the lock.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const MOST_READERS: u32 = 4;
/// After so many steps of its machine, some milliseconds, SQLite asks whether a read is still wanted.
const STEPS_BETWEEN_LOOKS: i32 = 100_000;

impl Store {
    /// Opens the database at `path`, or makes it: readable by its owner only, like the folders on the way to it.
    ///
    /// What cannot be understood is left as it is, with an error that says what to do.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        prepare(path)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(false)
            .foreign_keys(true)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            .disable_statement_logging();
        let of = |error| StoreError::of(path, error);
        let mut connection = options.connect().await.map_err(of)?;
        if check_owner(path, &mut connection).await? == Found::Empty {
            give_back_space(&mut connection).await.map_err(of)?;
        }
        keep_write_ahead_log(path, &mut connection).await?;
        migrate(path, &mut connection).await?;
        let writer = Writer::ready(connection).await.map_err(of)?;
        let is_closing = Arc::new(AtomicBool::new(false));
        let readers = readers(&options, &is_closing);
        Ok(Self(Arc::new(Inner { path: path.to_owned(), options, writer: Mutex::new(writer), readers, is_closing })))
    }

    /// Ends all connections, once the record under way is done. Reads under way are given up, and later calls fail.
    pub async fn close(&self) {
        self.0.is_closing.store(true, Ordering::Relaxed);
        self.0.readers.close().await;
        let writer = std::mem::replace(&mut *self.0.writer.lock().await, Writer::Closed);
        writer.close().await;
    }

    pub(crate) fn error(&self, error: sqlx::Error) -> StoreError {
        StoreError::of(&self.0.path, error)
    }
}

/// A search through a long past may take seconds, and a host that ends does not wait for it.
fn readers(options: &SqliteConnectOptions, is_closing: &Arc<AtomicBool>) -> SqlitePool {
    let is_closing = Arc::clone(is_closing);
    SqlitePoolOptions::new()
        .max_connections(MOST_READERS)
        .test_before_acquire(false)
        .after_connect(move |connection, _| {
            let is_closing = Arc::clone(&is_closing);
            Box::pin(async move {
                let mut handle = connection.lock_handle().await?;
                handle.set_progress_handler(STEPS_BETWEEN_LOOKS, move || !is_closing.load(Ordering::Relaxed));
                Ok(())
            })
        })
        .connect_lazy_with(options.clone().pragma("query_only", "ON"))
}

impl Inner {
    /// A new connection for the writer. A database that disappeared is not made anew behind the back of the state.
    pub(crate) async fn connect(&self) -> Result<SqliteConnection, sqlx::Error> {
        self.options.connect().await
    }
}

/// Begins a transaction that writes. It takes the lock at once, so that waiting for another program happens here and
/// never in the middle.
pub(crate) async fn begin(connection: &mut SqliteConnection) -> Result<Transaction<'_, sqlx::Sqlite>, sqlx::Error> {
    connection.begin_with("BEGIN IMMEDIATE").await
}

/// Makes an empty file with the right mode before SQLite sees it; its companions `-wal` and `-shm` take that mode.
fn prepare(path: &Path) -> Result<(), StoreError> {
    let length = fs::metadata(path).map_or(0, |metadata| metadata.len());
    if length > 0 {
        return check_header(path);
    }
    // SQLite would delete the log of a database that is empty.
    let log = with_suffix(path, "-wal");
    if fs::metadata(log).is_ok_and(|metadata| metadata.len() > 0) {
        return Err(StoreError::StrayLog { path: path.to_owned() });
    }
    create(path).map_err(|source| StoreError::Create { path: path.to_owned(), source })
}

/// SQLite looks itself, but takes a file of one byte for an empty one.
pub(crate) fn check_header(path: &Path) -> Result<(), StoreError> {
    let mut header = [0; 16];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut header));
    match read {
        Ok(()) if header == *b"SQLite format 3\0" => Ok(()),
        Ok(()) => Err(StoreError::Corrupt { path: path.to_owned(), source: "it has no header of SQLite".into() }),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err(StoreError::Corrupt { path: path.to_owned(), source: "it is too short".into() })
        }
        Err(error) => Err(StoreError::of(path, error.into())),
    }
}

fn create(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
    // The name has to survive a power cut as surely as what is recorded under it.
    File::open(folder)?.sync_all()
}

pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// What a file holds before it is migrated.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Empty,
    Ours,
}

/// Looks before anything is written: the database has to be empty or ours, and no newer than this program.
pub(crate) async fn check_owner(path: &Path, connection: &mut SqliteConnection) -> Result<Found, StoreError> {
    let of = |error| StoreError::of(path, error);
    let tables: Vec<String> = sqlx::query_scalar("SELECT name FROM sqlite_master WHERE type = 'table'")
        .fetch_all(&mut *connection)
        .await
        .map_err(of)?;
    if tables.is_empty() {
        return Ok(Found::Empty);
    }
    if !tables.iter().any(|table| table == "_sqlx_migrations") {
        return Err(StoreError::Foreign { path: path.to_owned() });
    }
    let newest: Option<i64> = sqlx::query_scalar("SELECT MAX(version) FROM _sqlx_migrations")
        .fetch_one(&mut *connection)
        .await
        .map_err(of)?;
    let known = known_version();
    match newest {
        Some(database) if database > known => Err(StoreError::NewerDatabase { path: path.to_owned(), database, known }),
        Some(_) | None => Ok(Found::Ours),
    }
}

/// Pages that are no longer used can be cut off the file. SQLite takes this setting before the first table only; a
/// file that was made without it gets it by `VACUUM`, as a backup does.
pub(crate) async fn give_back_space(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query("PRAGMA auto_vacuum = INCREMENTAL").execute(connection).await.map(|_| ())
}

/// Not among the connection's settings: it is a property of the file, and nothing is written before the file is known.
async fn keep_write_ahead_log(path: &Path, connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode = WAL")
        .fetch_one(connection)
        .await
        .map_err(|error| StoreError::of(path, error))?;
    let kept = mode.eq_ignore_ascii_case("wal");
    if kept { Ok(()) } else { Err(StoreError::NoWriteAheadLog { path: path.to_owned() }) }
}

async fn migrate(path: &Path, connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let migrated = Migrator::with_migrations(migrations()).run(connection).await;
    migrated.map_err(|error| match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => StoreError::of(path, error),
        source => StoreError::Migrate { path: path.to_owned(), version: known_version(), source },
    })
}

/// By hand, because sqlx's macro for it builds a second SQLite.
fn migrations() -> Vec<Migration> {
    let first = include_str!("../migrations/0001_first.sql").into_sql_str();
    let keep = include_str!("../migrations/0002_keep.sql").into_sql_str();
    let talk = include_str!("../migrations/0003_talk.sql").into_sql_str();
    let due = include_str!("../migrations/0004_due.sql").into_sql_str();
    let admission = include_str!("../migrations/0005_admission.sql").into_sql_str();
    let story = include_str!("../migrations/0006_story.sql").into_sql_str();
    let parts = include_str!("../migrations/0007_parts.sql").into_sql_str();
    let conversations = include_str!("../migrations/0008_conversations.sql").into_sql_str();
    let kept = include_str!("../migrations/0009_kept.sql").into_sql_str();
    let pace = include_str!("../migrations/0010_pace.sql").into_sql_str();
    let attention = include_str!("../migrations/0011_attention.sql").into_sql_str();
    let threads = include_str!("../migrations/0012_threads.sql").into_sql_str();
    let log_size = include_str!("../migrations/0013_log_size.sql").into_sql_str();
    let waits = include_str!("../migrations/0015_waits.sql").into_sql_str();
    vec![
        Migration::new(1, "first".into(), MigrationType::Simple, first, false),
        Migration::new(2, "keep".into(), MigrationType::Simple, keep, false),
        Migration::new(3, "talk".into(), MigrationType::Simple, talk, false),
        Migration::new(4, "due".into(), MigrationType::Simple, due, false),
        Migration::new(5, "admission".into(), MigrationType::Simple, admission, false),
        Migration::new(6, "story".into(), MigrationType::Simple, story, false),
        Migration::new(7, "parts".into(), MigrationType::Simple, parts, false),
        Migration::new(8, "conversations".into(), MigrationType::Simple, conversations, false),
        Migration::new(9, "kept".into(), MigrationType::Simple, kept, false),
        Migration::new(10, "pace".into(), MigrationType::Simple, pace, false),
        Migration::new(11, "attention".into(), MigrationType::Simple, attention, false),
        Migration::new(12, "threads".into(), MigrationType::Simple, threads, false),
        Migration::new(13, "log_size".into(), MigrationType::Simple, log_size, false),
        Migration::new(15, "waits".into(), MigrationType::Simple, waits, false),
    ]
}

fn known_version() -> i64 {
    migrations().iter().map(|migration| migration.version).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_long_read_does_not_keep_the_store_open() {
        const ENDLESS: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT SUM(i) FROM n";
        let scratch = tempfile::tempdir().unwrap();
        let store = Store::open(&scratch.path().join("instar.db")).await.unwrap();
        let mut reader = store.0.readers.acquire().await.unwrap();
        let reading = tokio::spawn(async move {
            sqlx::query_scalar::<_, i64>(ENDLESS).fetch_one(&mut *reader).await.map_err(|error| error.to_string())
        });
        store.close().await;
        let given_up = reading.await.unwrap().unwrap_err();
        assert!(given_up.contains("interrupted"), "{given_up}");
    }
}
