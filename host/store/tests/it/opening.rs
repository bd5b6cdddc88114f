//! What is opened, and what is refused and left as it is.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use instar_store::{Store, StoreError};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};

use crate::fixture::{folder, host_started};

#[track_caller]
fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).permissions().mode() & 0o777
}

/// As another program would open it.
async fn other(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).create_if_missing(true).connect().await.unwrap()
}

/// The open is refused, with these words, and no byte of the file changes; a look says the same.
async fn check_refused(path: &Path, words: &str) -> StoreError {
    let before = fs::read(path).unwrap();
    let looked = Store::look(path).await.expect_err("a look finds nothing");
    assert!(looked.to_string().contains(words), "{looked} lacks {words:?}");
    let error = Store::open(path).await.expect_err("it was opened");
    assert!(error.to_string().contains(words), "{error} lacks {words:?}");
    assert!(error.to_string().contains(&path.display().to_string()), "{error} does not name the file");
    assert!(!error.is_transient());
    assert_eq!(fs::read(path).unwrap(), before, "the file was changed");
    error
}

#[tokio::test]
async fn new_database_can_be_read_by_its_owner_only() {
    let folder = folder();
    let path = folder.path().join("project/.instar/state/instar.db");
    let store = Store::open(&path).await.unwrap();
    store.record(&[host_started()]).await.unwrap();
    for suffix in ["", "-wal", "-shm"] {
        assert_eq!(mode(Path::new(&format!("{}{suffix}", path.display()))), 0o600, "instar.db{suffix}");
    }
    for parent in path.ancestors().skip(1).take(3) {
        assert_eq!(mode(parent), 0o700, "{}", parent.display());
    }
}

#[tokio::test]
async fn what_was_recorded_is_there_when_it_is_opened_again() {
    let folder = folder();
    let path = folder.path().join("instar.db");
    let store = Store::open(&path).await.unwrap();
    assert_eq!(store.record(&[host_started(), host_started()]).await.unwrap(), 1);
    store.close().await;
    assert!(!folder.path().join("instar.db-wal").exists(), "an orderly close leaves one file");
    let store = Store::open(&path).await.unwrap();
    assert_eq!(store.restore().await.unwrap().last_seq, 2);
    assert_eq!(store.record(&[host_started()]).await.unwrap(), 3);
}

#[tokio::test]
async fn closed_store_refuses() {
    let folder = folder();
    let store = Store::open(&folder.path().join("instar.db")).await.unwrap();
    store.close().await;
    assert!(matches!(store.record(&[host_started()]).await, Err(StoreError::Closed { .. })));
    assert!(matches!(store.record(&[host_started()]).await, Err(StoreError::Closed { .. })));
    assert!(matches!(store.restore().await, Err(StoreError::Closed { .. })));
}

#[tokio::test]
async fn file_that_is_no_database_is_refused() {
    let folder = folder();
    let path = folder.path().join("instar.db");
    fs::write(&path, "this is a note of somebody, longer than the header of a database\n".repeat(100)).unwrap();
    let error = check_refused(&path, "move it aside").await;
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    fs::write(&path, "x").unwrap();
    let error = check_refused(&path, "move it aside").await;
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
}

#[tokio::test]
async fn damaged_database_is_refused() {
    let folder = folder();
    let path = folder.path().join("instar.db");
    Store::open(&path).await.unwrap().close().await;
    let mut bytes = fs::read(&path).unwrap();
    bytes[100..4096].fill(0xa5);
    fs::write(&path, bytes).unwrap();
    let error = check_refused(&path, "move it aside").await;
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
}

#[tokio::test]
async fn damage_that_is_met_later_is_named() {
    let folder = folder();
    let path = folder.path().join("instar.db");
    let store = Store::open(&path).await.unwrap();
    store.record(&vec![host_started(); 500]).await.unwrap();
    store.close().await;
    let mut bytes = fs::read(&path).unwrap();
    let half = bytes.len() / 2;
    bytes[half..].fill(0xa5);
    fs::write(&path, bytes).unwrap();
    let read = match Store::open(&path).await {
        Ok(store) => store.restore().await.map(|_| ()),
        Err(error) => Err(error),
    };
    assert!(matches!(read, Err(StoreError::Corrupt { .. })), "{read:?}");
}

#[tokio::test]
async fn database_of_another_program_is_refused() {
    let folder = folder();
    let path = folder.path().join("instar.db");
    let mut connection = other(&path).await;
    sqlx::raw_sql("CREATE TABLE recipes (name TEXT)").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let error = check_refused(&path, "another program").await;
    assert!(matches!(error, StoreError::Foreign { .. }), "{error:?}");
}

#[tokio::test]
async fn newer_database_is_refused_with_both_versions() {
    let folder = folder();
    let path = folder.path().join("instar.db");
    Store::open(&path).await.unwrap().close().await;
    let mut connection = other(&path).await;
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 VALUES (99, 'later', TRUE, X'00', 0)";
    sqlx::raw_sql(newer).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let error = check_refused(&path, "has version 99, and this program knows versions up to").await;
    assert!(matches!(error, StoreError::NewerDatabase { database: 99, .. }), "{error:?}");
}

#[tokio::test]
async fn log_without_its_database_is_not_deleted() {
    let folder = folder();
    let path = folder.path().join("instar.db");
    let log = folder.path().join("instar.db-wal");
    fs::write(&log, "what was recorded last").unwrap();
    let error = Store::open(&path).await.expect_err("it was opened");
    assert!(matches!(error, StoreError::StrayLog { .. }), "{error:?}");
    assert_eq!(fs::read_to_string(&log).unwrap(), "what was recorded last");
    assert!(!path.exists());
}

#[tokio::test]
async fn place_that_cannot_hold_a_database_is_named() {
    let folder = folder();
    fs::write(folder.path().join("file"), "").unwrap();
    let error = Store::open(&folder.path().join("file/instar.db")).await.expect_err("it was opened");
    assert!(matches!(error, StoreError::Create { .. }), "{error:?}");
}

#[tokio::test]
async fn look_at_a_good_database_finds_nothing_and_leaves_nothing() {
    let folder = folder();
    let path = folder.path().join("instar.db");
    Store::look(&path).await.unwrap();
    assert!(!path.exists());
    let store = Store::open(&path).await.unwrap();
    store.record(&[host_started()]).await.unwrap();
    Store::look(&path).await.unwrap();
    store.close().await;
    Store::look(&path).await.unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "an orderly close leaves one file");
}
