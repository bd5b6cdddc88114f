//! How far notifiers have read. How their polls go is for the log alone.

use instar_core::id::PluginId;
use instar_core::poll::Listening;
use sqlx::SqliteConnection;

pub(super) async fn changed(
    connection: &mut SqliteConnection,
    notifier: &PluginId,
    listening: &Listening,
) -> Result<(), sqlx::Error> {
    const UPSERT: &str = "
        INSERT INTO polls (notifier, cursor) VALUES ($1, $2)
        ON CONFLICT (notifier) DO UPDATE SET cursor = excluded.cursor";
    if let Listening::At { cursor } = listening {
        sqlx::query(UPSERT).bind(notifier.as_str()).bind(cursor).execute(connection).await?;
    }
    Ok(())
}
