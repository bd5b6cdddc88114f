//! Runs, from their request to their end. A run that has ended is changed by nothing.

use instar_core::event::RunFinished;
use instar_core::id::{JobSlug, RunId, SessionId};
use instar_core::plan::{End, Launch};
use instar_core::run::{RunRequest, RunStatus, SkipReason, StopCause, Trigger};
use instar_core::session::Session;
use jiff::Timestamp;
use sqlx::SqliteConnection;

use crate::record::{Failure, due as dues, jobs, sessions, talk};
use crate::rows::{json, millis, slug_text};

/// One due time has one run: a restart or a clock that goes back cannot run it twice.
pub(super) async fn requested(
    connection: &mut SqliteConnection,
    at: Timestamp,
    run: RunId,
    slug: Option<&JobSlug>,
    trigger: &Trigger,
    request: &RunRequest,
) -> Result<(), Failure> {
    const INSERT: &str = "
        INSERT INTO runs (id, slug, scheduled_at, requested_at, trigger, request, status, plugin_state)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (slug, scheduled_at) DO NOTHING";
    let due = match trigger {
        Trigger::Scheduled { at, missed: _ } => Some(*at),
        Trigger::Retry { .. } | Trigger::Manual { .. } | Trigger::Spawned { .. } => None,
    };
    let inserted = sqlx::query(INSERT)
        .bind(run.to_string())
        .bind(slug_text(slug))
        .bind(due.map(millis))
        .bind(millis(at))
        .bind(json(trigger))
        .bind(json(request))
        .bind(RunStatus::Queued.as_str())
        .bind(Vec::new())
        .execute(&mut *connection)
        .await?;
    if let Trigger::Retry { after, .. } = trigger {
        dues::retry_settled(connection, *after).await?;
    }
    let (Some(due), Some(slug)) = (due, slug) else { return Ok(()) };
    if inserted.rows_affected() == 0 {
        return Err(Failure::OccurrenceTaken { slug: slug.clone(), due });
    }
    Ok(jobs::scheduled(connection, slug, due).await?)
}

pub(super) async fn skipped(
    connection: &mut SqliteConnection,
    at: Timestamp,
    run: RunId,
    reason: &SkipReason,
) -> Result<(), sqlx::Error> {
    const UPDATE: &str = "
        UPDATE runs SET status = $2, ended_at = $3, skipped = $4
        WHERE id = $1 AND ended_at IS NULL";
    sqlx::query(UPDATE)
        .bind(run.to_string())
        .bind(RunStatus::Skipped.as_str())
        .bind(millis(at))
        .bind(json(reason))
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn admitted(connection: &mut SqliteConnection, at: Timestamp, run: RunId) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE runs SET status = $2, admitted_at = $3 WHERE id = $1 AND ended_at IS NULL")
        .bind(run.to_string())
        .bind(RunStatus::Judging.as_str())
        .bind(millis(at))
        .execute(connection)
        .await?;
    Ok(())
}

/// A stepping run without `end_fact` is one whose execute type gets the request.
pub(super) async fn passed(connection: &mut SqliteConnection, run: RunId) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE runs SET status = $2, end_fact = NULL WHERE id = $1 AND ended_at IS NULL")
        .bind(run.to_string())
        .bind(RunStatus::Stepping.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn starting(
    connection: &mut SqliteConnection,
    at: Timestamp,
    slug: Option<&JobSlug>,
    session: &Session,
    launch: &Launch,
    plugin_state: &[u8],
) -> Result<(), sqlx::Error> {
    const UPDATE: &str = "
        UPDATE runs SET status = $2, session_id = $3, started_at = COALESCE(started_at, $4), deadline = NULL,
            wait_until = NULL, end_fact = NULL, launch = $5, plugin_state = $6, activity = NULL, activity_at = NULL, answered = 0
        WHERE id = $1 AND ended_at IS NULL";
    sessions::put(connection, session).await?;
    sessions::prompt(connection, session.id, launch).await?;
    sqlx::query(UPDATE)
        .bind(session.run.to_string())
        .bind(RunStatus::Starting.as_str())
        .bind(session.id.to_string())
        .bind(millis(at))
        .bind(json(launch))
        .bind(plugin_state)
        .execute(&mut *connection)
        .await?;
    match slug {
        Some(slug) => jobs::starting(connection, slug, at).await,
        None => Ok(()),
    }
}

pub(super) async fn started(
    connection: &mut SqliteConnection,
    run: RunId,
    session: SessionId,
    deadline: Option<Timestamp>,
) -> Result<(), sqlx::Error> {
    const UPDATE: &str = "
        UPDATE runs SET status = $2, deadline = $3, launch = NULL
        WHERE id = $1 AND status = $4";
    sqlx::query(UPDATE)
        .bind(run.to_string())
        .bind(RunStatus::Running.as_str())
        .bind(deadline.map(millis))
        .bind(RunStatus::Starting.as_str())
        .execute(&mut *connection)
        .await?;
    sessions::running(connection, session).await
}

pub(super) async fn set_back(connection: &mut SqliteConnection, by_ms: i64) -> Result<(), sqlx::Error> {
    const UPDATE: &str = "
        UPDATE runs SET deadline = deadline - $1, wait_until = wait_until - $1, activity_at = activity_at - $1
        WHERE ended_at IS NULL";
    const WAITING: &str = "UPDATE runs SET requested_at = requested_at - $1 WHERE status = $2 AND ended_at IS NULL";
    sqlx::query(UPDATE).bind(by_ms).execute(&mut *connection).await?;
    sqlx::query(WAITING).bind(by_ms).bind(RunStatus::Queued.as_str()).execute(connection).await?;
    Ok(())
}

pub(super) async fn stopping(
    connection: &mut SqliteConnection,
    run: RunId,
    cause: &StopCause,
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE runs SET stopping = $2 WHERE id = $1 AND ended_at IS NULL")
        .bind(run.to_string())
        .bind(json(cause))
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn session_ended(
    connection: &mut SqliteConnection,
    run: RunId,
    session: &Session,
    end: &End,
) -> Result<(), sqlx::Error> {
    const UPDATE: &str = "
        UPDATE runs SET status = $2, session_id = $3, end_fact = $4, launch = NULL
        WHERE id = $1 AND ended_at IS NULL";
    sessions::put(connection, session).await?;
    sqlx::query(UPDATE)
        .bind(run.to_string())
        .bind(RunStatus::Stepping.as_str())
        .bind(session.id.to_string())
        .bind(json(end))
        .execute(&mut *connection)
        .await?;
    talk::ended(connection, session.id).await
}

pub(super) async fn finished(
    connection: &mut SqliteConnection,
    at: Timestamp,
    finished: &RunFinished,
) -> Result<(), sqlx::Error> {
    const UPDATE: &str = "
        UPDATE runs SET status = $2, ended_at = $3, outcome = $4, end_fact = $5, plugin_state = $6, launch = NULL,
            started_at = COALESCE(started_at, $7)
        WHERE id = $1 AND ended_at IS NULL";
    if let Some(session) = &finished.session {
        sessions::put(connection, session).await?;
    }
    sqlx::query(UPDATE)
        .bind(finished.run.to_string())
        .bind(RunStatus::Finished.as_str())
        .bind(millis(at))
        .bind(json(&finished.outcome))
        .bind(finished.end.as_ref().map(json))
        .bind(&finished.plugin_state)
        .bind(finished.worked_since.map(millis))
        .execute(&mut *connection)
        .await?;
    match &finished.slug {
        Some(slug) => jobs::finished(connection, slug, finished).await,
        None => Ok(()),
    }
}
