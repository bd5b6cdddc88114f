//! Keeping house: what is removed, and what is carried from one place to another.

use std::fs;

use instar_tests::{Agent, Server, until};
use serde_json::{Value, json};

fn agent_with_job() -> Agent {
    let agent = Agent::new();
    agent.write_jobs(&json!([{"slug": "say", "name": "Say", "schedule": "@yearly",
                              "execute": {"type": "script", "value": "echo said"}}]));
    agent
}

fn run_to_end(server: &Server) -> String {
    let id = server.trigger("say");
    assert_eq!(server.ended_run(&id)["outcome"], "succeeded");
    id
}

fn folders(agent: &Agent) -> usize {
    fs::read_dir(agent.path(".instar/state/sessions")).expect("the folder of sessions").count()
}

fn events(server: &Server, kind: &str) -> Vec<Value> {
    let answer = server.client().get(&format!("/events?limit=1000&type={kind}"));
    answer.json.as_array().or_else(|| answer.json["events"].as_array()).cloned().unwrap_or_default()
}

#[test]
fn what_is_beyond_the_settings_is_removed_after_the_start() {
    let agent = agent_with_job();
    let server = agent.start();
    let runs = [run_to_end(&server), run_to_end(&server), run_to_end(&server)];
    assert_eq!(folders(&agent), 3);
    server.stop();
    // A file of a predecessor in the same folder is somebody's.
    agent.write(".instar/state/sessions/0193b0a0-0000-4000-8000-000000000001.json", "{}");
    agent.configure(&json!({"retention": {"maxRuns": 1, "maxEvents": 10, "maxOutputMegabytes": 0}}));
    let server = agent.start();
    let done = until("housekeeping", || events(&server, "housekeeping_done"), |done| !done.is_empty());
    let cleared = &done[0]["metadata"];
    assert_eq!(
        (&cleared["runs"], &cleared["sessions"], &cleared["folders"]),
        (&json!(2), &json!(2), &json!(3)),
        "{done:?}"
    );
    assert!(cleared["events"].as_u64() > Some(10), "{done:?}");
    let statuses = runs.map(|run| server.client().get(&format!("/runs/{run}")).status);
    assert_eq!(statuses, [404, 404, 200]);
    assert_eq!(folders(&agent), 1, "only the predecessor's file is left");
    run_to_end(&server);
}
