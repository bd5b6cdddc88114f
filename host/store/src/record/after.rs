//! What comes after a run: notes for the next one of its job, and opinions on it.

use instar_core::event::Fact;
use instar_core::grounding::Handoff;
use instar_core::id::{JobSlug, RunId};
use instar_core::supervision::{Opinion, Question};
use sqlx::SqliteConnection;

use crate::rows::json;

/// Facts about anything else change nothing here.
pub(super) async fn told(connection: &mut SqliteConnection, fact: &Fact) -> Result<(), sqlx::Error> {
    match fact {
        Fact::HandoffLeft { run, slug, handoff } => handed_over(connection, *run, slug.as_ref(), handoff).await,
        Fact::SupervisionAsked { question } => asked(connection, question).await,
        Fact::RunSupervised { run, opinion, slug: _ } => answered(connection, *run, opinion).await,
        _ => Ok(()),
    }
}

async fn handed_over(
    connection: &mut SqliteConnection,
    run: RunId,
    slug: Option<&JobSlug>,
    handoff: &Handoff,
) -> Result<(), sqlx::Error> {
    const UPSERT: &str = "
        INSERT INTO job_states (slug, consecutive_failures, last_handoff) VALUES ($1, 0, $2)
        ON CONFLICT (slug) DO UPDATE SET last_handoff = excluded.last_handoff";
    sqlx::query("UPDATE runs SET handoff = $2 WHERE id = $1 AND ended_at IS NULL")
        .bind(run.to_string())
        .bind(&handoff.text)
        .execute(&mut *connection)
        .await?;
    let Some(slug) = slug else { return Ok(()) };
    sqlx::query(UPSERT).bind(slug.as_str()).bind(json(handoff)).execute(connection).await?;
    Ok(())
}

async fn asked(connection: &mut SqliteConnection, question: &Question) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO supervisions (run_id, question) VALUES ($1, $2)")
        .bind(question.run.to_string())
        .bind(json(question))
        .execute(connection)
        .await?;
    Ok(())
}

/// The run may have been removed meanwhile, and its question with it.
async fn answered(connection: &mut SqliteConnection, run: RunId, opinion: &Opinion) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE supervisions SET question = NULL, opinion = $2 WHERE run_id = $1")
        .bind(run.to_string())
        .bind(json(opinion))
        .execute(connection)
        .await?;
    Ok(())
}
