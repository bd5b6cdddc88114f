//! What was said, whose each conversation is, and who was paired.

use instar_core::conversation::{Conversed, Place, Speaker, Spoken, Voice};
use instar_core::id::{PluginId, SessionName};
use instar_core::inbound::Inbound;
use instar_core::state::Unanswered;
use instar_core::thread::Subject;
use jiff::Timestamp;
use sqlx::SqliteConnection;

use crate::record::threads;
use crate::rows::{json, millis, thread_text};

type Written = Result<(), sqlx::Error>;

pub(super) async fn changed(connection: &mut SqliteConnection, at: Timestamp, fact: &Conversed) -> Written {
    match fact {
        Conversed::UsersRead { .. } => Ok(()),
        Conversed::Received { notifier, speaker, inbound } => {
            received(connection, at, notifier, speaker, inbound).await
        }
        Conversed::Refused { notifier, key, .. } | Conversed::Taken { notifier, key } => {
            seen(connection, at, notifier, key).await
        }
        Conversed::Settled { notifier, key } => settled(connection, notifier, key).await,
        Conversed::CodeOffered { .. } | Conversed::CodeGuessed { .. } | Conversed::Paired { .. } => {
            paired(connection, fact).await
        }
        Conversed::Asked { .. } | Conversed::Answered { .. } | Conversed::Closed { .. } => {
            asked(connection, fact).await
        }
        Conversed::Bound { place, session } => bound(connection, place, session).await,
        Conversed::Unbound { place } => unbound(connection, place).await,
        Conversed::ThreadNamed { place, name } => named(connection, place, name).await,
        Conversed::Spoken(spoken) => said(connection, spoken).await,
        Conversed::ThreadOpened { .. } | Conversed::ThreadRefused { .. } | Conversed::ThreadLost { .. } => {
            threads::changed(connection, fact).await
        }
        Conversed::Stalled { place } => of_place(
            "UPDATE conversations SET waiting_told = TRUE WHERE notifier = $1 AND conversation = $2 AND thread = $3",
            place,
        )
        .execute(connection)
        .await
        .map(drop),
    }
}

type Query<'a> = sqlx::query::Query<'a, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>;

/// A statement whose first three values are a place.
fn of_place<'a>(statement: &'static str, place: &'a Place) -> Query<'a> {
    sqlx::query(statement)
        .bind(place.notifier.as_str())
        .bind(&place.address.conversation)
        .bind(thread_text(&place.address))
}

async fn received(
    connection: &mut SqliteConnection,
    at: Timestamp,
    notifier: &PluginId,
    speaker: &Speaker,
    inbound: &Inbound,
) -> Written {
    sqlx::query("INSERT INTO inbox (notifier, key, at, speaker, inbound) VALUES ($1, $2, $3, $4, $5)")
        .bind(notifier.as_str())
        .bind(&inbound.key)
        .bind(millis(at))
        .bind(json(speaker))
        .bind(json(inbound))
        .execute(connection)
        .await
        .map(drop)
}

async fn seen(connection: &mut SqliteConnection, at: Timestamp, notifier: &PluginId, key: &str) -> Written {
    sqlx::query("INSERT INTO inbox (notifier, key, at) VALUES ($1, $2, $3)")
        .bind(notifier.as_str())
        .bind(key)
        .bind(millis(at))
        .execute(connection)
        .await
        .map(drop)
}

async fn settled(connection: &mut SqliteConnection, notifier: &PluginId, key: &str) -> Written {
    sqlx::query("UPDATE inbox SET speaker = NULL, inbound = NULL WHERE notifier = $1 AND key = $2")
        .bind(notifier.as_str())
        .bind(key)
        .execute(&mut *connection)
        .await?;
    threads::lost(connection, notifier, &Subject::Wish(key.to_owned())).await
}

/// Facts about codes and those who showed them; others change nothing here.
async fn paired(connection: &mut SqliteConnection, fact: &Conversed) -> Written {
    const OFFER: &str = "
        INSERT INTO pairing_offers (notifier, offer, guesses) VALUES ($1, $2, $3)
        ON CONFLICT (notifier) DO UPDATE SET offer = excluded.offer, guesses = excluded.guesses";
    const PAIR: &str = "
        INSERT INTO pairings (notifier, sender, conversation, pairing) VALUES ($1, $2, $3, $4)
        ON CONFLICT (notifier, sender, conversation) DO UPDATE SET pairing = excluded.pairing";
    match fact {
        Conversed::CodeOffered { offer } => {
            let query =
                sqlx::query(OFFER).bind(offer.notifier.as_str()).bind(json(offer)).bind(i64::from(offer.guesses));
            query.execute(connection).await.map(drop)
        }
        Conversed::CodeGuessed { notifier } => {
            let query = sqlx::query("UPDATE pairing_offers SET guesses = guesses + 1 WHERE notifier = $1");
            query.bind(notifier.as_str()).execute(connection).await.map(drop)
        }
        Conversed::Paired { pairing } => {
            let query = sqlx::query("DELETE FROM pairing_offers WHERE notifier = $1");
            query.bind(pairing.notifier.as_str()).execute(&mut *connection).await?;
            let query = sqlx::query(PAIR).bind(pairing.notifier.as_str()).bind(&pairing.sender);
            query.bind(&pairing.conversation).bind(json(pairing)).execute(connection).await.map(drop)
        }
        _ => Ok(()),
    }
}

/// Facts about questions of guards; others change nothing here.
async fn asked(connection: &mut SqliteConnection, fact: &Conversed) -> Written {
    const ASK: &str = "
        INSERT INTO questions (id, question) VALUES ($1, $2)
        ON CONFLICT (id) DO UPDATE SET question = excluded.question, said = NULL";
    let query = match fact {
        Conversed::Asked { question } => sqlx::query(ASK).bind(question.question.id.clone()).bind(json(question)),
        Conversed::Answered { id, said } => {
            sqlx::query("UPDATE questions SET said = $2 WHERE id = $1").bind(id.clone()).bind(json(said))
        }
        Conversed::Closed { id } => sqlx::query("DELETE FROM questions WHERE id = $1").bind(id.clone()),
        _ => return Ok(()),
    };
    query.execute(connection).await.map(drop)
}

/// The session leaves the conversation that it had.
async fn bound(connection: &mut SqliteConnection, place: &Place, session: &SessionName) -> Written {
    const LEAVE: &str = "
        UPDATE conversations SET session = NULL, waiting_since = NULL, waiting_for = NULL, waiting_told = FALSE
        WHERE session = $1";
    const BIND: &str = "
        INSERT INTO conversations (notifier, conversation, thread, session) VALUES ($1, $2, $3, $4)
        ON CONFLICT (notifier, conversation, thread) DO UPDATE SET session = excluded.session,
            waiting_since = NULL, waiting_for = NULL, waiting_told = FALSE";
    sqlx::query(LEAVE).bind(session.as_str()).execute(&mut *connection).await?;
    of_place(BIND, place).bind(session.as_str()).execute(connection).await.map(drop)
}

async fn unbound(connection: &mut SqliteConnection, place: &Place) -> Written {
    const UNBIND: &str = "
        UPDATE conversations SET session = NULL, waiting_since = NULL, waiting_for = NULL, waiting_told = FALSE
        WHERE notifier = $1 AND conversation = $2 AND thread = $3";
    of_place(UNBIND, place).execute(connection).await.map(drop)
}

async fn named(connection: &mut SqliteConnection, place: &Place, name: &str) -> Written {
    const NAME: &str = "
        INSERT INTO conversations (notifier, conversation, thread, name) VALUES ($1, $2, $3, $4)
        ON CONFLICT (notifier, conversation, thread) DO UPDATE SET name = excluded.name";
    of_place(NAME, place).bind(name).execute(connection).await.map(drop)
}

/// A name of a predecessor's; one that is known here stays.
pub(crate) async fn named_first(connection: &mut SqliteConnection, place: &Place, name: &str) -> Written {
    const NAME: &str = "
        INSERT INTO conversations (notifier, conversation, thread, name) VALUES ($1, $2, $3, $4)
        ON CONFLICT (notifier, conversation, thread) DO NOTHING";
    of_place(NAME, place).bind(name).execute(connection).await.map(drop)
}

/// The log keeps it, and nobody owes an answer for it.
pub(crate) async fn kept(connection: &mut SqliteConnection, spoken: &Spoken) -> Written {
    const INSERT: &str = "
        INSERT INTO spoken (notifier, conversation, thread, message_id, at, voice, text, session)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    of_place(INSERT, &spoken.place)
        .bind(&spoken.message_id)
        .bind(millis(spoken.at))
        .bind(json(&spoken.by))
        .bind(&spoken.text)
        .bind(spoken.session.as_ref().map(SessionName::as_str))
        .execute(connection)
        .await
        .map(drop)
}

async fn said(connection: &mut SqliteConnection, spoken: &Spoken) -> Written {
    const OWE: &str = "
        UPDATE conversations SET waiting_since = $4, waiting_for = $5
        WHERE notifier = $1 AND conversation = $2 AND thread = $3 AND waiting_since IS NULL AND session IS NOT NULL";
    const ANSWERED: &str = "
        UPDATE conversations SET waiting_since = NULL, waiting_for = NULL, waiting_told = FALSE
        WHERE notifier = $1 AND conversation = $2 AND thread = $3";
    kept(connection, spoken).await?;
    match &spoken.by {
        Voice::Person(_) if spoken.session.is_some() => {
            let excerpt = Unanswered::excerpt_of(&spoken.text);
            of_place(OWE, &spoken.place).bind(millis(spoken.at)).bind(excerpt).execute(connection).await.map(drop)
        }
        Voice::Agent => of_place(ANSWERED, &spoken.place).execute(connection).await.map(drop),
        Voice::Person(_) | Voice::Host => Ok(()),
    }
}
