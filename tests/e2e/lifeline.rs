//! The lifeline: servers die, hang and cannot start; lifelines die; and both together.

use std::fs;
use std::process::Output;

use instar_tests::{Agent, kill, processes_below, until, until_some};
use serde_json::{Value, json};

#[track_caller]
fn json_of(done: &Output) -> Value {
    serde_json::from_slice(&done.stdout).unwrap_or_else(|error| panic!("{error}: {done:?}"))
}

/// Starts the lifeline of a project, and with it the server.
#[track_caller]
fn start(agent: &Agent) -> u32 {
    let done = agent.instar(&["lifeline", "start", "--json"]);
    let answer = json_of(&done);
    assert!(done.status.success() && answer["started"] == true, "{answer:#}\n{}", log(agent));
    pid(&answer["pid"])
}

fn status(agent: &Agent) -> Value {
    json_of(&agent.instar(&["lifeline", "status", "--json"]))
}

#[track_caller]
fn pid(value: &Value) -> u32 {
    value.as_u64().and_then(|pid| pid.try_into().ok()).unwrap_or_else(|| panic!("no process: {value}"))
}

/// Waits until the server is up as another process than this one, and gives it.
#[track_caller]
fn other_server(agent: &Agent, than: u32) -> u32 {
    let is_new = |status: &Value| {
        status["state"]["standing"] == "up" && status["state"]["server"].as_u64() != Some(u64::from(than))
    };
    pid(&until("another server", || status(agent), is_new)["state"]["server"])
}

fn log(agent: &Agent) -> String {
    fs::read_to_string(agent.path(".instar/logs/lifeline.log")).unwrap_or_default()
}

fn count(agent: &Agent, words: &str) -> usize {
    log(agent).matches(words).count()
}

fn lives(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

#[track_caller]
fn stop(agent: &Agent) {
    let done = agent.instar(&["lifeline", "stop"]);
    assert!(done.status.success(), "{done:?}");
}

#[test]
fn a_killed_server_is_started_again_once_and_its_run_goes_on() {
    let agent = Agent::new();
    agent.write_script("work.sh", "echo start >> starts; sleep 8; echo ended; exit 3");
    agent.write_jobs(&json!([{
        "slug": "work", "name": "Work", "schedule": "@yearly", "execute": {"type": "script", "value": "work.sh"}
    }]));
    start(&agent);
    let server = pid(&status(&agent)["state"]["server"]);
    let answer = json_of(&agent.instar(&["job", "trigger", "work", "--json"]));
    let run = answer["runId"].as_str().expect("a run").to_owned();
    until_some("the command to begin", || agent.path("starts").is_file().then_some(()));
    kill("-KILL", server);
    other_server(&agent, server);
    let show = || json_of(&agent.instar(&["run", "show", &run, "--json"]));
    let run = until("the run to end", show, |run| run["status"] == "finished");
    assert_eq!((&run["outcome"], &run["exitStatus"]), (&json!("failed"), &json!(3)), "{run:#}");
    assert_eq!((count(&agent, "started the server"), count(&agent, "is down"), count(&agent, "up again")), (2, 1, 1));
    stop(&agent);
}

#[test]
fn a_server_that_hangs_is_ended_and_started_again() {
    let agent = Agent::new();
    start(&agent);
    let server = pid(&status(&agent)["state"]["server"]);
    kill("-STOP", server);
    let next = other_server(&agent, server);
    assert!(!lives(server) && lives(next));
    assert_eq!(count(&agent, "it runs, and does not answer"), 1, "{}", log(&agent));
    stop(&agent);
}

#[test]
fn settings_that_are_wrong_are_no_reason_to_try_again_and_again() {
    let agent = Agent::new();
    let config = fs::read_to_string(agent.path(".instar/config.json")).expect("config");
    start(&agent);
    let server = pid(&status(&agent)["state"]["server"]);
    agent.configure(&json!({"port": "http"}));
    kill("-KILL", server);
    let held = until("the server to be held", || status(&agent), |it| it["state"]["standing"] == "held");
    assert!(held["state"]["reason"].as_str().is_some_and(|reason| reason.contains("instar doctor")), "{held:#}");
    assert_eq!(count(&agent, "started the server"), 2, "{}", log(&agent));
    agent.write(".instar/config.json", &config);
    let done = agent.instar(&["lifeline", "restart"]);
    assert!(done.status.success(), "{done:?}\n{}", log(&agent));
    other_server(&agent, server);
    stop(&agent);
}

#[test]
fn exit_codes_of_a_server_tell_its_supervisor_what_to_do() {
    let agent = Agent::new();
    agent.configure(&json!({"host": "0.0.0.0", "auth": {"token": ""}}));
    let done = agent.instar(&["server", "start", "--foreground"]);
    assert_eq!(done.status.code(), Some(78), "{done:?}");
    let agent = Agent::new();
    let server = agent.start();
    kill("-USR1", server.pid());
    let lock = until("the server to end", || agent.json(".instar/run/server.lock"), |lock| !lock["ended"].is_null());
    assert_eq!(lock["ended"], 75, "{lock}");
    assert_eq!(server.stop().code(), Some(75));
}

#[test]
fn a_lifeline_that_is_killed_leaves_the_server_and_the_next_one_takes_it_over() {
    let agent = Agent::new();
    let lifeline = start(&agent);
    let server = pid(&status(&agent)["state"]["server"]);
    kill("-KILL", lifeline);
    until_some("the lifeline to end", || (!lives(lifeline)).then_some(()));
    assert_eq!(agent.instar(&["lifeline", "status"]).status.code(), Some(4));
    assert!(agent.instar(&["status"]).status.success(), "the server goes on");
    agent.write(".instar/run/lifeline.lock", "\u{0}{ no JSON");
    start(&agent);
    assert_eq!(pid(&status(&agent)["state"]["server"]), server);
    kill("-KILL", server);
    let next = other_server(&agent, server);
    kill("-USR1", next);
    other_server(&agent, next);
    stop(&agent);
}

#[test]
fn both_die_and_start_again() {
    let agent = Agent::new();
    let lifeline = start(&agent);
    let server = pid(&status(&agent)["state"]["server"]);
    kill("-KILL", lifeline);
    kill("-KILL", server);
    until_some("both to end", || (!lives(lifeline) && !lives(server)).then_some(()));
    start(&agent);
    let next = pid(&status(&agent)["state"]["server"]);
    assert!(next != server && agent.instar(&["status"]).status.success());
    stop(&agent);
    assert!(!lives(next), "the server ends with the lifeline");
}

#[test]
fn a_server_that_a_person_stopped_stays_down_until_a_person_starts_it() {
    let agent = Agent::new();
    start(&agent);
    let server = pid(&status(&agent)["state"]["server"]);
    assert!(agent.instar(&["server", "stop"]).status.success());
    let held = until("the server to be held", || status(&agent), |it| it["state"]["standing"] == "held");
    assert_eq!(held["state"]["reason"], "somebody stopped it");
    assert!(agent.instar(&["server", "start"]).status.success());
    let next = other_server(&agent, server);
    assert_eq!(count(&agent, "started the server"), 1, "it was found, and looked after");
    let done = agent.instar(&["lifeline", "stop", "--leave-server"]);
    assert!(done.status.success(), "{done:?}");
    assert!(lives(next) && agent.instar(&["status"]).status.success());
    assert!(agent.instar(&["server", "stop"]).status.success());
}

#[test]
fn there_is_one_lifeline_and_its_commands_say_when_there_is_none() {
    let agent = Agent::new();
    for (words, code) in [("status", 4), ("restart", 4), ("stop", 0)] {
        assert_eq!(agent.instar(&["lifeline", words]).status.code(), Some(code), "{words}");
    }
    let first = start(&agent);
    let again = json_of(&agent.instar(&["lifeline", "start", "--json"]));
    assert_eq!((&again["started"], &again["pid"]), (&json!(false), &json!(first)));
    let done = agent.instar(&["lifeline", "start", "--foreground"]);
    assert_eq!(done.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&done.stderr).contains("lifeline of this project is already running"), "{done:?}");
    let done = agent.instar(&["lifeline", "logs", "--json"]);
    assert!(json_of(&done)["lines"].as_array().is_some_and(|lines| !lines.is_empty()));
    stop(&agent);
    until("everything to end", || processes_below(agent.dir()), Vec::is_empty);
    assert!(!agent.path(".instar/run/lifeline.json").exists());
}
