//! Copies of the database: made while it is in use, and looked at before they are trusted.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};

use crate::error::StoreError;
use crate::open::{self, BUSY_TIMEOUT};

/// Writes what the database holds at this moment to a new file, for its owner alone. A server may go on meanwhile.
pub async fn back_up(database: &Path, to: &Path) -> Result<(), StoreError> {
    let create = |source| StoreError::Create { path: to.to_owned(), source };
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(to).map_err(create)?;
    let mut connection = connect(database).await?;
    let copied = copy(&mut connection, to).await.map_err(|error| StoreError::of(database, error));
    close(connection).await;
    copied
}

/// The copy can give unused space back, even where the database was made without that ability.
async fn copy(connection: &mut SqliteConnection, to: &Path) -> Result<(), sqlx::Error> {
    const INCREMENTAL: i64 = 2;
    let mode: i64 = sqlx::query_scalar("PRAGMA auto_vacuum").fetch_one(&mut *connection).await?;
    if mode != INCREMENTAL {
        open::give_back_space(connection).await?;
    }
    // SQLite takes an empty file for one that it may fill.
    sqlx::query("VACUUM INTO $1").bind(to.to_string_lossy().into_owned()).execute(connection).await?;
    Ok(())
}

/// Whether this is a database of ours, undamaged, and of no newer version than this program.
pub async fn check_backup(path: &Path) -> Result<(), StoreError> {
    let mut connection = connect(path).await?;
    let found: Result<String, _> = sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(&mut connection).await;
    close(connection).await;
    match found.map_err(|error| StoreError::of(path, error))? {
        ok if ok == "ok" => Ok(()),
        damage => Err(StoreError::Corrupt { path: path.to_owned(), source: damage.into() }),
    }
}

/// A connection to a file that is there, and ours.
async fn connect(path: &Path) -> Result<SqliteConnection, StoreError> {
    open::check_header(path)?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging();
    let mut connection = options.connect().await.map_err(|error| StoreError::of(path, error))?;
    open::check_owner(path, &mut connection).await?;
    Ok(connection)
}

/// Nothing was written through it, so that a failure to close loses nothing.
async fn close(connection: SqliteConnection) {
    let _ = connection.close().await;
}
