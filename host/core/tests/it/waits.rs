//! Runs that wait: asked again at their time, ended by their limit or by a person, whatever happens meanwhile.

use crate::world::{World, job, launch};
use instar_core::decide::{Effect, What};
use instar_core::event::Fact;
use instar_core::id::RunId;
use instar_core::plan::{Action, EndCause, FinishVerdict, StepEvent, StepResult};
use instar_core::run::{Outcome, Phase};
use instar_core::verdict::Verdict;
use jiff::{SignedDuration, Timestamp};

const MINUTE: u64 = 60_000;

fn wait(millis: u64) -> StepResult {
    StepResult { state: b"asked once".to_vec(), actions: vec![Action::Wait(millis)] }
}

/// A run of a job with a limit of an hour, whose execute type wants to wait so long.
fn waiting(millis: u64) -> (World, RunId) {
    let mut with_limit = job("poll", "@yearly");
    with_limit["timeoutMinutes"] = 60.into();
    let mut world = World::new(&[with_limit]);
    let run = world.trigger("poll");
    world.tell(What::Judged { run, verdict: Verdict::pass() });
    world.tell(What::Stepped { run, result: Ok(wait(millis)) });
    (world, run)
}

#[track_caller]
fn until(world: &World, run: RunId) -> Timestamp {
    match &world.state.run(run).expect("it is open").phase {
        Phase::Waiting { until } => *until,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_run_that_waits_is_asked_again_at_its_time_and_with_its_state() {
    let (mut world, run) = waiting(10 * MINUTE);
    world.effects.clear();
    world.pass_minutes(9);
    assert!(!world.effects.contains(&Effect::Step { run }), "it was asked too early");
    world.pass_minutes(1);
    world.expect_effect(&Effect::Step { run });
    let open = world.state.run(run).unwrap();
    assert_eq!(open.phase, Phase::Stepping { event: StepEvent::Woke, session: None });
    assert_eq!(open.plugin_state, b"asked once");
    world.finish_step(run, FinishVerdict::Succeeded, "it is done");
    assert_eq!(world.outcomes(), [Outcome::Succeeded]);
    let finished = world.events.iter().find_map(|event| match &event.fact {
        Fact::RunFinished(finished) => Some(finished.clone()),
        _ => None,
    });
    assert_eq!(finished.unwrap().message.as_deref(), Some("it is done"));
    assert!(world.state.job_state(&"poll".parse().unwrap()).unwrap().last_run.is_some());
}

#[test]
fn a_crash_loses_no_wait_and_one_that_ended_meanwhile_is_over_at_once() {
    let (mut world, run) = waiting(10 * MINUTE);
    let before = until(&world, run);
    world.restart_after(3);
    assert_eq!(until(&world, run), before);
    world.effects.clear();
    world.restart_after(20);
    world.expect_effect(&Effect::Step { run });
    // Asked, and not answered: the next process asks the same.
    world.effects.clear();
    world.restart_after(1);
    world.expect_effect(&Effect::Step { run });
    assert!(matches!(world.state.run(run).unwrap().phase, Phase::Stepping { event: StepEvent::Woke, .. }));
}

#[test]
fn the_limit_of_the_job_counts_over_all_waits_and_ends_the_run_while_it_waits() {
    let (mut world, run) = waiting(40 * MINUTE);
    world.pass_minutes(40);
    world.tell(What::Stepped { run, result: Ok(wait(40 * MINUTE)) });
    world.pass_minutes(19);
    assert_eq!(world.outcomes(), []);
    world.pass_minutes(1);
    assert_eq!(world.outcomes(), [Outcome::TimedOut]);
    assert!(world.state.run(run).is_none());
}

#[test]
fn when_wait_and_limit_are_over_together_the_run_ends() {
    let (mut world, _) = waiting(60 * MINUTE);
    world.effects.clear();
    world.pass_minutes(90);
    assert_eq!(world.outcomes(), [Outcome::TimedOut]);
    assert!(!world.effects.iter().any(|effect| matches!(effect, Effect::Step { .. })));
}

#[test]
fn a_run_that_waits_is_stopped_without_anybody_to_wait_for() {
    let (mut world, run) = waiting(10 * MINUTE);
    world.tell(What::StopAsked { run, by: "api".into() });
    assert_eq!(world.outcomes(), [Outcome::Stopped { by: "api".into() }]);
    assert!(world.state.run(run).is_none());
}

#[test]
fn one_that_is_stopped_while_it_is_asked_ends_with_the_answer() {
    let (mut world, run) = waiting(10 * MINUTE);
    world.pass_minutes(10);
    world.tell(What::StopAsked { run, by: "api".into() });
    world.tell(What::Stepped { run, result: Ok(wait(MINUTE)) });
    assert_eq!(world.outcomes(), [Outcome::Stopped { by: "api".into() }]);
}

#[test]
fn a_clock_that_goes_back_takes_wait_and_limit_along() {
    let (mut world, run) = waiting(10 * MINUTE);
    let before = until(&world, run);
    let limit = world.state.run(run).unwrap().limit.unwrap();
    world.now -= SignedDuration::from_hours(2);
    world.tell(What::Ticked);
    let back = SignedDuration::from_hours(2);
    assert_eq!(until(&world, run), before - back);
    assert_eq!(world.state.run(run).unwrap().limit, Some(limit - back));
}

#[test]
fn waits_are_neither_shorter_than_a_second_nor_longer_than_a_day() {
    for (asked, seconds) in [(0, 1), (1_500, 1), (u64::MAX, 24 * 3600)] {
        let (world, run) = waiting(asked);
        assert_eq!((until(&world, run) - world.now).get_seconds(), seconds, "{asked}");
    }
}

#[test]
fn a_run_may_launch_after_it_waited_and_wait_after_that() {
    let (mut world, run) = waiting(MINUTE);
    world.pass_minutes(1);
    world.tell(What::Stepped { run, result: Ok(launch()) });
    world.tell(What::Started { run });
    assert_eq!(world.state.run(run).unwrap().limit, None, "a command has a limit of its own");
    world.tell(What::SessionEnded { run, end: crate::world::end(EndCause::Exit(0)) });
    world.tell(What::Stepped { run, result: Ok(wait(MINUTE)) });
    assert_eq!(world.state.run(run).unwrap().limit, Some(world.now + SignedDuration::from_mins(60)));
}

#[test]
fn a_hand_over_is_recorded_and_goes_on_at_once() {
    let (mut world, run) = waiting(MINUTE);
    world.pass_minutes(1);
    world.effects.clear();
    let answer = StepResult { state: b"next".to_vec(), actions: vec![Action::HandOver] };
    world.tell(What::Stepped { run, result: Ok(answer) });
    assert_eq!(until(&world, run), world.now);
    assert_eq!(world.state.next_wake(world.now), Some(world.now), "it waits for the record alone");
    world.pass_minutes(0);
    world.expect_effect(&Effect::Step { run });
    assert_eq!(world.state.run(run).unwrap().plugin_state, b"next");
}

#[test]
fn what_cannot_go_together_is_refused() {
    for (actions, words) in [
        (vec![Action::Wait(1), launch().actions.remove(0)], "at once"),
        (vec![Action::Wait(1), Action::SendText("hello".into())], "waits without one"),
        (vec![Action::HandOver, launch().actions.remove(0)], "at once"),
        (Vec::new(), "neither a launch, a wait nor an end"),
    ] {
        let mut world = World::new(&[job("poll", "@yearly")]);
        let run = world.trigger("poll");
        world.tell(What::Judged { run, verdict: Verdict::pass() });
        world.tell(What::Stepped { run, result: Ok(StepResult { state: Vec::new(), actions }) });
        let outcomes = world.outcomes();
        let [Outcome::NeedsAttention { cause }] = &outcomes[..] else { panic!("{outcomes:?}") };
        assert!(cause.contains(words), "{cause}");
    }
}
