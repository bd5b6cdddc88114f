//! Due times that nobody was awake for.

use crate::world::{World, job};
use instar_core::decide::What;
use instar_core::missed::PassReason;
use instar_core::plan::EndCause;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// The world begins on 1 March 2026 at 12:00:30.
fn at(text: &str) -> Timestamp {
    format!("2026-03-{text}:00Z").parse().expect("the test names a time")
}

fn daily(missed: Option<&str>) -> World {
    with("0 9 * * *", missed)
}

fn with(schedule: &str, missed: Option<&str>) -> World {
    let mut definition = job("a", schedule);
    if let Some(missed) = missed {
        definition["missed"] = missed.into();
    }
    World::new(&[definition])
}

#[test]
fn daily_job_is_made_up_for_after_days_off_though_it_never_ran_before() {
    let mut world = daily(None);
    world.restart_after(3 * 24 * 60);
    assert_eq!(world.due_times_run(), [(at("04T09:00"), true)]);
    assert_eq!(world.passed(), [(at("02T09:00"), at("03T09:00"), PassReason::Missed)]);
    world.restart_after(10);
    assert_eq!(world.due_times_run().len(), 1, "once");
}

#[test]
fn laptop_that_sleeps_over_the_due_time_runs_the_job_on_waking() {
    let mut world = daily(None);
    world.pass_minutes(24 * 60);
    assert_eq!(world.due_times_run(), [(at("02T09:00"), true)]);
}

#[test]
fn frequent_job_passes_over_what_it_missed() {
    let mut world = with("0 * * * *", None);
    world.restart_after(200);
    assert_eq!(
        (world.due_times_run(), world.passed()),
        (vec![], vec![(at("01T13:00"), at("01T15:00"), PassReason::Missed)])
    );
    world.pass_minutes(40);
    assert_eq!(world.due_times_run(), [(at("01T16:00"), false)], "and goes on");
}

#[test]
fn jobs_word_on_missed_runs_changes_what_happens() {
    let mut world = daily(Some("skip"));
    world.restart_after(24 * 60);
    assert_eq!((world.due_times_run(), world.passed().len()), (vec![], 1));
    let mut world = with("0 * * * *", Some("run-once"));
    world.restart_after(200);
    assert_eq!(world.due_times_run(), [(at("01T15:00"), true)]);
}

#[test]
fn made_up_runs_of_one_job_follow_one_another() {
    let mut world = with("0 * * * *", Some("run-all"));
    world.restart_after(180);
    let hours = ["01T13:00", "01T14:00", "01T15:00"].map(at);
    let ran: Vec<_> = world.due_times_run().into_iter().map(|(due, _)| due).collect();
    assert_eq!((ran, world.skips().len(), world.queue().len()), (hours.to_vec(), 0, 2));
    for _ in 0..3 {
        let run = world.state.open_runs().find(|run| run.is_active()).map(|run| run.id).expect("one is active");
        world.run_to_end(run, EndCause::Exit(0));
        world.tell(What::Ticked);
    }
    assert_eq!(world.state.open_runs().count(), 0);
}

#[track_caller]
fn check_no_debts(world: &mut World, why: &str) {
    world.tell(What::Ticked);
    assert_eq!((world.due_times_run(), world.passed()), (vec![], vec![]), "{why}");
}

#[test]
fn job_that_begins_owes_nothing_of_the_past() {
    let mut world = World::new(&[]);
    world.now += SignedDuration::from_hours(48);
    world.read_jobs(&[job("a", "0 9 * * *")]);
    check_no_debts(&mut world, "it is new");
    for (key, value) in [("schedule", Value::from("30 9 * * *")), ("timezone", "Asia/Tokyo".into())] {
        world.now += SignedDuration::from_hours(48);
        world.set("a", key, value);
        check_no_debts(&mut world, &format!("it has another {key} now"));
    }
    world.set_enabled("a", false);
    world.restart_after(48 * 60);
    world.set_enabled("a", true);
    check_no_debts(&mut world, "it is enabled again");
    assert_eq!((world.due_times_run(), world.passed()), (vec![], vec![]));
    world.restart_after(48 * 60);
    assert_eq!(world.due_times_run().len(), 1, "from here on it is looked after");
}

#[test]
fn scheduler_that_was_switched_off_owes_nothing_when_it_is_on_again() {
    let mut world = daily(None);
    world.restart_with_scheduling(false, 1);
    world.pass_minutes(24 * 60);
    world.restart_with_scheduling(true, 24 * 60);
    assert_eq!((world.due_times_run(), world.passed()), (vec![], vec![]));
    world.restart_after(24 * 60);
    assert_eq!(world.due_times_run(), [(at("04T09:00"), true)]);
}

#[test]
fn clock_that_was_wrong_for_a_while_leaves_no_debts() {
    let year = SignedDuration::from_hours(24 * 365);
    let mut world = daily(None);
    world.now += year;
    world.tell(What::Ticked);
    assert_eq!(world.due_times_run().len(), 1);
    world.now -= year;
    world.tell(What::Ticked);
    world.restart_after(0);
    assert_eq!(world.due_times_run().len(), 1, "it owes nothing");
    world.restart_after(24 * 60);
    assert_eq!(world.due_times_run().last(), Some(&(at("02T09:00"), true)));
}

#[test]
fn job_that_began_under_a_clock_that_was_ahead_is_looked_after_by_the_right_one() {
    let mut world = with("0 10 * * *", None);
    world.now -= SignedDuration::from_hours(4);
    world.tell(What::Ticked);
    world.restart_after(3 * 60);
    assert_eq!(world.due_times_run(), [(at("01T10:00"), true)]);
}

#[test]
fn host_that_moved_to_another_zone_owes_only_what_jobs_with_a_zone_of_their_own_missed() {
    let mut own = job("own", "0 9 * * *");
    own["timezone"] = "UTC".into();
    let mut world = World::new(&[job("a", "0 9 * * *"), own]);
    world.zone = jiff::tz::TimeZone::get("America/New_York").expect("it is a zone");
    world.restart_after(24 * 60);
    assert_eq!(world.due_times_run(), [(at("02T09:00"), true)], "that is the job with the zone");
    world.restart_after(2 * 60);
    let due: Vec<_> = world.due_times_run().into_iter().map(|(due, _)| due).collect();
    assert_eq!(due, [at("02T09:00"), at("02T14:00")], "from then on it is due in the new zone");
}
