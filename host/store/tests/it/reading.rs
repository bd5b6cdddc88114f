//! What people and readers with a cursor find.

use std::sync::Arc;

use instar_core::decide::What;
use instar_core::event::{Event, Fact};
use instar_core::id::{Ids, JobSlug};
use instar_core::session::{Session, SessionStatus};
use instar_store::{EventFilter, Store};

use crate::fixture::{Host, at, folder, host_started, jobs, launch, manual, requested, slug};

const ALL: EventFilter = EventFilter { kind: None, since: None, after_seq: None, limit: 100 };

/// A store with ten events of two types, one each second, numbered from 1.
async fn ten_events(store: &Store) {
    for number in 0..10 {
        let fact = if number % 2 == 0 { Fact::HostStopped } else { Fact::HostStarted { version: "1".into() } };
        store.record(&[Event { at: at(number), fact }]).await.unwrap();
    }
}

async fn check(store: &Store, filter: EventFilter, expected: &[i64]) {
    let events = store.events(&filter).await.unwrap();
    let seqs: Vec<_> = events.iter().map(|event| event.seq).collect();
    assert_eq!(seqs, expected, "{filter:?}");
}

#[tokio::test]
async fn events_are_found_by_type_time_and_number_newest_first() {
    let folder = folder();
    let store = Store::open(&folder.path().join("instar.db")).await.unwrap();
    ten_events(&store).await;
    let kind = Some("scheduler_stop".to_owned());
    check(&store, EventFilter { limit: 3, ..ALL }, &[10, 9, 8]).await;
    check(&store, EventFilter { limit: 0, ..ALL }, &[]).await;
    check(&store, EventFilter { kind: kind.clone(), ..ALL }, &[9, 7, 5, 3, 1]).await;
    check(&store, EventFilter { kind: Some("scheduler".into()), ..ALL }, &[]).await;
    check(&store, EventFilter { since: Some(at(7)), ..ALL }, &[10, 9, 8]).await;
    check(&store, EventFilter { kind: kind.clone(), since: Some(at(4)), ..ALL }, &[9, 7, 5]).await;
    check(&store, EventFilter { after_seq: Some(8), ..ALL }, &[10, 9]).await;
    check(&store, EventFilter { kind, since: Some(at(0)), after_seq: Some(5), limit: 1 }, &[9]).await;
}

#[tokio::test]
async fn reader_with_a_cursor_meets_each_event_once() {
    let folder = folder();
    let store = Store::open(&folder.path().join("instar.db")).await.unwrap();
    ten_events(&store).await;
    let (mut cursor, mut met) = (0, Vec::new());
    loop {
        let page = store.events_after(cursor, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        cursor = last.seq;
        met.extend(page.iter().map(|event| event.seq));
    }
    assert_eq!(met, (1..=10).collect::<Vec<_>>());
}

#[tokio::test]
async fn event_is_read_as_it_was_recorded() {
    let folder = folder();
    let store = Store::open(&folder.path().join("instar.db")).await.unwrap();
    let (_, event) = requested("mail", 1, manual());
    let message = "half \u{1F980} 'done'\"; DROP TABLE events; --\n".to_owned();
    let (run, slug) = (event.fact.run().unwrap(), slug("mail"));
    let progress = Event { at: at(2), fact: Fact::RunProgressed { run, slug: Some(slug), message } };
    store.record(&[event.clone(), progress.clone()]).await.unwrap();
    assert_eq!(store.events(&ALL).await.unwrap(), [progress.record(2), event.record(1)]);
}

#[tokio::test]
async fn recorded_change_is_visible_to_the_next_read() {
    let folder = folder();
    let store = Store::open(&folder.path().join("instar.db")).await.unwrap();
    for seq in 1..50 {
        store.record(&[host_started()]).await.unwrap();
        assert_eq!(store.events(&EventFilter { limit: 1, ..ALL }).await.unwrap()[0].seq, seq);
    }
}

#[tokio::test]
async fn newest_runs_come_first() {
    let folder = folder();
    let store = Store::open(&folder.path().join("instar.db")).await.unwrap();
    let mut mail = Vec::new();
    for number in 1..=6 {
        let job = if number % 2 == 0 { "mail" } else { "news" };
        let (run, event) = requested(job, number, manual());
        store.record(&[event]).await.unwrap();
        mail.extend((job == "mail").then_some(run));
    }
    mail.reverse();
    let runs = store.runs_of(&slug("mail"), 2).await.unwrap();
    assert_eq!(runs.iter().map(|run| run.id).collect::<Vec<_>>(), mail[..2]);
    let recent = store.recent_runs(4).await.unwrap();
    assert_eq!(
        recent.iter().filter_map(|run| run.slug.as_ref()).map(JobSlug::as_str).collect::<Vec<_>>(),
        ["mail", "news", "mail", "news"]
    );
    assert!(store.runs_of(&slug("tidy"), 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn session_is_found_by_id_and_newest_of_its_name() {
    let folder = folder();
    let store = Store::open(&folder.path().join("instar.db")).await.unwrap();
    let mut sessions = Vec::new();
    for number in 1..=2 {
        let (run, event) = requested("mail", number, manual());
        let session = session(run, number);
        let starting = Fact::RunStarting {
            slug: Some(slug("mail")),
            session: Box::new(session.clone()),
            launch: Box::new(launch()),
            plugin_state: Vec::new(),
        };
        store.record(&[event, Event { at: session.started_at, fact: starting }]).await.unwrap();
        sessions.push(session);
    }
    let [older, newer] = &sessions[..] else { panic!("{sessions:?}") };
    assert_eq!(store.session(older.id).await.unwrap().as_ref(), Some(older));
    assert_eq!(store.session_named(&older.name).await.unwrap().as_ref(), Some(newer));
    assert_eq!(store.session_named(&"nobody".parse().unwrap()).await.unwrap(), None);
    let record = store.run(newer.run).await.unwrap().unwrap();
    assert_eq!((record.session.as_ref(), record.started_at), (Some(newer), Some(newer.started_at)));
}

fn session(run: instar_core::id::RunId, number: u64) -> Session {
    let now = at(number.try_into().unwrap());
    Session {
        id: Ids::new(now, number).session(),
        name: "mail-session".parse().unwrap(),
        run,
        job: Some(slug("mail")),
        model: "sonnet".into(),
        triggered_by: "scheduler:test".into(),
        takes_input: true,
        interactive: false,
        question: None,
        status: SessionStatus::Starting,
        started_at: now,
        ended_at: None,
    }
}

#[tokio::test]
async fn restore_hands_over_the_newest_events_only() {
    let mut host = Host::new().await;
    let first = i64::try_from(host.take(What::JobsRead(Arc::new(jobs(&["mail"])))).await.len()).unwrap();
    host.store.record(&vec![host_started(); 2_500]).await.unwrap();
    let snapshot = host.store.restore().await.unwrap();
    let seqs: Vec<_> = snapshot.events.iter().map(|event| event.seq).collect();
    assert_eq!(seqs, (first + 501..=first + 2_500).collect::<Vec<_>>());
    assert_eq!(snapshot.last_seq, first + 2_500);
}
