//! Following from the command line: events and the log, also over a restart of the server.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use instar_tests::Agent;
use serde_json::{Value, json};

/// A command that goes on, with its lines.
struct Following {
    child: Child,
    lines: Receiver<String>,
}

impl Following {
    fn start(agent: &Agent, arguments: &[&str]) -> Self {
        let mut command = agent.command(arguments);
        let mut child = command.stdout(Stdio::piped()).stdin(Stdio::null()).spawn().expect("instar can be run");
        let stdout: ChildStdout = child.stdout.take().expect("a pipe");
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            BufReader::new(stdout).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Self { child, lines }
    }

    /// Reads on until a line holds this, and returns all that were read.
    #[track_caller]
    fn until(&self, words: &str) -> Vec<String> {
        let mut read: Vec<String> = Vec::new();
        while !read.last().is_some_and(|line| line.contains(words)) {
            match self.lines.recv_timeout(Duration::from_secs(30)) {
                Ok(line) => read.push(line),
                Err(error) => panic!("{error} before {words:?}: {read:#?}"),
            }
        }
        read
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn agent() -> Agent {
    let agent = Agent::new();
    agent.write_jobs(&json!([{
        "slug": "a", "name": "a", "schedule": "@yearly", "execute": {"type": "script", "value": "echo hello"}
    }]));
    agent
}

#[test]
fn events_are_followed_over_a_restart_without_gap_or_double() {
    let agent = agent();
    let server = agent.start();
    let follower = Following::start(&agent, &["events", "--follow", "--json"]);
    let mut lines = follower.until("scheduler_start");
    let first = server.trigger("a");
    lines.extend(follower.until("job_completed"));
    assert!(server.stop().success());
    let server = agent.start();
    let second = server.trigger("a");
    lines.extend(follower.until("job_completed"));
    let events: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).expect("a line is an event")).collect();
    let seqs: Vec<i64> = events.iter().map(|event| event["seq"].as_i64().expect("a seq")).collect();
    assert_eq!(seqs, (1..).take(seqs.len()).collect::<Vec<i64>>());
    let completed = events.iter().filter(|event| event["type"] == "job_completed");
    let runs: Vec<&Value> = completed.map(|event| &event["metadata"]["runId"]).collect();
    assert_eq!(runs, [&json!(first), &json!(second)]);
}

#[test]
fn events_are_listed_by_type_and_need_the_server() {
    let agent = agent();
    let server = agent.start();
    let run = server.trigger("a");
    server.ended_run(&run);
    let done = agent.instar(&["--json", "events", "--type", "job_completed", "--since", "1", "--limit", "5"]);
    let list: Value = serde_json::from_slice(&done.stdout).expect("JSON");
    assert_eq!(list.as_array().map(Vec::len), Some(1), "{list:#}");
    let table = String::from_utf8_lossy(&agent.instar(&["events"]).stdout).into_owned();
    assert!(table.contains("WHAT HAPPENED") && table.contains("job_completed"), "{table}");
    assert!(server.stop().success());
    for arguments in [&["events"][..], &["events", "--follow"]] {
        assert_eq!(agent.instar(arguments).status.code(), Some(4));
    }
}

#[test]
fn log_is_shown_without_a_server_and_followed_over_its_rotation() {
    let agent = agent();
    let done = agent.instar(&["logs"]);
    assert!(done.status.success() && done.stdout.is_empty(), "{done:?}");
    agent.write(".instar/logs/server.log.1", "zero\none\n");
    agent.write(".instar/logs/server.log", "two\nthree\n");
    let shown = |arguments: &[&str]| String::from_utf8_lossy(&agent.instar(arguments).stdout).into_owned();
    assert_eq!(shown(&["logs", "--lines", "1"]), "three\n");
    assert_eq!(shown(&["logs", "-n", "3"]), "one\ntwo\nthree\n");
    let json: Value = serde_json::from_str(&shown(&["logs", "--json"])).expect("JSON");
    assert_eq!(json["lines"], json!(["zero", "one", "two", "three"]));
    let follower = Following::start(&agent, &["logs", "--follow", "--lines", "1"]);
    assert_eq!(follower.until("three"), ["three"]);
    let log = agent.path(".instar/logs/server.log");
    std::fs::rename(&log, agent.path(".instar/logs/server.log.1")).expect("renamed");
    agent.write(".instar/logs/server.log", "four\n");
    assert_eq!(follower.until("four"), ["four"]);
    let server = agent.start();
    follower.until("serves");
    drop(server);
}

#[test]
fn trigger_waits_for_the_end_and_hears_of_it_at_once() {
    let agent = agent();
    let _server = agent.start();
    let done = agent.instar(&["--json", "job", "trigger", "a", "--wait"]);
    let run: Value = serde_json::from_slice(&done.stdout).expect("JSON");
    assert_eq!((done.status.code(), &run["outcome"]), (Some(0), &json!("succeeded")), "{run:#}");
}
