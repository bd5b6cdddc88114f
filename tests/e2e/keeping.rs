//! Keeping house: what is removed, and what is carried from one place to another.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

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
    let steps = || fs::read_dir(agent.path(".instar/state/steps")).expect("the folder of steps").count();
    until("steps to go with their runs", steps, |count| *count == 1);
    run_to_end(&server);
}

#[track_caller]
fn check_done(done: &Output) {
    assert!(done.status.success(), "{done:?}");
}

#[track_caller]
fn check_refused(done: &Output, words: &str) {
    let text = String::from_utf8_lossy(&done.stderr);
    assert!(!done.status.success() && text.contains(words), "{done:?} lacks {words:?}");
}

fn text(path: &Path) -> &str {
    path.to_str().expect("paths of tests are texts")
}

/// All that the API tells of the ended runs of the job, and of the events up to now.
fn records(server: &Server, runs: &[String]) -> Vec<Value> {
    let mut records: Vec<Value> = runs.iter().map(|run| server.run(run)).collect();
    records.extend(events(server, "job_completed"));
    records
}

#[test]
fn backup_of_a_busy_server_holds_what_had_happened_and_can_be_restored_elsewhere() {
    let agent = agent_with_job();
    let server = agent.start();
    let runs = vec![run_to_end(&server), run_to_end(&server)];
    let known = records(&server, &runs);
    let place = tempfile::tempdir().expect("a temp folder");
    let backup = place.path().join("backup");
    let under_way = server.trigger("say");
    check_done(&agent.instar(&["backup", text(&backup), "--with-output", "10"]));
    check_refused(&agent.instar(&["backup", text(&backup)]), "overwrites nothing");
    server.ended_run(&under_way);
    for file in ["config.json", "jobs.json", "backup.json", "state/instar.db"] {
        let mode = fs::metadata(backup.join(file)).expect(file).permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    assert_eq!(fs::read_dir(place.path()).expect("the place").count(), 1, "nothing is left beside");

    check_refused(&agent.instar(&["restore", text(&backup)]), "already running");
    let other = agent_with_job();
    let before = other.json(".instar/config.json");
    check_done(&other.instar(&["restore", text(&backup)]));
    let restored = other.start();
    assert_eq!(records(&restored, &runs)[..2], known[..2]);
    let completed = events(&restored, "job_completed");
    assert!(known[2..].iter().all(|event| completed.contains(event)), "{known:#?} {completed:#?}");
    restored.ended_run(&under_way);
    let output =
        restored.client().get(&format!("/sessions/{}/output", known[0]["session"].as_str().expect("a session")));
    assert!(output.text.contains("said"), "{output:?}");
    run_to_end(&restored);
    let names = fs::read_dir(other.path(".instar")).expect("the folder").flatten().map(|entry| entry.path());
    let former = names.filter(|path| text(path).contains("state.before-restore-")).collect::<Vec<_>>();
    assert_eq!(former.len(), 1, "{former:?}");
    let kept = fs::read_to_string(former[0].join("config.json")).expect("the former config");
    assert_eq!(serde_json::from_str::<Value>(&kept).expect("JSON"), before);
}

#[test]
fn backup_that_is_damaged_changes_nothing() {
    let agent = agent_with_job();
    agent.start().stop();
    let place = tempfile::tempdir().expect("a temp folder");
    let backup = place.path().join("backup");
    check_done(&agent.instar(&["backup", text(&backup)]));
    let config = fs::read(agent.path(".instar/config.json")).expect("read");
    check_refused(&agent.instar(&["restore", text(place.path())]), "no backup");
    let database = backup.join("state/instar.db");
    let mut bytes = fs::read(&database).expect("read");
    let half = bytes.len() / 2;
    bytes[half..].fill(0xa5);
    fs::write(&database, bytes).expect("written");
    check_refused(&agent.instar(&["restore", text(&backup)]), "damaged");
    assert_eq!(fs::read(agent.path(".instar/config.json")).expect("read"), config);
    let left = fs::read_dir(agent.path(".instar")).expect("the folder").flatten().map(|entry| entry.path());
    assert!(left.into_iter().all(|path| !text(&path).contains("restore")));
}
