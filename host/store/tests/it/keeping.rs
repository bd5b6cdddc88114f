//! What housekeeping removes, and what it never does.

use std::sync::Arc;

use instar_core::event::{Event, Fact, RunFinished};
use instar_core::id::{Ids, NoticeId, PluginId, RunId};
use instar_core::notice::Message;
use instar_core::plan::EndCause;
use instar_core::retention::Cutoffs;
use instar_core::run::{Outcome, SkipReason, Trigger};
use instar_core::session::{Session, SessionStatus};
use instar_core::verdict::Severity;
use instar_store::{EventFilter, Store};
use jiff::Timestamp;
use tempfile::TempDir;

use crate::fixture::{at, end, folder, host_started, launch, manual, requested, slug};

async fn store() -> (TempDir, Store) {
    let folder = folder();
    let store = Store::open(&folder.path().join("instar.db")).await.unwrap();
    (folder, store)
}

/// Nothing is too old and nothing too much.
fn keep_all() -> Cutoffs {
    Cutoffs {
        runs_before: Timestamp::MIN,
        occurrences_before: Timestamp::MAX,
        events_before: Timestamp::MIN,
        max_runs: 1_000_000,
        max_events: 1_000_000,
        messages_before: Timestamp::MIN,
    }
}

/// A run that had a session and ended at that second.
async fn ended_run(store: &Store, number: u64, trigger: Trigger) -> RunId {
    let (run, request) = requested("mail", number, trigger);
    let time = request.at;
    let session = Session {
        id: Ids::new(time, number + 1_000).session(),
        name: format!("job-mail-{number}").parse().unwrap(),
        run,
        job: Some(slug("mail")),
        model: "sonnet".into(),
        triggered_by: "scheduler:test".into(),
        takes_input: false,
        interactive: false,
        question: None,
        status: SessionStatus::Completed,
        started_at: time,
        ended_at: Some(time),
    };
    let starting = Fact::RunStarting {
        slug: Some(slug("mail")),
        session: Box::new(session.clone()),
        launch: Box::new(launch()),
        plugin_state: vec![],
    };
    let finished = RunFinished {
        worked_since: None,
        message: None,
        run,
        slug: Some(slug("mail")),
        job_name: "Mail".into(),
        trigger: manual(),
        outcome: Outcome::Succeeded,
        end: Some(end(EndCause::Exit(0))),
        session: Some(session),
        retry_at: None,
        consecutive_failures: 0,
        plugin_state: vec![],
    };
    let facts = [starting, Fact::RunFinished(Box::new(finished))];
    let mut events = vec![request];
    events.extend(facts.map(|fact| Event { at: time, fact }));
    store.record(&events).await.unwrap();
    run
}

async fn kept(store: &Store, runs: &[RunId]) -> Vec<bool> {
    let mut kept = Vec::new();
    for run in runs {
        kept.push(store.run(*run).await.unwrap().is_some());
    }
    kept
}

#[tokio::test]
async fn ended_runs_go_by_age_with_their_sessions() {
    let (_folder, store) = store().await;
    let runs = [ended_run(&store, 1, manual()).await, ended_run(&store, 2, manual()).await];
    let cleared = store.clear(&Cutoffs { runs_before: at(2), ..keep_all() }).await.unwrap();
    assert_eq!((cleared.runs, cleared.sessions, cleared.events), (1, 1, 0));
    assert_eq!(kept(&store, &runs).await, [false, true]);
    assert_eq!(store.session_ends().await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_newest_runs_stay_and_open_ones_however_many() {
    let (_folder, store) = store().await;
    let (open, request) = requested("news", 0, manual());
    store.record(&[request]).await.unwrap();
    let mut runs = vec![open];
    for number in 1..=3 {
        runs.push(ended_run(&store, number, manual()).await);
    }
    store.clear(&Cutoffs { max_runs: 1, ..keep_all() }).await.unwrap();
    assert_eq!(kept(&store, &runs).await, [true, false, false, true]);
    store.clear(&Cutoffs { runs_before: Timestamp::MAX, max_runs: 0, ..keep_all() }).await.unwrap();
    assert_eq!(kept(&store, &runs).await, [true, false, false, false]);
    assert_eq!(store.restore().await.unwrap().restored.runs.len(), 1);
}

#[tokio::test]
async fn a_due_time_of_late_is_remembered_so_that_it_cannot_run_twice() {
    let (_folder, store) = store().await;
    let mut runs = Vec::new();
    for number in [1, 2] {
        let due = Trigger::Scheduled { at: at(number.try_into().unwrap()), missed: false };
        let (run, request) = requested("mail", number, due);
        let skipped = Fact::RunSkipped { run, slug: Some(slug("mail")), reason: SkipReason::Disabled };
        store.record(&[request, Event { at: at(3), fact: skipped }]).await.unwrap();
        runs.push(run);
    }
    let all = Cutoffs { runs_before: Timestamp::MAX, occurrences_before: at(2), max_runs: 0, ..keep_all() };
    store.clear(&all).await.unwrap();
    assert_eq!(kept(&store, &runs).await, [false, true]);
    let (_, again) = requested("mail", 9, Trigger::Scheduled { at: at(2), missed: false });
    assert!(store.record(&[again]).await.is_err(), "the due time was forgotten");
}

#[tokio::test]
async fn events_go_from_the_old_end_and_the_numbers_go_on() {
    let (_folder, store) = store().await;
    let event = |seconds| Event { at: at(seconds), ..host_started() };
    // The third was dated back by a clock in error: it waits for those before it.
    store.record(&[event(1), event(5), event(0), event(6)]).await.unwrap();
    let cleared = store.clear(&Cutoffs { events_before: at(2), ..keep_all() }).await.unwrap();
    assert_eq!(cleared.events, 1);
    let cleared = store.clear(&Cutoffs { max_events: 2, ..keep_all() }).await.unwrap();
    assert_eq!(cleared.events, 1);
    store.clear(&Cutoffs { events_before: Timestamp::MAX, max_events: 0, ..keep_all() }).await.unwrap();
    let all = EventFilter { kind: None, since: None, after_seq: Some(0), limit: 10 };
    assert_eq!(store.events(&all).await.unwrap().iter().map(|event| event.seq).collect::<Vec<_>>(), [4]);
    store.close().await;
    let store = Store::open(&_folder.path().join("instar.db")).await.unwrap();
    assert_eq!(store.record(&[event(7)]).await.unwrap(), 5);
}

#[tokio::test]
async fn only_settled_deliveries_go() {
    let (_folder, store) = store().await;
    let notifier: PluginId = "mail".parse().unwrap();
    let notice = |number: u64| -> NoticeId { Ids::new(at(number.try_into().unwrap()), number).notice() };
    for number in [1, 2, 3] {
        let raised = Message::notice(notice(number), Severity::Info, "t".into(), "b".into());
        let raised = Fact::NoticeRaised { notice: Arc::new(raised), notifiers: vec![notifier.clone()] };
        store.record(&[Event { at: at(0), fact: raised }]).await.unwrap();
    }
    for number in [1, 3] {
        let fact = Fact::NoticeDelivered { notice: notice(number), notifier: notifier.clone(), receipt: "r".into() };
        store.record(&[Event { at: at(4), fact }]).await.unwrap();
    }
    let cleared = store.clear(&Cutoffs { events_before: at(3), ..keep_all() }).await.unwrap();
    assert_eq!(cleared.deliveries, 1);
    assert_eq!(store.restore().await.unwrap().restored.outbox.len(), 1, "one is still on its way");
    let cleared = store.clear(&Cutoffs { max_events: 0, ..keep_all() }).await.unwrap();
    assert_eq!(cleared.deliveries, 1);
}

#[tokio::test]
async fn the_file_becomes_smaller_and_many_rows_go_while_others_are_recorded() {
    let (folder, store) = store().await;
    let path = folder.path().join("instar.db");
    store.record(&vec![host_started(); 20_000]).await.unwrap();
    let recording = {
        let store = store.clone();
        tokio::spawn(async move {
            for _ in 0..50 {
                store.record(&[host_started()]).await.unwrap();
            }
        })
    };
    let cleared = store.clear(&Cutoffs { max_events: 10, ..keep_all() }).await.unwrap();
    assert!(cleared.events >= 19_990, "{cleared:?}");
    recording.await.unwrap();
    assert_eq!(store.restore().await.unwrap().last_seq, 20_050);
    store.close().await;
    let size = std::fs::metadata(&path).unwrap().len();
    assert!(size < 400_000, "{size} bytes are left");
}
