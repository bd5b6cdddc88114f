//! Gates: asked beside everything else, bounded in time, and shown as what they said.

use std::fs;

use instar_tests::{Agent, Server, processes_below, until, until_some};
use serde_json::{Value, json};

/// A gated job that notes each start; the gate is asked in the project's folder.
fn agent_with_gate(gate: &str, more: Value) -> Agent {
    let agent = Agent::new();
    agent.write_script("work.sh", "echo start >> starts");
    let mut job = json!({
        "slug": "gated", "name": "Gated", "schedule": "@yearly", "gate": gate,
        "execute": {"type": "script", "value": "work.sh"}
    });
    let fields = more.as_object().expect("more fields").clone();
    job.as_object_mut().expect("a job").extend(fields);
    let free = json!({
        "slug": "free", "name": "Free", "schedule": "@yearly", "execute": {"type": "script", "value": "work.sh"}
    });
    agent.write_jobs(&json!([job, free]));
    agent
}

fn has_started(agent: &Agent) -> bool {
    agent.path("starts").exists()
}

fn gating(server: &Server, id: &str) {
    until("the gate to be asked", || server.run(id), |run| run["status"] == "gating");
}

#[test]
fn a_gate_says_go_nothing_to_do_or_fails_and_its_output_is_kept() {
    let agent = agent_with_gate("echo asked; exit $(cat status)", json!({}));
    let server = agent.start();
    agent.write("status", "0");
    let run = server.ended_run(&server.trigger("gated"));
    assert_eq!((&run["outcome"], &run["gate"]["answer"]), (&json!("succeeded"), &json!("go")), "{run:#}");
    assert_eq!(run["gate"]["output"], "asked\n");

    agent.write("status", "1");
    let run = server.ended_run(&server.trigger("gated"));
    assert_eq!((&run["skipped"], &run["gate"]["answer"]), (&json!("nothing-to-do"), &json!("nothing")), "{run:#}");
    let ledger = server.client().get("/skip-ledger?slug=gated").json;
    assert_eq!(ledger["summary"]["gated"], json!({"total": 1, "byReason": {"nothing-to-do": 1}}), "{ledger:#}");
    assert_eq!((&ledger["events"][0]["reason"], &ledger["totalSkips"]), (&json!("nothing-to-do"), &json!(1)));
    let skips = agent.instar(&["job", "skips", "gated"]);
    assert!(String::from_utf8_lossy(&skips.stdout).contains("nothing-to-do"), "{skips:?}");

    agent.write("status", "2");
    let run = server.ended_run(&server.trigger("gated"));
    let cause = run["cause"].as_str().unwrap_or_default();
    assert!(run["outcome"] == "failed" && cause.contains("its gate gave no answer: exit status 2"), "{run:#}");
    let state = &server.client().get("/jobs/gated").json["state"];
    assert_eq!((&state["lastResult"], &state["consecutiveFailures"]), (&json!("failure"), &json!(1)), "{state:#}");
    let kinds = ["job_gate_passed", "job_gate_skip", "job_gate_error"];
    for kind in kinds {
        let events = server.client().get(&format!("/events?type={kind}")).json;
        assert_eq!(events.as_array().map(Vec::len), Some(1), "{kind}: {events:#}");
    }
    assert_eq!(fs::read_to_string(agent.path("starts")).unwrap(), "start\n");
}

#[test]
fn a_gate_that_takes_too_long_is_an_error_and_nothing_of_it_is_left() {
    let gate = "(setsid sleep 987654 &) ; echo waiting; sleep 987654";
    let agent = agent_with_gate(gate, json!({"gateTimeoutSeconds": 0.5}));
    let server = agent.start();
    let run = server.ended_run(&server.trigger("gated"));
    assert_eq!((&run["outcome"], &run["gate"]["answer"]), (&json!("failed"), &json!("error")), "{run:#}");
    assert!(run["cause"].as_str().is_some_and(|cause| cause.contains("500ms")), "{run:#}");
    assert_eq!(run["gate"]["output"], "waiting\n");
    assert_eq!(sleepers(&agent), 0);
    assert!(!has_started(&agent));
}

fn sleepers(agent: &Agent) -> usize {
    let is_sleeper = |pid: &u32| fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.starts_with(b"sleep"));
    processes_below(agent.dir()).iter().filter(|pid| is_sleeper(pid)).count()
}

#[test]
fn a_gate_may_call_the_host_that_waits_for_it_and_its_token_dies_with_it() {
    let gate = "printf '%s %s %s %s' $INSTAR_URL $INSTAR_JOB $INSTAR_RUN_ID $INSTAR_TOKEN > told.new; mv told.new told; \
        until test -f go; do sleep 0.05; done";
    let agent = agent_with_gate(gate, json!({"gateTimeoutSeconds": 60}));
    let server = agent.start();
    let id = server.trigger("gated");
    let told = until_some("the gate to be asked", || fs::read_to_string(agent.path("told")).ok());
    let told: Vec<&str> = told.split(' ').collect();
    assert!(told[0].ends_with(server.client().address()), "{told:?}");
    assert_eq!((told[1], told[2]), ("gated", id.as_str()));
    for pid in processes_below(agent.dir()) {
        let argv = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&argv).contains(told[3]), "the token stands in ps");
    }
    let gate = server.client().with_token(Some(told[3]));
    assert_eq!(gate.get(&format!("/runs/{id}")).json["status"], "gating");
    let free = gate.post("/jobs/free/trigger", &json!({}));
    assert_eq!((free.status, &free.json["result"]), (200, &json!("triggered")), "it holds no place");
    server.ended_run(free.json["runId"].as_str().unwrap());
    let workload = json!({"slug": "gated", "duration": 1, "itemsFound": 4, "itemsProcessed": 1});
    assert_eq!(gate.post("/skip-ledger/workload", &workload).status, 201);
    assert_eq!(gate.post("/jobs/reload", &json!({})).status, 403);
    assert_eq!(gate.post("/sessions/spawn", &json!({"name": "x", "prompt": "y"})).status, 403);
    agent.write("go", "");
    assert_eq!(server.ended_run(&id)["outcome"], "succeeded");
    assert_eq!(gate.get("/jobs").status, 403);
}

#[test]
fn after_kill_9_a_gate_is_asked_anew_and_the_old_one_is_gone() {
    let gate = "echo asked >> asked; until test -f go; do sleep 987654 & wait $!; done";
    let agent = agent_with_gate(gate, json!({"gateTimeoutSeconds": 300}));
    let asked = || fs::read_to_string(agent.path("asked")).unwrap_or_default().lines().count();
    let server = agent.start();
    let id = server.trigger("gated");
    until("the gate to be asked", asked, |count| *count == 1);
    server.kill_hard();
    until("the old gate to be gone", || sleepers(&agent), |count| *count == 0);
    agent.write("go", "");
    let server = agent.start();
    let run = server.ended_run(&id);
    assert_eq!((&run["outcome"], asked()), (&json!("succeeded"), 2), "{run:#}");
    assert_eq!(fs::read_to_string(agent.path("starts")).unwrap(), "start\n");
}

#[test]
fn a_stopped_server_leaves_no_gate_and_the_next_one_asks_again() {
    let agent = agent_with_gate("until test -f go; do sleep 0.05; done", json!({"gateTimeoutSeconds": 300}));
    let server = agent.start();
    let id = server.trigger("gated");
    gating(&server, &id);
    assert!(server.stop().success());
    until("the gate to be gone", || sleepers(&agent), |count| *count == 0);
    agent.write("go", "");
    let server = agent.start();
    assert_eq!(server.ended_run(&id)["outcome"], "succeeded");
}
