//! The threads that the host opened.

use instar_core::attention::Item;
use instar_core::conversation::Conversed;
use instar_core::id::{JobSlug, PluginId};
use instar_core::notice::Address;
use instar_core::thread::{Subject, Thread};
use sqlx::SqliteConnection;

use crate::record::attention;
use crate::rows::json;

type Written = Result<(), sqlx::Error>;

pub(super) async fn changed(connection: &mut SqliteConnection, fact: &Conversed) -> Written {
    const UPSERT: &str = "
        INSERT INTO threads (notifier, subject, thread) VALUES ($1, $2, $3)
        ON CONFLICT (notifier, subject) DO UPDATE SET thread = excluded.thread";
    match fact {
        Conversed::ThreadOpened { notifier, subject, thread } => {
            let query = sqlx::query(UPSERT).bind(notifier.as_str()).bind(json(subject)).bind(json(thread));
            query.execute(&mut *connection).await?;
            of_item(connection, subject, Some(thread.address.clone())).await
        }
        Conversed::ThreadLost { notifier, subject } => {
            lost(&mut *connection, notifier, subject).await?;
            of_item(connection, subject, None).await
        }
        _ => Ok(()),
    }
}

pub(super) async fn lost(connection: &mut SqliteConnection, notifier: &PluginId, subject: &Subject) -> Written {
    sqlx::query("DELETE FROM threads WHERE notifier = $1 AND subject = $2")
        .bind(notifier.as_str())
        .bind(json(subject))
        .execute(connection)
        .await
        .map(drop)
}

/// A thread of a predecessor; one that is here already stays.
pub(crate) async fn take_over(
    connection: &mut SqliteConnection,
    notifier: &PluginId,
    subject: &Subject,
    thread: &Thread,
) -> Written {
    sqlx::query("INSERT INTO threads (notifier, subject, thread) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
        .bind(notifier.as_str())
        .bind(json(subject))
        .bind(json(thread))
        .execute(connection)
        .await
        .map(drop)
}

/// Where people talk about an item.
async fn of_item(connection: &mut SqliteConnection, subject: &Subject, thread: Option<Address>) -> Written {
    let Subject::Item(id) = subject else { return Ok(()) };
    match attention::get(connection, id).await? {
        Some(item) => attention::put(connection, &Item { thread, ..item }).await,
        None => Ok(()),
    }
}

/// The thread of a job goes with it to another name; one that the other name has gives way.
pub(super) async fn renamed(connection: &mut SqliteConnection, from: &JobSlug, to: &JobSlug) -> Written {
    const MAKE_ROOM: &str = "
        DELETE FROM threads WHERE subject = $2
            AND EXISTS (SELECT 1 FROM threads AS other WHERE other.notifier = threads.notifier AND other.subject = $1)";
    for statement in [MAKE_ROOM, "UPDATE threads SET subject = $2 WHERE subject = $1"] {
        let query = sqlx::query(statement).bind(json(&Subject::job(from))).bind(json(&Subject::job(to)));
        query.execute(&mut *connection).await?;
    }
    Ok(())
}
