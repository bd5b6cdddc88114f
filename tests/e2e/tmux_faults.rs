//! tmux that hangs, is ended by an agent or stands still: named failures, true results, nothing twice.

use std::fs;

use instar_tests::{Agent, command_line, kill, process_named, until_some};
use serde_json::{Value, json};

fn job(slug: &str, value: &str) -> Value {
    json!({
        "slug": slug, "name": slug, "schedule": "@yearly", "overlap": "allow",
        "execute": {"type": "script", "value": value}
    })
}

/// `work` notes that it ran, `long` runs until the file `go` is there.
fn agent() -> Agent {
    let agent = Agent::new();
    agent.write_script("work.sh", "echo run >> runs; echo done");
    agent.write_script("long.sh", "echo begun > begun; while ! [ -e go ]; do sleep 0.1; done; echo ended; exit 3");
    agent.write_jobs(&json!([job("work", "work.sh"), job("long", "long.sh")]));
    agent
}

fn runs(agent: &Agent) -> usize {
    fs::read_to_string(agent.path("runs")).unwrap_or_default().lines().count()
}

#[track_caller]
fn check_succeeded(run: &Value) {
    assert_eq!((&run["outcome"], &run["tail"]), (&json!("succeeded"), &json!("done\n")), "{run:#}");
}

#[track_caller]
fn check_long(run: &Value) {
    assert_eq!((&run["outcome"], &run["exitStatus"]), (&json!("failed"), &json!(3)), "{run:#}");
}

#[test]
fn start_that_a_standing_tmux_holds_up_fails_by_name_and_never_happens_later() {
    let agent = agent();
    let server = agent.start();
    let long = server.trigger("long");
    until_some("the long job to begin", || agent.path("begun").is_file().then_some(()));
    let tmux = process_named(&agent, "tmux");
    kill("-STOP", tmux);
    let held_up = server.trigger("work");
    for path in ["/health", "/jobs", "/runs", "/sessions"] {
        assert_eq!(server.client().get(path).status, 200, "{path} while tmux stands still");
    }
    agent.write("go", "");
    check_long(&server.ended_run(&long));
    let run = server.ended_run(&held_up);
    assert_eq!((&run["outcome"], &run["result"]), (&json!("failed"), &json!("failure")), "{run:#}");
    assert!(run["cause"].as_str().is_some_and(|cause| cause.contains("`tmux new-session` gave no answer")), "{run:#}");
    kill("-CONT", tmux);
    // tmux takes its commands in their order: what it was asked before this one is done when this one is.
    check_succeeded(&server.ended_run(&server.trigger("work")));
    assert_eq!(runs(&agent), 1, "the run that was given up ran after all");
    assert_eq!(server.run(&held_up)["outcome"], "failed");
}

#[test]
fn tmux_program_that_hangs_fails_its_runs_by_name_until_it_is_well_again() {
    let agent = agent();
    agent.write_script("my-tmux", "[ -e hang ] && exec sleep 600\nexec tmux \"$@\"");
    agent.configure(&json!({"sessions": {"tmuxPath": agent.path("my-tmux")}}));
    let server = agent.start();
    agent.write("hang", "");
    let hung = [server.trigger("work"), server.trigger("work")];
    assert_eq!(server.client().get("/health").status, 200);
    let listed = server.client().get("/sessions/tmux");
    assert!(listed.status == 503 && listed.text.contains("tmux"), "{listed:?}");
    for id in &hung {
        let run = server.ended_run(id);
        assert!(run["cause"].as_str().is_some_and(|cause| cause.contains("tmux")), "{run:#}");
    }
    fs::remove_file(agent.path("hang")).expect("removed");
    check_succeeded(&server.ended_run(&server.trigger("work")));
    assert_eq!(runs(&agent), 1);
}

#[test]
fn agent_that_ends_tmux_again_and_again_costs_no_run() {
    let agent = agent();
    agent.configure(&json!({"scheduler": {"maxParallelJobs": 6}, "sessions": {"maxSessions": 6}}));
    let server = agent.start();
    let long = server.trigger("long");
    until_some("the long job to begin", || agent.path("begun").is_file().then_some(()));
    let argv = command_line(process_named(&agent, "tmux"));
    let at = argv.iter().position(|word| word == "-L").expect("tmux has a socket of its own");
    agent.write_script(
        "vandal.sh",
        &format!(
            "for i in $(seq 30); do tmux -L {} kill-server 2> /dev/null; sleep 0.05; done; echo done",
            argv[at + 1]
        ),
    );
    let jobs = [job("work", "work.sh"), job("long", "long.sh"), job("vandal", "vandal.sh")];
    agent.write_jobs(&json!(jobs));
    assert_eq!(server.client().post("/jobs/reload", &json!({})).status, 200);
    let vandal = server.trigger("vandal");
    let works: Vec<_> = (0..8).map(|_| server.trigger("work")).collect();
    for work in &works {
        check_succeeded(&server.ended_run(work));
    }
    check_succeeded(&server.ended_run(&vandal));
    agent.write("go", "");
    check_long(&server.ended_run(&long));
    check_succeeded(&server.ended_run(&server.trigger("work")));
    assert_eq!(runs(&agent), works.len() + 1);
}

#[test]
fn wrapper_tmux_and_server_that_stand_still_for_a_while_changes_no_result() {
    let agent = agent();
    let server = agent.start();
    let long = server.trigger("long");
    until_some("the long job to begin", || agent.path("begun").is_file().then_some(()));
    let wrapper = process_named(&agent, "__run");
    let children = fs::read_to_string(format!("/proc/{wrapper}/task/{wrapper}/children")).expect("it lives");
    let command: u32 = children.trim().parse().expect("the wrapper has one child");
    // tmux lets the programs in its panes go on when they are stopped, so it is stopped first.
    let tmux = process_named(&agent, "tmux");
    for pid in [tmux, wrapper, server.pid()] {
        kill("-STOP", pid);
    }
    agent.write("go", "");
    // The command has ended when nobody but the wrapper is left to take note of it.
    until_some("the command to end", || is_over(command).then_some(()));
    kill("-CONT", server.pid());
    assert_eq!(server.run(&long)["status"], "running", "the wrapper has not said anything yet");
    for pid in [wrapper, tmux] {
        kill("-CONT", pid);
    }
    check_long(&server.ended_run(&long));
    check_succeeded(&server.ended_run(&server.trigger("work")));
}

fn is_over(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_none_or(|rest| rest.is_empty() || rest.starts_with(" Z"))
}
