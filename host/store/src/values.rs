//! What plugins keep between their calls: bytes behind keys, in a namespace for each plugin.

use instar_core::id::PluginId;
use sqlx::{Row as _, SqliteConnection};

use crate::error::StoreError;
use crate::open::{Store, begin};
use crate::record::{Writer, close};

/// What stands behind a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptValue {
    pub bytes: Vec<u8>,
    /// Grows with each change of the key.
    pub revision: u64,
}

/// What must stand there for a value to be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    Anything,
    Nothing,
    Revision(u64),
}

/// What became of a value that was to be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It stands there, with this revision.
    Done(u64),
    /// Something else stood there than was expected.
    Conflict,
    /// All keys and values of the plugin together would be larger than they may be.
    Quota,
}

impl Store {
    pub async fn plugin_value(&self, plugin: &PluginId, key: &str) -> Result<Option<KeptValue>, StoreError> {
        const SELECT: &str = "SELECT value, revision FROM plugin_values WHERE plugin = $1 AND key = $2";
        let read = sqlx::query(SELECT).bind(plugin.as_str()).bind(key).fetch_optional(&self.0.readers).await;
        let value = read.and_then(|row| {
            let value = |row: sqlx::sqlite::SqliteRow| {
                let revision: i64 = row.try_get("revision")?;
                Ok(KeptValue { bytes: row.try_get("value")?, revision: u64::try_from(revision).unwrap_or(0) })
            };
            row.map(value).transpose()
        });
        value.map_err(|error| self.error(error))
    }

    /// Sets a value; `quota` is what the plugin may have in all, in bytes.
    pub async fn put_plugin_value(
        &self,
        plugin: &PluginId,
        key: &str,
        value: &[u8],
        before: Before,
        quota: u64,
    ) -> Result<Put, StoreError> {
        let mut writer = self.0.writer.lock().await;
        let (mut connection, next_seq) = self.take_connection(&mut writer).await?;
        match put(&mut connection, plugin, key, value, before, quota).await {
            Ok(put) => {
                *writer = Writer::Ready { connection, next_seq };
                Ok(put)
            }
            Err(error) => {
                close(connection).await;
                Err(self.error(error))
            }
        }
    }

    pub async fn remove_plugin_value(&self, plugin: &PluginId, key: &str) -> Result<(), StoreError> {
        const DELETE: &str = "DELETE FROM plugin_values WHERE plugin = $1 AND key = $2";
        let mut writer = self.0.writer.lock().await;
        let (mut connection, next_seq) = self.take_connection(&mut writer).await?;
        match sqlx::query(DELETE).bind(plugin.as_str()).bind(key).execute(&mut connection).await {
            Ok(_) => {
                *writer = Writer::Ready { connection, next_seq };
                Ok(())
            }
            Err(error) => {
                close(connection).await;
                Err(self.error(error))
            }
        }
    }

    /// The first keys that begin so, in the order of their bytes.
    pub async fn plugin_keys(&self, plugin: &PluginId, prefix: &str, limit: u32) -> Result<Vec<String>, StoreError> {
        const SELECT: &str = "
            SELECT key FROM plugin_values WHERE plugin = $1 AND substr(key, 1, $2) = $3 ORDER BY key LIMIT $4";
        let letters = i64::try_from(prefix.chars().count()).unwrap_or(i64::MAX);
        let query = sqlx::query_scalar(SELECT).bind(plugin.as_str()).bind(letters).bind(prefix).bind(i64::from(limit));
        query.fetch_all(&self.0.readers).await.map_err(|error| self.error(error))
    }
}

async fn put(
    connection: &mut SqliteConnection,
    plugin: &PluginId,
    key: &str,
    value: &[u8],
    before: Before,
    quota: u64,
) -> Result<Put, sqlx::Error> {
    const REVISION: &str = "SELECT revision FROM plugin_values WHERE plugin = $1 AND key = $2";
    const OTHERS: &str = "
        SELECT COALESCE(SUM(length(CAST(key AS BLOB)) + length(value)), 0)
        FROM plugin_values WHERE plugin = $1 AND key <> $2";
    const UPSERT: &str = "
        INSERT INTO plugin_values (plugin, key, value, revision) VALUES ($1, $2, $3, $4)
        ON CONFLICT (plugin, key) DO UPDATE SET value = excluded.value, revision = excluded.revision";
    let mut transaction = begin(connection).await?;
    let found: Option<i64> =
        sqlx::query_scalar(REVISION).bind(plugin.as_str()).bind(key).fetch_optional(&mut *transaction).await?;
    let is_as_expected = match before {
        Before::Anything => true,
        Before::Nothing => found.is_none(),
        Before::Revision(revision) => found.and_then(|found| u64::try_from(found).ok()) == Some(revision),
    };
    if !is_as_expected {
        transaction.rollback().await?;
        return Ok(Put::Conflict);
    }
    let others: i64 = sqlx::query_scalar(OTHERS).bind(plugin.as_str()).bind(key).fetch_one(&mut *transaction).await?;
    if u64::try_from(others).unwrap_or(u64::MAX).saturating_add((key.len() + value.len()) as u64) > quota {
        transaction.rollback().await?;
        return Ok(Put::Quota);
    }
    let revision = found.unwrap_or(0) + 1;
    sqlx::query(UPSERT).bind(plugin.as_str()).bind(key).bind(value).bind(revision).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(Put::Done(u64::try_from(revision).unwrap_or(0)))
}
