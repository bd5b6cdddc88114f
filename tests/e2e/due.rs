//! What becomes of due times while nobody is awake, of runs that fail, and of jobs that are paused.

use std::fs;
use std::process::Command;

use instar_tests::{Agent, Server, kill, until, until_some};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

fn job(slug: &str, schedule: &str, command: &str) -> Value {
    json!({"slug": slug, "name": slug, "schedule": schedule, "execute": {"type": "script", "value": command}})
}

fn agent(jobs: &Value) -> Agent {
    let agent = Agent::new();
    agent.write_jobs(jobs);
    agent
}

fn runs(server: &Server, slug: &str) -> Vec<Value> {
    let answer = server.client().get(&format!("/jobs/{slug}/runs")).json;
    answer["runs"].as_array().unwrap_or_else(|| panic!("{answer}")).clone()
}

fn events(server: &Server, kind: &str) -> Vec<Value> {
    server.client().get(&format!("/events?type={kind}")).json.as_array().expect("a list").clone()
}

#[track_caller]
fn cli(agent: &Agent, arguments: &[&str]) -> String {
    let done = agent.instar(arguments);
    assert!(done.status.success(), "{arguments:?}: {done:?}");
    String::from_utf8_lossy(&done.stdout).into_owned()
}

/// Makes all jobs as old as if they had begun three days ago, and the host had been off since.
async fn three_days_pass(agent: &Agent) {
    let path = agent.path(".instar/state/instar.db");
    let mut database = SqliteConnectOptions::new().filename(&path).connect().await.expect("a database");
    sqlx::raw_sql("UPDATE job_states SET begun_at = begun_at - 259200000").execute(&mut database).await.expect("older");
    database.close().await.expect("closed");
}

#[tokio::test]
async fn daily_job_is_made_up_for_once_after_days_off_and_kills() {
    let mut skipping = job("skipping", "0 9 * * *", "echo never");
    skipping["missed"] = "skip".into();
    let agent =
        agent(&json!([job("daily", "0 9 * * *", "echo x >> ran"), job("hourly", "7 * * * *", "true"), skipping]));
    agent.start().kill_hard();
    three_days_pass(&agent).await;
    let server = agent.start();
    let run = until_some("the run that makes up", || runs(&server, "daily").first().cloned());
    let run = server.ended_run(run["id"].as_str().expect("an id"));
    let at = run["scheduledAt"].as_str().expect("a due time").to_owned();
    assert_eq!(run["trigger"], json!({"kind": "scheduled", "at": at, "missed": true}), "{run:#}");
    server.kill_hard();
    let server = agent.start();
    // A job that is due now would have been asked for before the server answers this.
    cli(&agent, &["job", "trigger", "hourly", "--wait"]);
    assert_eq!((runs(&server, "daily").len(), runs(&server, "skipping").len()), (1, 0));
    assert_eq!(fs::read_to_string(agent.path("ran")).expect("it ran"), "x\n");
    let passed = events(&server, "job_skipped");
    let reason =
        |slug: &str| passed.iter().find(|event| event["metadata"]["slug"] == slug).map(|it| &it["metadata"]["reason"]);
    assert_eq!((reason("hourly"), reason("skipping")), (Some(&json!("missed")), Some(&json!("missed"))), "{passed:#?}");
}

fn now() -> String {
    let done = Command::new("date").args(["-u", "+%Y-%m-%dT%H:%M:%S"]).output().expect("date can be run");
    String::from_utf8_lossy(&done.stdout).trim().to_owned()
}

#[test]
fn server_that_is_stopped_by_a_signal_runs_what_was_due_meanwhile_when_it_goes_on() {
    let agent = agent(&json!([job("beat", "* * * * *", "echo x >> ran")]));
    let server = agent.start();
    kill("-STOP", server.pid());
    let begun = now();
    until("the next minute", now, |now| now[..16] > begun[..16]);
    kill("-CONT", server.pid());
    let run = until_some("the run", || runs(&server, "beat").last().cloned());
    let run = server.ended_run(run["id"].as_str().expect("an id"));
    assert_eq!((&run["outcome"], &run["trigger"]["kind"]), (&json!("succeeded"), &json!("scheduled")), "{run:#}");
    assert_eq!(run["trigger"]["missed"], Value::Null, "a little late is not missed");
}

#[test]
fn failed_run_is_tried_again_once_though_the_server_is_killed_meanwhile() {
    let mut failing = job("failing", "@yearly", "false");
    failing["retry"] = json!({"attempts": 3, "backoffSeconds": 2});
    let agent = agent(&json!([failing]));
    let server = agent.start();
    server.ended_run(&server.trigger("failing"));
    server.kill_hard();
    let server = agent.start();
    let second =
        until_some("the second attempt", || runs(&server, "failing").into_iter().find(|run| run["attempt"] == 2));
    server.ended_run(second["id"].as_str().expect("an id"));
    server.kill_hard();
    let server = agent.start();
    let ended = |runs: &Vec<Value>| runs.len() == 3 && runs[0]["status"] == "finished";
    let runs = until("the third attempt", || runs(&server, "failing"), ended);
    let attempts: Vec<_> = runs.iter().map(|run| (run["attempt"].clone(), run["trigger"]["kind"].clone())).collect();
    assert_eq!(attempts, [(json!(3), json!("retry")), (json!(2), json!("retry")), (json!(1), json!("manual"))]);
    assert_eq!(runs[0]["trigger"]["after"], runs[1]["id"]);
    let job = server.client().get("/jobs/failing").json;
    assert_eq!(job["state"]["consecutiveFailures"], 1, "{job:#}");
    let shown = cli(&agent, &["job", "runs", "failing"]);
    assert!(shown.contains("attempt 3"), "{shown}");
}

#[test]
fn paused_job_stays_paused_over_a_restart_and_runs_by_force_only() {
    let agent = agent(&json!([job("a", "@yearly", "true")]));
    let server = agent.start();
    let said = cli(&agent, &["job", "pause", "a", "--reason", "on holiday"]);
    assert!(said.contains("paused by api: on holiday"), "{said}");
    server.kill_hard();
    let server = agent.start();
    let job = server.client().get("/jobs/a").json;
    let pause = &job["state"]["paused"];
    assert_eq!((&pause["by"], &pause["detail"]), (&json!("api"), &json!("paused by api: on holiday")), "{job:#}");
    assert!(cli(&agent, &["job", "list"]).contains("paused"));
    assert_eq!(job["enabled"], true, "its definition is as it was");
    let skipped = server.client().post("/jobs/a/trigger", &json!({})).json;
    assert_eq!((&skipped["result"], &skipped["reason"]), (&json!("skipped"), &json!("paused")));
    let forced = server.client().post("/jobs/a/trigger", &json!({"force": true})).json;
    assert_eq!(server.ended_run(forced["runId"].as_str().expect("an id"))["outcome"], "succeeded");
    cli(&agent, &["job", "resume", "a"]);
    assert_eq!(server.ended_run(&server.trigger("a"))["outcome"], "succeeded");
    assert_eq!((events(&server, "job_paused").len(), events(&server, "job_resumed").len()), (1, 1));
}

#[test]
fn scheduler_is_paused_and_resumed_by_routes_and_commands_alike() {
    let agent = agent(&json!([job("a", "@yearly", "true")]));
    let server = agent.start();
    let paused = server.client().post("/scheduler/pause", &json!({"reason": "maintenance"}));
    assert_eq!((paused.status, &paused.json["paused"]), (200, &json!(true)), "{paused:?}");
    assert_eq!(server.client().get("/scheduler/status").json, server.client().get("/status").json["scheduler"]);
    let status = cli(&agent, &["scheduler", "status"]);
    assert!(status.contains("paused by api: maintenance"), "{status}");
    let said = cli(&agent, &["scheduler", "resume"]);
    assert!(said.contains("Schedule  on"), "{said}");
    assert_eq!(server.client().get("/status").json["scheduler"]["paused"], false);
    cli(&agent, &["scheduler", "pause"]);
    assert_eq!(events(&server, "scheduler_paused").len(), 2);

    let nobody = server.client().post("/jobs/nobody/pause", &json!({}));
    assert_eq!(nobody.status, 404, "{nobody:?}");
    let wrong = server.client().post("/jobs/a/pause", &json!({"reason": 3}));
    assert!(wrong.status == 422 && wrong.json["error"].to_string().contains("reason"), "{wrong:?}");
    assert!(!agent.instar(&["job", "resume", "nobody"]).status.success());
    server.stop();
    agent.configure(&json!({"scheduler": {"enabled": false}}));
    let server = agent.start();
    let off = server.client().post("/scheduler/resume", &json!({}));
    assert!(off.status == 409 && off.json["error"].to_string().contains("scheduler.enabled"), "{off:?}");
}

#[test]
fn people_are_told_of_starts_failures_pauses_and_recoveries() {
    let mut job = job("shaky", "@yearly", "test -e well");
    job["pauseAfterFailures"] = 2.into();
    job["priority"] = "high".into();
    job["notify"] = json!({"start": true, "completion": false});
    let agent = agent(&json!([job]));
    agent.install("tiny-notifier");
    let server = agent.start();
    for _ in 0..2 {
        server.ended_run(&server.trigger("shaky"));
    }
    let paused = server.client().get("/jobs/shaky").json;
    assert_eq!(paused["state"]["paused"]["by"], "failures", "{paused:#}");
    cli(&agent, &["job", "resume", "shaky"]);
    agent.write("well", "");
    server.ended_run(&server.trigger("shaky"));
    let titles = |server: &Server| -> Vec<String> {
        let raised = events(server, "notice_raised");
        raised.iter().rev().map(|event| event["summary"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let expected = [
        "shaky: started",
        "shaky: failed",
        "shaky: started",
        "shaky: failed 2 times in a row",
        "shaky: paused",
        "shaky: started",
        "shaky: works again after 2 failures",
    ];
    assert_eq!(titles(&server), expected);
    // The component refuses titles with `fail` in them, and takes the others.
    let delivered = |events: &Vec<Value>| events.len() == 4;
    until("the deliveries", || events(&server, "notice_delivered"), delivered);
}
