//! Opinions on runs that have ended.

use instar_core::id::RunId;
use instar_core::supervision::{Opinion, Question};
use sqlx::SqliteConnection;

use crate::rows::json;

pub(super) async fn asked(connection: &mut SqliteConnection, question: &Question) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO supervisions (run_id, question) VALUES ($1, $2)")
        .bind(question.run.to_string())
        .bind(json(question))
        .execute(connection)
        .await?;
    Ok(())
}

/// The run may have been removed meanwhile, and its question with it.
pub(super) async fn answered(
    connection: &mut SqliteConnection,
    run: RunId,
    opinion: &Opinion,
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE supervisions SET question = NULL, opinion = $2 WHERE run_id = $1")
        .bind(run.to_string())
        .bind(json(opinion))
        .execute(connection)
        .await?;
    Ok(())
}
