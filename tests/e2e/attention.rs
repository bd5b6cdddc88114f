//! What people should look at, and what the host does by itself: the queue, the memory of the machine, and names.

use instar_tests::{Agent, until};
use serde_json::{Value, json};

fn said(agent: &Agent, arguments: &[&str]) -> Value {
    let done = agent.instar(&[arguments, &["--json"]].concat());
    assert!(done.status.success(), "{arguments:?}: {done:?}");
    serde_json::from_slice(&done.stdout).unwrap_or_else(|error| panic!("{error}: {done:?}"))
}

fn job(slug: &str, more: &Value) -> Value {
    let mut job = json!({
        "slug": slug, "name": slug, "schedule": "@yearly", "execute": {"type": "script", "value": "exit 3"}
    });
    let fields = more.as_object().expect("more fields").clone();
    job.as_object_mut().expect("a job").extend(fields);
    job
}

#[test]
fn the_queue_is_kept_over_restarts_and_works_from_the_command_line() {
    let agent = Agent::new();
    agent.write_jobs(&json!([job("fails", &json!({"pauseAfterFailures": 1}))]));
    let server = agent.start();
    let raised = said(
        &agent,
        &["attention", "add", "--id", "key/1", "--title", "Key", "--summary", "It expires", "--priority", "urgent"],
    );
    assert_eq!((&raised["status"], &raised["priority"]), (&json!("OPEN"), &json!("URGENT")));
    server.ended_run(&server.trigger("fails"));
    let paused = |items: &Value| items.to_string().contains("pause:fails");
    until("the pause to be an item", || said(&agent, &["attention", "list"]), paused);
    server.stop();
    let server = agent.start();
    assert_eq!(said(&agent, &["attention", "list"])["count"], 2);
    assert_eq!(said(&agent, &["attention", "done", "key/1"])["status"], "DONE");
    assert!(agent.instar(&["job", "resume", "fails"]).status.success());
    assert_eq!(said(&agent, &["attention", "list"])["count"], 0, "a resumed job waits for nobody");
    assert_eq!(said(&agent, &["attention", "list", "--all"])["count"], 2);
    server.stop();
}

#[test]
fn a_full_machine_holds_back_what_matters_less() {
    let agent = Agent::new();
    agent.configure(&json!({"monitoring": {"memoryMonitoring": true}, "memory": {"elevatedPercent": 0}}));
    agent.write_jobs(&json!([job("usual", &json!({})), job("vital", &json!({"priority": "critical"}))]));
    let server = agent.start();
    let events = || server.client().get("/events?type=memory_pressure").json;
    until("the memory to be looked at", events, |events| events.as_array().is_some_and(|events| !events.is_empty()));
    let answer = server.client().post("/jobs/usual/trigger", &json!({})).json;
    assert_eq!((&answer["result"], &answer["reason"]), (&json!("skipped"), &json!("memory")), "{answer:#}");
    assert_eq!(server.client().post("/jobs/vital/trigger", &json!({})).json["result"], "triggered");
    server.stop();
}

#[test]
fn a_job_keeps_its_past_under_another_name() {
    let agent = Agent::new();
    agent.write_jobs(&json!([job("old", &json!({}))]));
    let server = agent.start();
    server.ended_run(&server.trigger("old"));
    assert_eq!(said(&agent, &["job", "rename", "old", "new"])["slug"], "new");
    assert_eq!(said(&agent, &["job", "runs", "new"])["runs"].as_array().map(Vec::len), Some(1));
    server.stop();
    let server = agent.start();
    assert_eq!(said(&agent, &["job", "show", "new"])["state"]["consecutiveFailures"], 1);
    assert!(!agent.instar(&["job", "show", "old"]).status.success());
    server.stop();
}
