//! Jobs, sessions and events as plugins reach them: each grant, each limit and each depth has a test that runs into it.
#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic names the line")]

use std::collections::BTreeSet;
use std::sync::Arc;

use instar_core::plan::{Action, Beginning, StepEvent};
use instar_plugin::{CallContext, Grant, Means, OperatorSays, OwnEvent, Plugins, Settings, TriggerOrder};
use instar_plugin_test::{Done, HostDouble};
use serde_json::{Value, json};

use crate::support::{self, call, load_with, request, source};

/// Of seven events every other one is of a type that the manifest names.
fn host() -> Arc<HostDouble> {
    let host = HostDouble::new().with_job("chain").with_job("other").with_job("made-up").with_session("s", "of\ns");
    let kinds = (1..=7).map(|seq: u64| if seq.is_multiple_of(2) { "job_completed" } else { "message_spoken" });
    Arc::new(kinds.fold(host, |host, kind| host.with_event(kind, "", &json!({}))))
}

fn granted(rights: &[&str], host: &Arc<HostDouble>) -> Settings {
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
    let host = host();
    let plugins = load_with(&["tiny-host"], granted(&ALL, &host));
    let reads = json!(["jobs", { "job": "other" }, { "job": "no" }, { "output": "s" }, "newest", { "since": 1 }]);
    let answers = run(&plugins, &call(), reads).await;
    let kinds = "job_completed,job_completed,job_completed";
    assert_eq!(answers, format!("chain,other,made-up; script; none; s; true; {kinds}"));
    assert_eq!(host.done(), Done::default());
    let writes = json!([{ "trigger": "chain" }, { "trigger": "made-up" }, { "send": ["s", "hi"] }, { "emit": ["seen", "{\"a\":1}"] }]);
    assert_eq!(run(&plugins, &call(), writes).await, "begun; begun; sent; noted");
    let order = |slug: &str| TriggerOrder {
        plugin: "tiny-host".parse().unwrap(),
        slug: slug.to_owned(),
        reason: "because of this".to_owned(),
        depth: 1,
    };
    let done = host.done();
    assert_eq!(done.triggered, [order("chain"), order("made-up")]);
    assert_eq!(done.typed, [("s".to_owned(), "hi".to_owned())]);
    let [OwnEvent { plugin, name, summary, metadata }] = done.noted.as_slice() else { panic!("{done:?}") };
    let noted = (plugin.as_str(), name.as_str(), summary.as_str(), metadata);
    assert_eq!(noted, ("tiny-host", "seen", "something happened", &json!({ "a": 1 })));
}

#[tokio::test]
async fn what_was_not_granted_or_not_named_is_refused() {
    let host = host();
    let plugins = load_with(&["tiny-host"], granted(&["jobs", "sessions", "events"], &host));
    let writes = json!([{ "trigger": "chain" }, { "send": ["s", "hi"] }, { "emit": ["seen", ""] }, "jobs"]);
    assert_eq!(run(&plugins, &call(), writes).await, "not-allowed; not-allowed; not-allowed; chain,other,made-up");
    let plugins = load_with(&["tiny-host"], granted(&ALL, &host));
    assert_eq!(
        run(&plugins, &call(), json!([{ "trigger": "other" }])).await,
        "not-allowed",
        "its manifest names others"
    );
    assert_eq!(host.done(), Done::default());
}

#[tokio::test]
async fn a_preview_does_nothing() {
    let host = host();
    let plugins = load_with(&["tiny-host"], granted(&ALL, &host));
    let job = json!({ "type": "tiny-host", "do": [{ "trigger": "chain" }, "sessions", "newest"] }).to_string();
    let Beginning::Work(answers) = plugins.plan("tiny-host", &call(), &request(&job)).await.unwrap() else { panic!() };
    assert_eq!(answers, "not-allowed; not-allowed; not-allowed");
    assert_eq!(host.done(), Done::default());
}

#[tokio::test]
async fn runs_that_plugins_started_start_others_only_so_deep() {
    let host = host();
    let plugins = load_with(&["tiny-host"], granted(&ALL, &host));
    for (depth, answer) in [(0, "begun"), (2, "begun"), (3, "too-deep"), (9, "too-deep")] {
        let call = CallContext { depth, ..call() };
        assert_eq!(run(&plugins, &call, json!([{ "trigger": "chain" }])).await, answer, "{depth}");
    }
    let depths: Vec<_> = host.done().triggered.iter().map(|order| order.depth).collect();
    assert_eq!(depths, [1, 3]);
}

#[tokio::test]
async fn each_is_done_as_often_as_the_manifest_says() {
    let host = host();
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
    let host = host();
    let mut settings = granted(&ALL, &host);
    settings.means = Means::default();
    let plugins = load_with(&["tiny-host"], settings);
    let asks = json!(["jobs", "sessions", "newest", { "trigger": "chain" }]);
    assert_eq!(run(&plugins, &call(), asks).await, "unavailable; unavailable; unavailable; unavailable");
}

#[tokio::test]
async fn too_large_and_nameless_things_are_refused() {
    let host = host();
    let plugins = load_with(&["tiny-host"], granted(&ALL, &host));
    let asks = json!([{ "send": ["s", ""] }, { "emit": ["Not a name", ""] }, { "emit": ["a", "[]"] }]);
    assert_eq!(run(&plugins, &call(), asks).await, "too-large; bad-event; bad-event");
}
