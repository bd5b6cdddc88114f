//! The ledger: what was not started and why, what agents said of their work, and which runs began of late.

use std::collections::BTreeMap;

use instar_core::budget::Begun;
use instar_core::id::{JobSlug, RunId};
use instar_core::workload::Workload;
use jiff::Timestamp;
use serde_json::Value;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::error::StoreError;
use crate::open::Store;
use crate::rows::{self, millis};

/// Something that was due or asked for, and was not started.
#[derive(Debug, Clone, PartialEq)]
pub struct Skip {
    pub at: Timestamp,
    pub slug: JobSlug,
    pub reason: String,
    /// The sentence that the reason comes with, if it has one.
    pub detail: Option<String>,
    pub run: Option<RunId>,
    /// The due time, of what the schedule asked for.
    pub scheduled_at: Option<Timestamp>,
}

/// How often each job was not started, by reason.
pub type SkipCounts = BTreeMap<JobSlug, BTreeMap<String, u64>>;

impl Store {
    /// How much was not started since then.
    pub async fn skip_counts(&self, since: Timestamp) -> Result<SkipCounts, StoreError> {
        const SELECT: &str = "
            SELECT slug, reason, COUNT(*) AS count FROM events
            WHERE reason IS NOT NULL AND slug IS NOT NULL AND at >= $1 GROUP BY slug, reason";
        let read = sqlx::query(SELECT).bind(millis(since)).fetch_all(&self.0.readers).await;
        let counted = read.and_then(|rows| {
            let mut counts = SkipCounts::new();
            for row in &rows {
                let count: i64 = row.try_get("count")?;
                let reasons = counts.entry(rows::parsed(row, "slug")?).or_default();
                reasons.insert(row.try_get("reason")?, u64::try_from(count).unwrap_or(0));
            }
            Ok(counts)
        });
        counted.map_err(|error| self.error(error))
    }

    /// What of a job was not started since then, newest first.
    pub async fn skips(&self, slug: &JobSlug, since: Timestamp, limit: u32) -> Result<Vec<Skip>, StoreError> {
        const SELECT: &str = "
            SELECT events.at, events.slug, events.reason, events.run_id, events.metadata, runs.scheduled_at
            FROM events LEFT JOIN runs ON runs.id = events.run_id
            WHERE events.reason IS NOT NULL AND events.slug = $1 AND events.at >= $2
            ORDER BY events.at DESC, events.seq DESC LIMIT $3";
        let query = sqlx::query(SELECT).bind(slug.as_str()).bind(millis(since)).bind(i64::from(limit));
        let read = query.fetch_all(&self.0.readers).await;
        read.and_then(|rows| rows.iter().map(skip).collect()).map_err(|error| self.error(error))
    }

    /// The newest signals of a job, newest first.
    pub async fn workloads(&self, slug: &JobSlug, limit: u32) -> Result<Vec<Workload>, StoreError> {
        const SELECT: &str = "SELECT workload FROM workloads WHERE slug = $1 ORDER BY number DESC LIMIT $2";
        let query = sqlx::query(SELECT).bind(slug.as_str()).bind(i64::from(limit));
        let read = query.fetch_all(&self.0.readers).await;
        let workloads = read.and_then(|rows| rows.iter().map(|row| rows::from_json(row, "workload")).collect());
        workloads.map_err(|error| self.error(error))
    }

    /// The newest signals of every job that has any, `limit` of each, newest first.
    pub async fn all_workloads(&self, limit: u32) -> Result<BTreeMap<JobSlug, Vec<Workload>>, StoreError> {
        let mut connection = self.0.readers.acquire().await.map_err(|error| self.error(error))?;
        signals(&mut connection, i64::from(limit)).await.map_err(|error| self.error(error))
    }

    /// The runs that began since then, and what they took so far. One that got a place and was skipped did not begin.
    pub async fn begun_since(&self, since: Timestamp) -> Result<Vec<Begun>, StoreError> {
        const SELECT: &str =
            "SELECT slug, admitted_at, ended_at, usage FROM runs WHERE admitted_at >= $1 AND skipped IS NULL";
        let read = sqlx::query(SELECT).bind(millis(since)).fetch_all(&self.0.readers).await;
        read.and_then(|rows| rows.iter().map(rows::begun).collect()).map_err(|error| self.error(error))
    }
}

/// The newest signals of each job, `most` at most, newest first.
pub(crate) async fn signals(
    connection: &mut SqliteConnection,
    most: i64,
) -> Result<BTreeMap<JobSlug, Vec<Workload>>, sqlx::Error> {
    const SELECT: &str = "
        SELECT workload FROM
            (SELECT workload, number, ROW_NUMBER() OVER (PARTITION BY slug ORDER BY number DESC) AS place
             FROM workloads) AS placed
        WHERE place <= $1 ORDER BY number DESC";
    let rows = sqlx::query(SELECT).bind(most).fetch_all(connection).await?;
    let mut found: BTreeMap<JobSlug, Vec<Workload>> = BTreeMap::new();
    for row in &rows {
        let workload: Workload = rows::from_json(row, "workload")?;
        found.entry(workload.slug.clone()).or_default().push(workload);
    }
    Ok(found)
}

/// A passed over due time has no run, and says itself when it was.
fn skip(row: &SqliteRow) -> Result<Skip, sqlx::Error> {
    let metadata: Value = rows::from_json(row, "metadata")?;
    let said = metadata["scheduledAt"].as_str().and_then(|at| at.parse().ok());
    Ok(Skip {
        at: rows::time(row, "at")?,
        slug: rows::parsed(row, "slug")?,
        reason: row.try_get("reason")?,
        detail: metadata["detail"].as_str().map(str::to_owned),
        run: rows::optional_parsed(row, "run_id")?,
        scheduled_at: rows::optional_time(row, "scheduled_at")?.or(said),
    })
}
