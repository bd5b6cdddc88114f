//! Sessions that talk with people, told as a person would tell them.

use crate::world::{World, end, job, launch};
use instar_core::decide::{Effect, What};
use instar_core::event::Fact;
use instar_core::id::RunId;
use instar_core::plan::{Action, EndCause, FinishVerdict, StepResult, Usage};
use instar_core::run::Outcome;
use instar_core::session::{Session, SessionStatus};
use instar_core::talk::{Activity, Doing};
use instar_core::verdict::Verdict;

/// A session whose first message waits to be typed.
fn begun(world: &mut World) -> RunId {
    let run = world.spawn("research").expect("the name is free");
    world.tell(What::Judged { run, verdict: Verdict::pass() });
    let mut asked = launch();
    asked.actions.push(Action::SendText("first".into()));
    world.tell(What::Stepped { run, result: Ok(asked) });
    world.tell(What::Started { run });
    run
}

fn turn(world: &mut World, run: RunId, number: u64, doing: Doing, typed: u64) {
    let question = (doing == Doing::Asking).then(|| "Do you trust this folder?".to_owned());
    world.tell(What::SessionTurned { run, activity: Activity { number, doing, question, typed } });
}

#[track_caller]
fn session(world: &World, run: RunId) -> &Session {
    world.state.run(run).and_then(|run| run.session()).expect("the session lives")
}

#[test]
fn first_message_is_typed_before_those_that_came_meanwhile() {
    let mut world = World::new(&[]);
    let run = world.spawn("research").unwrap();
    world.tell(What::Judged { run, verdict: Verdict::pass() });
    let mut asked = launch();
    asked.actions.insert(0, Action::SendText("first".into()));
    world.tell(What::Stepped { run, result: Ok(asked) });
    world.tell(What::MessageAsked { run, text: "second".into() });
    assert_eq!(session(&world, run).status, SessionStatus::Starting);
    let decision = world.tell(What::Started { run });
    let told: Vec<_> = decision.effects.iter().filter(|effect| matches!(effect, Effect::Tell { .. })).collect();
    assert_eq!(told, [&Effect::Tell { run, number: 1 }, &Effect::Tell { run, number: 2 }]);
    let pending = &world.state.run(run).unwrap().talk.as_ref().unwrap().pending;
    assert_eq!(pending.iter().map(|message| message.text.as_str()).collect::<Vec<_>>(), ["first", "second"]);
}

#[test]
fn session_is_idle_once_it_waits_and_everything_is_typed() {
    let mut world = World::new(&[]);
    let run = begun(&mut world);
    assert_eq!(session(&world, run).status, SessionStatus::Running);
    turn(&mut world, run, 1, Doing::Ready, 0);
    assert_eq!(session(&world, run).status, SessionStatus::Running, "its message is not typed yet");
    turn(&mut world, run, 2, Doing::Busy, 1);
    turn(&mut world, run, 3, Doing::Ready, 1);
    assert_eq!(session(&world, run).status, SessionStatus::Idle);
    world.expect_effect(&Effect::Listen { run, after: 3 });
    world.tell(What::MessageAsked { run, text: "more".into() });
    world.expect_effect(&Effect::Tell { run, number: 2 });
    assert_eq!(session(&world, run).status, SessionStatus::Running);
}

#[test]
fn program_that_asks_for_trust_is_not_idle_and_says_what_it_asks() {
    let mut world = World::new(&[]);
    let run = begun(&mut world);
    turn(&mut world, run, 1, Doing::Asking, 0);
    let asking = session(&world, run);
    assert_eq!(
        (asking.status, asking.question.as_deref()),
        (SessionStatus::Running, Some("Do you trust this folder?"))
    );
    turn(&mut world, run, 2, Doing::Ready, 1);
    assert_eq!(session(&world, run).question, None);
}

#[test]
fn news_that_is_older_than_what_is_known_changes_nothing() {
    let mut world = World::new(&[]);
    let run = begun(&mut world);
    turn(&mut world, run, 5, Doing::Ready, 1);
    let before = world.events.len();
    turn(&mut world, run, 4, Doing::Busy, 1);
    assert_eq!((world.events.len(), session(&world, run).status), (before, SessionStatus::Idle));
}

#[test]
fn session_that_nobody_speaks_to_is_completed_after_its_time() {
    let mut world = World::new(&[]);
    let run = begun(&mut world);
    turn(&mut world, run, 1, Doing::Busy, 1);
    world.pass_minutes(3 * 60);
    assert!(!world.effects.contains(&Effect::Stop { run }), "it worked");
    turn(&mut world, run, 2, Doing::Ready, 1);
    world.pass_minutes(59);
    assert!(!world.effects.contains(&Effect::Stop { run }));
    world.pass_minutes(2);
    world.expect_effect(&Effect::Stop { run });
    world.tell(What::SessionEnded { run, end: end(EndCause::Killed) });
    assert_eq!(world.outcomes(), [Outcome::Succeeded]);
    assert_eq!(world.session_statuses(), [SessionStatus::Completed]);
}

#[test]
fn agent_that_exits_ends_its_session_by_its_own_judgement() {
    let mut world = World::new(&[]);
    let run = begun(&mut world);
    world.tell(What::SessionEnded { run, end: end(EndCause::Exit(0)) });
    world.finish_step(run, FinishVerdict::Succeeded, "");
    assert_eq!(world.session_statuses(), [SessionStatus::Completed]);
    assert!(world.spawn("research").is_some(), "its name is free again");
}

#[test]
fn name_that_is_taken_and_place_that_is_not_there_leave_no_trace() {
    let mut world = World::new(&[]);
    assert!(world.spawn("one").is_some());
    assert_eq!(world.spawn("one"), None);
    assert!(world.spawn("two").is_some() && world.spawn("three").is_some());
    let before = world.events.len();
    assert_eq!(world.spawn("four"), None, "three sessions may live");
    assert_eq!(world.events.len(), before);
}

#[test]
fn spawned_sessions_leave_the_places_of_jobs_alone_while_sessions_are_free() {
    let mut world = World::new(&[job("a", "@yearly"), job("b", "@yearly")]);
    world.spawn("one");
    world.trigger("a");
    world.trigger("b");
    assert_eq!(world.queue(), Vec::<&str>::new(), "two jobs and one session are three sessions");
    assert_eq!(world.spawn("two"), None);
}

#[test]
fn execute_type_hears_of_each_rest_and_can_go_on_or_end() {
    let mut world = World::new(&[]);
    let run = begun(&mut world);
    turn(&mut world, run, 1, Doing::Ready, 1);
    world.expect_effect(&Effect::Step { run });
    let more = StepResult { state: b"turn 1".to_vec(), actions: vec![Action::SendText("go on".into())] };
    world.tell(What::Stepped { run, result: Ok(more) });
    world.expect_effect(&Effect::Tell { run, number: 2 });
    turn(&mut world, run, 2, Doing::Ready, 2);
    world.finish_step(run, FinishVerdict::Failed, "it gave up");
    world.expect_effect(&Effect::Stop { run });
    world.tell(What::SessionEnded { run, end: end(EndCause::Killed) });
    assert_eq!(world.outcomes(), [Outcome::Failed { cause: "it gave up".into() }]);
    assert_eq!(world.session_statuses(), [SessionStatus::Error]);
}

#[test]
fn what_is_known_of_a_runs_cost_grows() {
    let mut world = World::new(&[]);
    let run = world.spawn("research").unwrap();
    world.tell(What::Judged { run, verdict: Verdict::pass() });
    let mut asked = launch();
    asked.actions.push(Action::NoteUsage(Usage { agent_session: Some("c1".into()), ..Usage::default() }));
    world.tell(What::Stepped { run, result: Ok(asked) });
    world.tell(What::Started { run });
    world.tell(What::SessionEnded { run, end: end(EndCause::Exit(0)) });
    let cost = Action::NoteUsage(Usage { cost_micro_usd: Some(7), ..Usage::default() });
    let finish = Action::Finish { verdict: FinishVerdict::Succeeded, message: String::new() };
    world.tell(What::Stepped { run, result: Ok(StepResult { state: vec![], actions: vec![cost, finish] }) });
    let known = world.events.iter().rev().find_map(|event| match &event.fact {
        Fact::RunUsed { usage, .. } => Some((**usage).clone()),
        _ => None,
    });
    let expected = Usage { agent_session: Some("c1".into()), cost_micro_usd: Some(7), ..Usage::default() };
    assert_eq!(known, Some(expected));
}

#[test]
fn more_messages_than_can_wait_are_refused() {
    let mut world = World::new(&[]);
    let run = begun(&mut world);
    for _ in 0..99 {
        assert!(!world.tell(What::MessageAsked { run, text: "more".into() }).events.is_empty());
    }
    assert!(world.tell(What::MessageAsked { run, text: "too much".into() }).events.is_empty());
}

#[test]
fn restarted_host_tells_again_what_was_not_typed_and_listens_on() {
    let mut world = World::new(&[]);
    let run = begun(&mut world);
    turn(&mut world, run, 1, Doing::Busy, 0);
    let decision = world.tell(What::Booted { version: "2".into() });
    for effect in [Effect::Watch { run }, Effect::Listen { run, after: 1 }, Effect::Tell { run, number: 1 }] {
        assert!(decision.effects.contains(&effect), "{effect:?} is not in {:?}", decision.effects);
    }
}
