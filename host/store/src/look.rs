//! A look at a database that changes nothing: for those who ask what is wrong before a server starts.

use std::fs;
use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use crate::error::StoreError;
use crate::open::{Store, check_header, check_owner, with_suffix};

impl Store {
    /// Says why a database could not be opened by a server, or that SQLite finds it damaged. One that is not there
    /// yet is fine: the first start makes it.
    pub async fn look(path: &Path) -> Result<(), StoreError> {
        let length = |path: &Path| fs::metadata(path).map_or(0, |found| found.len());
        let log = with_suffix(path, "-wal");
        if length(path) == 0 {
            let is_stray = length(&log) > 0;
            return if is_stray { Err(StoreError::StrayLog { path: path.to_owned() }) } else { Ok(()) };
        }
        check_header(path)?;
        // Without a log nobody has it open, and SQLite need not make one for us.
        let options = SqliteConnectOptions::new().filename(path).read_only(true).immutable(!log.exists());
        let of = |error| StoreError::of(path, error);
        let mut connection = options.disable_statement_logging().connect().await.map_err(of)?;
        let looked = match check_owner(path, &mut connection).await {
            Ok(_) => check_pages(path, &mut connection).await,
            Err(error) => Err(error),
        };
        // What was found says more than a failure to close.
        let _ = connection.close().await;
        looked
    }
}

async fn check_pages(path: &Path, connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let verdict: String = sqlx::query_scalar("PRAGMA quick_check(1)")
        .fetch_one(connection)
        .await
        .map_err(|error| StoreError::of(path, error))?;
    if verdict == "ok" { Ok(()) } else { Err(StoreError::Corrupt { path: path.to_owned(), source: verdict.into() }) }
}
