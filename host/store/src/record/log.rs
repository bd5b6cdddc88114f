//! The log of events.

use instar_core::event::Event;
use serde_json::Value;
use sqlx::SqliteConnection;

use crate::rows::{json, millis};

pub(super) async fn next_seq(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    let last: Option<i64> = sqlx::query_scalar("SELECT MAX(seq) FROM events").fetch_one(connection).await?;
    Ok(last.unwrap_or(0) + 1)
}

pub(super) async fn insert(connection: &mut SqliteConnection, event: &Event, seq: i64) -> Result<(), sqlx::Error> {
    const INSERT: &str = "
        INSERT INTO events (seq, at, type, summary, run_id, session_id, slug, metadata, reason)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let record = event.record(seq);
    let reason = skip_reason(&record.kind, &record.metadata).map(str::to_owned);
    sqlx::query(INSERT)
        .bind(seq)
        .bind(millis(record.at))
        .bind(record.kind)
        .bind(record.summary)
        .bind(record.run.map(|run| run.to_string()))
        .bind(record.session.map(|session| session.to_string()))
        .bind(event.fact.slug().map(ToString::to_string))
        .bind(json(&record.metadata))
        .bind(reason)
        .execute(connection)
        .await?;
    Ok(())
}

/// Why something was not started, of an event that says so.
pub(crate) fn skip_reason<'a>(kind: &str, metadata: &'a Value) -> Option<&'a str> {
    metadata.get("reason")?.as_str().filter(|_| kind == "job_skipped")
}
