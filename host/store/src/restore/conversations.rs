//! Conversations as a starting host finds them: by the facts that would make them anew.

use std::sync::Arc;

use instar_core::conversation::{Conversed, Offer, OpenQuestion, Place};
use instar_core::inbound::Inbound;
use instar_core::state::{Conversations, Unanswered};
use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::rows;

/// Older keys are not read again by anybody.
const MOST_KEYS: i64 = 20_000;

pub(super) async fn conversations(connection: &mut SqliteConnection) -> Result<Conversations, sqlx::Error> {
    let mut found = Conversations::default();
    threads(connection, &mut found).await?;
    pairings(connection, &mut found).await?;
    questions(connection, &mut found).await?;
    opened(connection, &mut found).await?;
    inbox(connection, &mut found).await?;
    Ok(found)
}

async fn threads(connection: &mut SqliteConnection, found: &mut Conversations) -> Result<(), sqlx::Error> {
    const SELECT: &str = "
        SELECT notifier, conversation, thread, name, session, waiting_since, waiting_for, waiting_told
        FROM conversations";
    for row in &sqlx::query(SELECT).fetch_all(connection).await? {
        let place: Place = rows::place(row)?;
        if let Some(name) = row.try_get("name")? {
            tell(found, Conversed::ThreadNamed { place: place.clone(), name });
        }
        if let Some(session) = rows::optional_parsed(row, "session")? {
            tell(found, Conversed::Bound { place: place.clone(), session });
        }
        if let Some(waits) = waits(row)? {
            found.owe(place, waits);
        }
    }
    Ok(())
}

fn waits(row: &SqliteRow) -> Result<Option<Unanswered>, sqlx::Error> {
    let Some(since) = rows::optional_time(row, "waiting_since")? else { return Ok(None) };
    let excerpt: Option<String> = row.try_get("waiting_for")?;
    Ok(Some(Unanswered { since, excerpt: excerpt.unwrap_or_default(), told: row.try_get("waiting_told")? }))
}

async fn pairings(connection: &mut SqliteConnection, found: &mut Conversations) -> Result<(), sqlx::Error> {
    for row in &sqlx::query("SELECT pairing FROM pairings").fetch_all(&mut *connection).await? {
        tell(found, Conversed::Paired { pairing: rows::from_json(row, "pairing")? });
    }
    for row in &sqlx::query("SELECT offer, guesses FROM pairing_offers").fetch_all(connection).await? {
        let offer: Offer = rows::from_json(row, "offer")?;
        tell(found, Conversed::CodeOffered { offer: Offer { guesses: rows::count(row, "guesses")?, ..offer } });
    }
    Ok(())
}

async fn questions(connection: &mut SqliteConnection, found: &mut Conversations) -> Result<(), sqlx::Error> {
    for row in &sqlx::query("SELECT question, said FROM questions").fetch_all(connection).await? {
        let question: OpenQuestion = rows::from_json(row, "question")?;
        tell(
            found,
            Conversed::Asked { question: OpenQuestion { said: rows::optional_json(row, "said")?, ..question } },
        );
    }
    Ok(())
}

async fn opened(connection: &mut SqliteConnection, found: &mut Conversations) -> Result<(), sqlx::Error> {
    for row in &sqlx::query("SELECT notifier, subject, thread FROM threads").fetch_all(connection).await? {
        let (subject, thread) = (rows::from_json(row, "subject")?, rows::from_json(row, "thread")?);
        tell(found, Conversed::ThreadOpened { notifier: rows::parsed(row, "notifier")?, subject, thread });
    }
    Ok(())
}

async fn inbox(connection: &mut SqliteConnection, found: &mut Conversations) -> Result<(), sqlx::Error> {
    const KEYS: &str = "SELECT notifier, key FROM inbox ORDER BY number DESC LIMIT $1";
    const PENDING: &str = "SELECT notifier, speaker, inbound FROM inbox WHERE inbound IS NOT NULL ORDER BY number";
    for row in sqlx::query(KEYS).bind(MOST_KEYS).fetch_all(&mut *connection).await?.iter().rev() {
        found.see(&rows::parsed(row, "notifier")?, row.try_get("key")?);
    }
    for row in &sqlx::query(PENDING).fetch_all(connection).await? {
        let inbound: Inbound = rows::from_json(row, "inbound")?;
        let (notifier, speaker) = (rows::parsed(row, "notifier")?, rows::from_json(row, "speaker")?);
        tell(found, Conversed::Received { notifier, speaker, inbound: Arc::new(inbound) });
    }
    Ok(())
}

/// When these happened changes nothing.
fn tell(found: &mut Conversations, fact: Conversed) {
    found.apply(&fact, Timestamp::UNIX_EPOCH);
}
