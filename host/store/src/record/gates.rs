//! What is known of runs before they take a place, and what agents say of their work.

use instar_core::event::Fact;
use instar_core::gate::GateEnd;
use instar_core::id::RunId;
use instar_core::run::RunStatus;
use instar_core::workload::Workload;
use sqlx::SqliteConnection;

use crate::rows::{json, millis};

pub(super) async fn changed(connection: &mut SqliteConnection, fact: &Fact) -> Result<(), sqlx::Error> {
    match fact {
        Fact::GateBegun { run, slug: _ } => begun(connection, *run).await,
        Fact::GateEnded { run, end, slug: _ } => ended(connection, *run, end).await,
        Fact::WorkloadReported { workload } => worked(connection, workload).await,
        _ => Ok(()),
    }
}

async fn begun(connection: &mut SqliteConnection, run: RunId) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE runs SET status = $2 WHERE id = $1 AND ended_at IS NULL")
        .bind(run.to_string())
        .bind(RunStatus::Gating.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

/// What follows from it stands in the next event.
async fn ended(connection: &mut SqliteConnection, run: RunId, end: &GateEnd) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE runs SET status = $2, gate = $3 WHERE id = $1 AND ended_at IS NULL")
        .bind(run.to_string())
        .bind(RunStatus::Queued.as_str())
        .bind(json(end))
        .execute(connection)
        .await?;
    Ok(())
}

async fn worked(connection: &mut SqliteConnection, workload: &Workload) -> Result<(), sqlx::Error> {
    const INSERT: &str = "
        INSERT INTO workloads (number, slug, at, workload)
        VALUES ((SELECT COALESCE(MAX(number), 0) + 1 FROM workloads), $1, $2, $3)";
    sqlx::query(INSERT)
        .bind(workload.slug.as_str())
        .bind(millis(workload.timestamp))
        .bind(json(workload))
        .execute(connection)
        .await?;
    Ok(())
}
