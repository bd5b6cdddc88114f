//! Runs that are tried again, and what counts as a failure of a job.

use crate::world::{World, end, job};
use instar_core::decide::What;
use instar_core::event::Fact;
use instar_core::id::RunId;
use instar_core::plan::EndCause;
use instar_core::run::{SkipReason, Trigger};
use serde_json::{Value, json};

fn world(keys: &Value) -> World {
    let mut definition = job("a", "0 * * * *");
    for (key, value) in keys.as_object().expect("the test names keys") {
        definition[key] = value.clone();
    }
    World::with_notifier(&[definition], "notifier-x")
}

/// Ten minutes at first, of which chance takes off up to five.
fn retrying() -> Value {
    json!({"retry": {"attempts": 3, "backoffSeconds": 600}})
}

fn failures(world: &World) -> u32 {
    world.state.job_state(&"a".parse().expect("a slug")).map_or(0, |state| state.consecutive_failures)
}

/// The runs in the order of their requests, each with its attempt.
fn attempts(world: &World) -> Vec<(RunId, u32)> {
    let requests = world.events.iter().filter_map(|event| match &event.fact {
        Fact::RunRequested { run, trigger, .. } => Some((*run, trigger.attempt())),
        _ => None,
    });
    requests.collect()
}

#[test]
fn failed_run_is_tried_again_later_and_counts_once_at_the_last_attempt() {
    let mut world = world(&retrying());
    world.fail("a");
    assert_eq!((failures(&world), attempts(&world).len()), (0, 1), "not at once, and not counted yet");
    assert!(!world.wakes_now());
    let slug = "a".parse().expect("a slug");
    assert!(world.state.retry_of(&slug).is_some_and(|due| due > world.now));
    world.pass_minutes(10);
    assert_eq!(world.state.retry_of(&slug), None);
    let (second, attempt) = attempts(&world)[1];
    assert_eq!(attempt, 2);
    world.fail_run(second);
    world.pass_minutes(20);
    let (third, attempt) = attempts(&world)[2];
    assert_eq!((attempt, failures(&world)), (3, 0));
    world.fail_run(third);
    assert_eq!((failures(&world), world.state.planned_retries().count()), (1, 0));
    assert_eq!(world.titles(), ["a: failed"], "people are told of the last one");
}

#[test]
fn retry_survives_a_crash_before_and_after_its_time_and_happens_once() {
    let mut world = world(&retrying());
    world.fail("a");
    world.restart_after(1);
    assert_eq!(attempts(&world).len(), 1);
    world.restart_after(10);
    let [(first, 1), (second, 2)] = attempts(&world)[..] else { panic!("{:?}", attempts(&world)) };
    let trigger = &world.state.run(second).expect("it is open").trigger;
    assert!(matches!(trigger, Trigger::Retry { after, .. } if *after == first), "{trigger:?}");
    world.restart_after(1);
    assert_eq!(attempts(&world).len(), 2);
}

#[test]
fn retry_meets_a_run_that_was_due_meanwhile_as_overlap_says() {
    let mut world = world(&json!({"retry": {"attempts": 2, "backoffSeconds": 3600}}));
    world.fail("a");
    // Half an hour to the full one: the due run begins before the retry.
    world.pass_minutes(30);
    assert_eq!(attempts(&world).last().map(|(_, attempt)| *attempt), Some(1));
    world.pass_minutes(31);
    // A run of the same job that is due in the same moment goes first.
    world.pass_minutes(0);
    assert!(world.skips().contains(&SkipReason::Overlap), "{:?}", world.skips());
    assert_eq!(world.state.planned_retries().count(), 0);
}

#[test]
fn retry_of_a_forced_run_is_forced_too_and_one_of_a_removed_job_is_dropped() {
    let mut world = world(&retrying());
    world.set_enabled("a", false);
    let slug: instar_core::id::JobSlug = "a".parse().expect("a slug");
    world.tell(What::TriggerAsked { slug: slug.clone(), reason: "manual".into(), force: true, depth: 0 });
    let first = world.only_run();
    world.fail_run(first);
    world.pass_minutes(10);
    let second = world.only_run();
    world.fail_run(second);
    world.read_jobs(&[]);
    world.pass_minutes(20);
    assert_eq!(world.count(|fact| matches!(fact, Fact::RetryDropped { .. })), 1);
    assert!(!world.wakes_now());
}

#[test]
fn only_the_outcomes_that_a_job_names_are_tried_again() {
    for (on, again) in [(json!(["failure"]), false), (json!(["timeout"]), true)] {
        let mut world = world(&json!({"retry": {"on": on}}));
        let run = world.trigger("a");
        world.start(run);
        world.pass_minutes(241);
        world.tell(What::SessionEnded { run, end: end(EndCause::Killed) });
        assert_eq!(world.state.planned_retries().count() == 1, again, "{on}");
    }
}

#[test]
fn what_somebody_stopped_is_neither_a_failure_nor_a_success_nor_tried_again() {
    let mut world = world(&json!({"retry": {"attempts": 2, "on": ["failure", "timeout", "lost", "needs-attention"]}}));
    for expected in 0..2 {
        assert_eq!(failures(&world), expected);
        let run = world.trigger("a");
        world.start(run);
        world.tell(What::StopAsked { run, by: "api".into() });
        world.tell(What::SessionEnded { run, end: end(EndCause::Killed) });
        assert_eq!((failures(&world), world.state.planned_retries().count()), (expected, 0));
        world.fail("a");
        world.pass_minutes(1);
        let last = world.only_run();
        world.fail_run(last);
    }
}

#[test]
fn people_are_alerted_once_a_streak_and_told_when_it_is_over() {
    for (priority, alarming) in [("critical", 2), ("high", 2), ("normal", 3), ("low", 3)] {
        let mut world = world(&json!({"priority": priority, "notify": {"failure": false, "completion": false}}));
        (0..alarming + 2).for_each(|_| world.fail("a"));
        assert_eq!(world.titles(), [format!("a: failed {alarming} times in a row")], "{priority}");
        for _ in 0..2 {
            let run = world.trigger("a");
            world.run_to_end(run, EndCause::Exit(0));
        }
        assert_eq!(world.titles()[1..], [format!("a: works again after {} failures", alarming + 2)], "{priority}");
    }
}

#[test]
fn each_kind_of_notice_is_told_as_the_job_wants_it() {
    let told = |notify: Value| {
        let mut world = world(&json!({"notify": notify, "pauseAfterFailures": 3}));
        (0..3).for_each(|_| world.fail("a"));
        world.tell(What::ResumeAsked { slug: "a".parse().ok(), by: "api".into() });
        for _ in 0..2 {
            let run = world.trigger("a");
            world.run_to_end(run, EndCause::Exit(0));
        }
        world.titles().iter().map(|title| title.trim_start_matches("a: ").to_owned()).collect::<Vec<_>>()
    };
    let all = ["failed", "failed", "failed 3 times in a row", "paused", "works again after 3 failures", "succeeded"];
    assert_eq!(told(json!({})), all);
    assert_eq!(told(json!({"completion": false, "pause": false, "failure": false})), [all[2], all[4]]);
    assert_eq!(told(json!({"alert": false, "recovery": false})), [all[0], all[0], all[0], all[3], all[5], all[5]]);
    let started = told(json!({"start": true})).into_iter().filter(|title| title == "started").count();
    assert_eq!(started, 5);
}

#[test]
fn notice_says_how_long_why_and_what_was_printed_last() {
    let mut world = world(&retrying());
    world.fail("a");
    for _ in 0..2 {
        world.pass_minutes(20);
        let run = world.only_run();
        world.fail_run(run);
    }
    let notice = world.events.iter().find_map(|event| match &event.fact {
        Fact::NoticeRaised { notice, .. } => Some(notice.clone()),
        _ => None,
    });
    let body = notice.expect("it is told").body_markdown.clone();
    for part in [
        "**a** failed: exit status 1 after 1s (exit status 1)",
        "triggered: manual, tried again",
        "attempt 3 of 3",
        "session `job-a-",
        "last line",
    ] {
        assert!(body.contains(part), "{part:?} is not in {body}");
    }
}
