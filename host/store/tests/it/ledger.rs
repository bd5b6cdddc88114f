//! What was not started is found by job, time and reason, and goes with the events.

use instar_core::event::{Event, Fact};
use instar_core::missed::PassReason;
use instar_core::retention::Cutoffs;
use instar_core::run::{SkipReason, Trigger};
use instar_core::workload::{Trend, Workload};
use instar_store::Store;
use jiff::Timestamp;

use crate::fixture::{at, folder, requested, slug};

async fn skipped(store: &Store, job: &str, second: u64, reason: SkipReason) {
    let due = at(second.try_into().unwrap());
    let (run, request) = requested(job, second, Trigger::Scheduled { at: due, missed: false });
    let fact = Fact::RunSkipped { run, slug: Some(slug(job)), reason };
    store.record(&[request, Event { at: due, fact }]).await.unwrap();
}

fn quota() -> SkipReason {
    SkipReason::Quota { detail: "75 % of the week are used".into() }
}

#[tokio::test]
async fn skips_are_counted_by_job_and_reason_and_listed_with_their_due_time() {
    let folder = folder();
    let store = Store::open(&folder.path().join("instar.db")).await.unwrap();
    skipped(&store, "mail", 1, SkipReason::NothingToDo).await;
    skipped(&store, "mail", 2, quota()).await;
    skipped(&store, "mail", 3, quota()).await;
    skipped(&store, "news", 4, SkipReason::Overlap).await;
    let passed = Fact::OccurrencesPassed { slug: slug("tidy"), first: at(0), last: at(1), reason: PassReason::Missed };
    store.record(&[Event { at: at(5), fact: passed }]).await.unwrap();

    let counts = store.skip_counts(at(2)).await.unwrap();
    assert_eq!(counts[&slug("mail")], [("quota".to_owned(), 2)].into(), "the first is too old");
    assert_eq!(counts[&slug("news")], [("overlap".to_owned(), 1)].into());
    let skips = store.skips(&slug("mail"), at(1), 2).await.unwrap();
    let found: Vec<_> = skips.iter().map(|skip| (skip.reason.as_str(), skip.scheduled_at)).collect();
    assert_eq!(found, [("quota", Some(at(3))), ("quota", Some(at(2)))]);
    assert_eq!(skips[0].detail.as_deref(), Some("75 % of the week are used"));
    let passed = &store.skips(&slug("tidy"), at(0), 9).await.unwrap()[0];
    assert_eq!((passed.reason.as_str(), passed.scheduled_at, passed.run), ("missed", Some(at(1)), None));
}

#[tokio::test]
async fn workloads_are_kept_by_job_and_go_by_age_and_number() {
    let folder = folder();
    let store = Store::open(&folder.path().join("instar.db")).await.unwrap();
    for (job, second) in [("mail", 1), ("mail", 2), ("news", 3), ("mail", 4)] {
        let workload = Workload {
            slug: slug(job),
            timestamp: at(second),
            duration: 2.0,
            skip_fast: second == 4,
            items_found: 4.0,
            items_processed: 1.0,
            saturation: Workload::saturation_of(4.0, 1.0),
            notes: None,
        };
        let fact = Fact::WorkloadReported { workload: Box::new(workload) };
        store.record(&[Event { at: at(second), fact }]).await.unwrap();
    }
    let newest = store.workloads(&slug("mail"), 2).await.unwrap();
    assert_eq!(newest.iter().map(|workload| workload.timestamp).collect::<Vec<_>>(), [at(4), at(2)]);
    let all = store.all_workloads(2).await.unwrap();
    assert_eq!(all[&slug("mail")], newest);
    let trend = Trend { avg_saturation: 0.25, skip_fast_rate: 0.5, avg_duration: 2.0, run_count: 2 };
    assert_eq!(Trend::of(&newest), trend);

    let keep = Cutoffs {
        runs_before: Timestamp::MIN,
        occurrences_before: Timestamp::MIN,
        events_before: at(2),
        max_runs: 99,
        max_events: 99,
        messages_before: Timestamp::MIN,
    };
    store.clear(&keep).await.unwrap();
    assert_eq!(store.workloads(&slug("mail"), 9).await.unwrap().len(), 2);
    store.clear(&Cutoffs { max_events: 1, ..keep }).await.unwrap();
    assert_eq!(store.all_workloads(9).await.unwrap().len(), 1);
}
