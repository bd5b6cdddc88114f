//! The log of what people and agents said: the newest of a place, and what is found by a part of its text.

use instar_core::conversation::{Place, Spoken};
use instar_core::id::PluginId;
use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite};

use crate::error::StoreError;
use crate::open::Store;
use crate::rows::{self, millis, thread_text};

/// One entry, with its place in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedMessage {
    pub number: i64,
    pub spoken: Spoken,
}

/// How large the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSize {
    pub messages: u64,
    /// Of their texts.
    pub bytes: u64,
}

/// What is looked for. All conditions have to hold.
#[derive(Debug, Clone, Default)]
pub struct MessageFilter {
    /// A part of the text, in large or small letters.
    pub text: Option<String>,
    pub place: Option<Place>,
    pub notifier: Option<PluginId>,
    /// Whatever the chat; a main thread is empty.
    pub thread: Option<String>,
    pub since: Option<Timestamp>,
    /// The newest so many.
    pub limit: u32,
}

/// Shorter parts are in too many texts for an index.
const SHORTEST_INDEXED: usize = 3;

impl Store {
    /// Oldest first, of the newest that fit.
    pub async fn messages(&self, filter: &MessageFilter) -> Result<Vec<LoggedMessage>, StoreError> {
        let mut query = statement(filter);
        let read = query.build().fetch_all(&self.0.readers).await;
        let found: Result<Vec<_>, sqlx::Error> = read.and_then(|rows| rows.iter().rev().map(logged).collect());
        found.map_err(|error| self.error(error))
    }

    /// How many messages the log holds, and how many bytes their texts take. Both are counted as the log changes.
    pub async fn message_log_size(&self) -> Result<LogSize, StoreError> {
        const SELECT: &str = "SELECT messages, bytes FROM spoken_size";
        let read = sqlx::query_as::<_, (i64, i64)>(SELECT).fetch_one(&self.0.readers).await;
        let (messages, bytes) = read.map_err(|error| self.error(error))?;
        let count = |number| u64::try_from(number).unwrap_or(0);
        Ok(LogSize { messages: count(messages), bytes: count(bytes) })
    }
}

fn statement(filter: &MessageFilter) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(
        "SELECT spoken.number, notifier, conversation, thread, message_id, at, voice, spoken.text AS text, session FROM ",
    );
    let text = filter.text.as_deref().filter(|text| !text.is_empty());
    let indexed = text.filter(|text| text.chars().count() >= SHORTEST_INDEXED);
    if let Some(text) = indexed {
        // SQLite keeps the order of a cross join: asked the other way round, it looks each message up in the index.
        query.push("spoken_text CROSS JOIN spoken ON spoken.number = spoken_text.rowid WHERE spoken_text MATCH ");
        // As one phrase, whatever stands in it.
        query.push_bind(format!("\"{}\"", text.replace('"', "\"\"")));
    } else {
        // The newest are looked at first, and no more than are wanted; an index is of use for a place or a time alone.
        let is_narrow = filter.place.is_some() || filter.since.is_some();
        query.push(if is_narrow { "spoken WHERE TRUE" } else { "spoken NOT INDEXED WHERE TRUE" });
    }
    if let Some(text) = text.filter(|_| indexed.is_none()) {
        query.push(" AND INSTR(LOWER(spoken.text), ").push_bind(text.to_lowercase()).push(") > 0");
    }
    if let Some(place) = &filter.place {
        query.push(" AND notifier = ").push_bind(place.notifier.to_string());
        query.push(" AND conversation = ").push_bind(place.address.conversation.clone());
        query.push(" AND thread = ").push_bind(thread_text(&place.address).to_owned());
    }
    if let Some(notifier) = &filter.notifier {
        query.push(" AND notifier = ").push_bind(notifier.to_string());
    }
    if let Some(thread) = &filter.thread {
        query.push(" AND thread = ").push_bind(thread.clone());
    }
    if let Some(since) = filter.since {
        query.push(" AND at >= ").push_bind(millis(since));
    }
    let order = if indexed.is_some() { "spoken_text.rowid" } else { "spoken.number" };
    query.push(format!(" ORDER BY {order} DESC LIMIT ")).push_bind(i64::from(filter.limit));
    query
}

fn logged(row: &SqliteRow) -> Result<LoggedMessage, sqlx::Error> {
    let spoken = Spoken {
        place: rows::place(row)?,
        message_id: row.try_get("message_id")?,
        at: rows::time(row, "at")?,
        by: rows::from_json(row, "voice")?,
        text: row.try_get("text")?,
        session: rows::optional_parsed(row, "session")?,
    };
    Ok(LoggedMessage { number: row.try_get("number")?, spoken })
}
