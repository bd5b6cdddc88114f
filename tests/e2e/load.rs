//! Much of everything: connections, output, entries and sessions. Memory stays bounded, and nothing is lost.

use std::collections::HashSet;
use std::fs;
use std::net::TcpStream;

use instar_tests::{Agent, most_memory, process_named, until, until_some};
use serde_json::{Value, json};

const MEGABYTE: u64 = 1024 * 1024;

fn job(slug: &str, value: &str) -> Value {
    json!({
        "slug": slug, "name": slug, "schedule": "@yearly", "overlap": "allow",
        "execute": {"type": "script", "value": value}
    })
}

#[test]
fn connections_beyond_all_files_wait_and_take_none_from_the_runs() {
    let agent = Agent::new();
    agent.write_script("work.sh", "echo run >> runs; while ! [ -e go ]; do sleep 0.1; done; echo done");
    agent.write_jobs(&json!([job("work", "work.sh")]));
    let server = agent.start_with_files(96);
    let first = server.trigger("work");
    server.running_run(&first);
    let address = server.client().address().to_owned();
    let idle: Vec<_> = (0..120).map(|_| TcpStream::connect(&address).expect("the kernel takes it")).collect();
    // The socket has places of its own, so that an operator gets through.
    let triggered = agent.instar(&["job", "trigger", "work", "--json"]);
    assert!(triggered.status.success(), "{triggered:?}");
    until_some("the second run to begin", || {
        let runs = fs::read_to_string(agent.path("runs")).unwrap_or_default();
        (runs.lines().count() == 2).then_some(())
    });
    agent.write("go", "");
    drop(idle);
    let ended = server.ended_run(&first);
    assert_eq!(ended["outcome"], "succeeded", "{ended:#}");
    let listed = until(
        "both runs to end",
        || server.client().get("/runs").json["runs"].clone(),
        |runs| runs.as_array().is_some_and(|runs| runs.iter().all(|run| run["status"] == "finished")),
    );
    let outcomes: Vec<&Value> = listed.as_array().expect("a list").iter().map(|run| &run["outcome"]).collect();
    assert_eq!(outcomes, ["succeeded", "succeeded"], "{listed:#}");
    assert!(!server.output().contains("Too many open files"), "{}", server.output());
}

#[test]
fn endless_output_is_capped_on_disk_and_in_memory_and_the_run_keeps_its_end() {
    let agent = Agent::new();
    const BYTES: &str = "48M";
    agent
        .write_script("loud.sh", &format!("yes 'a line of output' | head -c {BYTES}; echo; echo the end; read x < go"));
    agent.write_jobs(&json!([job("loud", "loud.sh")]));
    assert!(std::process::Command::new("mkfifo").arg(agent.path("go")).status().is_ok_and(|made| made.success()));
    let server = agent.start();
    let id = server.trigger("loud");
    let session = server.running_run(&id)["session"].as_str().expect("a session").to_owned();
    let last_line = format!("/sessions/{session}/output?lines=1");
    until("its end", || server.client().get(&last_line).json["output"].clone(), |output| *output == "the end\n");
    let wrapper = most_memory(process_named(&agent, "__run"));
    let many = server.client().get(&format!("/sessions/{session}/output?lines=10000"));
    assert!(many.status == 200 && many.json["output"].as_str().is_some_and(|text| text.lines().count() == 10_000));
    let host = most_memory(server.pid());
    agent.write("go", "\n");
    let run = server.ended_run(&id);
    assert_eq!(run["outcome"], "succeeded", "{run:#}");
    assert!(run["tail"].as_str().is_some_and(|tail| tail.ends_with("\nthe end\n")), "{run:#}");
    let kept: u64 = size(&agent.path(".instar/state/sessions"));
    // The wrapper's memory is that of the program itself; the output is eight megabytes at most.
    assert!(kept < 9 * MEGABYTE && wrapper < 96 * MEGABYTE && host < 256 * MEGABYTE, "{kept} {wrapper} {host}");
}

fn size(folder: &std::path::Path) -> u64 {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    entries
        .map(|entry| if entry.path().is_dir() { size(&entry.path()) } else { entry.metadata().map_or(0, |m| m.len()) })
        .sum()
}

#[test]
fn hundred_thousand_jobs_are_taken_and_an_edit_of_them_is_live() {
    let agent = Agent::new();
    let jobs: Vec<Value> = (0..100_000).map(|number| job(&format!("job-{number}"), "echo done")).collect();
    agent.write(".instar/jobs.json", &Value::from(jobs.clone()).to_string());
    assert!(fs::metadata(agent.path(".instar/jobs.json")).expect("a file").len() > 10 * MEGABYTE);
    let server = agent.start();
    let count = || server.client().get("/jobs").json["jobs"].as_array().map_or(0, Vec::len);
    assert_eq!(count(), 100_000);
    let run = server.ended_run(&server.trigger("job-99999"));
    assert_eq!(run["outcome"], "succeeded", "{run:#}");
    agent.write(".instar/jobs.json", &Value::from(&jobs[..99_999]).to_string());
    until("the edit to be live", count, |count| *count == 99_999);
    assert_eq!(server.client().post("/jobs/job-99999/trigger", &json!({})).status, 404);
    // Some ten kilobytes for each job, and three sets of them while one replaces another.
    let memory = most_memory(server.pid());
    assert!(memory < 3 * 1024 * MEGABYTE, "{memory} bytes");
}

#[test]
fn files_and_bodies_that_are_too_large_are_refused_in_a_sentence() {
    let agent = Agent::new();
    agent.write_jobs(&json!([job("work", "echo done")]));
    let server = agent.start();
    let refused = server.client().post("/jobs/work/trigger", &json!({"reason": "x".repeat(10 << 20)}));
    assert!(refused.status == 413 && refused.json["error"].is_string(), "{refused:?}");
    agent.write(".instar/jobs.json", &format!("[{}]", " ".repeat(33 << 20)));
    let reloaded =
        until("the file to be refused", || server.client().get("/jobs").text, |jobs| jobs.contains("32 MiB"));
    assert!(reloaded.contains("\"work\""), "the last good jobs stand");
    server.stop();
    agent.configure(&json!({"projectName": "x".repeat(10 << 20)}));
    let done = agent.instar(&["server", "start", "--foreground"]);
    let text = String::from_utf8_lossy(&done.stderr);
    assert!(!done.status.success() && text.contains("config.json") && text.len() < 2000, "{} bytes", text.len());
}

#[test]
fn two_hundred_sessions_at_once_survive_a_crash_and_none_is_lost_or_doubled() {
    const SESSIONS: usize = 200;
    let agent = Agent::new();
    agent.configure(&json!({
        "scheduler": {"maxParallelJobs": SESSIONS}, "sessions": {"maxSessions": SESSIONS}
    }));
    agent.write_script("work.sh", "echo $INSTAR_RUN_ID >> runs; while ! [ -e go ]; do sleep 1; done; echo done");
    agent.write_jobs(&json!([job("work", "work.sh")]));
    let begun = || fs::read_to_string(agent.path("runs")).unwrap_or_default().lines().count();
    let server = agent.start();
    let ids: Vec<_> = (0..SESSIONS).map(|_| server.trigger("work")).collect();
    until("half of them to begin", begun, |begun| *begun >= SESSIONS / 2);
    server.kill_hard();
    let server = agent.start();
    until("all of them to begin", begun, |begun| *begun >= SESSIONS);
    let refused = server.client().get("/health").json;
    assert!(refused.is_object(), "it answers");
    agent.write("go", "");
    for id in &ids {
        let run = server.ended_run(id);
        assert_eq!((&run["outcome"], &run["tail"]), (&json!("succeeded"), &json!("done\n")), "{run:#}");
    }
    let text = fs::read_to_string(agent.path("runs")).expect("read");
    let ran: Vec<&str> = text.lines().collect();
    assert_eq!((ran.len(), ran.iter().collect::<HashSet<_>>().len()), (SESSIONS, SESSIONS));
    assert!(most_memory(server.pid()) < 256 * MEGABYTE, "{} bytes", most_memory(server.pid()));
}
