//! The last good set of jobs, and what each job has been through.

use instar_core::event::RunFinished;
use instar_core::id::JobSlug;
use instar_core::job::LastResult;
use instar_core::jobs_file::JobsFile;
use jiff::Timestamp;
use sqlx::SqliteConnection;

use crate::rows::{json, millis};

/// A refused file replaces nothing but an empty set, and one that says what is recorded replaces nothing.
pub(super) async fn read(connection: &mut SqliteConnection, file: &JobsFile) -> Result<(), sqlx::Error> {
    // All at once: a statement for each takes seconds where there are a hundred thousand.
    const INSERT: &str = "
        INSERT INTO jobs (position, slug, definition) SELECT key, value ->> 0, value ->> 1 FROM json_each($1)";
    if file.refused && has_jobs(connection).await? {
        return Ok(());
    }
    let jobs: Vec<(&str, &str)> = file.jobs.iter().map(|job| (job.slug.as_str(), job.definition.as_str())).collect();
    let jobs = json(&jobs);
    if is_recorded(connection, &jobs).await? {
        return Ok(());
    }
    sqlx::query("DELETE FROM jobs").execute(&mut *connection).await?;
    sqlx::query(INSERT).bind(jobs).execute(connection).await?;
    Ok(())
}

/// Whether this very set was recorded last; from here on it is.
async fn is_recorded(connection: &mut SqliteConnection, jobs: &str) -> Result<bool, sqlx::Error> {
    const NAME: &str = "jobs";
    const UPSERT: &str = "
        INSERT INTO settings (name, value) VALUES ($1, $2)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    let digest = blake3::hash(jobs.as_bytes()).to_hex();
    let recorded: Option<String> = sqlx::query_scalar("SELECT value FROM settings WHERE name = $1")
        .bind(NAME)
        .fetch_optional(&mut *connection)
        .await?;
    if recorded.as_deref() == Some(digest.as_str()) {
        return Ok(true);
    }
    sqlx::query(UPSERT).bind(NAME).bind(digest.as_str()).execute(connection).await?;
    Ok(false)
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
        INSERT INTO job_states (slug, last_result, last_error, consecutive_failures, last_run)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (slug) DO UPDATE SET last_run = COALESCE(excluded.last_run, last_run),
            last_result = excluded.last_result, last_error = excluded.last_error,
            consecutive_failures = excluded.consecutive_failures";
    let result = finished.outcome.last_result();
    let failed = result != LastResult::Success;
    sqlx::query(UPSERT)
        .bind(slug.as_str())
        .bind(result.as_str())
        .bind(failed.then(|| finished.outcome.sentence()))
        .bind(i64::from(finished.consecutive_failures))
        .bind(finished.worked_since.map(millis))
        .execute(connection)
        .await?;
    Ok(())
}
