//! Second opinions on runs.

use instar_core::decide::{Effect, What};
use instar_core::event::Fact;
use instar_core::id::RunId;
use instar_core::plan::EndCause;
use instar_core::supervision::{Opinion, OpinionVerdict};
use serde_json::json;

use crate::world::{World, job};

fn world(tier: &str) -> (World, RunId) {
    let mut supervised = job("a", "@daily");
    supervised["supervision"] = json!(tier);
    let mut world = World::with_notifier(&[supervised], "tells");
    let run = world.trigger("a");
    world.start(run);
    (world, run)
}

fn opinions(world: &World) -> Vec<Opinion> {
    let opinions = world.events.iter().filter_map(|event| match &event.fact {
        Fact::RunSupervised { opinion, .. } => Some(opinion.clone()),
        _ => None,
    });
    opinions.collect()
}

fn notices(world: &World) -> usize {
    world.count(|fact| matches!(fact, Fact::NoticeRaised { .. }))
}

#[test]
fn opinion_is_asked_for_once_the_run_ended_and_recorded_once() {
    let (mut world, run) = world("tier1");
    world.tell(What::SessionEnded { run, end: crate::world::end(EndCause::Exit(0)) });
    world.finish_step(run, instar_core::plan::FinishVerdict::Succeeded, "");
    world.expect_effect(&Effect::Supervise { run });
    let question = world.state.question(run).expect("it is asked").text();
    assert!(question.contains("last line") && question.contains("succeeded"), "{question}");
    let notices_before = notices(&world);
    for _ in 0..2 {
        world.tell(What::Supervised { run, answer: Ok(r#"{"verdict": "bad", "reason": "nothing was done"}"#.into()) });
    }
    let opinions = opinions(&world);
    assert_eq!(opinions.len(), 1, "{opinions:?}");
    assert_eq!((opinions[0].verdict, opinions[0].reason.as_str()), (OpinionVerdict::Bad, "nothing was done"));
    assert_eq!(notices(&world), notices_before, "tier1 only records");
    assert_eq!(world.outcomes().len(), 1, "the outcome stays what it was");
}

#[test]
fn people_are_told_of_a_bad_opinion_at_tier2() {
    for (answer, told) in [(r#"{"verdict": "bad"}"#, 1), (r#"{"verdict": "fine"}"#, 0)] {
        let (mut world, run) = world("tier2");
        world.tell(What::SessionEnded { run, end: crate::world::end(EndCause::Exit(0)) });
        world.finish_step(run, instar_core::plan::FinishVerdict::Succeeded, "");
        let before = notices(&world);
        world.tell(What::Supervised { run, answer: Ok(answer.into()) });
        assert_eq!(notices(&world) - before, told, "{answer}");
    }
}

#[test]
fn stopped_run_and_job_without_supervision_are_not_asked_about() {
    let (mut stopped, run) = world("tier1");
    stopped.tell(What::StopAsked { run, by: "api".into() });
    stopped.tell(What::SessionEnded { run, end: crate::world::end(EndCause::Killed) });
    let (mut plain, run) = world("tier0");
    plain.tell(What::SessionEnded { run, end: crate::world::end(EndCause::Exit(0)) });
    plain.finish_step(run, instar_core::plan::FinishVerdict::Succeeded, "");
    for world in [stopped, plain] {
        assert_eq!(world.count(|fact| matches!(fact, Fact::SupervisionAsked { .. })), 0);
        assert_eq!(world.outcomes().len(), 1);
    }
}

#[test]
fn question_without_an_answer_is_asked_again_by_the_next_host() {
    let (mut world, run) = world("tier1");
    world.tell(What::SessionEnded { run, end: crate::world::end(EndCause::Exit(1)) });
    world.finish_step(run, instar_core::plan::FinishVerdict::Failed, "no");
    world.effects.clear();
    world.tell(What::Booted { version: "0".into() });
    world.expect_effect(&Effect::Supervise { run });
    world.tell(What::Supervised { run, answer: Err("nobody is configured".into()) });
    assert_eq!(opinions(&world)[0].verdict, OpinionVerdict::NotSupervised);
    world.effects.clear();
    world.tell(What::Booted { version: "0".into() });
    assert!(world.effects.is_empty(), "{:?}", world.effects);
}
