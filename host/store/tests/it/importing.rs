//! Files of a predecessor: each is taken once.

use instar_core::job::{JobState, LastResult};
use instar_store::{EventFilter, Import, ImportedEvent, Store};
use serde_json::json;

use crate::fixture::{at, folder, host_started, slug};

fn import() -> Import {
    let state = JobState {
        last_handoff: None,
        last_run: Some(at(1)),
        last_result: Some(LastResult::Failure),
        consecutive_failures: 3,
        ..JobState::default()
    };
    let event = ImportedEvent {
        at: at(1),
        kind: "job_triggered".into(),
        summary: "Old".into(),
        slug: Some(slug("mail")),
        metadata: json!({"sessionId": "job-mail"}),
    };
    Import {
        source: "file".into(),
        job_states: vec![(slug("mail"), state)],
        events: vec![event],
        skipped: 2,
        ..Import::default()
    }
}

#[tokio::test]
async fn file_is_taken_once_and_the_numbers_go_on() {
    let folder = folder();
    let store = Store::open(&folder.path().join("instar.db")).await.unwrap();
    store.import(&import(), at(2)).await.unwrap();
    store.import(&import(), at(3)).await.unwrap();
    assert_eq!(store.record(&[host_started()]).await.unwrap(), 2);
    assert_eq!(store.imported().await.unwrap().into_iter().collect::<Vec<_>>(), ["file"]);
    let all = EventFilter { kind: None, since: None, after_seq: None, limit: 10 };
    let events = store.events(&all).await.unwrap();
    assert_eq!(
        events.iter().map(|event| event.kind.as_str()).collect::<Vec<_>>(),
        ["job_triggered", "scheduler_start"]
    );
    let states = store.restore().await.unwrap().restored.job_states;
    assert_eq!(states[&slug("mail")].consecutive_failures, 3);
}

#[tokio::test]
async fn job_that_has_a_state_here_keeps_it() {
    let folder = folder();
    let store = Store::open(&folder.path().join("instar.db")).await.unwrap();
    store.import(&import(), at(2)).await.unwrap();
    let mut later = import();
    later.source = "other".into();
    later.job_states[0].1.consecutive_failures = 9;
    store.import(&later, at(3)).await.unwrap();
    let states = store.restore().await.unwrap().restored.job_states;
    assert_eq!(states[&slug("mail")].consecutive_failures, 3);
}
