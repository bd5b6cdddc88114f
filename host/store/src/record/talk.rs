//! What passes between people and the program of a session, and what its run took.

use instar_core::event::Fact;
use instar_core::id::{RunId, SessionId};
use instar_core::plan::Usage;
use instar_core::session::SessionStatus;
use instar_core::talk::{Activity, Message};
use jiff::Timestamp;
use sqlx::SqliteConnection;

use crate::rows::{json, millis};

pub(super) async fn changed(connection: &mut SqliteConnection, at: Timestamp, fact: &Fact) -> Result<(), sqlx::Error> {
    match fact {
        Fact::RunUsed { run, usage, slug: _ } => used(connection, *run, usage).await,
        Fact::RunAnswered { run, activity, plugin_state, slug: _ } => {
            answered(connection, *run, *activity, plugin_state).await
        }
        Fact::MessageAccepted { session, message, run: _, slug: _ } => accepted(connection, *session, message).await,
        Fact::SessionTurned { run, session, status, activity, slug: _ } => {
            turned(connection, at, *run, *session, *status, activity).await
        }
        _ => Ok(()),
    }
}

async fn used(connection: &mut SqliteConnection, run: RunId, usage: &Usage) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE runs SET usage = $2 WHERE id = $1 AND ended_at IS NULL")
        .bind(run.to_string())
        .bind(json(usage))
        .execute(connection)
        .await?;
    Ok(())
}

async fn answered(
    connection: &mut SqliteConnection,
    run: RunId,
    activity: u64,
    plugin_state: &[u8],
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE runs SET answered = $2, plugin_state = $3 WHERE id = $1 AND ended_at IS NULL")
        .bind(run.to_string())
        .bind(number(activity))
        .bind(plugin_state)
        .execute(connection)
        .await?;
    Ok(())
}

/// A program that is only about to be started stays so.
async fn accepted(connection: &mut SqliteConnection, session: SessionId, message: &Message) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO messages (session_id, number, text) VALUES ($1, $2, $3)")
        .bind(session.to_string())
        .bind(number(message.number))
        .bind(&message.text)
        .execute(&mut *connection)
        .await?;
    sqlx::query("UPDATE sessions SET status = $2, question = NULL WHERE id = $1 AND status <> $3")
        .bind(session.to_string())
        .bind(SessionStatus::Running.as_str())
        .bind(SessionStatus::Starting.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

async fn turned(
    connection: &mut SqliteConnection,
    at: Timestamp,
    run: RunId,
    session: SessionId,
    status: SessionStatus,
    activity: &Activity,
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE runs SET activity = $2, activity_at = $3 WHERE id = $1 AND ended_at IS NULL")
        .bind(run.to_string())
        .bind(json(activity))
        .bind(millis(at))
        .execute(&mut *connection)
        .await?;
    sqlx::query("UPDATE sessions SET status = $2, question = $3 WHERE id = $1")
        .bind(session.to_string())
        .bind(status.as_str())
        .bind(&activity.question)
        .execute(&mut *connection)
        .await?;
    sqlx::query("DELETE FROM messages WHERE session_id = $1 AND number <= $2")
        .bind(session.to_string())
        .bind(number(activity.typed))
        .execute(connection)
        .await?;
    Ok(())
}

/// What was not typed when the session ended never will be.
pub(super) async fn ended(connection: &mut SqliteConnection, session: SessionId) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM messages WHERE session_id = $1").bind(session.to_string()).execute(connection).await?;
    Ok(())
}

fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
