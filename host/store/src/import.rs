//! What a predecessor left in files: each file is taken once, as a whole, and never again.

use std::collections::BTreeSet;

use instar_core::attention::Item;
use instar_core::conversation::{Place, Spoken};
use instar_core::id::{JobSlug, PluginId};
use instar_core::job::JobState;
use instar_core::thread::{Subject, Thread};
use jiff::Timestamp;
use serde_json::Value;
use sqlx::SqliteConnection;

use crate::error::StoreError;
use crate::open::{Store, begin};
use crate::record::{Writer, close, conversations, skip_reason, take_over, threads};
use crate::rows::{json, millis};

/// What one file said.
#[derive(Debug, Default)]
pub struct Import {
    /// The name of the file; a second import under this name does nothing.
    pub source: String,
    pub job_states: Vec<(JobSlug, JobState)>,
    /// In the order of the file.
    pub events: Vec<ImportedEvent>,
    /// What people should look at.
    pub attention: Vec<Item>,
    /// What people and agents said, in the order of the file.
    pub spoken: Vec<Spoken>,
    /// How threads are called.
    pub names: Vec<(Place, String)>,
    /// Threads that are for something.
    pub threads: Vec<(PluginId, Subject, Thread)>,
    /// How many entries could not be understood.
    pub skipped: u64,
}

/// An event that another program recorded.
#[derive(Debug)]
pub struct ImportedEvent {
    pub at: Timestamp,
    pub kind: String,
    pub summary: String,
    pub slug: Option<JobSlug>,
    /// An object.
    pub metadata: Value,
}

impl Store {
    /// The files that were taken so far.
    pub async fn imported(&self) -> Result<BTreeSet<String>, StoreError> {
        let read = sqlx::query_scalar("SELECT source FROM imports").fetch_all(&self.0.readers).await;
        Ok(read.map_err(|error| self.error(error))?.into_iter().collect())
    }

    /// Records all of a file in one transaction. A job that has a state here keeps it.
    pub async fn import(&self, import: &Import, now: Timestamp) -> Result<(), StoreError> {
        let mut writer = self.0.writer.lock().await;
        let (mut connection, next_seq) = self.take_connection(&mut writer).await?;
        match write(&mut connection, next_seq, import, now).await {
            Ok(next_seq) => {
                *writer = Writer::Ready { connection, next_seq };
                Ok(())
            }
            Err(error) => {
                close(connection).await;
                Err(self.error(error))
            }
        }
    }
}

/// Returns the number of the next event.
async fn write(
    connection: &mut SqliteConnection,
    first_seq: i64,
    import: &Import,
    now: Timestamp,
) -> Result<i64, sqlx::Error> {
    const MARK: &str = "INSERT INTO imports (source, at, taken, skipped) VALUES ($1, $2, $3, $4)
        ON CONFLICT (source) DO NOTHING";
    let mut transaction = begin(connection).await?;
    let talked = import.spoken.len() + import.names.len() + import.threads.len();
    let taken = import.job_states.len() + import.events.len() + import.attention.len() + talked;
    let marked = sqlx::query(MARK)
        .bind(&import.source)
        .bind(millis(now))
        .bind(i64::try_from(taken).unwrap_or(i64::MAX))
        .bind(i64::try_from(import.skipped).unwrap_or(i64::MAX))
        .execute(&mut *transaction)
        .await?;
    if marked.rows_affected() == 0 {
        return Ok(first_seq);
    }
    for (slug, state) in &import.job_states {
        job_state(&mut transaction, slug, state).await?;
    }
    for item in &import.attention {
        take_over(&mut transaction, item).await?;
    }
    talk(&mut transaction, import).await?;
    let mut seq = first_seq;
    for event in &import.events {
        insert(&mut transaction, seq, event).await?;
        seq += 1;
    }
    transaction.commit().await?;
    Ok(seq)
}

/// What is known here already stays as it is.
async fn talk(connection: &mut SqliteConnection, import: &Import) -> Result<(), sqlx::Error> {
    for spoken in &import.spoken {
        conversations::kept(connection, spoken).await?;
    }
    for (place, name) in &import.names {
        conversations::named_first(connection, place, name).await?;
    }
    for (notifier, subject, thread) in &import.threads {
        threads::take_over(connection, notifier, subject, thread).await?;
    }
    Ok(())
}

async fn job_state(connection: &mut SqliteConnection, slug: &JobSlug, state: &JobState) -> Result<(), sqlx::Error> {
    const INSERT: &str = "
        INSERT INTO job_states (slug, last_run, last_result, last_error, consecutive_failures)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (slug) DO NOTHING";
    sqlx::query(INSERT)
        .bind(slug.as_str())
        .bind(state.last_run.map(millis))
        .bind(state.last_result.map(|result| result.as_str()))
        .bind(&state.last_error)
        .bind(i64::from(state.consecutive_failures))
        .execute(connection)
        .await?;
    Ok(())
}

async fn insert(connection: &mut SqliteConnection, seq: i64, event: &ImportedEvent) -> Result<(), sqlx::Error> {
    const INSERT: &str = "
        INSERT INTO events (seq, at, type, summary, slug, metadata, reason) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    sqlx::query(INSERT)
        .bind(seq)
        .bind(millis(event.at))
        .bind(&event.kind)
        .bind(&event.summary)
        .bind(event.slug.as_ref().map(JobSlug::as_str))
        .bind(json(&event.metadata))
        .bind(skip_reason(&event.kind, &event.metadata))
        .execute(connection)
        .await?;
    Ok(())
}
