//! Runs that wait, and those whose wait is over.

use instar_core::event::Fact;
use instar_core::run::RunStatus;
use sqlx::SqliteConnection;

use crate::record::jobs;
use crate::rows::millis;

pub(super) async fn changed(connection: &mut SqliteConnection, fact: &Fact) -> Result<(), sqlx::Error> {
    const WAITING: &str = "
        UPDATE runs SET status = $2, started_at = COALESCE(started_at, $3), wait_until = $4, deadline = $5,
            plugin_state = $6, end_fact = NULL
        WHERE id = $1 AND ended_at IS NULL";
    match fact {
        Fact::RunWaiting { run, slug, since, until, limit, plugin_state } => {
            sqlx::query(WAITING)
                .bind(run.to_string())
                .bind(RunStatus::Waiting.as_str())
                .bind(millis(*since))
                .bind(millis(*until))
                .bind(limit.map(millis))
                .bind(plugin_state)
                .execute(&mut *connection)
                .await?;
            match slug {
                Some(slug) => jobs::starting(connection, slug, *since).await,
                None => Ok(()),
            }
        }
        // `wait_until` tells the next process for what it is asked.
        Fact::RunWoke { run, slug: _ } => {
            sqlx::query("UPDATE runs SET status = $2 WHERE id = $1 AND ended_at IS NULL")
                .bind(run.to_string())
                .bind(RunStatus::Stepping.as_str())
                .execute(connection)
                .await?;
            Ok(())
        }
        _ => Ok(()),
    }
}
