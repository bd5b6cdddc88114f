//! Copies of a database that is in use, and what is no copy to be trusted.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use instar_store::{Store, StoreError, back_up, check_backup};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use crate::fixture::{folder, host_started};

async fn other(path: &std::path::Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).create_if_missing(true).connect().await.unwrap()
}

#[tokio::test]
async fn backup_holds_all_that_was_recorded_while_the_store_goes_on() {
    let folder = folder();
    let [path, copy] = ["instar.db", "copy.db"].map(|name| folder.path().join(name));
    let store = Store::open(&path).await.unwrap();
    store.record(&vec![host_started(); 300]).await.unwrap();
    back_up(&path, &copy).await.unwrap();
    store.record(&[host_started()]).await.unwrap();
    check_backup(&copy).await.unwrap();
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    let copied = Store::open(&copy).await.unwrap();
    assert_eq!(copied.restore().await.unwrap().last_seq, 300);
    assert_eq!(copied.record(&[host_started()]).await.unwrap(), 301);
}

#[tokio::test]
async fn backup_overwrites_nothing() {
    let folder = folder();
    let [path, copy] = ["instar.db", "copy.db"].map(|name| folder.path().join(name));
    Store::open(&path).await.unwrap().close().await;
    fs::write(&copy, "mine").unwrap();
    assert!(matches!(back_up(&path, &copy).await, Err(StoreError::Create { .. })));
    assert_eq!(fs::read_to_string(&copy).unwrap(), "mine");
}

#[tokio::test]
async fn copy_of_an_older_file_can_give_space_back() {
    let folder = folder();
    let [path, copy] = ["instar.db", "copy.db"].map(|name| folder.path().join(name));
    let mut connection = other(&path).await;
    sqlx::raw_sql("CREATE TABLE _sqlx_migrations (version BIGINT)").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    back_up(&path, &copy).await.unwrap();
    let mode: i64 = sqlx::query_scalar("PRAGMA auto_vacuum").fetch_one(&mut other(&copy).await).await.unwrap();
    assert_eq!(mode, 2);
}

#[tokio::test]
async fn backup_of_a_newer_version_is_refused() {
    let folder = folder();
    let path = folder.path().join("instar.db");
    let mut connection = other(&path).await;
    let newer = "CREATE TABLE _sqlx_migrations (version BIGINT); INSERT INTO _sqlx_migrations VALUES (1000)";
    sqlx::raw_sql(newer).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    assert!(matches!(check_backup(&path).await, Err(StoreError::NewerDatabase { database: 1000, .. })));
}
