//! Misbehaving components: the run says which plugin and why, and the host goes on.

use instar_tests::{Agent, Server};
use serde_json::{Value, json};

fn job(slug: &str, execute_type: &str) -> Value {
    json!({"slug": slug, "name": slug, "schedule": "@yearly", "execute": {"type": execute_type, "value": "echo fine"}})
}

fn start_with(components: &[&str], jobs: &Value) -> (Agent, Server) {
    let agent = Agent::new();
    for name in components {
        agent.install(name);
    }
    agent.write_jobs(jobs);
    let server = agent.start();
    (agent, server)
}

#[test]
fn each_misbehaving_execute_type_is_named_with_its_own_code_and_the_host_goes_on() {
    let bad = [
        ("bad-traps", "trap"),
        ("bad-spins", "timeout"),
        ("bad-eats-memory", "memory-limit"),
        ("bad-huge-answer", "output-too-large"),
        ("bad-invalid-answer", "invalid-output"),
    ];
    let names: Vec<&str> = bad.iter().map(|(name, _)| *name).collect();
    let mut jobs: Vec<Value> = names.iter().map(|name| job(name, name)).collect();
    jobs.push(job("fine", "script"));
    let (_agent, server) = start_with(&names, &json!(jobs));
    for (name, code) in bad {
        let run = server.ended_run(&server.trigger(name));
        assert_eq!(
            (&run["outcome"], &run["result"]),
            (&json!("needs-attention"), &json!("failure")),
            "{name}: {run:#}"
        );
        let cause = run["cause"].as_str().unwrap_or_default();
        assert!(cause.contains(name) && cause.contains(&format!("({code})")), "{name}: {cause}");
    }
    let run = server.ended_run(&server.trigger("fine"));
    assert_eq!(run["outcome"], "succeeded", "{run:#}");
}

#[test]
fn execute_type_that_refuses_the_job_fails_it_with_its_own_words() {
    let (_agent, server) = start_with(&["bad-fails"], &json!([job("a", "bad-fails")]));
    let run = server.ended_run(&server.trigger("a"));
    assert_eq!(run["outcome"], "failed", "{run:#}");
    assert!(run["cause"].as_str().is_some_and(|cause| cause.contains("bad-fails")), "{run:#}");
}

#[test]
fn component_that_imports_what_it_may_not_is_not_loaded_and_its_job_says_so() {
    let (_agent, server) =
        start_with(&["bad-imports-files"], &json!([job("a", "bad-imports-files"), job("fine", "script")]));
    let plugins = server.client().get("/plugins").json;
    let problem = plugins["problems"]
        .as_array()
        .and_then(|problems| problems.iter().find(|each| each["code"] == "import-denied"));
    let problem = problem.unwrap_or_else(|| panic!("{plugins:#}"));
    assert_eq!(problem["plugin"], "bad-imports-files");
    assert!(problem["message"].as_str().is_some_and(|message| message.contains("wasi:filesystem")), "{plugins:#}");
    let run = server.ended_run(&server.trigger("a"));
    assert!(run["cause"].as_str().is_some_and(|cause| cause.contains("`bad-imports-files`")), "{run:#}");
    assert_eq!(server.ended_run(&server.trigger("fine"))["outcome"], "succeeded");
}

#[test]
fn job_with_an_execute_type_that_nobody_offers_says_so() {
    let (_agent, server) = start_with(&[], &json!([job("a", "dance")]));
    let run = server.ended_run(&server.trigger("a"));
    assert_eq!((&run["outcome"], &run["result"]), (&json!("failed"), &json!("failure")));
    assert!(run["cause"].as_str().is_some_and(|cause| cause.contains("`dance`")), "{run:#}");
}

#[test]
fn file_that_is_no_component_is_reported_by_name_and_the_host_goes_on() {
    let agent = Agent::new();
    agent.write(".instar/plugins/garbage.wasm", "not wasm at all");
    agent.write_jobs(&json!([job("fine", "script")]));
    let server = agent.start();
    let plugins = server.client().get("/plugins").json;
    assert_eq!(plugins["problems"][0]["code"], "not-a-component", "{plugins:#}");
    assert!(plugins["problems"][0]["plugin"].as_str().is_some_and(|name| name.contains("garbage")), "{plugins:#}");
    assert_eq!(server.ended_run(&server.trigger("fine"))["outcome"], "succeeded");
}

#[test]
fn run_guard_denies_by_name_and_the_run_never_starts() {
    let (_agent, server) = start_with(&["tiny-run-guard"], &json!([job("deny-me", "script"), job("fine", "script")]));
    let run = server.ended_run(&server.trigger("deny-me"));
    assert_eq!((&run["status"], &run["skipped"]), (&json!("skipped"), &json!("denied")), "{run:#}");
    assert!(run["detail"].as_str().is_some_and(|detail| detail.contains("tiny-run-guard/")), "{run:#}");
    assert_eq!(run["session"], Value::Null);
    assert_eq!(server.ended_run(&server.trigger("fine"))["outcome"], "succeeded");
}

#[test]
fn run_guard_that_traps_or_spins_denies() {
    for (name, code) in [("bad-guard-traps", "trap"), ("bad-guard-spins", "timeout")] {
        let (_agent, server) = start_with(&[name], &json!([job("a", "script")]));
        let run = server.ended_run(&server.trigger("a"));
        assert_eq!((&run["status"], &run["skipped"]), (&json!("skipped"), &json!("denied")), "{name}: {run:#}");
        let detail = run["detail"].as_str().unwrap_or_default();
        assert!(detail.contains(name) && detail.contains(code), "{name}: {detail}");
    }
}

#[test]
fn notifier_is_told_of_the_end_of_a_run() {
    let (_agent, server) = start_with(&["tiny-notifier"], &json!([job("fine", "script")]));
    server.ended_run(&server.trigger("fine"));
    let delivered = "/events?type=notice_delivered";
    let events =
        instar_tests::until("the delivery", || server.client().get(delivered).json, |events| events[0].is_object());
    assert_eq!(events[0]["metadata"]["notifier"], "tiny-notifier", "{events:#}");
}

#[test]
fn inspection_says_what_a_component_may_do_without_a_server() {
    let agent = Agent::new();
    let inspect = |plugin: &str| {
        let done = agent.instar(&["plugin", "inspect", plugin, "--json"]);
        let report: Value = serde_json::from_slice(&done.stdout).unwrap_or_else(|_| panic!("{done:?}"));
        (done.status.code(), report)
    };
    let (exit, report) = inspect("execute-prompt");
    assert_eq!((exit, &report["executeType"], &report["problem"]), (Some(0), &json!("prompt"), &json!(null)));
    assert!(report["imports"].as_array().is_some_and(|imports| imports.iter().all(|import| import["allowed"] == true)));
    let file = instar_tests::component("bad-imports-files").display().to_string();
    let (exit, report) = inspect(&file);
    assert_eq!((exit, &report["problem"]["code"]), (Some(1), &json!("import-denied")), "{report:#}");
    assert!(report["imports"].to_string().contains("a right that no plugin has"), "{report:#}");
    agent.write("notes.wasm", "no component");
    assert_eq!(inspect(&agent.path("notes.wasm").display().to_string()).1["problem"]["code"], "not-a-component");
    assert_eq!(agent.instar(&["plugin", "inspect", "nobody"]).status.code(), Some(3));
}
