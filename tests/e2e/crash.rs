//! kill -9 of the server, of tmux and of the wrapper: the true result or `lost`, nothing twice, nothing forgotten.

use std::fs;

use instar_tests::{Agent, kill, process_named, processes_below, until_some};
use serde_json::{Value, json};

/// A job that notes each start in a file, says when it has begun, and ends with status 3.
fn agent_with_job(seconds: u32) -> Agent {
    let agent = Agent::new();
    agent.write_script("work.sh", &format!("echo start >> starts; echo begun; sleep {seconds}; echo ended; exit 3"));
    agent.write_jobs(&json!([{
        "slug": "work", "name": "Work", "schedule": "@yearly", "execute": {"type": "script", "value": "work.sh"}
    }]));
    agent
}

fn starts(agent: &Agent) -> usize {
    fs::read_to_string(agent.path("starts")).unwrap_or_default().lines().count()
}

#[track_caller]
fn wait_for_begin(agent: &Agent) {
    until_some("the command to begin", || agent.path("starts").is_file().then_some(()));
}

#[track_caller]
fn check_true_result(run: &Value) {
    assert_eq!(
        (&run["outcome"], &run["exitStatus"], &run["tail"]),
        (&json!("failed"), &json!(3), &json!("begun\nended\n")),
        "{run:#}"
    );
}

#[test]
fn run_that_outlives_the_server_ends_with_its_true_result() {
    let agent = agent_with_job(4);
    let server = agent.start();
    let id = server.trigger("work");
    wait_for_begin(&agent);
    server.kill_hard();
    let server = agent.start();
    check_true_result(&server.ended_run(&id));
    assert_eq!(starts(&agent), 1);
}

#[test]
fn run_that_ends_while_no_server_runs_is_found_by_the_next() {
    let agent = agent_with_job(1);
    let server = agent.start();
    let id = server.trigger("work");
    wait_for_begin(&agent);
    server.kill_hard();
    until_some("the wrapper to end", || processes_below(agent.dir()).len().le(&1).then_some(()));
    let server = agent.start();
    check_true_result(&server.ended_run(&id));
    assert_eq!(starts(&agent), 1);
}

#[test]
fn run_outlives_the_tmux_server_too() {
    let agent = agent_with_job(4);
    let server = agent.start();
    let id = server.trigger("work");
    wait_for_begin(&agent);
    kill("-KILL", process_named(&agent, "tmux"));
    check_true_result(&server.ended_run(&id));
    assert_eq!(starts(&agent), 1);
    let again = server.trigger("work");
    check_true_result(&server.ended_run(&again));
}

#[test]
fn server_and_tmux_both_die_and_the_result_is_still_true() {
    let agent = agent_with_job(3);
    let server = agent.start();
    let id = server.trigger("work");
    wait_for_begin(&agent);
    kill("-KILL", process_named(&agent, "tmux"));
    server.kill_hard();
    let server = agent.start();
    check_true_result(&server.ended_run(&id));
    assert_eq!(starts(&agent), 1);
}

#[test]
fn run_without_a_trace_of_its_end_is_lost_and_never_rerun() {
    for server_lives in [true, false] {
        let agent = agent_with_job(600);
        let mut server = agent.start();
        let id = server.trigger("work");
        wait_for_begin(&agent);
        let wrapper = process_named(&agent, "__run");
        if server_lives {
            kill("-KILL", wrapper);
        } else {
            server.kill_hard();
            kill("-KILL", wrapper);
            server = agent.start();
        }
        let run = server.ended_run(&id);
        assert_eq!((&run["outcome"], &run["result"]), (&json!("lost"), &json!("failure")), "{run:#}");
        assert_eq!(run["tail"], "begun\n", "what output there is is kept");
        assert_eq!(starts(&agent), 1);
    }
}

#[test]
fn server_killed_at_any_moment_of_a_start_neither_forgets_nor_doubles() {
    for pause in [0, 3, 6, 10, 15, 25, 40, 70] {
        let agent = agent_with_job(1);
        let server = agent.start();
        let id = server.trigger("work");
        std::thread::sleep(std::time::Duration::from_millis(pause));
        server.kill_hard();
        let server = agent.start();
        check_true_result(&server.ended_run(&id));
        assert_eq!(starts(&agent), 1, "after {pause} ms");
    }
}

#[test]
fn stop_that_was_asked_for_before_a_crash_is_carried_out_after_it() {
    let agent = agent_with_job(600);
    let server = agent.start();
    let id = server.trigger("work");
    let run = server.running_run(&id);
    let session = run["session"].as_str().expect("a session");
    assert_eq!(server.client().delete(&format!("/sessions/{session}")).status, 200);
    server.kill_hard();
    let server = agent.start();
    let run = server.ended_run(&id);
    assert_eq!(run["outcome"], "stopped", "{run:#}");
}
