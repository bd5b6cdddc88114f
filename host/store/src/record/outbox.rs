//! Notices on their way to notifiers. A delivery that is settled stays as it ended.

use instar_core::event::Fact;
use instar_core::id::{NoticeId, PluginId};
use instar_core::notice::Message;
use jiff::Timestamp;
use sqlx::SqliteConnection;

use crate::rows::{json, millis};

/// What a fact about a notice changes; there is none of it in other facts.
pub(super) async fn changed(connection: &mut SqliteConnection, at: Timestamp, fact: &Fact) -> Result<(), sqlx::Error> {
    match fact {
        Fact::NoticeRaised { notice, notifiers } => raised(connection, at, notice, notifiers).await,
        Fact::NoticeTried { notice, notifier, attempt } => tried(connection, *notice, notifier, *attempt).await,
        Fact::NoticePartDelivered { notice, notifier, part, receipt: _ } => {
            go_on(connection, *notice, notifier, part + 1).await
        }
        Fact::NoticeDelivered { notice, notifier, receipt: _ } => delivered(connection, *notice, notifier).await,
        Fact::NoticeFailed { notice, notifier, retry_at, attempt: _, error: _ } => {
            failed(connection, *notice, notifier, *retry_at).await
        }
        _ => Ok(()),
    }
}

async fn raised(
    connection: &mut SqliteConnection,
    at: Timestamp,
    notice: &Message,
    notifiers: &[PluginId],
) -> Result<(), sqlx::Error> {
    const UPSERT: &str = "
        INSERT INTO outbox (notice_id, notifier, notice, attempt, part, due, state)
        VALUES ($1, $2, $3, 0, 0, $4, 'pending')
        ON CONFLICT (notice_id, notifier) DO UPDATE SET notice = excluded.notice, attempt = excluded.attempt,
            part = excluded.part, due = excluded.due, state = excluded.state";
    let (text, due) = (json(notice), notice.not_before.map_or(at, |not_before| not_before.max(at)));
    for notifier in notifiers {
        sqlx::query(UPSERT)
            .bind(notice.id.to_string())
            .bind(notifier.as_str())
            .bind(&text)
            .bind(millis(due))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

async fn tried(
    connection: &mut SqliteConnection,
    notice: NoticeId,
    notifier: &PluginId,
    attempt: u32,
) -> Result<(), sqlx::Error> {
    const UPDATE: &str = "
        UPDATE outbox SET attempt = $3, due = NULL
        WHERE notice_id = $1 AND notifier = $2 AND state = 'pending'";
    sqlx::query(UPDATE)
        .bind(notice.to_string())
        .bind(notifier.as_str())
        .bind(i64::from(attempt))
        .execute(connection)
        .await?;
    Ok(())
}

/// The parts before this one were delivered.
async fn go_on(
    connection: &mut SqliteConnection,
    notice: NoticeId,
    notifier: &PluginId,
    part: u32,
) -> Result<(), sqlx::Error> {
    const UPDATE: &str = "UPDATE outbox SET part = $3 WHERE notice_id = $1 AND notifier = $2 AND state = 'pending'";
    sqlx::query(UPDATE)
        .bind(notice.to_string())
        .bind(notifier.as_str())
        .bind(i64::from(part))
        .execute(connection)
        .await?;
    Ok(())
}

async fn delivered(
    connection: &mut SqliteConnection,
    notice: NoticeId,
    notifier: &PluginId,
) -> Result<(), sqlx::Error> {
    settle(connection, notice, notifier, "delivered", None).await
}

/// Without a time for the next attempt it is given up.
async fn failed(
    connection: &mut SqliteConnection,
    notice: NoticeId,
    notifier: &PluginId,
    retry_at: Option<Timestamp>,
) -> Result<(), sqlx::Error> {
    let state = if retry_at.is_some() { "pending" } else { "given-up" };
    settle(connection, notice, notifier, state, retry_at).await
}

async fn settle(
    connection: &mut SqliteConnection,
    notice: NoticeId,
    notifier: &PluginId,
    state: &str,
    due: Option<Timestamp>,
) -> Result<(), sqlx::Error> {
    const UPDATE: &str = "
        UPDATE outbox SET state = $3, due = $4
        WHERE notice_id = $1 AND notifier = $2 AND state = 'pending'";
    sqlx::query(UPDATE)
        .bind(notice.to_string())
        .bind(notifier.as_str())
        .bind(state)
        .bind(due.map(millis))
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn set_back(connection: &mut SqliteConnection, by_ms: i64) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE outbox SET due = due - $1 WHERE state = 'pending'").bind(by_ms).execute(connection).await?;
    Ok(())
}
