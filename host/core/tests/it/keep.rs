//! When the host keeps house.

use crate::world::World;
use instar_core::decide::{Effect, What};
use instar_core::event::Fact;
use instar_core::retention::Cleared;
use jiff::SignedDuration;

fn begun(world: &World) -> usize {
    world.count(|fact| matches!(fact, Fact::HousekeepingBegun))
}

#[test]
fn house_is_kept_once_after_the_start_and_then_daily() {
    let mut world = World::new(&[]);
    assert_eq!(begun(&world), 0, "a start has other things to do first");
    world.pass_minutes(1);
    world.expect_effect(&Effect::KeepHouse);
    world.tell(What::HouseKept { result: Ok(Cleared { runs: 3, ..Cleared::default() }) });
    world.pass_minutes(23 * 60);
    assert_eq!(begun(&world), 1);
    world.pass_minutes(60);
    assert_eq!(begun(&world), 2);
    assert_eq!(world.count(|fact| matches!(fact, Fact::HousekeepingDone { cleared } if cleared.runs == 3)), 1);
}

#[test]
fn housekeeping_that_failed_is_tried_again_after_an_hour() {
    let mut world = World::new(&[]);
    world.pass_minutes(1);
    world.tell(What::HouseKept { result: Err("no space".into()) });
    world.pass_minutes(59);
    assert_eq!(begun(&world), 1);
    world.pass_minutes(1);
    assert_eq!(begun(&world), 2);
}

#[test]
fn housekeeping_does_not_wait_for_a_clock_that_was_set_back() {
    let mut world = World::new(&[]);
    world.pass_minutes(1);
    world.now -= SignedDuration::from_hours(24 * 365);
    assert!(world.wakes_now());
    world.tell(What::Ticked);
    assert_eq!(begun(&world), 2);
    assert!(!world.wakes_now(), "it does not spin");
}
