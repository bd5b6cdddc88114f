//! The log of events.

use instar_core::event::Event;
use sqlx::SqliteConnection;

use crate::rows::{json, millis};

pub(super) async fn next_seq(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    let last: Option<i64> = sqlx::query_scalar("SELECT MAX(seq) FROM events").fetch_one(connection).await?;
    Ok(last.unwrap_or(0) + 1)
}

pub(super) async fn insert(connection: &mut SqliteConnection, event: &Event, seq: i64) -> Result<(), sqlx::Error> {
    const INSERT: &str = "
        INSERT INTO events (seq, at, type, summary, run_id, session_id, slug, metadata)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let record = event.record(seq);
    sqlx::query(INSERT)
        .bind(seq)
        .bind(millis(record.at))
        .bind(record.kind)
        .bind(record.summary)
        .bind(record.run.map(|run| run.to_string()))
        .bind(record.session.map(|session| session.to_string()))
        .bind(event.fact.slug().map(ToString::to_string))
        .bind(json(&record.metadata))
        .execute(connection)
        .await?;
    Ok(())
}
