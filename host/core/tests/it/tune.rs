//! The pace of jobs over their life: proposals, what the operator says, edits of the file and restarts.

use crate::world::{World, job};
use instar_core::decide::What;
use instar_core::event::Fact;
use instar_core::id::JobSlug;
use instar_core::tune::{TuneWish, Tuned};
use serde_json::{Value, json};

fn slug() -> JobSlug {
    "a".parse().expect("a slug")
}

fn auto(schedule: &str) -> Value {
    let mut job = job("a", schedule);
    job["autoTune"] = json!(true);
    job
}

fn idle_runs(world: &mut World, count: usize) {
    for _ in 0..count {
        world.report_work("a", 0.0, 0.0);
    }
}

fn ask(world: &mut World, wish: TuneWish) -> usize {
    world.tell(What::TuneAsked { slug: slug(), wish, by: "cli".into() }).events.len()
}

fn runs_by(world: &World) -> String {
    world.state.job(&slug()).expect("it is there").job.schedule.to_string()
}

fn tuned(world: &World) -> Vec<&'static str> {
    let events = world.events.iter().filter(|event| matches!(event.fact, Fact::Tuned { .. }));
    events.map(|event| event.fact.kind()).collect()
}

#[test]
fn a_proposal_changes_nothing_until_the_operator_takes_it() {
    let mut world = World::new(&[job("a", "*/10 * * * *")]);
    idle_runs(&mut world, 9);
    assert!(world.state.tuning(&slug()).is_none());
    idle_runs(&mut world, 1);
    let next = world.next_of("a");
    assert_eq!((runs_by(&world).as_str(), tuned(&world)), ("*/10 * * * *", vec!["job_tune_proposed"]));
    idle_runs(&mut world, 10);
    assert_eq!(tuned(&world).len(), 1, "the same is not proposed twice");
    assert!(ask(&mut world, TuneWish::Take) > 0);
    assert_eq!(runs_by(&world), "*/20 * * * *");
    assert_ne!(world.next_of("a"), next);
    assert_eq!(ask(&mut world, TuneWish::Take), 0, "nothing is proposed any more");
}

#[test]
fn a_refused_proposal_does_not_come_back() {
    let mut world = World::new(&[job("a", "*/10 * * * *")]);
    idle_runs(&mut world, 10);
    ask(&mut world, TuneWish::Refuse);
    world.restart_after(1);
    idle_runs(&mut world, 20);
    assert_eq!(tuned(&world), ["job_tune_proposed", "job_tune_refused"]);
}

#[test]
fn auto_tune_goes_step_by_step_to_its_bound_and_the_operator_takes_it_all_back() {
    let mut world = World::with_notifier(&[auto("*/15 * * * *")], "tells");
    idle_runs(&mut world, 10);
    assert_eq!(runs_by(&world), "*/30 * * * *");
    world.restart_after(5);
    assert_eq!(runs_by(&world), "*/30 * * * *", "it outlives a restart");
    idle_runs(&mut world, 30);
    assert_eq!(runs_by(&world), "0 * * * *");
    assert_eq!(world.titles(), ["a: another schedule"; 2]);
    assert!(ask(&mut world, TuneWish::Reset) > 0);
    assert_eq!((runs_by(&world).as_str(), ask(&mut world, TuneWish::Reset)), ("*/15 * * * *", 0));
    idle_runs(&mut world, 30);
    assert_eq!(runs_by(&world), "*/15 * * * *", "what was taken back stays so");
}

#[test]
fn the_file_has_the_last_word() {
    let mut world = World::new(&[auto("*/15 * * * *")]);
    idle_runs(&mut world, 10);
    world.read_jobs(&[auto("*/15 * * * *")]);
    assert_eq!(runs_by(&world), "*/30 * * * *", "a file that says the same changes nothing");
    world.read_jobs(&[auto("*/5 * * * *")]);
    assert_eq!((runs_by(&world).as_str(), world.state.tuning(&slug())), ("*/5 * * * *", None));
    world.read_jobs(&[auto("*/15 * * * *")]);
    assert_eq!(runs_by(&world), "*/15 * * * *", "what is void stays void");
    idle_runs(&mut world, 10);
    assert_eq!(runs_by(&world), "*/30 * * * *");
    world.read_jobs(&[job("a", "*/15 * * * *")]);
    assert_eq!(runs_by(&world), "*/15 * * * *", "a job that is not to be tuned any more goes back");
}

#[test]
fn a_changed_pace_owes_nothing_of_the_past_and_is_due_by_the_new_one() {
    let mut world = World::new(&[auto("*/10 * * * *")]);
    idle_runs(&mut world, 10);
    let begun = world.count(|fact| matches!(fact, Fact::JobsBegun { .. }));
    assert_eq!(begun, 2, "the job begins anew");
    world.pass_minutes(10);
    assert_eq!(world.due_times_run(), [], "12:10 is no due time any more");
    world.pass_minutes(10);
    assert_eq!(world.due_times_run().len(), 1);
}

#[test]
fn runs_that_leave_work_behind_call_for_more_of_them() {
    let mut world = World::new(&[auto("0 * * * *")]);
    for _ in 0..10 {
        world.report_work("a", 40.0, 10.0);
    }
    assert_eq!(runs_by(&world), "*/30 * * * *");
    let reason = world.events.iter().find_map(|event| match &event.fact {
        Fact::Tuned { tuned, .. } => match &**tuned {
            Tuned::Applied { reason, .. } => Some(reason.clone()),
            _ => None,
        },
        _ => None,
    });
    assert_eq!(
        reason.as_deref(),
        Some("10 of the last 10 runs left work behind: every 30 minutes instead of every hour")
    );
}

#[test]
fn what_a_job_has_been_through_goes_with_it_to_its_new_name() {
    let mut world = World::new(&[job("a", "*/10 * * * *")]);
    world.fail("a");
    idle_runs(&mut world, 10);
    ask(&mut world, TuneWish::Take);
    let rename = |world: &mut World| world.tell(What::RenameAsked { from: slug(), to: "b".parse().expect("a slug") });
    let run = world.trigger("a");
    assert!(rename(&mut world).events.is_empty(), "not while it runs");
    world.run_to_end(run, instar_core::plan::EndCause::Exit(1));
    let state = world.state.job_state(&slug()).cloned();
    assert_eq!(rename(&mut world).events.len(), 1);
    let b: JobSlug = "b".parse().expect("a slug");
    world.read_jobs(&[job("b", "*/10 * * * *")]);
    let now = world.state.job_state(&b).cloned().expect("it came along");
    assert_eq!(Some(now.last_run), state.map(|state| state.last_run));
    assert_eq!(world.state.job(&b).expect("it is there").job.schedule.as_str(), "*/20 * * * *");
    assert_eq!(world.state.taken_by(&b, world.now).runs, 2, "so do the sums of the day");
    assert!(world.state.job_state(&slug()).is_none());
}
