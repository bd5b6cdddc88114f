//! A plugin reaches jobs, sessions and events of the running host, as far as it was granted.

use instar_tests::{Agent, Server, component, until};
use serde_json::{Value, json};

const ALL: &str = "jobs,jobs-trigger,sessions,sessions-write,events,events-emit";

fn start(jobs: &Value) -> (Agent, Server) {
    let agent = Agent::new();
    let path = component("tiny-host").display().to_string();
    let install = ["plugin", "install", &path, "--yes", "--grant", ALL];
    let output = agent.command_of_operator(&install).output().expect("instar can be run");
    assert!(output.status.success(), "{output:?}");
    agent.write_jobs(jobs);
    let server = agent.start();
    (agent, server)
}

fn job(slug: &str, deeds: &Value) -> Value {
    json!({ "slug": slug, "name": slug, "schedule": "@yearly", "overlap": "allow",
            "execute": { "type": "tiny-host", "do": deeds } })
}

#[test]
fn a_job_that_starts_itself_comes_to_its_end() {
    let (_agent, server) = start(&json!([job("chain", &json!([{ "trigger": "chain" }]))]));
    assert_eq!(server.message_of("chain"), "begun");
    let runs = until(
        "the last of the chain",
        || server.client().get("/jobs/chain/runs").json["runs"].as_array().cloned().unwrap_or_default(),
        |runs| runs.len() == 4 && runs.iter().all(|run| run["status"] == "finished"),
    );
    let triggers: Vec<_> = runs.iter().filter_map(|run| run["trigger"]["reason"].as_str()).collect();
    assert_eq!(triggers.iter().filter(|it| it.contains("plugin tiny-host: because of this")).count(), 3, "{runs:#?}");
    let text = server.client().get("/events?type=job_completed&limit=100").text;
    assert_eq!(text.matches("too-deep").count(), 2, "summary and message of the last: {text}");
}

#[test]
fn sessions_are_read_and_typed_into_and_events_noted() {
    let name = "talk";
    let asks = json!([{ "send": [name, "hello you"] }, { "emit": ["greeted", "{\"who\":\"you\"}"] }, { "since": 0 }]);
    let (agent, server) = start(&json!([
        job("work", &asks),
        job("look", &json!(["jobs", { "output": name }])),
        { "slug": "listen", "name": "Listen", "schedule": "@yearly",
          "execute": { "type": "script", "value": "listen.sh" } },
    ]));
    agent.write_script("listen.sh", "echo begun; read line; echo \"heard $line\"; sleep 600");
    let run = server.running_run(&server.trigger("listen"));
    let session = run["session"].as_str().unwrap_or_else(|| panic!("{run:#}")).to_owned();
    let with_name = |value: Value| -> Value {
        serde_json::from_str(&value.to_string().replace(&format!("\"{name}\""), &format!("\"{session}\"")))
            .expect("JSON")
    };
    let jobs = agent.json(".instar/jobs.json");
    agent.write_jobs(&with_name(jobs));
    until("the jobs to be read", || server.client().get("/jobs/work").text, |text| text.contains(&session));
    let answered = server.message_of("work");
    assert!(answered.starts_with("sent; noted; job_"), "{answered}");
    until("the word to arrive", || server.message_of("look"), |answer| answer.trim_end().ends_with("heard hello you"));
    let noted = &server.client().get("/events?type=plugin_event").json[0];
    assert_eq!(noted["summary"], "tiny-host: something happened", "{noted:#}");
    assert_eq!(noted["metadata"], json!({ "plugin": "tiny-host", "name": "greeted", "told": { "who": "you" } }));
}

#[test]
fn a_notifier_that_starts_what_it_is_told_of_comes_to_its_end() {
    let agent = Agent::new();
    let path = component("bad-echo").display().to_string();
    let install = ["plugin", "install", &path, "--yes", "--grant", "jobs,jobs-trigger"];
    let output = agent.command_of_operator(&install).output().expect("instar can be run");
    assert!(output.status.success(), "{output:?}");
    agent.write_jobs(&json!([{ "slug": "echo", "name": "Echo", "schedule": "@yearly", "overlap": "queue",
                               "execute": { "type": "script", "value": "true" } }]));
    let server = agent.start();
    server.trigger("echo");
    let refused = until(
        "the end of the circle",
        || server.client().get("/events?type=notice_failed&limit=100").json,
        |events| events.as_array().is_some_and(|all| !all.is_empty()),
    );
    assert_eq!(refused.as_array().map(Vec::len), Some(1), "{refused:#}");
    assert!(refused[0].to_string().contains("too-deep"), "{refused:#}");
    let runs = server.client().get("/jobs/echo/runs").json;
    let runs = runs["runs"].as_array().unwrap_or_else(|| panic!("{runs:#}"));
    assert!(runs.len() == 4 && runs.iter().all(|run| run["outcome"] == "succeeded"), "{runs:#?}");
    let by_it = runs.iter().filter(|run| run["trigger"].to_string().contains("plugin bad-echo: I was told of it"));
    assert_eq!(by_it.count(), 3, "{runs:#?}");
}
