//! Jobs, sessions and events as plugins reach them: each grant, each limit and each depth has a test that runs into it.
#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic names the line")]

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use instar_core::id::PluginId;
use instar_core::plan::{Action, Beginning, StepEvent};
use instar_plugin::{
    Answered, CallContext, EventSeen, Events, Grant, JobStanding, Jobs, Means, OperatorSays, OwnEvent, Plugins,
    SessionStanding, SessionsOfHost, Settings, TriggerOrder, Triggered,
};
use serde_json::{Value, json};

use crate::support::{self, call, load_with, request, source};

/// What was done, in order.
#[derive(Debug, Default)]
struct Host(Mutex<Vec<String>>);

impl Host {
    fn note(&self, what: String) {
        self.0.lock().unwrap().push(what);
    }

    fn done(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Jobs for Host {
    fn jobs(&self) -> Answered<'_, Vec<JobStanding>> {
        let job = |slug: &str| JobStanding {
            slug: slug.to_owned(),
            name: slug.to_owned(),
            schedule: "@daily".to_owned(),
            execute_type: "script".to_owned(),
            enabled: true,
            paused: false,
            running: false,
            last_result: None,
            last_run_ms: None,
            next_run_ms: Some(1),
        };
        let jobs = vec![job("chain"), job("other")];
        Box::pin(async move { Ok(jobs) })
    }

    fn trigger(&self, order: TriggerOrder) -> Answered<'_, Triggered> {
        self.note(format!("{} {} {} {}", order.plugin, order.slug, order.depth, order.reason));
        Box::pin(async { Ok(Triggered::Begun("r".to_owned())) })
    }
}

impl SessionsOfHost for Host {
    fn sessions(&self, _: usize) -> Answered<'_, Vec<SessionStanding>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn output<'a>(&'a self, session: &'a str, lines: usize) -> Answered<'a, String> {
        Box::pin(async move { Ok(format!("{lines} of {session}")) })
    }

    fn send<'a>(&'a self, plugin: &'a PluginId, session: &'a str, text: String) -> Answered<'a, ()> {
        self.note(format!("{plugin} {session} {text}"));
        Box::pin(async { Ok(()) })
    }
}

impl Events for Host {
    fn newest(&self) -> Answered<'_, u64> {
        Box::pin(async { Ok(7) })
    }

    /// Seven, every other of which is of a type that the manifest names.
    fn after(&self, seq: u64, limit: u32) -> Answered<'_, Vec<EventSeen>> {
        let event = |seq: u64| EventSeen {
            seq,
            at_ms: 0,
            kind: if seq.is_multiple_of(2) { "job_completed".to_owned() } else { "message_spoken".to_owned() },
            summary: String::new(),
            run: None,
            metadata_json: "{}".to_owned(),
        };
        Box::pin(async move { Ok((seq + 1..=7).map(event).take(limit as usize).collect()) })
    }

    fn emit(&self, own: OwnEvent) -> Answered<'_, ()> {
        self.note(format!("{} {} {} {}", own.plugin, own.name, own.summary, own.metadata));
        Box::pin(async { Ok(()) })
    }
}

fn granted(rights: &[&str], host: &Arc<Host>) -> Settings {
    let allow: BTreeSet<String> = rights.iter().map(|right| (*right).to_owned()).collect();
    let grant = Grant { digest: format!("blake3:{}", source("tiny-host").digest), allow };
    let mut settings = support::settings();
    let says = OperatorSays { grant: Some(grant), ..OperatorSays::default() };
    settings.operator.insert("tiny-host".parse().unwrap(), says);
    settings.means = Means {
        jobs: Some(host.clone()),
        sessions: Some(host.clone()),
        events: Some(host.clone()),
        ..Means::default()
    };
    settings
}

const ALL: [&str; 6] = ["jobs", "jobs-trigger", "sessions", "sessions-write", "events", "events-emit"];

/// What the step ends with, which is what it was answered.
async fn run(plugins: &Plugins, call: &CallContext, deeds: Value) -> String {
    let job = json!({ "type": "tiny-host", "do": deeds }).to_string();
    let asked = vec![StepEvent::Requested(request(&job))];
    let result = plugins.step("tiny-host", call, Vec::new(), asked).await.unwrap();
    match result.actions.as_slice() {
        [Action::Finish { message, .. }] => message.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_was_granted_is_done_in_the_plugins_name() {
    let host = Arc::new(Host::default());
    let plugins = load_with(&["tiny-host"], granted(&ALL, &host));
    let reads = json!(["jobs", { "job": "other" }, { "job": "no" }, { "output": "s" }, "newest", { "since": 1 }]);
    let answers = run(&plugins, &call(), reads).await;
    let kinds = "job_completed,job_completed,job_completed";
    assert_eq!(answers, format!("chain,other; script; none; 1 of s; true; {kinds}"));
    assert_eq!(host.done(), Vec::<String>::new());
    let writes = json!([{ "trigger": "chain" }, { "trigger": "made-up" }, { "send": ["s", "hi"] }, { "emit": ["seen", "{\"a\":1}"] }]);
    assert_eq!(run(&plugins, &call(), writes).await, "begun; begun; sent; noted");
    assert_eq!(
        host.done(),
        [
            "tiny-host chain 1 because of this",
            "tiny-host made-up 1 because of this",
            "tiny-host s hi",
            "tiny-host seen something happened {\"a\":1}"
        ]
    );
}

#[tokio::test]
async fn what_was_not_granted_or_not_named_is_refused() {
    let host = Arc::new(Host::default());
    let plugins = load_with(&["tiny-host"], granted(&["jobs", "sessions", "events"], &host));
    let writes = json!([{ "trigger": "chain" }, { "send": ["s", "hi"] }, { "emit": ["seen", ""] }, "jobs"]);
    assert_eq!(run(&plugins, &call(), writes).await, "not-allowed; not-allowed; not-allowed; chain,other");
    let plugins = load_with(&["tiny-host"], granted(&ALL, &host));
    assert_eq!(
        run(&plugins, &call(), json!([{ "trigger": "other" }])).await,
        "not-allowed",
        "its manifest names others"
    );
    assert_eq!(host.done(), Vec::<String>::new());
}

#[tokio::test]
async fn a_preview_does_nothing() {
    let host = Arc::new(Host::default());
    let plugins = load_with(&["tiny-host"], granted(&ALL, &host));
    let job = json!({ "type": "tiny-host", "do": [{ "trigger": "chain" }, "sessions", "newest"] }).to_string();
    let Beginning::Work(answers) = plugins.plan("tiny-host", &call(), &request(&job)).await.unwrap() else { panic!() };
    assert_eq!(answers, "not-allowed; not-allowed; not-allowed");
    assert_eq!(host.done(), Vec::<String>::new());
}

#[tokio::test]
async fn runs_that_plugins_started_start_others_only_so_deep() {
    let host = Arc::new(Host::default());
    let plugins = load_with(&["tiny-host"], granted(&ALL, &host));
    for (depth, answer) in [(0, "begun"), (2, "begun"), (3, "too-deep"), (9, "too-deep")] {
        let call = CallContext { depth, ..call() };
        assert_eq!(run(&plugins, &call, json!([{ "trigger": "chain" }])).await, answer, "{depth}");
    }
    let depths: Vec<_> = host.done().iter().map(|done| done.split(' ').nth(2).unwrap().to_owned()).collect();
    assert_eq!(depths, ["1", "3"]);
}

#[tokio::test]
async fn each_is_done_as_often_as_the_manifest_says() {
    let host = Arc::new(Host::default());
    let plugins = load_with(&["tiny-host"], granted(&ALL, &host));
    let send = json!({ "send": ["s", "hi"] });
    assert_eq!(run(&plugins, &call(), json!([send, send, send])).await, "sent; sent; rate-limited");
    let emit = json!({ "emit": ["seen", ""] });
    assert_eq!(run(&plugins, &call(), json!([emit, emit, emit])).await, "noted; noted; rate-limited");
    let trigger = json!({ "trigger": "chain" });
    let answers = run(&plugins, &call(), json!([trigger, trigger, trigger, trigger, trigger, trigger])).await;
    assert_eq!(answers, "begun; begun; begun; begun; begun; rate-limited");
}

#[tokio::test]
async fn where_no_server_runs_there_is_nobody_to_ask() {
    let host = Arc::new(Host::default());
    let mut settings = granted(&ALL, &host);
    settings.means = Means::default();
    let plugins = load_with(&["tiny-host"], settings);
    let asks = json!(["jobs", "sessions", "newest", { "trigger": "chain" }]);
    assert_eq!(run(&plugins, &call(), asks).await, "unavailable; unavailable; unavailable; unavailable");
}

#[tokio::test]
async fn too_large_and_nameless_things_are_refused() {
    let host = Arc::new(Host::default());
    let plugins = load_with(&["tiny-host"], granted(&ALL, &host));
    let asks = json!([{ "send": ["s", ""] }, { "emit": ["Not a name", ""] }, { "emit": ["a", "[]"] }]);
    assert_eq!(run(&plugins, &call(), asks).await, "too-large; bad-event; bad-event");
}
