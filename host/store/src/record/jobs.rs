//! The last good set of jobs, and what each job has been through.

use instar_core::event::RunFinished;
use instar_core::id::JobSlug;
use instar_core::job::LastResult;
use instar_core::jobs_file::JobsFile;
use jiff::Timestamp;
use sqlx::SqliteConnection;

use crate::rows::{json, millis};

/// A refused file replaces nothing but an empty set.
pub(super) async fn read(connection: &mut SqliteConnection, file: &JobsFile) -> Result<(), sqlx::Error> {
    // All at once: a statement for each takes seconds where there are a hundred thousand.
    const INSERT: &str = "
        INSERT INTO jobs (position, slug, definition) SELECT key, value ->> 0, value ->> 1 FROM json_each($1)";
    if file.refused && has_jobs(connection).await? {
        return Ok(());
    }
    sqlx::query("DELETE FROM jobs").execute(&mut *connection).await?;
    let jobs: Vec<(&str, String)> = file.jobs.iter().map(|job| (job.slug.as_str(), json(&job.definition))).collect();
    sqlx::query(INSERT).bind(json(&jobs)).execute(connection).await?;
    Ok(())
}

async fn has_jobs(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM jobs").fetch_one(connection).await?;
    Ok(count > 0)
}

/// A due time got its run, or is passed over.
pub(super) async fn scheduled(
    connection: &mut SqliteConnection,
    slug: &JobSlug,
    due: Timestamp,
) -> Result<(), sqlx::Error> {
    const UPSERT: &str = "
        INSERT INTO job_states (slug, consecutive_failures, last_scheduled) VALUES ($1, 0, $2)
        ON CONFLICT (slug) DO UPDATE SET last_scheduled = excluded.last_scheduled";
    sqlx::query(UPSERT).bind(slug.as_str()).bind(millis(due)).execute(connection).await?;
    Ok(())
}

pub(super) async fn starting(
    connection: &mut SqliteConnection,
    slug: &JobSlug,
    at: Timestamp,
) -> Result<(), sqlx::Error> {
    const UPSERT: &str = "
        INSERT INTO job_states (slug, consecutive_failures, last_run, last_result) VALUES ($1, 0, $2, $3)
        ON CONFLICT (slug) DO UPDATE SET last_run = excluded.last_run, last_result = excluded.last_result";
    sqlx::query(UPSERT)
        .bind(slug.as_str())
        .bind(millis(at))
        .bind(LastResult::Pending.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn finished(
    connection: &mut SqliteConnection,
    slug: &JobSlug,
    finished: &RunFinished,
) -> Result<(), sqlx::Error> {
    const UPSERT: &str = "
        INSERT INTO job_states (slug, last_result, last_error, consecutive_failures) VALUES ($1, $2, $3, $4)
        ON CONFLICT (slug) DO UPDATE SET last_result = excluded.last_result, last_error = excluded.last_error,
            consecutive_failures = excluded.consecutive_failures";
    let result = finished.outcome.last_result();
    let failed = result != LastResult::Success;
    sqlx::query(UPSERT)
        .bind(slug.as_str())
        .bind(result.as_str())
        .bind(failed.then(|| finished.outcome.sentence()))
        .bind(i64::from(finished.consecutive_failures))
        .execute(connection)
        .await?;
    Ok(())
}
