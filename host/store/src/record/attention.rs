//! What people should look at.

use instar_core::attention::{Item, ItemStatus};
use instar_core::event::Fact;
use instar_core::id::JobSlug;
use jiff::Timestamp;
use sqlx::SqliteConnection;

use crate::rows::{self, json};

pub(super) async fn changed(connection: &mut SqliteConnection, at: Timestamp, fact: &Fact) -> Result<(), sqlx::Error> {
    match fact {
        Fact::AttentionRaised { item } => put(connection, item).await,
        Fact::AttentionTurned { id, status, by: _ } => turned(connection, id, *status, at).await,
        Fact::AttentionPruned { ids } => pruned(connection, ids).await,
        _ => Ok(()),
    }
}

/// An item that is there already under this id is replaced.
pub(super) async fn put(connection: &mut SqliteConnection, item: &Item) -> Result<(), sqlx::Error> {
    const UPSERT: &str = "
        INSERT INTO attention (id, item) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET item = excluded.item";
    sqlx::query(UPSERT).bind(&item.wanted.id).bind(json(item)).execute(connection).await?;
    Ok(())
}

async fn turned(
    connection: &mut SqliteConnection,
    id: &str,
    status: ItemStatus,
    at: Timestamp,
) -> Result<(), sqlx::Error> {
    match get(connection, id).await? {
        Some(item) => put(connection, &Item { status, updated_at: at, ..item }).await,
        None => Ok(()),
    }
}

pub(super) async fn get(connection: &mut SqliteConnection, id: &str) -> Result<Option<Item>, sqlx::Error> {
    let row = sqlx::query("SELECT item FROM attention WHERE id = $1").bind(id).fetch_optional(connection).await?;
    row.as_ref().map(|row| rows::from_json(row, "item")).transpose()
}

/// What a job is to be looked at for goes with it to another name.
pub(super) async fn renamed(
    connection: &mut SqliteConnection,
    from: &JobSlug,
    to: &JobSlug,
) -> Result<(), sqlx::Error> {
    let rows = sqlx::query("SELECT item FROM attention ORDER BY id").fetch_all(&mut *connection).await?;
    let items: Vec<Item> = rows.iter().map(|row| rows::from_json(row, "item")).collect::<Result<_, _>>()?;
    for item in items {
        if let Some(moved) = item.of_renamed_job(from, to) {
            pruned(connection, std::slice::from_ref(&item.wanted.id)).await?;
            put(connection, &moved).await?;
        }
    }
    Ok(())
}

async fn pruned(connection: &mut SqliteConnection, ids: &[String]) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM attention WHERE id IN (SELECT value FROM json_each($1))")
        .bind(json(&ids))
        .execute(connection)
        .await?;
    Ok(())
}

/// An item of a predecessor; one that is here already stays as it is.
pub(crate) async fn take_over(connection: &mut SqliteConnection, item: &Item) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO attention (id, item) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING")
        .bind(&item.wanted.id)
        .bind(json(item))
        .execute(connection)
        .await?;
    Ok(())
}
