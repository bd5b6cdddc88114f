//! Removing what has ended long ago, in transactions so small that nobody waits long for one.

use std::collections::BTreeMap;

use instar_core::id::SessionId;
use instar_core::retention::{Cleared, Cutoffs};
use jiff::Timestamp;
use sqlx::SqliteConnection;

use crate::error::StoreError;
use crate::open::{Store, begin};
use crate::record::{Writer, close};
use crate::rows::{self, millis};

/// A run goes with its sessions, so that fewer runs make as many rows.
const RUNS_AT_ONCE: i64 = 200;
const ROWS_AT_ONCE: i64 = 500;
const PAGES_AT_ONCE: i64 = 500;

/// What is removed, in this order.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Runs,
    Events,
    Deliveries,
    /// What agents said of their work.
    Workloads,
    /// What people and agents said, and the keys of what was dealt with.
    Messages,
    /// The pages that the rows leave behind.
    Pages,
}

impl Store {
    /// Removes what lies before the cutoffs or beyond the counts. Open runs and the newest event stay.
    pub async fn clear(&self, cutoffs: &Cutoffs) -> Result<Cleared, StoreError> {
        let mut cleared = Cleared::default();
        for kind in [Kind::Runs, Kind::Events, Kind::Deliveries, Kind::Workloads, Kind::Messages, Kind::Pages] {
            while self.clear_batch(kind, cutoffs, &mut cleared).await? > 0 {}
        }
        Ok(cleared)
    }

    /// When the run of each session ended; `None` while it is open.
    pub async fn session_ends(&self) -> Result<BTreeMap<SessionId, Option<Timestamp>>, StoreError> {
        const SELECT: &str =
            "SELECT sessions.id AS id, runs.ended_at AS ended_at FROM sessions JOIN runs ON runs.id = sessions.run_id";
        let read = sqlx::query(SELECT).fetch_all(&self.0.readers).await;
        let ends = read.and_then(|rows| {
            rows.iter().map(|row| Ok((rows::parsed(row, "id")?, rows::optional_time(row, "ended_at")?))).collect()
        });
        ends.map_err(|error| self.error(error))
    }

    /// One transaction; how many of that kind it removed.
    async fn clear_batch(&self, kind: Kind, cutoffs: &Cutoffs, cleared: &mut Cleared) -> Result<u64, StoreError> {
        let mut writer = self.0.writer.lock().await;
        let (mut connection, next_seq) = self.take_connection(&mut writer).await?;
        let removed = match kind {
            Kind::Runs => runs(&mut connection, cutoffs, cleared).await,
            Kind::Events => events(&mut connection, cutoffs, cleared).await,
            Kind::Deliveries => deliveries(&mut connection, cutoffs, cleared).await,
            Kind::Workloads => workloads(&mut connection, cutoffs).await,
            Kind::Messages => messages(&mut connection, cutoffs).await,
            Kind::Pages => shrink(&mut connection).await,
        };
        match removed {
            Ok(removed) => {
                *writer = Writer::Ready { connection, next_seq };
                Ok(removed)
            }
            Err(error) => {
                close(connection).await;
                Err(self.error(error))
            }
        }
    }
}

async fn runs(connection: &mut SqliteConnection, cutoffs: &Cutoffs, cleared: &mut Cleared) -> Result<u64, sqlx::Error> {
    let mut transaction = begin(connection).await?;
    let ids = old_runs(&mut transaction, cutoffs).await?;
    for id in &ids {
        let sessions =
            sqlx::query("DELETE FROM sessions WHERE run_id = $1").bind(id).execute(&mut *transaction).await?;
        sqlx::query("DELETE FROM runs WHERE id = $1").bind(id).execute(&mut *transaction).await?;
        cleared.sessions += sessions.rows_affected();
        cleared.runs += 1;
    }
    transaction.commit().await?;
    Ok(ids.len().try_into().unwrap_or(u64::MAX))
}

/// By age first, then by number: each by the index that has its order.
async fn old_runs(connection: &mut SqliteConnection, cutoffs: &Cutoffs) -> Result<Vec<String>, sqlx::Error> {
    const BY_AGE: &str = "
        SELECT id FROM runs
        WHERE ended_at IS NOT NULL AND ended_at < $1 AND (scheduled_at IS NULL OR scheduled_at < $2)
        ORDER BY ended_at LIMIT $3";
    const NEWEST_BEYOND: &str = "SELECT id FROM runs ORDER BY id DESC LIMIT 1 OFFSET $1";
    const BY_NUMBER: &str = "
        SELECT id FROM runs
        WHERE id <= $1 AND ended_at IS NOT NULL AND (scheduled_at IS NULL OR scheduled_at < $2)
        ORDER BY id LIMIT $3";
    let kept_occurrences = millis(cutoffs.occurrences_before);
    let by_age: Vec<String> = sqlx::query_scalar(BY_AGE)
        .bind(millis(cutoffs.runs_before))
        .bind(kept_occurrences)
        .bind(RUNS_AT_ONCE)
        .fetch_all(&mut *connection)
        .await?;
    if !by_age.is_empty() {
        return Ok(by_age);
    }
    let beyond: Option<String> =
        sqlx::query_scalar(NEWEST_BEYOND).bind(count(cutoffs.max_runs)).fetch_optional(&mut *connection).await?;
    let Some(beyond) = beyond else { return Ok(Vec::new()) };
    sqlx::query_scalar(BY_NUMBER).bind(beyond).bind(kept_occurrences).bind(RUNS_AT_ONCE).fetch_all(connection).await
}

/// Only from the old end, so that the log keeps no gaps: an event that a clock in error dated back stays until those
/// before it go.
async fn events(
    connection: &mut SqliteConnection,
    cutoffs: &Cutoffs,
    cleared: &mut Cleared,
) -> Result<u64, sqlx::Error> {
    const FIRST_YOUNG: &str = "SELECT seq FROM events WHERE at >= $1 ORDER BY seq LIMIT 1";
    const DELETE: &str =
        "DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE seq < $1 ORDER BY seq LIMIT $2)";
    let mut transaction = begin(connection).await?;
    let newest: Option<i64> = sqlx::query_scalar("SELECT MAX(seq) FROM events").fetch_one(&mut *transaction).await?;
    let newest = newest.unwrap_or(0);
    let first_young: Option<i64> =
        sqlx::query_scalar(FIRST_YOUNG).bind(millis(cutoffs.events_before)).fetch_optional(&mut *transaction).await?;
    let first_within = newest.saturating_sub(count(cutoffs.max_events)).saturating_add(1);
    // The numbers go on from the newest event, so that it is never removed.
    let first_kept = first_young.unwrap_or(newest).max(first_within).min(newest);
    let deleted = sqlx::query(DELETE).bind(first_kept).bind(ROWS_AT_ONCE).execute(&mut *transaction).await?;
    transaction.commit().await?;
    cleared.events += deleted.rows_affected();
    Ok(deleted.rows_affected())
}

/// The id of a notice begins with its time, and ids are ordered as texts.
async fn deliveries(
    connection: &mut SqliteConnection,
    cutoffs: &Cutoffs,
    cleared: &mut Cleared,
) -> Result<u64, sqlx::Error> {
    const NEWEST_BEYOND: &str =
        "SELECT notice_id FROM outbox WHERE state <> 'pending' ORDER BY notice_id DESC LIMIT 1 OFFSET $1";
    const DELETE: &str = "
        DELETE FROM outbox WHERE (notice_id, notifier) IN
            (SELECT notice_id, notifier FROM outbox WHERE state <> 'pending' AND notice_id <= $1
             ORDER BY notice_id LIMIT $2)";
    let mut transaction = begin(connection).await?;
    let by_age = first_id_at(cutoffs.events_before);
    let beyond: Option<String> =
        sqlx::query_scalar(NEWEST_BEYOND).bind(count(cutoffs.max_events)).fetch_optional(&mut *transaction).await?;
    let last = beyond.map_or(by_age.clone(), |beyond| beyond.max(by_age));
    let deleted = sqlx::query(DELETE).bind(last).bind(ROWS_AT_ONCE).execute(&mut *transaction).await?;
    transaction.commit().await?;
    cleared.deliveries += deleted.rows_affected();
    Ok(deleted.rows_affected())
}

/// They are events told once more, and go with them.
async fn workloads(connection: &mut SqliteConnection, cutoffs: &Cutoffs) -> Result<u64, sqlx::Error> {
    const NEWEST_BEYOND: &str = "SELECT number FROM workloads ORDER BY number DESC LIMIT 1 OFFSET $1";
    const DELETE: &str = "
        DELETE FROM workloads WHERE number IN
            (SELECT number FROM workloads WHERE at < $1 OR number <= $2 ORDER BY number LIMIT $3)";
    let mut transaction = begin(connection).await?;
    let beyond: Option<i64> =
        sqlx::query_scalar(NEWEST_BEYOND).bind(count(cutoffs.max_events)).fetch_optional(&mut *transaction).await?;
    let deleted = sqlx::query(DELETE)
        .bind(millis(cutoffs.events_before))
        .bind(beyond.unwrap_or(0))
        .bind(ROWS_AT_ONCE)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(deleted.rows_affected())
}

/// A key is remembered for as long as a notifier might read it again.
async fn messages(connection: &mut SqliteConnection, cutoffs: &Cutoffs) -> Result<u64, sqlx::Error> {
    const SPOKEN: &str =
        "DELETE FROM spoken WHERE number IN (SELECT number FROM spoken WHERE at < $1 ORDER BY at LIMIT $2)";
    const KEYS: &str = "
        DELETE FROM inbox WHERE number IN
            (SELECT number FROM inbox WHERE inbound IS NULL AND at < $1 ORDER BY number LIMIT $2)";
    let keys_before = cutoffs.events_before.min(cutoffs.occurrences_before);
    let mut transaction = begin(connection).await?;
    let spoken =
        sqlx::query(SPOKEN).bind(millis(cutoffs.messages_before)).bind(ROWS_AT_ONCE).execute(&mut *transaction).await?;
    let keys = sqlx::query(KEYS).bind(millis(keys_before)).bind(ROWS_AT_ONCE).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(spoken.rows_affected() + keys.rows_affected())
}

/// Cuts some unused pages off the file, and says how many; a file that was made without that ability keeps them.
async fn shrink(connection: &mut SqliteConnection) -> Result<u64, sqlx::Error> {
    let before = unused_pages(connection).await?;
    if before == 0 {
        return Ok(0);
    }
    let statement = sqlx::AssertSqlSafe(format!("PRAGMA incremental_vacuum({PAGES_AT_ONCE})"));
    sqlx::query(statement).fetch_all(&mut *connection).await?;
    let after = unused_pages(connection).await?;
    Ok(u64::try_from(before - after).unwrap_or(0))
}

async fn unused_pages(connection: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("PRAGMA freelist_count").fetch_one(connection).await
}

/// Ids of version 7 begin with 48 bits of milliseconds.
fn first_id_at(time: Timestamp) -> String {
    let millis = u64::try_from(millis(time)).unwrap_or(0) & 0xffff_ffff_ffff;
    format!("{:08x}-{:04x}", millis >> 16, millis & 0xffff)
}

fn count(most: u64) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}
