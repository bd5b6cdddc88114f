//! The whole story of one run: more than lists of runs show.

use instar_core::event::EventRecord;
use instar_core::id::RunId;
use instar_core::session::Session;
use instar_core::supervision::Opinion;
use sqlx::Row;

use crate::error::StoreError;
use crate::open::Store;
use crate::rows::{self, session_columns};

/// What happened to a run, told by all that is kept of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Story {
    /// Oldest first; the newest of them where there are very many.
    pub events: Vec<EventRecord>,
    /// Its sessions, oldest first, each with what its command was given to read.
    pub sessions: Vec<(Session, Option<String>)>,
    /// The notes that it left for the next run of its job.
    pub handoff: Option<String>,
    /// What its supervision said; `None` inside while nobody has answered.
    pub supervision: Option<Option<Opinion>>,
}

const MOST_EVENTS: i64 = 1_000;

impl Store {
    /// Of a run that is not there the story is empty.
    pub async fn story(&self, run: RunId) -> Result<Story, StoreError> {
        self.read_story(&run.to_string()).await.map_err(|error| self.error(error))
    }

    async fn read_story(&self, run: &str) -> Result<Story, sqlx::Error> {
        const EVENTS: &str = "
            SELECT seq, at, type, summary, run_id, session_id, metadata FROM events
            WHERE run_id = $1 ORDER BY seq DESC LIMIT $2";
        const SESSIONS: &str = concat!(
            "SELECT ",
            session_columns!(),
            ", sessions.prompt AS session_prompt FROM sessions WHERE sessions.run_id = $1 ORDER BY sessions.id"
        );
        let mut transaction = self.0.readers.begin().await?;
        let events = sqlx::query(EVENTS).bind(run).bind(MOST_EVENTS).fetch_all(&mut *transaction).await?;
        let sessions = sqlx::query(SESSIONS).bind(run).fetch_all(&mut *transaction).await?;
        let handoff: Option<Option<String>> = sqlx::query_scalar("SELECT handoff FROM runs WHERE id = $1")
            .bind(run)
            .fetch_optional(&mut *transaction)
            .await?;
        let opinion = sqlx::query("SELECT opinion FROM supervisions WHERE run_id = $1")
            .bind(run)
            .fetch_optional(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(Story {
            events: events.iter().rev().map(rows::event).collect::<Result<_, _>>()?,
            sessions: sessions
                .iter()
                .map(|row| Ok((rows::session(row)?, row.try_get("session_prompt")?)))
                .collect::<Result<_, sqlx::Error>>()?,
            handoff: handoff.flatten(),
            supervision: opinion.map(|row| rows::optional_json(&row, "opinion")).transpose()?,
        })
    }
}
