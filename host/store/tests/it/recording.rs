//! One transaction for all events of a decision: all of it is recorded, or nothing.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use instar_core::decide::What;
use instar_core::event::{Event, Fact};
use instar_core::plan::{Action, EndCause, StepResult};
use instar_core::run::Trigger;
use instar_core::verdict::Verdict;
use instar_store::{Store, StoreError};
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

use crate::fixture::{Host, at, end, folder, host_started, jobs, launch, manual, requested, slug};

async fn last_seq(store: &Store) -> i64 {
    store.restore().await.unwrap().last_seq
}

#[tokio::test]
async fn one_due_time_has_one_run() {
    let folder = folder();
    let store = Store::open(&folder.path().join("instar.db")).await.unwrap();
    let due = Trigger::Scheduled { at: at(0), missed: false };
    let (first, event) = requested("mail", 1, due.clone());
    store.record(&[event]).await.unwrap();
    let (second, event) = requested("mail", 2, due.clone());
    let error = store.record(&[host_started(), event]).await.expect_err("it ran twice");
    let StoreError::OccurrenceTaken { slug: taken, due: at_due } = error else { panic!("{error:?}") };
    assert_eq!((taken, at_due), (slug("mail"), at(0)));
    assert_eq!(last_seq(&store).await, 1, "nothing of the refused transaction is recorded");
    assert!(store.run(first).await.unwrap().is_some());
    assert!(store.run(second).await.unwrap().is_none());
    let (_, other_job) = requested("news", 3, due);
    assert_eq!(store.record(&[other_job]).await.unwrap(), 2, "the numbers go on without a gap");
}

#[tokio::test]
async fn runs_by_hand_are_as_many_as_are_asked_for() {
    let folder = folder();
    let store = Store::open(&folder.path().join("instar.db")).await.unwrap();
    let (_, first) = requested("mail", 1, manual());
    let (_, second) = requested("mail", 2, manual());
    store.record(&[first, second]).await.unwrap();
    assert_eq!(store.runs_of(&slug("mail"), 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn failed_record_leaves_nothing_behind() {
    let folder = folder();
    let store = Store::open(&folder.path().join("instar.db")).await.unwrap();
    let (_, event) = requested("mail", 1, manual());
    store.record(std::slice::from_ref(&event)).await.unwrap();
    let (_, other) = requested("news", 2, manual());
    let error = store.record(&[other, event]).await.expect_err("one run has one request");
    assert!(matches!(error, StoreError::Refused { .. }), "{error:?}");
    assert_eq!(last_seq(&store).await, 1);
    assert!(store.runs_of(&slug("news"), 10).await.unwrap().is_empty());
    assert_eq!(store.record(&[host_started()]).await.unwrap(), 2);
}

/// Whoever asked may go away at any moment, after any number of steps of the future.
#[tokio::test]
async fn abandoned_record_leaves_no_gap_and_no_half() {
    let folder = folder();
    let store = Store::open(&folder.path().join("instar.db")).await.unwrap();
    for polls in 0..40 {
        let before = last_seq(&store).await;
        abandon(&store, polls).await;
        let seq = store.record(&[host_started()]).await.unwrap();
        assert!(seq == before + 1 || seq == before + 4, "after {polls} polls: {before}, then {seq}");
    }
    let snapshot = store.restore().await.unwrap();
    let seqs: Vec<_> = snapshot.events.iter().map(|event| event.seq).collect();
    assert_eq!(seqs, (1..=snapshot.last_seq).collect::<Vec<_>>());
}

/// Starts to record three events, and drops the future after it was polled so often.
async fn abandon(store: &Store, polls: u32) {
    let batch = [host_started(), host_started(), host_started()];
    let mut record = pin!(store.record(&batch));
    for _ in 0..polls {
        if record.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_micros(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_many_tasks_get_numbers_without_gaps() {
    let folder = folder();
    let store = Store::open(&folder.path().join("instar.db")).await.unwrap();
    let record = |_| {
        let store = store.clone();
        tokio::spawn(async move { store.record(&[host_started(), host_started()]).await.unwrap() })
    };
    let mut seqs = Vec::new();
    for task in (0..20).map(record).collect::<Vec<_>>() {
        seqs.push(task.await.unwrap());
    }
    seqs.sort_unstable();
    assert_eq!(seqs, (0..20).map(|batch| 2 * batch + 1).collect::<Vec<_>>());
}

#[tokio::test]
async fn database_that_another_program_keeps_locked_is_busy_until_it_lets_go() {
    let folder = folder();
    let path = folder.path().join("instar.db");
    let store = Store::open(&path).await.unwrap();
    let mut other = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let error = store.record(&[host_started()]).await.expect_err("it was locked");
    assert!(matches!(error, StoreError::Busy { .. }) && error.is_transient(), "{error:?}");
    assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    assert_eq!(store.record(&[host_started()]).await.unwrap(), 1);
}

#[tokio::test]
async fn refused_jobs_file_replaces_nothing_but_an_empty_set() {
    let folder = folder();
    let store = Store::open(&folder.path().join("instar.db")).await.unwrap();
    let two = ["mail", "news"];
    for (file, expected) in [
        (jobs(&["mail", "mail"]), vec!["mail"]),
        (jobs(&two), vec!["mail", "news"]),
        (jobs(&["tidy", "tidy"]), vec!["mail", "news"]),
        (jobs(&[]), vec![]),
    ] {
        store.record(&[Event { at: at(0), fact: Fact::JobsRead { file: Arc::new(file) } }]).await.unwrap();
        let restored = store.restore().await.unwrap().restored.jobs;
        let slugs: Vec<_> = restored.jobs.iter().map(|job| job.slug.as_str()).collect();
        assert_eq!(slugs, expected);
    }
}

#[tokio::test]
async fn secrets_of_a_launch_are_kept_only_until_the_start_is_known() {
    let mut host = Host::new().await;
    host.take(What::JobsRead(Arc::new(jobs(&["mail"])))).await;
    host.take(What::TriggerAsked { slug: slug("mail"), reason: "test".into(), force: false, depth: 0 }).await;
    let run = host.state.open_runs().next().unwrap().id;
    host.take(What::Judged { run, verdict: Verdict::pass() }).await;
    let step = StepResult { state: Vec::new(), actions: vec![Action::Launch(launch())] };
    host.take(What::Stepped { run, result: Ok(step) }).await;
    assert_eq!(launches(&host).await, 1);
    host.take(What::Started { run }).await;
    assert_eq!(launches(&host).await, 0);
    host.take(What::SessionEnded { run, end: end(EndCause::Exit(0)) }).await;
    assert_eq!(launches(&host).await, 0);
}

async fn launches(host: &Host) -> i64 {
    let mut other = SqliteConnectOptions::new().filename(host.path()).connect().await.unwrap();
    let count = sqlx::query_scalar("SELECT COUNT(*) FROM runs WHERE launch IS NOT NULL");
    count.fetch_one(&mut other).await.unwrap()
}
