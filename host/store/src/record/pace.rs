//! The pace of jobs, their names, and what people were told of quota.

use instar_core::event::Fact;
use instar_core::id::JobSlug;
use instar_core::quota::level::QuotaWindow;
use instar_core::tune::{Tuned, Tuning};
use jiff::Timestamp;
use sqlx::{Row as _, SqliteConnection};

use crate::rows::{self, json};

pub(super) async fn changed(connection: &mut SqliteConnection, at: Timestamp, fact: &Fact) -> Result<(), sqlx::Error> {
    match fact {
        Fact::Tuned { slug, tuned } => change_tuning(connection, slug, tuned, at).await,
        Fact::JobRenamed { from, to } => renamed(connection, from, to).await,
        Fact::QuotaLevelChanged { window, level } => level_changed(connection, *window, *level).await,
        _ => Ok(()),
    }
}

/// What follows from a fact is said in one place, for the view and for these rows.
async fn change_tuning(
    connection: &mut SqliteConnection,
    slug: &JobSlug,
    tuned: &Tuned,
    at: Timestamp,
) -> Result<(), sqlx::Error> {
    const UPSERT: &str = "
        INSERT INTO tunings (slug, tuning) VALUES ($1, $2)
        ON CONFLICT (slug) DO UPDATE SET tuning = excluded.tuning";
    let row = sqlx::query("SELECT tuning FROM tunings WHERE slug = $1").bind(slug.as_str());
    let row = row.fetch_optional(&mut *connection).await?;
    let before = row.as_ref().map(|row| rows::from_json::<Tuning>(row, "tuning")).transpose()?;
    match Tuning::after(before, tuned, at) {
        Some(tuning) => sqlx::query(UPSERT).bind(slug.as_str()).bind(json(&tuning)).execute(connection).await?,
        None => sqlx::query("DELETE FROM tunings WHERE slug = $1").bind(slug.as_str()).execute(connection).await?,
    };
    Ok(())
}

/// The name under which the settings keep what people were told.
fn setting(window: QuotaWindow) -> String {
    format!("quota-level-{}", window.as_str())
}

async fn level_changed(connection: &mut SqliteConnection, window: QuotaWindow, level: u8) -> Result<(), sqlx::Error> {
    const UPSERT: &str = "
        INSERT INTO settings (name, value) VALUES ($1, $2)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    sqlx::query(UPSERT).bind(setting(window)).bind(level.to_string()).execute(connection).await?;
    Ok(())
}

pub(crate) async fn level(connection: &mut SqliteConnection, window: QuotaWindow) -> Result<u8, sqlx::Error> {
    let row = sqlx::query("SELECT value FROM settings WHERE name = $1").bind(setting(window));
    let row = row.fetch_optional(connection).await?;
    let value: Option<String> = row.map(|row| row.try_get("value")).transpose()?;
    Ok(value.and_then(|value| value.parse().ok()).unwrap_or(0))
}

/// All that a job has been through is found under its new name. What the new name has of its own stays, but for what
/// there can only be one of.
async fn renamed(connection: &mut SqliteConnection, from: &JobSlug, to: &JobSlug) -> Result<(), sqlx::Error> {
    // Both names may have had a run at one due time; that time is the other's then.
    const DUE_TIMES: &str = "
        UPDATE runs SET scheduled_at = NULL WHERE slug = $1 AND EXISTS
            (SELECT 1 FROM runs AS other WHERE other.slug = $2 AND other.scheduled_at = runs.scheduled_at)";
    const ONE_EACH: [(&str, &str); 3] = [
        (
            "DELETE FROM job_states WHERE slug = $2 AND EXISTS (SELECT 1 FROM job_states WHERE slug = $1)",
            "UPDATE job_states SET slug = $2 WHERE slug = $1",
        ),
        (
            "DELETE FROM pauses WHERE slug = $2 AND EXISTS (SELECT 1 FROM pauses WHERE slug = $1)",
            "UPDATE pauses SET slug = $2 WHERE slug = $1",
        ),
        (
            // Whose signals these are is no longer known.
            "DELETE FROM tunings WHERE slug = $2",
            "UPDATE tunings SET slug = $2 WHERE slug = $1",
        ),
    ];
    let ones = ONE_EACH.into_iter().flat_map(|(make_room, take_it)| [make_room, take_it]);
    let many = [
        DUE_TIMES,
        "UPDATE runs SET slug = $2 WHERE slug = $1",
        "UPDATE sessions SET slug = $2 WHERE slug = $1",
        "DELETE FROM workloads WHERE slug = $2",
        "UPDATE workloads SET slug = $2 WHERE slug = $1",
        "UPDATE events SET slug = $2 WHERE slug = $1",
    ];
    if from == to {
        return Ok(());
    }
    for statement in ones.chain(many) {
        sqlx::query(statement).bind(from.as_str()).bind(to.as_str()).execute(&mut *connection).await?;
    }
    // The signals carry the name inside, too.
    sqlx::query("UPDATE workloads SET workload = json_set(workload, '$.slug', $1) WHERE slug = $1")
        .bind(to.as_str())
        .execute(connection)
        .await?;
    Ok(())
}
