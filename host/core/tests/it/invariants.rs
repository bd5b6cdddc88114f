//! Whatever happens in whatever order, these hold: random inputs against the rules that no order may break.

use std::collections::{BTreeMap, BTreeSet};

use crate::world::{World, end, job, launch};
use instar_core::decide::{Effect, StepFault, What};
use instar_core::event::Fact;
use instar_core::gate::{GateAnswer, GateEnd};
use instar_core::id::RunId;
use instar_core::plan::{Action, EndCause, FinishVerdict, StepResult};
use instar_core::run::{Outcome, Trigger};
use instar_core::talk::{Activity, Doing};
use instar_core::thread::ThreadFault;
use instar_core::verdict::{Answer, Finding, Severity, Verdict};
use proptest::prelude::*;
use serde_json::json;

/// One move of the outside world; what does not fit the moment is what a late or doubled report looks like.
#[derive(Debug, Clone)]
enum Move {
    Pass { minutes: i64 },
    ClockSet { minutes: i64 },
    Trigger { job: usize, force: bool },
    Stop { effect: usize },
    Report { effect: usize, well: bool },
    Edit { disable: usize },
    Spawn { name: usize },
    Say { effect: usize },
    Pause { job: usize, resume: bool },
    Restart { minutes: i64 },
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        4 => (0i64..400).prop_map(|minutes| Move::Pass { minutes }),
        1 => (-2000i64..2000).prop_map(|minutes| Move::ClockSet { minutes }),
        3 => (0usize..4, any::<bool>()).prop_map(|(job, force)| Move::Trigger { job, force }),
        2 => (0usize..40).prop_map(|effect| Move::Stop { effect }),
        12 => (0usize..40, any::<bool>()).prop_map(|(effect, well)| Move::Report { effect, well }),
        1 => (0usize..5).prop_map(|disable| Move::Edit { disable }),
        2 => (0usize..3).prop_map(|name| Move::Spawn { name }),
        2 => (0usize..40).prop_map(|effect| Move::Say { effect }),
        1 => (0usize..5, any::<bool>()).prop_map(|(job, resume)| Move::Pause { job, resume }),
        1 => (0i64..3000).prop_map(|minutes| Move::Restart { minutes }),
    ];
    proptest::collection::vec(one, 1..120)
}

const JOBS: [(&str, &str); 4] = [("a", "* * * * *"), ("b", "*/7 * * * *"), ("c", "0 * * * *"), ("d", "30 2 * * *")];

const OVERLAPS: [&str; 4] = ["skip", "queue", "allow", "replace"];

fn definitions(disabled: usize) -> Vec<serde_json::Value> {
    let jobs = JOBS.iter().enumerate().map(|(index, (slug, schedule))| {
        let mut definition = job(slug, schedule);
        definition["enabled"] = (index != disabled).into();
        definition["overlap"] = OVERLAPS[index].into();
        definition["tags"] = json!(if index < 2 { vec!["one-of-two"] } else { vec![] });
        // Every job is seen with a gate and without one.
        if (index + disabled).is_multiple_of(2) {
            definition["gate"] = "./anything-to-do".into();
        }
        definition["missed"] = ["skip", "run-all", "run-all", "run-once"][index].into();
        definition["pauseAfterFailures"] = index.into();
        definition["retry"] = json!({"on": ["failure", "timeout", "lost", "needs-attention"]});
        definition
    });
    jobs.collect()
}

fn play(world: &mut World, step: &Move) {
    match step {
        Move::Pass { minutes } => world.pass_minutes(*minutes),
        Move::ClockSet { minutes } => {
            world.now += jiff::SignedDuration::from_mins(*minutes);
            world.tell(What::Ticked);
        }
        Move::Trigger { job, force } => {
            let slug = JOBS[*job].0.parse().expect("the test names what is there");
            world.tell(What::TriggerAsked { slug, reason: "manual".into(), force: *force, depth: 0 });
        }
        Move::Stop { effect } => {
            if let Some(run) = effect_at(world, *effect).and_then(|effect| run_of(&effect)) {
                world.tell(What::StopAsked { run, by: "api".into() });
            }
        }
        Move::Report { effect, well } => {
            if let Some(effect) = effect_at(world, *effect) {
                report(world, &effect, *well);
            }
        }
        Move::Spawn { name } => drop(world.spawn(["one", "two", "three"][*name])),
        Move::Say { effect } => {
            if let Some(run) = effect_at(world, *effect).and_then(|effect| run_of(&effect)) {
                world.tell(What::MessageAsked { run, text: "hello".into() });
            }
        }
        Move::Pause { job, resume } => {
            let (slug, by) = (JOBS.get(*job).and_then(|(slug, _)| slug.parse().ok()), "api".to_owned());
            world.tell(match resume {
                true => What::ResumeAsked { slug, by },
                false => What::PauseAsked { slug, by, reason: None },
            });
        }
        Move::Restart { minutes } => world.restart_after(*minutes),
        Move::Edit { disable } => world.read_jobs(&definitions(*disable)),
    }
}

/// Effects are reported in any order, and some of them twice.
fn effect_at(world: &World, index: usize) -> Option<Effect> {
    world.effects.iter().rev().nth(index % 8).cloned()
}

fn run_of(effect: &Effect) -> Option<RunId> {
    match effect {
        Effect::AskGate { run }
        | Effect::Judge { run }
        | Effect::Step { run }
        | Effect::Start { run }
        | Effect::Watch { run }
        | Effect::Stop { run }
        | Effect::Listen { run, .. }
        | Effect::Tell { run, .. } => Some(*run),
        Effect::Deliver { .. }
        | Effect::KeepHouse
        | Effect::Poll { .. }
        | Effect::Supervise { .. }
        | Effect::Route { .. }
        | Effect::Mark { .. }
        | Effect::CarryOut { .. }
        | Effect::OpenThread { .. }
        | Effect::ChangeThread { .. }
        | Effect::Interrupt { .. } => None,
    }
}

fn objection() -> Verdict {
    let (rule, detail) = ("r".to_owned(), "no".to_owned());
    Verdict::deny(Finding { rule, answer: Answer::Deny, severity: Severity::High, detail, remedy: None, command: None })
}

fn report(world: &mut World, effect: &Effect, well: bool) {
    match effect {
        Effect::AskGate { run } => {
            let failed = GateAnswer::of_status(i32::from(world.now.as_second() % 2 == 0) + 1);
            let answer = if well { GateAnswer::Go } else { failed };
            world.tell(What::GateEnded { run: *run, end: GateEnd { answer, duration_ms: 1, output: String::new() } });
        }
        Effect::Judge { run } => {
            let verdict = if well { Verdict::pass() } else { objection() };
            world.tell(What::Judged { run: *run, verdict });
        }
        Effect::Step { run } => report_step(world, *run, well),
        Effect::Start { run } if well => drop(world.tell(What::Started { run: *run })),
        Effect::Start { run } => drop(world.tell(What::NotStarted { run: *run, reason: "no tmux".into() })),
        Effect::Watch { run } => {
            let cause = if well { EndCause::Exit(0) } else { EndCause::Lost };
            world.tell(What::SessionEnded { run: *run, end: end(cause) });
        }
        Effect::Supervise { run } => drop(world.tell(What::Supervised { run: *run, answer: Err("nobody".into()) })),
        Effect::Stop { .. }
        | Effect::Poll { .. }
        | Effect::Route { .. }
        | Effect::Mark { .. }
        | Effect::CarryOut { .. }
        | Effect::ChangeThread { .. }
        | Effect::Interrupt { .. } => {
            drop(world.tell(What::Done));
        }
        Effect::OpenThread { notifier, conversation, topic, notice, .. } => {
            let fault = ThreadFault { message: "503".into(), retry: Some(0) };
            drop(world.tell(What::ThreadAnswered {
                notifier: notifier.clone(),
                conversation: conversation.clone(),
                topic: topic.clone(),
                notice: *notice,
                result: if well { Ok("55".into()) } else { Err(fault) },
            }));
        }
        Effect::Listen { run, after } => {
            let doing = if well { Doing::Ready } else { Doing::Asking };
            let activity = Activity { number: after + 1, doing, question: None, typed: *after };
            world.tell(What::SessionTurned { run: *run, activity });
        }
        Effect::Tell { .. } if well => drop(world.tell(What::Done)),
        Effect::Tell { run, .. } => drop(world.tell(What::NotTold { run: *run, reason: "no space".into() })),
        Effect::KeepHouse => drop(
            world.tell(What::HouseKept { result: if well { Ok(Default::default()) } else { Err("no space".into()) } }),
        ),
        Effect::Deliver { notice, notifier, .. } => {
            let (notifier, error) = (notifier.clone(), "503".to_owned());
            world.tell(What::NotDelivered {
                notice: notice.id,
                notifier,
                error,
                retry: well.then_some(0),
                thread: None,
            });
        }
    }
}

fn report_step(world: &mut World, run: RunId, well: bool) {
    let launched = world.count(|fact| matches!(fact, Fact::SessionEnded { run: ended, .. } if *ended == run)) > 0;
    let waited = world.count(|fact| matches!(fact, Fact::RunWaiting { run: other, .. } if *other == run)) > 0;
    match (well, launched) {
        (true, false) if !waited && world.events.len().is_multiple_of(3) => {
            let actions = vec![Action::Wait(90_000)];
            world.tell(What::Stepped { run, result: Ok(StepResult { state: vec![1], actions }) });
        }
        (true, false) => drop(world.tell(What::Stepped { run, result: Ok(launch()) })),
        (true, true) => world.finish_step(run, FinishVerdict::Succeeded, ""),
        (false, false) => drop(world.tell(What::Stepped { run, result: Ok(StepResult::default()) })),
        (false, true) => {
            let fault = StepFault { code: "trap".into(), message: "plugin `p` trapped".into(), refused: false };
            world.tell(What::Stepped { run, result: Err(fault) });
        }
    }
}

/// What no order of events may break.
fn check(world: &World) {
    let mut ends: BTreeMap<RunId, usize> = BTreeMap::new();
    let mut dues = BTreeMap::new();
    let mut requested = 0;
    let mut retried = BTreeSet::new();
    for event in &world.events {
        match &event.fact {
            Fact::RunRequested { slug, trigger: Trigger::Scheduled { at, .. }, .. } => {
                requested += 1;
                *dues.entry((slug.clone(), *at)).or_insert(0) += 1;
            }
            Fact::RunRequested { trigger: Trigger::Retry { after, .. }, .. } => {
                requested += 1;
                assert!(retried.insert(*after), "{after} was tried again twice");
            }
            Fact::RunRequested { .. } => requested += 1,
            Fact::RunFinished(finished) => *ends.entry(finished.run).or_default() += 1,
            Fact::RunSkipped { run, .. } => *ends.entry(*run).or_default() += 1,
            _ => {}
        }
    }
    let is_made_and_planned = world.state.planned_retries().any(|retry| retried.contains(&retry.after));
    assert!(!is_made_and_planned, "a retry was made and is still planned");
    assert!(ends.values().all(|count| *count == 1), "a run ended twice: {ends:?}");
    assert_eq!(requested, ends.len() + world.state.open_runs().count(), "a run was forgotten");
    let active = world.state.open_runs().filter(|run| run.is_active()).count();
    let of_jobs = world.state.open_runs().filter(|run| run.is_active() && run.slug.is_some()).count();
    for (slug, _) in JOBS.iter().filter(|(slug, _)| *slug != "c") {
        let slug = slug.parse().expect("a slug");
        assert!(world.state.runs_of(&slug).filter(|run| run.is_active()).count() <= 1, "{slug} overlaps itself");
    }
    assert!(of_jobs <= crate::world::limits().max_parallel_jobs, "{of_jobs} runs of jobs at once");
    assert!(active <= crate::world::limits().max_sessions, "{active} sessions at once");
    let tagged = world.state.open_runs().filter(|run| run.is_active() && !run.request.admission.tags.is_empty());
    assert!(tagged.count() <= 1, "the limit of the tag is not kept");
    for run in world.state.open_runs() {
        let numbers = run.talk.iter().flat_map(|talk| &talk.pending).map(|message| message.number);
        assert!(numbers.is_sorted_by(|one, next| one < next), "messages of {} out of order", run.id);
    }
}

/// A run that waits is over by its time limit in the same tick in which its job is due and replaces it.
#[test]
fn two_reasons_at_once_end_a_run_once() {
    let moves = [
        Move::Edit { disable: 2 },
        Move::Pass { minutes: 28 },
        Move::Stop { effect: 17 },
        Move::Spawn { name: 0 },
        Move::Trigger { job: 3, force: false },
        Move::Report { effect: 25, well: false },
        Move::Report { effect: 8, well: false },
        Move::ClockSet { minutes: 842 },
        Move::Report { effect: 8, well: true },
        Move::Edit { disable: 4 },
        Move::Edit { disable: 2 },
        Move::ClockSet { minutes: -1441 },
        Move::Report { effect: 25, well: true },
        Move::ClockSet { minutes: 240 },
    ];
    let mut world = World::with_notifier(&definitions(9), "notifier-x");
    for step in &moves {
        play(&mut world, step);
        check(&world);
    }
    let ended =
        world.count(|fact| matches!(fact, Fact::RunFinished(finished) if finished.outcome == Outcome::TimedOut));
    assert_eq!(ended, 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_run_ends_once_and_places_are_kept(moves in moves()) {
        let mut world = World::with_notifier(&definitions(9), "notifier-x");
        for step in &moves {
            play(&mut world, step);
            check(&world);
        }
    }

    #[test]
    fn host_never_asks_to_be_woken_for_nothing(moves in moves()) {
        let mut world = World::with_notifier(&definitions(9), "notifier-x");
        for step in &moves {
            play(&mut world, step);
            for _ in 0..20 {
                if !world.wakes_now() { break; }
                world.tell(What::Ticked);
            }
            prop_assert!(!world.wakes_now(), "ticks change nothing, and it asks for more");
        }
    }
}
