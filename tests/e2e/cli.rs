//! The command line as people and agents use it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;

use instar_tests::{Agent, instar_bin};
use serde_json::{Value, json};

fn text(done: &Output) -> String {
    String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr)
}

#[track_caller]
fn check_json(done: &Output) -> Value {
    serde_json::from_slice(&done.stdout).unwrap_or_else(|error| panic!("{error}: {done:?}"))
}

/// The seed's own example, word by word.
const SEED_ADD: [&str; 14] = [
    "job",
    "add",
    "--slug",
    "check-email",
    "--name",
    "Email Check",
    "--schedule",
    "0 */2 * * *",
    "--description",
    "Check for urgent emails and relay to Telegram",
    "--priority",
    "high",
    "--model",
    "sonnet",
];

#[test]
fn init_twice_keeps_every_byte_and_secrets_are_0600() {
    let agent = Agent::new();
    let config = fs::read_to_string(agent.path(".instar/config.json")).expect("config");
    agent.write_jobs(&json!([]));
    let done = agent.instar(&["init"]);
    assert!(done.status.success(), "{done:?}");
    assert_eq!(fs::read_to_string(agent.path(".instar/config.json")).expect("config"), config);
    let mode = fs::metadata(agent.path(".instar/config.json")).expect("config").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn seeds_job_commands_work_as_printed_without_a_server() {
    let agent = Agent::new();
    let done = agent.instar(&SEED_ADD);
    assert!(done.status.success(), "{done:?}");
    let job = &agent.json(".instar/jobs.json")[0];
    assert_eq!(
        (&job["slug"], &job["priority"], &job["execute"]["type"]),
        (&json!("check-email"), &json!("high"), &json!("prompt"))
    );
    assert!(agent.instar(&["job", "disable", "check-email"]).status.success());
    assert_eq!(agent.json(".instar/jobs.json")[0]["enabled"], false);
    assert!(agent.instar(&["job", "enable", "check-email"]).status.success());
    assert!(!agent.instar(&SEED_ADD).status.success(), "a duplicate is refused");
    assert!(agent.instar(&["job", "remove", "check-email"]).status.success());
    assert_eq!(agent.json(".instar/jobs.json"), json!([]));
    assert!(!agent.instar(&["job", "remove", "check-email"]).status.success());
}

#[test]
fn edit_by_the_cli_is_live_when_the_command_returns_and_keeps_the_files_form() {
    let agent = Agent::new();
    let original = "[\n    {\"slug\": \"mine\", \"name\": \"M\",   \"schedule\": \"@yearly\",\n     \"x-own\": {\"b\": 1, \"a\": 2},\n     \"execute\": {\"type\": \"script\", \"value\": \"true\"}}\n]\n";
    agent.write(".instar/jobs.json", original);
    let server = agent.start();
    assert!(agent.instar(&SEED_ADD).status.success());
    assert_eq!(server.client().get("/jobs/check-email").status, 200);
    let after = fs::read_to_string(agent.path(".instar/jobs.json")).expect("jobs");
    assert!(after.contains("\"name\": \"M\",   \"schedule\"") && after.contains("{\"b\": 1, \"a\": 2}"), "{after}");
}

#[test]
fn server_goes_up_and_down_by_the_cli() {
    let agent = Agent::new();
    assert_eq!(agent.instar(&["server", "status"]).status.code(), Some(4));
    let done = agent.instar(&["server", "start"]);
    assert!(done.status.success(), "{done:?}");
    assert!(agent.instar(&["server", "start"]).status.success(), "already running is fine");
    let done = agent.instar(&["--json", "status"]);
    assert!(done.status.success() && check_json(&done).is_object(), "{done:?}");
    let done = agent.instar(&["api", "GET", "/health"]);
    assert_eq!(check_json(&done)["status"], "ok");
    assert!(agent.instar(&["server", "stop"]).status.success());
    assert!(agent.instar(&["server", "stop"]).status.success(), "already stopped is fine");
    assert_eq!(agent.instar(&["status"]).status.code(), Some(4));
}

#[test]
fn start_that_fails_is_reported_as_failed() {
    let agent = Agent::new();
    agent.configure(&json!({"sessions": {"tmuxPath": "/nowhere/tmux"}}));
    let done = agent.instar(&["server", "start"]);
    assert!(!done.status.success() && text(&done).contains("tmux"), "{done:?}");
}

#[test]
fn trigger_waits_for_the_end_and_its_status_tells_how_it_went() {
    let agent = Agent::new();
    let job = |slug: &str, value: &str| json!({"slug": slug, "name": slug, "schedule": "@yearly", "execute": {"type": "script", "value": value}});
    agent.write_jobs(&json!([job("well", "echo fine"), job("ill", "echo bad; exit 9")]));
    let _server = agent.start();
    let done = agent.instar(&["job", "trigger", "well", "--wait"]);
    assert!(done.status.success() && text(&done).contains("fine"), "{done:?}");
    let done = agent.instar(&["job", "trigger", "ill", "--wait"]);
    assert!(!done.status.success() && text(&done).contains("bad"), "{done:?}");
    let runs = check_json(&agent.instar(&["--json", "job", "runs", "ill"]));
    assert_eq!(runs["runs"][0]["exitStatus"], 9, "{runs:#}");
    let sessions = check_json(&agent.instar(&["--json", "session", "list"]));
    let name = sessions[0]["name"].as_str().expect("a session");
    let done = agent.instar(&["session", "output", name, "--lines", "1"]);
    assert_eq!(String::from_utf8_lossy(&done.stdout), "bad\n", "{done:?}");
    let done = agent.instar(&["session", "output", name, "--follow"]);
    assert!(text(&done).contains("bad"), "{done:?}");
}

#[test]
fn session_is_fed_and_killed_by_the_cli() {
    let agent = Agent::new();
    agent.write_jobs(&json!([{
        "slug": "a", "name": "a", "schedule": "@yearly", "execute": {"type": "script", "value": "read x; echo got $x; sleep 300"}
    }]));
    let server = agent.start();
    let run = server.running_run(&server.trigger("a"));
    let name = run["session"].as_str().expect("a session");
    assert!(agent.instar(&["session", "send", name, "hello there"]).status.success());
    let path = format!("/sessions/{name}/output");
    instar_tests::until("the answer", || server.client().get(&path).text, |text| text.contains("got hello there"));
    assert!(agent.instar(&["session", "kill", name]).status.success());
    assert_eq!(server.ended_run(run["id"].as_str().expect("an id"))["outcome"], "stopped");
}

#[test]
fn every_command_has_help_with_an_example_and_unknown_words_are_errors() {
    for command in
        ["init", "server", "status", "doctor", "config", "job", "session", "plugin", "api", "completions", "man"]
    {
        let done =
            std::process::Command::new(instar_bin()).args([command, "--help"]).output().expect("instar can be run");
        assert!(done.status.success() && text(&done).contains("instar "), "{command}: {done:?}");
    }
    let agent = Agent::new();
    for words in [&["stat"][..], &["job", "dance"], &["job", "add", "--slug", "x"], &["init", "--port", "many"]] {
        assert_eq!(agent.instar(words).status.code(), Some(2), "{words:?}");
    }
}

#[test]
fn without_a_server_the_sentence_says_how_to_start_one() {
    let agent = Agent::new();
    let done = agent.instar(&["session", "list"]);
    assert_eq!(done.status.code(), Some(4));
    assert!(text(&done).contains("instar server start"), "{done:?}");
    let done = agent.instar(&["--json", "session", "list"]);
    assert!(check_json(&done)["error"].is_string());
}

#[test]
fn settings_are_set_by_key_and_secrets_stay_hidden() {
    let agent = Agent::new();
    let original = "{\n    \"port\": 4050,\n  \"mine\":  [1, 2.50],\n  \"auth\": {\"token\": \"s3cret\"}\n}\n";
    agent.write(".instar/config.json", original);
    let get = |words: &[&str]| {
        let done = agent.instar(&[&["config", "get"], words].concat());
        assert!(done.status.success(), "{done:?}");
        text(&done)
    };
    assert_eq!(get(&["port"]), "4050\n");
    assert_eq!(get(&["sessions.maxSessions"]), "3\n");
    assert!(!get(&[]).contains("s3cret") && !get(&["auth.token", "--json"]).contains("s3cret"));
    assert_eq!(get(&["auth.token", "--show-secrets"]), "s3cret\n");
    let done = agent.instar(&["config", "set", "port", "4051"]);
    assert_eq!((done.status.code(), text(&done).as_str()), (Some(0), "port = 4051\n"));
    let read = || fs::read_to_string(agent.path(".instar/config.json")).expect("config");
    assert_eq!(read(), original.replace("4050", "4051"));
    let mode = fs::metadata(agent.path(".instar/config.json")).expect("config").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    for (key, value, exit) in [("port", "http", 5), ("port", "70000", 5), ("colour", "red", 3), ("mine", "1", 3)] {
        assert_eq!(agent.instar(&["config", "set", key, value]).status.code(), Some(exit), "{key} {value}");
    }
    assert_eq!(read(), original.replace("4050", "4051"), "what is refused changes nothing");
    let report = check_json(&agent.instar(&["config", "check", "--json"]));
    assert_eq!(report, json!({"ok": true, "unknownKeys": ["mine"], "plugins": []}));
    assert_eq!(check_json(&agent.instar(&["config", "schema"]))["properties"]["port"]["default"], 4040);
}
