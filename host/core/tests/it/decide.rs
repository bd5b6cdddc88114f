//! What follows from what: scenarios of the one decision function, told as a person would tell them.

use crate::world::{World, end, job, launch};
use instar_core::decide::{Effect, StepFault, What};
use instar_core::event::Fact;
use instar_core::plan::{Action, EndCause, FinishVerdict, StepResult};
use instar_core::run::{Outcome, SkipReason};
use instar_core::session::SessionStatus;
use instar_core::verdict::{Answer, Finding, Severity, Verdict};

#[test]
fn due_job_goes_from_tick_to_success() {
    let mut world = World::new(&[job("beat", "* * * * *")]);
    world.pass_minutes(1);
    let run = world.only_run();
    world.expect_effect(&Effect::Judge { run });
    world.tell(What::Judged { run, verdict: Verdict::pass() });
    world.expect_effect(&Effect::Step { run });
    world.tell(What::Stepped { run, result: Ok(launch()) });
    world.expect_effect(&Effect::Start { run });
    world.tell(What::Started { run });
    world.expect_effect(&Effect::Watch { run });
    world.tell(What::SessionEnded { run, end: end(EndCause::Exit(0)) });
    world.expect_effect(&Effect::Step { run });
    world.finish_step(run, FinishVerdict::Succeeded, "");
    assert_eq!(world.outcomes(), [Outcome::Succeeded]);
    let state = world.state.job_state(&"beat".parse().unwrap()).unwrap();
    assert_eq!((state.consecutive_failures, state.last_error.clone()), (0, None));
}

#[test]
fn one_due_time_gives_one_run_however_often_it_ticks() {
    let mut world = World::new(&[job("beat", "* * * * *")]);
    world.pass_minutes(1);
    world.tell(What::Ticked);
    world.tell(What::Ticked);
    assert_eq!(world.count(|fact| matches!(fact, Fact::RunRequested { .. })), 1);
}

#[test]
fn second_run_of_a_job_is_skipped_while_the_first_is_open() {
    let mut world = World::new(&[job("beat", "* * * * *")]);
    world.pass_minutes(1);
    world.pass_minutes(1);
    assert_eq!(world.skips(), [SkipReason::Overlap]);
}

#[test]
fn runs_beyond_the_places_wait_and_the_more_important_goes_first() {
    let mut world =
        World::new(&[job("a", "@yearly"), job("b", "@yearly"), job("low", "@yearly"), job("high", "@yearly")]);
    world.set_priority("low", "low");
    world.set_priority("high", "high");
    let a = world.trigger("a");
    world.trigger("b");
    world.trigger("low");
    let high = world.trigger("high");
    assert_eq!(world.queue(), ["high", "low"]);
    world.run_to_end(a, EndCause::Exit(0));
    assert!(world.wakes_now(), "a free place must move the queue");
    world.tell(What::Ticked);
    world.expect_effect(&Effect::Judge { run: high });
    assert_eq!(world.queue(), ["low"]);
}

#[test]
fn disabled_job_runs_only_by_force() {
    let mut world = World::new(&[job("off", "* * * * *")]);
    world.set_enabled("off", false);
    world.pass_minutes(3);
    world.trigger("off");
    assert_eq!(world.skips(), [SkipReason::Disabled]);
    world.tell(What::TriggerAsked { slug: "off".parse().unwrap(), reason: "manual".into(), force: true, depth: 0 });
    assert_eq!(world.count(|fact| matches!(fact, Fact::RunAdmitted { .. })), 1);
}

#[test]
fn overlap_queue_waits_for_the_end_of_the_other_and_never_fills_the_queue() {
    let mut world = World::new(&[job("a", "@yearly")]);
    world.set("a", "overlap", "queue".into());
    let first = world.trigger("a");
    for _ in 0..15 {
        world.trigger("a");
    }
    assert_eq!((world.queue().len(), world.skips().len()), (10, 5));
    assert!(!world.wakes_now(), "a free place does not help as long as the other runs");
    world.run_to_end(first, EndCause::Exit(0));
    world.tell(What::Ticked);
    assert_eq!(world.state.open_runs().filter(|run| run.is_active()).count(), 1, "one at a time");
}

#[test]
fn overlap_allow_runs_both_and_replace_stops_the_older() {
    let mut world = World::new(&[job("a", "@yearly"), job("b", "@yearly")]);
    world.set("a", "overlap", "allow".into());
    world.trigger("a");
    world.trigger("a");
    assert_eq!(world.state.open_runs().filter(|run| run.is_active()).count(), 2);

    let mut world = World::new(&[job("a", "@yearly")]);
    world.set("a", "overlap", "replace".into());
    let first = world.trigger("a");
    world.start(first);
    let waiting = world.trigger("a");
    let newest = world.trigger("a");
    world.expect_effect(&Effect::Stop { run: first });
    assert_eq!(world.skips(), [SkipReason::Stopped { by: "overlap".into() }], "{waiting} gave way too");
    world.tell(What::SessionEnded { run: first, end: end(EndCause::Killed) });
    assert_eq!(world.outcomes(), [Outcome::Stopped { by: "overlap".into() }]);
    world.tell(What::Ticked);
    world.expect_effect(&Effect::Judge { run: newest });
}

#[test]
fn denied_run_is_recorded_and_never_starts() {
    for verdict in [objection(Answer::Deny), objection(Answer::Ask)] {
        let mut world = World::new(&[job("a", "@yearly")]);
        let run = world.trigger("a");
        world.tell(What::Judged { run, verdict });
        assert!(matches!(&world.skips()[..], [SkipReason::Denied { detail }] if detail.contains("g/rule")));
        assert_eq!(world.state.open_runs().count(), 0);
        assert_eq!(world.effects.len(), 1, "only the guards were asked: {:?}", world.effects);
    }
}

#[test]
fn what_was_stopped_stays_stopped_however_the_command_ends() {
    for cause in
        [EndCause::Exit(0), EndCause::Exit(1), EndCause::Killed, EndCause::Lost, EndCause::Signal("SIGTERM".into())]
    {
        let mut world = World::new(&[job("a", "@yearly")]);
        let run = world.trigger("a");
        world.start(run);
        world.tell(What::StopAsked { run, by: "api".into() });
        world.expect_effect(&Effect::Stop { run });
        world.tell(What::StopAsked { run, by: "somebody else".into() });
        world.tell(What::SessionEnded { run, end: end(cause) });
        assert_eq!(world.outcomes(), [Outcome::Stopped { by: "api".into() }]);
        assert_eq!(world.session_statuses(), [SessionStatus::Killed]);
    }
}

#[test]
fn host_facts_win_over_the_execute_type() {
    for (cause, outcome, status) in [
        (EndCause::Lost, Outcome::Lost, SessionStatus::Error),
        (EndCause::Killed, Outcome::Stopped { by: "signal".into() }, SessionStatus::Killed),
        (
            EndCause::Signal("SIGSEGV".into()),
            Outcome::Failed { cause: "ended by SIGSEGV".into() },
            SessionStatus::Error,
        ),
    ] {
        let mut world = World::new(&[job("a", "@yearly")]);
        let run = world.trigger("a");
        world.start(run);
        world.tell(What::SessionEnded { run, end: end(cause) });
        assert_eq!((world.outcomes(), world.session_statuses()), (vec![outcome], vec![status]));
    }
}

#[test]
fn run_past_its_limit_is_stopped_once_and_counts_as_timeout() {
    let mut world = World::new(&[job("a", "@yearly")]);
    let run = world.trigger("a");
    world.start(run);
    world.pass_minutes(241);
    world.expect_effect(&Effect::Stop { run });
    let stops = world.effects.len();
    world.tell(What::Ticked);
    assert_eq!(world.effects.len(), stops, "no second stop");
    world.tell(What::SessionEnded { run, end: end(EndCause::Killed) });
    assert_eq!(world.outcomes(), [Outcome::TimedOut]);
}

#[test]
fn stop_between_launch_and_start_is_not_forgotten() {
    let mut world = World::new(&[job("a", "@yearly")]);
    let run = world.trigger("a");
    world.tell(What::Judged { run, verdict: Verdict::pass() });
    world.tell(What::Stepped { run, result: Ok(launch()) });
    world.tell(What::StopAsked { run, by: "api".into() });
    world.tell(What::Started { run });
    world.expect_effect(&Effect::Stop { run });
}

#[test]
fn stop_of_a_waiting_run_withdraws_it() {
    let mut world = World::new(&[job("a", "@yearly"), job("b", "@yearly"), job("c", "@yearly")]);
    world.trigger("a");
    world.trigger("b");
    let waiting = world.trigger("c");
    world.tell(What::StopAsked { run: waiting, by: "api".into() });
    assert_eq!(world.skips(), [SkipReason::Stopped { by: "api".into() }]);
    assert!(world.queue().is_empty());
}

#[test]
fn plugin_at_fault_leaves_the_run_for_a_person_and_a_refusal_fails_it() {
    for (refused, expected) in [(false, "needs-attention"), (true, "failed")] {
        let mut world = World::new(&[job("a", "@yearly")]);
        let run = world.trigger("a");
        world.tell(What::Judged { run, verdict: Verdict::pass() });
        let fault = StepFault { code: "trap".into(), message: "plugin `p`: trapped".into(), refused };
        world.tell(What::Stepped { run, result: Err(fault) });
        assert_eq!(world.outcomes()[0].as_str(), expected);
        assert!(world.outcomes()[0].sentence().contains("plugin `p`"));
    }
}

#[test]
fn execute_type_that_asks_for_nothing_is_named() {
    let mut world = World::new(&[job("a", "@yearly")]);
    let run = world.trigger("a");
    world.tell(What::Judged { run, verdict: Verdict::pass() });
    let result = Ok(StepResult { state: vec![], actions: vec![Action::Progress("thinking".into())] });
    world.tell(What::Stepped { run, result });
    assert!(world.outcomes()[0].sentence().contains("execute type `script`"));
}

#[test]
fn failures_in_a_row_are_counted_on_real_outcomes() {
    let mut world = World::new(&[job("a", "@yearly")]);
    let failures = |world: &World| world.state.job_state(&"a".parse().unwrap()).unwrap().consecutive_failures;
    for expected in 1..=3 {
        let run = world.trigger("a");
        world.start(run);
        assert_eq!(failures(&world), expected - 1, "a start proves nothing");
        world.tell(What::SessionEnded { run, end: end(EndCause::Exit(1)) });
        world.finish_step(run, FinishVerdict::Failed, "exit status 1");
        assert_eq!(failures(&world), expected);
    }
    let run = world.trigger("a");
    world.run_to_end(run, EndCause::Exit(0));
    assert_eq!(failures(&world), 0);
}

#[test]
fn refused_jobs_file_changes_the_report_and_nothing_else() {
    let mut world = World::new(&[job("a", "* * * * *")]);
    let next = world.next_of("a");
    world.read_jobs_text("[{");
    assert_eq!(world.next_of("a"), next);
    assert!(world.state.problems()[0].message.contains("not valid JSON"));
    world.read_jobs(&[job("a", "* * * * *"), job("b", "* * * * *")]);
    assert!(world.state.problems().is_empty());
    assert_eq!(world.state.jobs().count(), 2);
}

#[test]
fn job_that_is_removed_while_it_runs_still_ends_in_order() {
    let mut world = World::new(&[job("a", "@yearly"), job("b", "@yearly")]);
    let run = world.trigger("a");
    world.start(run);
    world.read_jobs(&[job("b", "@yearly")]);
    world.tell(What::SessionEnded { run, end: end(EndCause::Exit(0)) });
    world.finish_step(run, FinishVerdict::Succeeded, "");
    assert_eq!(world.outcomes(), [Outcome::Succeeded]);
}

#[test]
fn undelivered_notice_is_tried_again_later_and_given_up_when_it_is_hopeless() {
    let mut world = World::with_notifier(&[job("a", "@yearly")], "notifier-x");
    let run = world.trigger("a");
    world.run_to_end(run, EndCause::Exit(0));
    world.tell(What::Ticked);
    let (notice, notifier) = world.delivery();
    world.tell(What::NotDelivered {
        notice,
        notifier: notifier.clone(),
        error: "503".into(),
        retry: Some(0),
        thread: None,
    });
    let tries = |world: &World| world.effects.iter().filter(|it| matches!(it, Effect::Deliver { .. })).count();
    assert_eq!(tries(&world), 1);
    world.tell(What::Ticked);
    assert_eq!(tries(&world), 1, "not before its time");
    world.pass_minutes(1);
    assert_eq!(tries(&world), 2);
    world.tell(What::NotDelivered {
        notice,
        notifier: notifier.clone(),
        error: "gone".into(),
        retry: None,
        thread: None,
    });
    assert_eq!(world.state.delivery(notice, &notifier), None);
}

#[test]
fn each_part_is_recorded_before_the_next_is_asked_for_and_never_asked_again() {
    let mut world = World::with_notifier(&[job("a", "@yearly")], "notifier-x");
    let run = world.trigger("a");
    world.run_to_end(run, EndCause::Exit(0));
    world.tell(What::Ticked);
    let (notice, notifier) = world.delivery();
    let delivered =
        |part: &str, more| What::Delivered { notice, notifier: notifier.clone(), receipt: part.to_owned(), more };
    let last_part = |world: &World| {
        world.effects.iter().rev().find_map(|it| if let Effect::Deliver { part, .. } = it { Some(*part) } else { None })
    };
    world.tell(delivered("m0", true));
    assert_eq!((world.state.delivery(notice, &notifier).unwrap().part, last_part(&world)), (1, Some(1)));
    world.tell(What::NotDelivered {
        notice,
        notifier: notifier.clone(),
        error: "429".into(),
        retry: Some(90_000),
        thread: None,
    });
    world.pass_minutes(1);
    assert_eq!(world.state.delivery(notice, &notifier).unwrap().attempt, 1, "the other side asked for more time");
    world.pass_minutes(1);
    assert_eq!(last_part(&world), Some(1));
    world.tell(delivered("m1", false));
    assert_eq!(world.state.delivery(notice, &notifier), None);
}

fn objection(answer: Answer) -> Verdict {
    let finding = Finding {
        rule: "g/rule".into(),
        answer,
        severity: Severity::High,
        detail: "no".into(),
        remedy: None,
        command: None,
    };
    Verdict { findings: vec![finding] }
}
