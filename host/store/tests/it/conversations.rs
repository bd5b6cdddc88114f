//! Conversations over a restart, and the log of what was said.

use std::sync::Arc;

use instar_core::conversation::{Conversed, Pairing, Place, Speaker, Spoken, Voice};
use instar_core::event::{Event, Fact};
use instar_core::inbound::{Happening, Inbound, Said, Sender};
use instar_core::notice::Address;
use instar_core::retention::Cutoffs;
use instar_core::state::Conversations;
use instar_core::users::Role;
use instar_store::{LogSize, MessageFilter, Store};
use jiff::Timestamp;

use crate::fixture::{at, folder};

fn place(thread: Option<&str>) -> Place {
    let address = Address { conversation: "-100".into(), thread: thread.map(str::to_owned) };
    Place { notifier: "notifier-telegram".parse().unwrap(), address }
}

fn spoken(thread: &str, by: Voice, text: &str) -> Conversed {
    let session = "telegram-42".parse().ok();
    let (place, message_id) = (place(Some(thread)), "7".to_owned());
    Conversed::Spoken(Spoken { place, message_id, at: at(5), by, text: text.into(), session })
}

fn inbound(key: &str) -> Inbound {
    Inbound {
        key: key.into(),
        sender: Sender { id: "1".into(), name: "Ada".into(), is_bot: false },
        address: place(Some("42")).address,
        message_id: "7".into(),
        handle: "h".into(),
        at: at(1),
        happening: Happening::Said(Said { text: "hello \u{1F980}".into(), ..Said::default() }),
    }
}

fn received(key: &str) -> Conversed {
    let speaker = Speaker { user: "ada".into(), role: Role::Admin };
    Conversed::Received { notifier: place(None).notifier, speaker, inbound: Arc::new(inbound(key)) }
}

#[tokio::test]
async fn a_restart_finds_conversations_as_they_were() {
    let folder = folder();
    let path = folder.path().join("instar.db");
    let notifier = place(None).notifier;
    let pairing = Pairing {
        notifier: notifier.clone(),
        sender: "1".into(),
        conversation: "-100".into(),
        user: "ada".into(),
        role: Role::User,
        at: at(1),
    };
    let facts = [
        received("1"),
        received("2"),
        Conversed::Settled { notifier: notifier.clone(), key: "1".into() },
        Conversed::Paired { pairing },
        Conversed::Bound { place: place(Some("41")), session: "telegram-42".parse().unwrap() },
        Conversed::Bound { place: place(Some("42")), session: "telegram-42".parse().unwrap() },
        Conversed::ThreadNamed { place: place(Some("42")), name: "Bugs".into() },
        spoken("42", Voice::Person("Ada".into()), "first"),
        Conversed::Taken { notifier: place(None).notifier, key: "reply:1".into() },
        Conversed::Stalled { place: place(Some("42")) },
        spoken("42", Voice::Host, "no answer"),
    ];
    let mut known = Conversations::default();
    let mut store = Store::open(&path).await.unwrap();
    for fact in facts {
        known.apply(&fact, at(5));
        store.record(&[Event { at: at(5), fact: Fact::Conversed(Box::new(fact)) }]).await.unwrap();
        store.close().await;
        store = Store::open(&path).await.unwrap();
        assert_eq!(store.restore().await.unwrap().restored.conversations, known);
    }
}

#[track_caller]
fn texts(found: &[instar_store::LoggedMessage]) -> Vec<&str> {
    found.iter().map(|logged| logged.spoken.text.as_str()).collect()
}

#[tokio::test]
async fn messages_are_found_by_any_part_of_their_text() {
    let folder = folder();
    let store = Store::open(&folder.path().join("instar.db")).await.unwrap();
    let said = [("42", "The Build is red"), ("43", "rebuild \"now\""), ("42", "ok"), ("42", "50% of OK-ish, ä")];
    for (thread, text) in said {
        let fact = Fact::Conversed(Box::new(spoken(thread, Voice::Agent, text)));
        store.record(&[Event { at: at(5), fact }]).await.unwrap();
    }
    for (text, thread, expected) in [
        ("BUILD", None, vec!["The Build is red", "rebuild \"now\""]),
        ("build", Some("43"), vec!["rebuild \"now\""]),
        ("\"now", None, vec!["rebuild \"now\""]),
        ("Ok", None, vec!["ok", "50% of OK-ish, ä"]),
        ("%", None, vec!["50% of OK-ish, ä"]),
        ("is AND red", None, vec![]),
        ("", Some("43"), vec!["rebuild \"now\""]),
    ] {
        let filter = MessageFilter {
            text: Some(text.into()),
            thread: thread.map(str::to_owned),
            limit: 10,
            ..MessageFilter::default()
        };
        assert_eq!(texts(&store.messages(&filter).await.unwrap()), expected, "{text:?} {thread:?}");
    }
    let newest = MessageFilter { limit: 2, ..MessageFilter::default() };
    assert_eq!(texts(&store.messages(&newest).await.unwrap()), ["ok", "50% of OK-ish, ä"], "oldest first");
    let bytes = said.iter().map(|(_, text)| text.len() as u64).sum();
    assert_eq!(store.message_log_size().await.unwrap(), LogSize { messages: 4, bytes });
}

#[tokio::test]
async fn old_messages_go_and_what_is_not_dealt_with_stays() {
    let folder = folder();
    let store = Store::open(&folder.path().join("instar.db")).await.unwrap();
    let settled = Conversed::Settled { notifier: place(None).notifier, key: "1".into() };
    for fact in [received("1"), received("2"), settled, spoken("42", Voice::Agent, "the build is red")] {
        store.record(&[Event { at: at(5), fact: Fact::Conversed(Box::new(fact)) }]).await.unwrap();
    }
    let young = Cutoffs {
        runs_before: Timestamp::MIN,
        occurrences_before: at(6),
        events_before: at(6),
        max_runs: u64::MAX,
        max_events: u64::MAX,
        messages_before: at(5),
    };
    store.clear(&young).await.unwrap();
    assert_eq!(store.message_log_size().await.unwrap().messages, 1);
    store.clear(&Cutoffs { messages_before: at(6), ..young }).await.unwrap();
    assert_eq!(store.message_log_size().await.unwrap(), LogSize { messages: 0, bytes: 0 });
    let found = MessageFilter { text: Some("build".into()), limit: 10, ..MessageFilter::default() };
    assert_eq!(store.messages(&found).await.unwrap(), []);
    let conversations = store.restore().await.unwrap().restored.conversations;
    let seen = ["1", "2"].map(|key| conversations.is_seen(&place(None).notifier, key));
    assert_eq!((conversations.pending().count(), seen), (1, [false, true]));
}
