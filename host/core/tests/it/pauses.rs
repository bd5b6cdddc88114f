//! Pauses of jobs and of the scheduler.

use crate::world::{World, job};
use instar_core::decide::What;
use instar_core::event::Fact;
use instar_core::id::JobSlug;
use instar_core::missed::PassReason;
use instar_core::pause::PauseCause;
use instar_core::plan::EndCause;
use instar_core::run::SkipReason;

fn slug() -> JobSlug {
    "a".parse().expect("a slug")
}

fn pause(world: &mut World, slug: Option<JobSlug>) {
    world.tell(What::PauseAsked { slug, by: "api".into(), reason: Some("on holiday".into()) });
}

fn resume(world: &mut World, slug: Option<JobSlug>) {
    world.tell(What::ResumeAsked { slug, by: "api".into() });
}

#[test]
fn what_is_due_in_a_pause_is_passed_over_and_not_made_up_for() {
    for paused in [Some(slug()), None] {
        let mut world = World::new(&[job("a", "0 9 * * *")]);
        pause(&mut world, paused.clone());
        world.pass_minutes(24 * 60);
        world.restart_after(24 * 60);
        assert_eq!(world.due_times_run(), []);
        let reasons: Vec<_> = world.passed().iter().map(|(_, _, reason)| *reason).collect();
        assert_eq!(reasons, [PassReason::Paused; 2], "a pause outlives a restart");
        // Asleep until after the resumption, which comes before the host has looked at the clock.
        world.now += jiff::SignedDuration::from_hours(24);
        resume(&mut world, paused);
        world.tell(What::Ticked);
        assert_eq!(
            (world.due_times_run(), world.passed().len()),
            (vec![], 3),
            "what was due until now was due in the pause"
        );
        world.pass_minutes(24 * 60);
        assert_eq!(world.due_times_run().len(), 1, "and from here on it runs");
    }
}

#[test]
fn pause_of_one_job_leaves_the_others_alone() {
    let mut world = World::new(&[job("a", "* * * * *"), job("b", "* * * * *")]);
    pause(&mut world, Some(slug()));
    world.pass_minutes(1);
    assert_eq!(
        world.count(|fact| matches!(fact, Fact::RunRequested { slug: Some(slug), .. } if slug.as_str() == "b")),
        1
    );
    assert_eq!((world.due_times_run().len(), world.passed().len()), (1, 1));
}

#[test]
fn paused_job_runs_by_hand_only_by_force() {
    for paused in [Some(slug()), None] {
        let mut world = World::new(&[job("a", "@yearly")]);
        pause(&mut world, paused);
        world.trigger("a");
        assert_eq!(world.skips(), [SkipReason::Paused]);
        world.tell(What::TriggerAsked { slug: slug(), reason: "manual".into(), force: true, depth: 0 });
        assert_eq!(world.count(|fact| matches!(fact, Fact::RunAdmitted { .. })), 1);
    }
}

#[test]
fn what_waits_goes_on_waiting_until_the_pause_is_over() {
    let mut world = World::new(&[job("x", "@yearly"), job("y", "@yearly"), job("a", "@yearly")]);
    let running = world.trigger("x");
    world.trigger("y");
    world.trigger("a");
    pause(&mut world, None);
    world.run_to_end(running, EndCause::Exit(0));
    assert!(!world.wakes_now(), "there is a place, and nobody may take it");
    world.tell(What::Ticked);
    assert_eq!(world.queue(), ["a"]);
    resume(&mut world, None);
    assert!(world.wakes_now());
    world.tell(What::Ticked);
    assert!(world.queue().is_empty());
}

#[test]
fn second_pause_and_second_resumption_change_nothing() {
    let mut world = World::new(&[job("a", "@yearly")]);
    for _ in 0..2 {
        pause(&mut world, None);
    }
    for _ in 0..2 {
        resume(&mut world, None);
    }
    let pauses = world.count(|fact| matches!(fact, Fact::Paused { .. } | Fact::Resumed { .. }));
    assert_eq!(pauses, 2);
}

#[test]
fn job_that_fails_so_often_in_a_row_is_paused_until_somebody_resumes_it() {
    let mut job = job("a", "0 * * * *");
    job["pauseAfterFailures"] = 2.into();
    let mut world = World::with_notifier(&[job], "notifier-x");
    world.fail("a");
    assert_eq!(world.state.own_pause(Some(&slug())), None);
    world.fail("a");
    let cause = world.state.own_pause(Some(&slug())).map(|pause| pause.cause.clone());
    assert_eq!(cause, Some(PauseCause::Failures { count: 2 }));
    assert_eq!(world.titles(), ["a: failed", "a: failed", "a: paused"]);
    world.restart_after(60);
    assert_eq!(world.due_times_run(), []);
    resume(&mut world, Some(slug()));
    world.fail("a");
    assert!(world.state.own_pause(Some(&slug())).is_some(), "one more failure is enough, as long as none succeeded");
}

#[test]
fn hosts_word_on_failures_counts_for_jobs_that_have_none() {
    let mut never = job("never", "@yearly");
    never["pauseAfterFailures"] = 0.into();
    let mut world = World::new(&[job("a", "@yearly"), never]);
    world.state.limits.pause_after_failures = 1;
    world.fail("never");
    world.fail("a");
    assert!(world.state.own_pause(Some(&slug())).is_some());
    assert_eq!(world.state.own_pause("never".parse().ok().as_ref()), None);
}
