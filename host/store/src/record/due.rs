//! What is due, and what is not: beginnings, pauses and retries.

use instar_core::event::{Fact, RunFinished};
use instar_core::id::{JobSlug, RunId};
use instar_core::pause::Pause;
use jiff::Timestamp;
use sqlx::SqliteConnection;

use crate::record::jobs;
use crate::rows::{json, millis, slug_text};

/// A due time that is so far ahead was settled under a wrong clock; `State::apply` says the same.
const MOST_AHEAD_MS: i64 = 24 * 3600 * 1000;

/// What a fact about due times changes; there are none of it in other facts.
pub(super) async fn changed(connection: &mut SqliteConnection, at: Timestamp, fact: &Fact) -> Result<(), sqlx::Error> {
    match fact {
        Fact::JobsBegun { slugs } => begun(connection, slugs, at).await,
        Fact::ZoneSet { zone } => zone_set(connection, zone).await,
        Fact::Paused { slug, pause } => paused(connection, slug.as_ref(), pause).await,
        Fact::Resumed { slug, by: _ } => resumed(connection, slug.as_ref()).await,
        Fact::OccurrencesPassed { slug, last, first: _, reason: _ } => jobs::scheduled(connection, slug, *last).await,
        Fact::RetryDropped { after, slug: _ } => retry_settled(connection, *after).await,
        _ => Ok(()),
    }
}

async fn begun(connection: &mut SqliteConnection, slugs: &[JobSlug], at: Timestamp) -> Result<(), sqlx::Error> {
    const UPSERT: &str = "
        INSERT INTO job_states (slug, consecutive_failures, begun_at)
        SELECT value, 0, $2 FROM json_each($1) WHERE TRUE
        ON CONFLICT (slug) DO UPDATE SET begun_at = excluded.begun_at";
    sqlx::query(UPSERT).bind(json(&slugs)).bind(millis(at)).execute(connection).await?;
    Ok(())
}

/// What had begun, or was settled, at a time that has not come yet begins now.
pub(super) async fn set_back(connection: &mut SqliteConnection, by_ms: i64, now: Timestamp) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE job_states SET last_scheduled = NULL, begun_at = $1 WHERE last_scheduled >= $2")
        .bind(millis(now))
        .bind(millis(now).saturating_add(MOST_AHEAD_MS))
        .execute(&mut *connection)
        .await?;
    sqlx::query("UPDATE job_states SET begun_at = $1 WHERE begun_at > $1")
        .bind(millis(now))
        .execute(&mut *connection)
        .await?;
    sqlx::query("UPDATE retries SET due = due - $1").bind(by_ms).execute(connection).await?;
    Ok(())
}

async fn zone_set(connection: &mut SqliteConnection, zone: &str) -> Result<(), sqlx::Error> {
    const UPSERT: &str = "
        INSERT INTO settings (name, value) VALUES ('zone', $1)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    sqlx::query(UPSERT).bind(zone).execute(connection).await?;
    Ok(())
}

async fn paused(connection: &mut SqliteConnection, slug: Option<&JobSlug>, pause: &Pause) -> Result<(), sqlx::Error> {
    const UPSERT: &str = "
        INSERT INTO pauses (slug, pause) VALUES ($1, $2)
        ON CONFLICT (slug) DO UPDATE SET pause = excluded.pause";
    sqlx::query(UPSERT).bind(slug_text(slug)).bind(json(pause)).execute(connection).await?;
    Ok(())
}

async fn resumed(connection: &mut SqliteConnection, slug: Option<&JobSlug>) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM pauses WHERE slug = $1").bind(slug_text(slug)).execute(connection).await?;
    Ok(())
}

pub(super) async fn retry_planned(
    connection: &mut SqliteConnection,
    finished: &RunFinished,
) -> Result<(), sqlx::Error> {
    const INSERT: &str = "INSERT INTO retries (after_run, slug, trigger, due) VALUES ($1, $2, $3, $4)";
    let (Some(slug), Some(due)) = (&finished.slug, finished.retry_at) else { return Ok(()) };
    sqlx::query(INSERT)
        .bind(finished.run.to_string())
        .bind(slug.as_str())
        .bind(json(&finished.trigger.retry_after(finished.run)))
        .bind(millis(due))
        .execute(connection)
        .await?;
    Ok(())
}

/// It was requested, or is given up.
pub(super) async fn retry_settled(connection: &mut SqliteConnection, after: RunId) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM retries WHERE after_run = $1").bind(after.to_string()).execute(connection).await?;
    Ok(())
}
