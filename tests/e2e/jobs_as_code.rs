//! Jobs as code: the command line and the API edit one file, and what runs meanwhile is left alone.

use std::fs;

use instar_tests::{Agent, until};
use serde_json::{Value, json};

fn job(slug: &str, value: &str) -> Value {
    json!({"slug": slug, "name": slug, "schedule": "@yearly", "execute": {"type": "script", "value": value}})
}

#[track_caller]
fn done(agent: &Agent, arguments: &[&str]) -> Value {
    let output = agent.instar(&[arguments, &["--json"]].concat());
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    serde_json::from_slice(&output.stdout).expect("it prints JSON")
}

#[test]
fn job_that_is_removed_while_it_runs_ends_in_order_and_keeps_its_history() {
    let agent = Agent::new();
    agent.write_jobs(&json!([job("long", "while [ ! -e go ]; do sleep 0.05; done; echo done"), job("other", "true")]));
    let server = agent.start();
    let run = server.trigger("long");
    server.running_run(&run);
    let answer = server.client().send("DELETE", "/jobs/long", None, &[]);
    assert_eq!((answer.status, &answer.json["live"]), (200, &json!(true)), "{answer:?}");
    assert_eq!(server.client().get("/jobs/long").status, 404);
    assert_eq!(server.client().post("/jobs/long/trigger", &json!({})).status, 404);
    agent.write("go", "");
    let run = server.ended_run(&run);
    assert_eq!((&run["outcome"], &run["tail"]), (&json!("succeeded"), &json!("done\n")));
    let runs = server.client().get("/jobs/long/runs").json;
    assert_eq!(runs["runs"].as_array().map(Vec::len), Some(1), "the history stays: {runs}");
}

#[test]
fn job_that_is_renamed_while_it_runs_is_a_new_one_and_the_run_keeps_the_old_name() {
    let agent = Agent::new();
    agent.write_jobs(&json!([job("old", "while [ ! -e go ]; do sleep 0.05; done")]));
    let server = agent.start();
    let run = server.trigger("old");
    server.running_run(&run);
    agent.write_jobs(&json!([job("new", "true")]));
    until("the new name", || server.client().get("/jobs/new").status, |status| *status == 200);
    let fresh = server.client().get("/jobs/new").json;
    assert!(fresh["state"].get("lastRun").is_none(), "{fresh}");
    agent.write("go", "");
    let run = server.ended_run(&run);
    assert_eq!((&run["outcome"], &run["slug"]), (&json!("succeeded"), &json!("old")));
}

#[test]
fn command_line_and_api_edit_the_same_file_at_once_and_lose_nothing() {
    let agent = Agent::new();
    let text = "[\n  {\"slug\": \"mine\",   \"name\": \"M\", \"schedule\": \"@daily\", \"own\": 1.50, \
                \"execute\": {\"type\": \"script\", \"value\": \"true\"}}\n]\n";
    agent.write(".instar/jobs.json", text);
    let server = agent.start();
    std::thread::scope(|scope| {
        for number in 0..4 {
            let (agent, client) = (&agent, server.client());
            scope.spawn(move || {
                let slug = format!("cli-{number}");
                let add = ["job", "add", "--slug", &slug, "--name", "C", "--schedule", "@daily", "--execute", "x"];
                assert_eq!(done(agent, &add)["ok"], true);
            });
            scope.spawn(move || {
                let answer = client.post("/jobs", &job(&format!("api-{number}"), "true"));
                assert_eq!(answer.status, 201, "{answer:?}");
            });
        }
    });
    done(&agent, &["job", "edit", "mine", "--priority", "high", "--timeout-minutes", "5"]);
    let jobs = server.client().get("/jobs").json;
    assert_eq!(jobs["jobs"].as_array().map(Vec::len), Some(9), "{jobs:#}");
    assert_eq!((&jobs["jobs"][0]["priority"], &jobs["jobs"][0]["timeoutMinutes"]), (&json!("high"), &json!(5)));
    let file = fs::read_to_string(agent.path(".instar/jobs.json")).expect("it is there");
    assert!(file.contains("\"slug\": \"mine\",   \"name\"") && file.contains("\"own\": 1.50"), "{file}");
    let refused = agent.instar(&["job", "edit", "mine", "--schedule", "now and then"]);
    assert_eq!(refused.status.code(), Some(5), "{refused:?}");
}

#[test]
fn program_of_a_session_may_not_edit_jobs() {
    let agent = Agent::new();
    let call = "curl -s -o answer -X DELETE -H \"Authorization: Bearer $INSTAR_TOKEN\" $INSTAR_URL/jobs/other";
    agent.write_jobs(&json!([job("eager", call), job("other", "true")]));
    let server = agent.start();
    server.ended_run(&server.trigger("eager"));
    let answer = fs::read_to_string(agent.path("answer")).expect("curl wrote it");
    assert!(answer.contains("operator's token"), "{answer}");
    assert_eq!(server.client().get("/jobs/other").status, 200);
}

#[test]
fn schema_is_printed_and_lies_beside_the_jobs() {
    let agent = Agent::new();
    let printed = done(&agent, &["job", "schema"]);
    assert_eq!(printed, agent.json(".instar/jobs.schema.json"));
    assert_eq!(printed["items"]["properties"]["overlap"]["enum"], json!(["skip", "queue", "allow", "replace"]));
}
