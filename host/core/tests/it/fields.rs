//! Each field of a job changes what follows from it. The list is the table itself, so a row without an arm fails.

use instar_core::decide::What;
use instar_core::event::Fact;
use instar_core::grounding::{ContextFile, Grounding, preamble};
use instar_core::job::fields::{FIELDS, Field};
use instar_core::plan::EndCause;
use instar_core::run::{Phase, RunRequest};
use serde_json::{Value, json};

use crate::world::World;

fn base() -> Value {
    json!({"slug": "a", "name": "A", "schedule": "30 12 * * *", "execute": {"type": "script", "value": "x"}})
}

fn with(field: &Field) -> Value {
    let mut job = base();
    let place = field.name.split('.').fold(&mut job, |place, part| &mut place[part]);
    *place = field.example_value();
    job
}

/// The only job of a host, and its slug.
fn world(job: &Value) -> (World, String) {
    let slug = job["slug"].as_str().expect("it has a slug").to_owned();
    (World::with_notifier(std::slice::from_ref(job), "tells"), slug)
}

/// What a run is asked for by.
fn request(job: &Value) -> RunRequest {
    let (mut world, slug) = world(job);
    let run = world.trigger(&slug);
    let requested = world.events.iter().find_map(|event| match &event.fact {
        Fact::RunRequested { run: id, request, .. } if *id == run => Some((**request).clone()),
        _ => None,
    });
    requested.expect("the run was requested")
}

/// The facts that follow when the job is triggered while it runs, by name.
fn second_trigger(job: &Value) -> Vec<String> {
    let (mut world, slug) = world(job);
    let first = world.trigger(&slug);
    world.start(first);
    let before = world.events.len();
    world.trigger(&slug);
    world.events[before..].iter().map(|event| event.fact.kind().to_owned()).collect()
}

/// The facts that follow a trigger, by name.
fn first_facts(job: &Value) -> String {
    let (mut world, slug) = world(job);
    let before = world.events.len();
    world.trigger(&slug);
    world.events[before..].iter().map(|event| event.fact.kind()).collect::<Vec<_>>().join(" ")
}

fn deadline(job: &Value) -> String {
    let (mut world, slug) = world(job);
    let run = world.trigger(&slug);
    world.start(run);
    match &world.state.run(run).expect("it is open").phase {
        Phase::Running { deadline, .. } => format!("{deadline:?}"),
        other => panic!("{other:?}"),
    }
}

fn notices(job: &Value) -> usize {
    let (mut world, slug) = world(job);
    let run = world.trigger(&slug);
    world.run_to_end(run, EndCause::Exit(0));
    world.count(|fact| matches!(fact, Fact::NoticeRaised { .. }))
}

/// What runs after three days off.
fn caught_up(job: &Value) -> String {
    let mut world = world(job).0;
    world.restart_after(3 * 24 * 60);
    format!("{:?}", world.due_times_run())
}

/// The wait before each further attempt at a run that always fails.
fn tries(job: &Value) -> String {
    let mut job = job.clone();
    if job["retry"].is_null() {
        job["retry"] = json!({});
    }
    if job["retry"]["attempts"].is_null() {
        job["retry"]["attempts"] = 10.into();
    }
    let (mut world, slug) = world(&job);
    world.fail(&slug);
    let mut waits = Vec::new();
    loop {
        let due = world.state.planned_retries().next().map(|retry| retry.due);
        let Some(due) = due else { return format!("{waits:?}") };
        waits.push(due.duration_since(world.now).as_secs());
        world.now = due;
        world.tell(What::Ticked);
        let run = world.only_run();
        world.fail_run(run);
    }
}

/// How often it fails before it is paused; 20 where it never is.
fn paused_after(job: &Value) -> usize {
    let (mut world, slug) = world(job);
    let parsed = slug.parse().expect("a slug");
    let fails = (1..20).find(|_| {
        world.fail(&slug);
        world.state.own_pause(Some(&parsed)).is_some()
    });
    fails.unwrap_or(20)
}

/// The titles of the notices about a job that fails often, is paused, and succeeds.
fn told_in_a_life(job: &Value) -> String {
    let mut job = job.clone();
    job["pauseAfterFailures"] = 4.into();
    let (mut world, slug) = world(&job);
    for _ in 0..4 {
        world.fail(&slug);
    }
    let parsed = Some(slug.parse().expect("a slug"));
    world.tell(What::ResumeAsked { slug: parsed, by: "test".into() });
    for _ in 0..2 {
        let run = world.trigger(&slug);
        world.run_to_end(run, EndCause::Exit(0));
    }
    world.titles().join("; ")
}

/// The chats that its notices are for, where Ada has one.
fn told_where(job: &Value) -> String {
    let (mut world, slug) = world(job);
    world.know_ada("tells", "7");
    let run = world.trigger(&slug);
    world.run_to_end(run, EndCause::Exit(0));
    format!("{:?}", world.told().into_iter().map(|(_, notice)| notice.to.clone()).collect::<Vec<_>>())
}

/// Who leaves the queue first, when another job of normal priority was there before.
fn queue(job: &Value) -> Vec<String> {
    let other = |slug: &str| json!({"slug": slug, "name": "O", "schedule": "@daily", "execute": base()["execute"]});
    let mut world = World::new(&[other("one"), other("two"), other("three"), job.clone()]);
    for slug in ["one", "two", "three", "a"] {
        world.trigger(slug);
    }
    world.queue().into_iter().map(str::to_owned).collect()
}

/// What stands before the task, with all files there.
fn told(job: &Value) -> String {
    let grounding = request(job).grounding;
    let names = grounding.iter().flat_map(Grounding::files);
    let file = |name: &str| ContextFile { name: name.to_owned(), content: Ok("text".to_owned()) };
    let files: Vec<ContextFile> = names.map(file).collect();
    let run = "01970000-0000-7000-8000-000000000001".parse().expect("it is an id");
    // That there is a grounding at all is told, too.
    preamble(run, Some(&grounding.clone().unwrap_or_default()), &files, None)
}

/// When it is due next, after ten runs that found nothing to do.
fn tuned(job: &Value) -> String {
    let mut job = job.clone();
    job["schedule"] = "*/10 * * * *".into();
    let mut world = world(&job).0;
    for _ in 0..10 {
        world.report_work("a", 0.0, 0.0);
    }
    format!("{:?}", world.next_of("a"))
}

/// What the field is for, seen from outside.
fn effect(field: &Field, job: &Value) -> String {
    match field.name {
        "slug" => format!("{:?}", world(job).0.state.jobs().next().map(|entry| entry.job.slug.clone())),
        "name" => request(job).job_name,
        // It is shown, and nothing else.
        "description" => format!("{:?}", world(job).0.state.jobs().next().map(|entry| entry.job.definition.clone())),
        "schedule" | "timezone" => format!("{:?}", world(job).0.next_of("a")),
        "priority" => queue(job).join(" "),
        "model" => request(job).step.model,
        "enabled" => format!("{:?}", world(job).0.next_of("a")),
        "overlap" => second_trigger(job).join(" "),
        "timeoutMinutes" => deadline(job),
        "telegramNotify" => notices(job).to_string(),
        "missed" => caught_up(job),
        "retry.attempts" | "retry.backoffSeconds" | "retry.maxBackoffSeconds" | "retry.on" => tries(job),
        "pauseAfterFailures" => paused_after(job).to_string(),
        "notify.start" | "notify.completion" | "notify.failure" | "notify.alert" | "notify.recovery"
        | "notify.pause" => told_in_a_life(job),
        "notify.to" => told_where(job),
        "gate" => first_facts(job),
        "gateTimeoutSeconds" => {
            let mut job = job.clone();
            job["gate"] = "true".into();
            format!("{:?}", request(&job).admission.gate)
        }
        "tags" => format!("{:?}", request(job).admission.tags),
        "jitterSeconds" => {
            let (world, _) = world(job);
            format!("{:?}", world.state.next_start(world.now))
        }
        "budget.runsPerDay" | "budget.tokensPerDay" | "budget.costPerDayUsd" => {
            format!("{:?}", request(job).admission.budget)
        }
        "grounding.requiresIdentity"
        | "grounding.contextFiles"
        | "grounding.questions"
        | "grounding.processesExternalInput" => told(job),
        "autoTune" => tuned(job),
        "supervision" => format!("{:?}", request(job).supervision),
        "execute.type" => request(job).execute_type,
        "execute.value" | "execute.args" => request(job).step.execute_json,
        other => panic!("no test shows what `{other}` changes: it needs an arm here"),
    }
}

#[test]
fn each_field_changes_what_it_says_it_changes() {
    for field in FIELDS {
        let (before, after) = (effect(field, &base()), effect(field, &with(field)));
        assert_ne!(before, after, "`{}` changes nothing", field.name);
    }
}
