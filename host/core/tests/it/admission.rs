//! Who may start, and when: gates, tags, ageing, jitter, quota and budgets.

use crate::world::{World, job};
use instar_core::budget::{Budget, Taken};
use instar_core::decide::{Effect, What};
use instar_core::event::Fact;
use instar_core::gate::{GateAnswer, GateEnd};
use instar_core::id::{JobSlug, RunId};
use instar_core::job::{Job, Model};
use instar_core::plan::{Action, EndCause, StepResult, Usage};
use instar_core::quota::{QuotaReading, QuotaRules};
use instar_core::run::{Outcome, Phase, SkipReason};
use instar_core::verdict::{Answer, Finding, Severity, Verdict};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

fn with(slug: &str, fields: Value) -> Value {
    let mut definition = job(slug, "@yearly");
    let fields = fields.as_object().expect("more fields").clone();
    definition.as_object_mut().expect("a job").extend(fields);
    definition
}

fn answer(world: &mut World, run: RunId, answer: GateAnswer) {
    let end = GateEnd { answer, duration_ms: 20, output: "three mails".into() };
    world.tell(What::GateEnded { run, end });
}

fn quota(world: &mut World, week: f64, five_hours: f64) {
    let text = json!({"usagePercent": week, "fiveHourPercent": five_hours, "lastUpdated": world.now}).to_string();
    world.tell(What::QuotaRead(QuotaReading::parse(&text)));
}

fn admitted(world: &World, run: RunId) -> bool {
    world.count(|fact| matches!(fact, Fact::RunAdmitted { run: admitted, .. } if *admitted == run)) == 1
}

#[test]
fn a_gate_is_asked_before_a_place_is_taken_and_holds_nobody_up() {
    let mut world = World::new(&[with("gated", json!({"gate": "./any"})), job("a", "@yearly"), job("b", "@yearly")]);
    let gated = world.trigger("gated");
    world.expect_effect(&Effect::AskGate { run: gated });
    assert_eq!(world.state.free_places(), 2, "a gate holds no place");
    let (a, b) = (world.trigger("a"), world.trigger("b"));
    assert!(admitted(&world, a) && admitted(&world, b));
    answer(&mut world, gated, GateAnswer::Go);
    assert_eq!(world.queue(), ["gated"], "all places are taken");
    world.run_to_end(a, EndCause::Exit(0));
    world.tell(What::Ticked);
    assert!(admitted(&world, gated));
    assert_eq!(world.effects.iter().filter(|effect| matches!(effect, Effect::AskGate { .. })).count(), 1);
}

#[test]
fn a_gate_says_go_nothing_to_do_or_fails() {
    for (status, skips, outcomes) in [
        (0, vec![], vec![]),
        (1, vec![SkipReason::NothingToDo], vec![]),
        (2, vec![], vec![Outcome::Failed { cause: "its gate gave no answer: exit status 2".into() }]),
    ] {
        let mut world = World::new(&[with("gated", json!({"gate": "./any"}))]);
        let run = world.trigger("gated");
        answer(&mut world, run, GateAnswer::of_status(status));
        assert_eq!((admitted(&world, run), world.skips(), world.outcomes()), (status == 0, skips, outcomes));
        let failures = world.state.job_state(&"gated".parse().unwrap()).map_or(0, |state| state.consecutive_failures);
        assert_eq!(failures, u32::from(status == 2), "a gate that fails is a failure of its job");
    }
}

#[test]
fn a_gate_is_asked_anew_after_a_crash_and_no_more_once_its_run_was_stopped() {
    let mut world = World::new(&[with("gated", json!({"gate": "./any"}))]);
    let run = world.trigger("gated");
    world.effects.clear();
    world.tell(What::Booted { version: "0".into() });
    world.expect_effect(&Effect::AskGate { run });
    world.tell(What::StopAsked { run, by: "api".into() });
    assert_eq!(world.skips(), [SkipReason::Stopped { by: "api".into() }]);
    answer(&mut world, run, GateAnswer::Go);
    assert!(!admitted(&world, run));
}

#[test]
fn an_older_run_is_replaced_only_once_the_gate_says_go() {
    let mut world = World::new(&[with("gated", json!({"gate": "./any", "overlap": "replace"}))]);
    let older = world.trigger("gated");
    answer(&mut world, older, GateAnswer::Go);
    world.start(older);
    let newer = world.trigger("gated");
    answer(&mut world, newer, GateAnswer::Nothing);
    assert!(world.state.run(older).is_some_and(|run| run.stopping.is_none()));
    let newest = world.trigger("gated");
    answer(&mut world, newest, GateAnswer::Go);
    world.expect_effect(&Effect::Stop { run: older });
    assert!(world.state.run(newest).is_some_and(|run| run.phase == Phase::Queued), "it must not replace itself");
}

#[test]
fn runs_that_share_a_tag_share_its_limit() {
    let tagged = json!({"tags": ["one-of-two"]});
    let mut world = World::new(&[with("a", tagged.clone()), with("b", tagged), job("c", "@yearly")]);
    let (a, b, c) = (world.trigger("a"), world.trigger("b"), world.trigger("c"));
    assert!(admitted(&world, a) && !admitted(&world, b) && admitted(&world, c));
    world.run_to_end(c, EndCause::Exit(0));
    assert!(!world.wakes_now(), "a free place does not help as long as the other with its tag runs");
    world.run_to_end(a, EndCause::Exit(0));
    world.tell(What::Ticked);
    assert!(admitted(&world, b));
}

#[test]
fn waiting_is_worth_a_step_of_priority_each_quarter_of_an_hour_and_critical_goes_first() {
    let of = |slug, priority: &str| with(slug, json!({"priority": priority}));
    let mut world = World::new(&[
        job("x", "@yearly"),
        job("y", "@yearly"),
        of("low", "low"),
        of("early", "normal"),
        of("late", "normal"),
        of("high", "high"),
        of("critical", "critical"),
    ]);
    for slug in ["x", "y", "low", "early"] {
        world.trigger(slug);
    }
    world.now += SignedDuration::from_mins(16);
    world.trigger("late");
    world.now += SignedDuration::from_mins(13);
    for slug in ["high", "critical"] {
        world.trigger(slug);
    }
    assert_eq!(world.queue(), ["critical", "early", "high", "low", "late"]);
}

#[test]
fn a_clock_that_is_set_back_does_not_let_those_starve_who_wait() {
    let mut world = World::new(&["x", "y", "waits", "comes"].map(|slug| job(slug, "@yearly")));
    for slug in ["x", "y", "waits"] {
        world.trigger(slug);
    }
    world.now -= SignedDuration::from_hours(24 * 365);
    world.tell(What::Ticked);
    world.now += SignedDuration::from_mins(1);
    world.trigger("comes");
    assert_eq!(world.queue(), ["waits", "comes"]);
}

#[test]
fn quota_holds_back_by_priority_and_never_critical() {
    let priorities = ["critical", "high", "normal", "low"];
    for (week, five_hours, may) in [
        (49.9, 79.9, 4),
        (50.0, 0.0, 3),
        (70.0, 0.0, 2),
        (85.0, 0.0, 1),
        (100.0, 100.0, 1),
        (0.0, 80.0, 1),
        (250.0, 0.0, 1),
    ] {
        for (index, priority) in priorities.iter().enumerate() {
            let mut world = World::new(&[with("a", json!({"priority": priority}))]);
            quota(&mut world, week, five_hours);
            let run = world.trigger("a");
            assert_eq!(admitted(&world, run), index < may, "{priority} at {week} and {five_hours}");
            assert!(admitted(&world, run) || matches!(world.skips()[..], [SkipReason::Quota { .. }]));
        }
    }
}

#[test]
fn old_and_broken_quota_data_holds_nobody_back_and_people_are_told() {
    let mut world = World::new(&[with("a", json!({"priority": "low"})), job("beat", "* * * * *")]);
    quota(&mut world, 99.0, 99.0);
    world.trigger("a");
    world.now += SignedDuration::from_mins(31);
    world.tell(What::Ticked);
    world.tell(What::Ticked);
    assert_eq!(world.count(|fact| matches!(fact, Fact::QuotaStale { .. })), 1);
    let run = world.trigger("a");
    assert!(admitted(&world, run), "{:?}", world.skips());
    for broken in ["", "[", "{}", r#"{"usagePercent": "x", "lastUpdated": "2026-03-01T12:00:00Z"}"#] {
        let reading = QuotaReading::parse(broken);
        assert!(matches!(reading, QuotaReading::Broken(_)), "{broken:?} is {reading:?}");
        world.tell(What::QuotaRead(reading));
        assert_eq!(world.state.quota_in_force(world.now), None);
    }
}

#[test]
fn a_run_that_waited_is_held_back_by_the_quota_of_the_moment_it_could_start() {
    let mut world = World::new(&["a", "b", "waits"].map(|slug| job(slug, "@yearly")));
    let a = world.trigger("a");
    world.trigger("b");
    world.trigger("waits");
    quota(&mut world, 75.0, 0.0);
    world.run_to_end(a, EndCause::Exit(0));
    world.tell(What::Ticked);
    assert!(matches!(&world.skips()[..], [SkipReason::Quota { detail }] if detail.contains("75 %")));
}

#[test]
fn under_pressure_the_fall_back_is_taken_unless_the_job_asks_for_less() {
    let rules = QuotaRules { fallback: Some(Model::Sonnet), ..QuotaRules::default() };
    for (week, asked, expected) in [(10.0, "opus", "opus"), (60.0, "opus", "sonnet"), (60.0, "haiku", "haiku")] {
        let mut world = World::new(&[with("a", json!({"priority": "high", "model": asked}))]);
        world.state.limits.admission.quota = Some(rules);
        quota(&mut world, week, 0.0);
        let run = world.trigger("a");
        assert_eq!(world.state.run(run).unwrap().request.step.model, expected, "{asked} at {week}");
    }
}

fn use_up(world: &mut World, run: RunId, tokens: u64, micro_usd: u64) {
    let usage = Usage { output_tokens: Some(tokens), cost_micro_usd: Some(micro_usd), ..Usage::default() };
    world.start(run);
    world.tell(What::SessionEnded { run, end: crate::world::end(EndCause::Exit(0)) });
    let finish = Action::Finish { verdict: instar_core::plan::FinishVerdict::Succeeded, message: String::new() };
    let result = StepResult { state: vec![], actions: vec![Action::NoteUsage(usage), finish] };
    world.tell(What::Stepped { run, result: Ok(result) });
}

#[test]
fn budgets_of_a_job_and_of_all_are_used_up_and_begin_anew_with_the_day() {
    for budget in [json!({"runsPerDay": 1}), json!({"tokensPerDay": 700}), json!({"costPerDayUsd": 0.25})] {
        let mut world = World::new(&[with("a", json!({"budget": budget})), job("b", "@yearly")]);
        let run = world.trigger("a");
        use_up(&mut world, run, 700, 250_000);
        let refused = world.trigger("a");
        let is_budget = matches!(&world.skips()[..], [SkipReason::Budget { detail }] if detail.contains("the job"));
        assert!(is_budget && !admitted(&world, refused), "{budget}: {:?}", world.skips());
        let other = world.trigger("b");
        assert!(admitted(&world, other), "it is the budget of the other job");
        world.now = "2026-03-02T00:00:00Z".parse().unwrap();
        let tomorrow = world.trigger("a");
        assert!(admitted(&world, tomorrow), "{budget}: {:?}", world.skips());
    }
}

#[test]
fn all_jobs_share_the_budget_of_the_host_also_within_one_tick() {
    let mut world = World::new(&[job("a", "* * * * *"), job("b", "* * * * *")]);
    world.state.limits.admission.budget = Budget { runs: Some(1), ..Budget::default() };
    world.pass_minutes(1);
    assert!(matches!(&world.skips()[..], [SkipReason::Budget { detail }] if detail.contains("all jobs")));
    assert_eq!(world.count(|fact| matches!(fact, Fact::RunAdmitted { .. })), 1);
}

#[test]
fn jitter_puts_off_the_start_and_not_the_recorded_due_time() {
    let mut definition = job("beat", "0 * * * *");
    definition["jitterSeconds"] = json!(600);
    let mut world = World::new(&[definition]);
    let due: Timestamp = "2026-03-01T13:00:00Z".parse().unwrap();
    assert_eq!(world.next_of("beat"), Some(due));
    world.now = due;
    world.tell(What::Ticked);
    let fires_at = world.state.next_wake(due).unwrap();
    assert!(fires_at > due && fires_at < due + SignedDuration::from_secs(600), "{fires_at}");
    assert_eq!(world.state.open_runs().count(), 0);
    world.now = fires_at;
    world.tell(What::Ticked);
    let run = world.only_run();
    let at = world.state.run(run).unwrap().trigger.clone();
    assert_eq!(at, instar_core::run::Trigger::Scheduled { at: due, missed: false });
    assert_eq!(world.next_of("beat"), Some(due + SignedDuration::from_hours(1)));
}

#[test]
fn jitter_that_is_longer_than_the_schedule_passes_no_due_time_over() {
    let mut definition = job("beat", "* * * * *");
    (definition["jitterSeconds"], definition["overlap"]) = (json!(3600), json!("allow"));
    let mut world = World::new(&[definition]);
    for _ in 0..(30 * 60) {
        world.now += SignedDuration::from_secs(1);
        if world.wakes_now() {
            world.tell(What::Ticked);
        }
    }
    let requested = world.count(|fact| matches!(fact, Fact::RunRequested { .. }));
    assert!((29..=30).contains(&requested), "{requested} runs in half an hour");
}

#[track_caller]
fn check_refused(fields: Value, field: &str) {
    let problem = Job::parse(0, &with("a", fields.clone())).expect_err("it was taken");
    assert_eq!(problem.field.as_deref(), Some(field), "{fields}: {problem}");
    let whole = field.split('.').next().unwrap_or_default();
    assert!(problem.message.contains(&format!("\"{whole}\" must")), "{problem}");
}

#[test]
fn fields_of_the_wrong_kind_are_refused_by_name() {
    for gate in [json!(""), json!("  "), json!(1), json!(["x"])] {
        check_refused(json!({"gate": gate}), "gate");
    }
    for seconds in [json!(0), json!(-1), json!(3601), json!("10")] {
        check_refused(json!({"gate": "x", "gateTimeoutSeconds": seconds}), "gateTimeoutSeconds");
    }
    for tags in [json!("a"), json!([""]), json!([1]), json!({})] {
        check_refused(json!({"tags": tags}), "tags");
    }
    for jitter in [json!(-1), json!(1e9), json!(true)] {
        check_refused(json!({"jitterSeconds": jitter}), "jitterSeconds");
    }
    for budget in [json!(1), json!({"runs": 1})] {
        check_refused(json!({"budget": budget}), "budget");
    }
    check_refused(json!({"budget": {"runsPerDay": 1.5}}), "budget.runsPerDay");
    check_refused(json!({"budget": {"costPerDayUsd": -1}}), "budget.costPerDayUsd");
    let job = Job::parse(0, &with("a", json!({"gate": null, "tags": null, "budget": {}, "jitterSeconds": 0}))).unwrap();
    assert_eq!((job.admission, job.jitter), (Default::default(), Some(SignedDuration::ZERO)));
    let _: JobSlug = job.slug;
}

#[test]
fn what_jitter_puts_off_is_not_missed_also_where_missed_due_times_are_passed_over() {
    for number in 0..20 {
        let slug = format!("job-{number}");
        let mut definition = job(&slug, "0 * * * *");
        (definition["jitterSeconds"], definition["missed"]) = (json!(3600), json!("skip"));
        let mut world = World::new(&[definition]);
        let due: Timestamp = "2026-03-01T13:00:00Z".parse().unwrap();
        while world.now < due + SignedDuration::from_mins(30) {
            world.pass_minutes(1);
        }
        let run = world.only_run();
        let trigger = world.state.run(run).unwrap().trigger.clone();
        assert_eq!(trigger, instar_core::run::Trigger::Scheduled { at: due, missed: false }, "{slug}");
    }
}

#[test]
fn a_run_whose_job_is_paused_while_its_gate_is_asked_waits_for_the_end_of_the_pause() {
    let mut world = World::new(&[with("gated", json!({"gate": "./any"}))]);
    let run = world.trigger("gated");
    world.tell(What::PauseAsked { slug: "gated".parse().ok(), by: "cli".into(), reason: None });
    answer(&mut world, run, GateAnswer::Go);
    world.tell(What::Ticked);
    assert!(!admitted(&world, run) && world.queue() == ["gated"]);
    world.tell(What::ResumeAsked { slug: "gated".parse().ok(), by: "cli".into() });
    world.tell(What::Ticked);
    assert!(admitted(&world, run));
}

fn levels(world: &World) -> Vec<String> {
    world.titles().into_iter().filter(|title| title.starts_with("Quota")).collect()
}

#[test]
fn each_level_of_quota_is_told_once_until_it_was_left_also_over_restarts() {
    let mut world = World::with_notifier(&[job("a", "@yearly")], "tells");
    for week in [60.0, 71.0, 72.0, 84.9, 85.0, 84.5, 85.5] {
        quota(&mut world, week, 10.0);
    }
    assert_eq!(levels(&world), ["Quota: 70 % of the week", "Quota: 85 % of the week"]);
    world.restart_after(1);
    quota(&mut world, 86.0, 10.0);
    assert_eq!(levels(&world).len(), 2, "a restart forgets nothing");
    quota(&mut world, 3.0, 96.0);
    quota(&mut world, 71.0, 20.0);
    assert_eq!(levels(&world)[2..], ["Quota: 95 % of the five hours", "Quota: 70 % of the week"]);
}

#[test]
fn old_quota_data_and_data_that_nobody_heeds_alarm_nobody() {
    let mut world = World::with_notifier(&[job("a", "@yearly")], "tells");
    world.now += SignedDuration::from_hours(2);
    let old = json!({"usagePercent": 99, "lastUpdated": world.now - SignedDuration::from_hours(1)}).to_string();
    world.tell(What::QuotaRead(QuotaReading::parse(&old)));
    world.state.limits.admission.quota = None;
    quota(&mut world, 97.0, 97.0);
    assert_eq!(levels(&world), [] as [String; 0]);
}

#[test]
fn under_memory_pressure_what_matters_less_does_not_start_and_says_so() {
    let high = with("high", json!({"priority": "high"}));
    let critical = with("critical", json!({"priority": "critical"}));
    let mut world = World::with_notifier(&[job("a", "@yearly"), high, critical], "tells");
    let trigger = |world: &mut World| {
        ["a", "high", "critical"].map(|slug| {
            let run = world.trigger(slug);
            let is_admitted = admitted(world, run);
            world.tell(What::StopAsked { run, by: "test".into() });
            if is_admitted {
                world.tell(What::Judged { run, verdict: instar_core::verdict::Verdict::pass() });
            }
            is_admitted
        })
    };
    for (used, may_start) in
        [(60.0, [true, true, true]), (80.0, [false, true, true]), (95.0, [false, false, true]), (50.0, [true; 3])]
    {
        world.tell(What::MemoryRead { used_percent: used });
        assert_eq!(trigger(&mut world), may_start, "at {used} %");
    }
    let memory: Vec<_> = world.titles().into_iter().filter(|title| title.starts_with("Memory")).collect();
    assert_eq!(memory, ["Memory: elevated pressure", "Memory: critical pressure"]);
    assert!(world.skips().iter().any(|skip| skip.as_str() == "memory"));
}

#[test]
fn sums_of_a_day_are_those_of_that_day_when_the_clock_goes_back_to_it() {
    let mut world = World::new(&[with("a", json!({"budget": {"runsPerDay": 2}}))]);
    let run = |world: &mut World| {
        let run = world.trigger("a");
        let is_admitted = admitted(world, run);
        if is_admitted {
            world.run_to_end(run, EndCause::Exit(0));
        }
        is_admitted
    };
    assert!(run(&mut world));
    world.now += SignedDuration::from_hours(24);
    assert!(run(&mut world) && run(&mut world) && !run(&mut world), "the second day has two of its own");
    world.now -= SignedDuration::from_hours(24);
    world.tell(What::Ticked);
    assert!(run(&mut world) && !run(&mut world), "the first day had one left");
    world.now += SignedDuration::from_hours(24);
    assert!(!run(&mut world), "and the second none");
}

#[test]
fn each_day_is_remembered_with_what_it_took_and_a_run_that_guards_denied_took_nothing() {
    let mut world = World::new(&[with("a", json!({"budget": {"runsPerDay": 1}})), job("b", "@yearly")]);
    let denied = world.trigger("a");
    let finding = Finding {
        rule: "g/rule".into(),
        answer: Answer::Deny,
        severity: Severity::Low,
        detail: "not now".into(),
        remedy: None,
        command: None,
    };
    world.tell(What::Judged { run: denied, verdict: Verdict::deny(finding) });
    let run = world.trigger("a");
    assert!(admitted(&world, run), "the run that was denied used nothing up: {:?}", world.skips());
    world.now += SignedDuration::from_mins(90);
    use_up(&mut world, run, 700, 250_000);
    world.now += SignedDuration::from_hours(24);
    let other = world.trigger("b");
    world.run_to_end(other, EndCause::Exit(0));
    let days = world.state.taken_on_days(&"a".parse().unwrap(), world.now, 3);
    let dates: Vec<_> = days.iter().map(|day| day.date.to_string()).collect();
    assert_eq!(dates, ["2026-03-02", "2026-03-01", "2026-02-28"]);
    let first = Taken { runs: 1, tokens: 700, cost_micro_usd: 250_000, duration_ms: 90 * 60_000 };
    assert_eq!((days[1].by_job, days[1].by_all), (first, first));
    assert_eq!((days[0].by_job.runs, days[0].by_all.runs, days[2].by_all.runs), (0, 1, 0));
}
