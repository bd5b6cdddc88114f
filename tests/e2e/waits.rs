//! An execute type that works itself: it asks the network, keeps a count and waits, through a death of the server.

use instar_tests::webhooks::{Reply, Webhooks};
use instar_tests::{Agent, Server, component, until};
use serde_json::{Value, json};

/// A job of `tiny-work` that waits so often for so long, and asks `webhooks` at each step.
fn start(webhooks: &Webhooks, waits: u32, wait_ms: u64) -> (Agent, Server) {
    let agent = Agent::new();
    let url = webhooks.url();
    agent.configure(&json!({ "plugins": { "tiny-work": {
        "config": { "urls": [url] },
        "http": { "hosts": { "127.0.0.1": url } },
    } } }));
    let path = component("tiny-work").display().to_string();
    let install = ["plugin", "install", &path, "--yes", "--grant", "clock,http,kv,secrets"];
    let output = agent.command_of_operator(&install).output().expect("instar can be run");
    assert!(output.status.success(), "{output:?}");
    agent.write_jobs(&json!([{
        "slug": "poll", "name": "Poll", "schedule": "@yearly", "timeoutMinutes": 60,
        "execute": { "type": "tiny-work", "waits": waits, "waitMs": wait_ms, "url": format!("{url}/state") },
    }]));
    let server = agent.start();
    (agent, server)
}

#[track_caller]
fn waiting_run(server: &Server, id: &str) -> Value {
    until("the run to wait", || server.run(id), |run| run["status"] == "waiting")
}

fn kinds(server: &Server, kind: &str) -> usize {
    let events = server.client().get(&format!("/events?type={kind}&limit=100")).json;
    events.as_array().map_or(0, Vec::len)
}

#[test]
fn a_run_waits_and_works_without_a_session_and_says_what_it_found() {
    let webhooks = Webhooks::start();
    let (_agent, server) = start(&webhooks, 2, 1_000);
    let run = server.ended_run(&server.trigger("poll"));
    assert_eq!((&run["outcome"], &run["session"]), (&json!("succeeded"), &Value::Null), "{run:#}");
    assert!(run["startedAt"].is_string(), "{run:#}");
    assert_eq!(webhooks.posted().len(), 3, "one for each step");
    assert_eq!((kinds(&server, "job_waiting"), kinds(&server, "job_woke")), (2, 2));
    let ended = &server.client().get("/events?type=job_completed").json[0];
    assert_eq!(ended["metadata"]["message"], "ok after 2 waits, revision 1, clock true", "{ended:#}");
    let job = server.client().get("/jobs/poll").json;
    assert_eq!(job["state"]["lastResult"], "success", "{job:#}");
    assert!(job["state"]["lastRun"].is_string(), "{job:#}");
}

#[test]
fn a_wait_outlives_the_server_and_ends_in_the_next_one() {
    let webhooks = Webhooks::start();
    let (agent, server) = start(&webhooks, 1, 3_000);
    let id = server.trigger("poll");
    waiting_run(&server, &id);
    server.kill_hard();
    let server = agent.start();
    let run = server.ended_run(&id);
    assert_eq!(run["outcome"], "succeeded", "{run:#}");
    assert_eq!(webhooks.posted().len(), 2);
}

#[test]
fn a_step_that_was_not_answered_when_the_server_died_is_taken_again() {
    let webhooks = Webhooks::start();
    webhooks.reply([Reply::Status(200, None, "first".to_owned()), Reply::Hang]);
    let (agent, server) = start(&webhooks, 1, 1_000);
    let id = server.trigger("poll");
    until("the second request", || webhooks.posted().len(), |count| *count == 2);
    server.kill_hard();
    let server = agent.start();
    let run = server.ended_run(&id);
    assert_eq!(run["outcome"], "succeeded", "{run:#}");
    assert_eq!(webhooks.posted().len(), 3);
    assert_eq!((kinds(&server, "job_waiting"), kinds(&server, "job_woke")), (1, 1));
}

#[test]
fn a_run_that_waits_is_stopped_at_once() {
    let webhooks = Webhooks::start();
    let (agent, server) = start(&webhooks, 1, 3_600_000);
    let id = server.trigger("poll");
    waiting_run(&server, &id);
    let answer = server.client().delete(&format!("/runs/{id}"));
    assert_eq!((answer.status, &answer.json["stopping"]), (200, &json!(true)), "{answer:?}");
    let run = server.ended_run(&id);
    assert_eq!(run["outcome"], "stopped", "{run:#}");
    assert_eq!(webhooks.posted().len(), 1);
    let output = agent.instar(&["run", "stop", &id]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("had ended before"), "{output:?}");
}
