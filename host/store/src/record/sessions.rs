//! Sessions, as the facts about their runs describe them.

use instar_core::grounding::cut;
use instar_core::id::SessionId;
use instar_core::plan::{Launch, Stdin};
use instar_core::session::{Session, SessionStatus};
use sqlx::SqliteConnection;

use crate::rows::{millis, slug_text};

pub(super) async fn put(connection: &mut SqliteConnection, session: &Session) -> Result<(), sqlx::Error> {
    const UPSERT: &str = "
        INSERT INTO sessions
            (id, name, run_id, slug, model, triggered_by, takes_input, status, started_at, ended_at, interactive,
             question)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        ON CONFLICT (id) DO UPDATE SET name = excluded.name, run_id = excluded.run_id, slug = excluded.slug,
            model = excluded.model, triggered_by = excluded.triggered_by, takes_input = excluded.takes_input,
            status = excluded.status, started_at = excluded.started_at, ended_at = excluded.ended_at,
            interactive = excluded.interactive, question = excluded.question";
    sqlx::query(UPSERT)
        .bind(session.id.to_string())
        .bind(session.name.as_str())
        .bind(session.run.to_string())
        .bind(slug_text(session.job.as_ref()))
        .bind(&session.model)
        .bind(&session.triggered_by)
        .bind(session.takes_input)
        .bind(session.status.as_str())
        .bind(millis(session.started_at))
        .bind(session.ended_at.map(millis))
        .bind(session.interactive)
        .bind(&session.question)
        .execute(connection)
        .await?;
    Ok(())
}

/// A longer prompt is cut: what was sent as a whole is not kept for its own sake.
const MOST_PROMPT: usize = 64 << 10;

/// What the command will read. Terminals are told by messages, and other bytes are no prompt.
pub(super) async fn prompt(
    connection: &mut SqliteConnection,
    session: SessionId,
    launch: &Launch,
) -> Result<(), sqlx::Error> {
    let Stdin::Bytes(bytes) = &launch.stdin else { return Ok(()) };
    let Ok(text) = std::str::from_utf8(bytes) else { return Ok(()) };
    sqlx::query("UPDATE sessions SET prompt = $2 WHERE id = $1")
        .bind(session.to_string())
        .bind(cut(text, MOST_PROMPT))
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn running(connection: &mut SqliteConnection, session: SessionId) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE sessions SET status = $2 WHERE id = $1")
        .bind(session.to_string())
        .bind(SessionStatus::Running.as_str())
        .execute(connection)
        .await?;
    Ok(())
}
