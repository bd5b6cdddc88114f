//! A clock that is set: what is due follows the new time, and nothing happens twice.

use crate::world::{World, job};
use instar_core::decide::{Effect, What};
use instar_core::event::Fact;
use instar_core::plan::EndCause;
use instar_core::run::Outcome;
use jiff::SignedDuration;

const YEAR: SignedDuration = SignedDuration::from_hours(24 * 365);

/// As the engine does when the kernel says that the clock was set.
fn set_clock(world: &mut World, by: SignedDuration) {
    world.now += by;
    world.tell(What::Ticked);
}

fn requested(world: &World) -> usize {
    world.count(|fact| matches!(fact, Fact::RunRequested { .. }))
}

#[test]
fn jobs_are_due_by_the_new_time_after_the_clock_went_back_a_year() {
    let mut world = World::new(&[job("beat", "* * * * *")]);
    set_clock(&mut world, -YEAR);
    assert_eq!(requested(&world), 0, "nothing is due because the clock was set");
    world.pass_minutes(1);
    assert_eq!(requested(&world), 1);
}

#[test]
fn jobs_fire_once_after_the_clock_went_forward_a_year() {
    let mut world = World::new(&[job("beat", "* * * * *")]);
    set_clock(&mut world, YEAR);
    assert_eq!(requested(&world), 1);
    assert!(!world.wakes_now());
    set_clock(&mut world, -YEAR);
    // The first minute has had its run.
    world.pass_minutes(2);
    assert_eq!(requested(&world), 2);
}

#[test]
fn delivery_that_waits_is_tried_again_after_the_clock_went_back_a_year() {
    let mut world = World::with_notifier(&[job("a", "@yearly")], "notifier-x");
    let run = world.trigger("a");
    world.run_to_end(run, EndCause::Exit(0));
    world.tell(What::Ticked);
    let (notice, notifier) = world.delivery();
    world.tell(What::NotDelivered { notice, notifier, error: "503".into(), retry: Some(0), thread: None });
    set_clock(&mut world, -YEAR);
    world.pass_minutes(24 * 60);
    let tries = world.effects.iter().filter(|it| matches!(it, Effect::Deliver { .. })).count();
    assert_eq!(tries, 2);
}

#[test]
fn time_limit_counts_from_the_new_time_after_the_clock_went_back_a_year() {
    let mut world = World::new(&[job("a", "@yearly")]);
    let run = world.trigger("a");
    world.start(run);
    set_clock(&mut world, -YEAR);
    assert!(!world.effects.contains(&Effect::Stop { run }));
    world.pass_minutes(241);
    world.expect_effect(&Effect::Stop { run });
    world.tell(What::SessionEnded { run, end: crate::world::end(EndCause::Killed) });
    assert_eq!(world.outcomes(), [Outcome::TimedOut]);
}
