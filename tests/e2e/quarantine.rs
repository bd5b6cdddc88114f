//! A plugin that gives no answer too often is taken out where everybody sees it, and comes back when somebody says so.

use instar_tests::{Agent, Server, until};
use serde_json::{Value, json};

use crate::hook;

fn job(slug: &str, execute_type: &str) -> Value {
    json!({"slug": slug, "name": slug, "schedule": "@yearly", "execute": {"type": execute_type, "value": "echo fine"}})
}

fn start(component: &str, after: u32) -> (Agent, Server) {
    let agent = Agent::new();
    agent.install(component);
    agent.configure(&json!({ "plugins": { "quarantineAfter": after } }));
    agent.write_jobs(&json!([job("bad", component), job("fine", "script")]));
    let server = agent.start();
    (agent, server)
}

fn plugin(server: &Server, id: &str) -> Value {
    server.client().get(&format!("/plugins/{id}")).json
}

#[track_caller]
fn until_quarantined(server: &Server, id: &str) -> Value {
    until("the quarantine", || plugin(server, id), |plugin| plugin["quarantine"].is_object())
}

fn said(agent: &Agent, arguments: &[&str]) -> String {
    let output = agent.command_of_operator(arguments).output().expect("instar can be run");
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_plugin_that_traps_is_taken_out_and_enabled_again() {
    let (agent, server) = start("bad-traps", 3);
    for _ in 0..3 {
        let run = server.ended_run(&server.trigger("bad"));
        assert!(run["cause"].as_str().is_some_and(|cause| cause.contains("(trap)")), "{run:#}");
    }
    let quarantined = until_quarantined(&server, "bad-traps");
    assert_eq!(quarantined["enabled"], false, "{quarantined:#}");
    assert_eq!((&quarantined["quarantine"]["faults"], &quarantined["quarantine"]["code"]), (&json!(3), &json!("trap")));
    let run = server.ended_run(&server.trigger("bad"));
    assert!(run["cause"].as_str().is_some_and(|cause| cause.contains("no loaded plugin offers")), "{run:#}");
    let items =
        until("the item", || server.client().get("/attention").text, |text| text.contains("plugin-quarantined"));
    assert!(items.contains("instar plugin enable bad-traps"), "{items}");
    assert!(said(&agent, &["plugin", "list"]).contains("quarantine"));
    assert!(said(&agent, &["plugin", "inspect", "bad-traps"]).contains("in quarantine"));
    let doctor = said(&agent, &["doctor"]);
    assert!(doctor.contains("plugin-quarantined") && doctor.contains("instar plugin enable bad-traps"), "{doctor}");

    // It stays out over a restart, and comes back when somebody says so.
    assert!(server.stop().success());
    let server = agent.start();
    assert!(plugin(&server, "bad-traps")["quarantine"].is_object());
    let enabled = said(&agent, &["plugin", "enable", "bad-traps"]);
    assert!(enabled.contains("is enabled"), "{enabled}");
    until("the way back", || plugin(&server, "bad-traps"), |plugin| plugin["enabled"] == true);
    let run = server.ended_run(&server.trigger("bad"));
    assert!(run["cause"].as_str().is_some_and(|cause| cause.contains("(trap)")), "{run:#}");
    let item = || server.client().get("/attention/plugin-quarantined:bad-traps").json;
    until("the item to be closed", item, |item| item["status"] == "DONE");
}

#[test]
fn a_guard_in_quarantine_denies_by_its_name() {
    let (agent, server) = start("bad-guard-traps", 2);
    for _ in 0..2 {
        let run = server.ended_run(&server.trigger("fine"));
        assert_eq!(run["status"], "skipped", "{run:#}");
    }
    until_quarantined(&server, "bad-guard-traps");
    let run = server.ended_run(&server.trigger("fine"));
    let cause = run.to_string();
    assert!(run["status"] == "skipped" && cause.contains("bad-guard-traps/quarantined"), "{run:#}");
    assert!(cause.contains("is in quarantine"), "{run:#}");
    drop((agent, server));
}

#[test]
fn faults_of_a_guard_in_hooks_count_and_it_denies_by_its_name_from_then_on() {
    let agent = hook::guarded();
    agent.install("bad-guard-traps");
    agent.configure(&json!({ "plugins": { "quarantineAfter": 3 } }));
    agent.write_jobs(&json!([]));
    let reads = json!({
        "session_id": "s1", "hook_event_name": "PreToolUse", "permission_mode": "default", "cwd": "/tmp",
        "tool_name": "Read", "tool_input": { "file_path": "/tmp/a" },
    });
    let denied = || {
        let done = hook::call(&agent, "PreToolUse", agent.dir(), reads.to_string().as_bytes(), &[]);
        String::from_utf8_lossy(&done.stdout).into_owned()
    };
    // What was before the server began is not counted.
    for _ in 0..3 {
        let reason = denied();
        assert!(reason.contains("deny") && reason.contains("bad-guard-traps/trap"), "{reason}");
    }
    let server = agent.start();
    for _ in 0..3 {
        assert_eq!(plugin(&server, "bad-guard-traps")["enabled"], true);
        let reason = denied();
        assert!(reason.contains("deny") && reason.contains("bad-guard-traps/trap"), "{reason}");
    }
    let quarantined = until_quarantined(&server, "bad-guard-traps");
    assert_eq!((&quarantined["quarantine"]["faults"], &quarantined["quarantine"]["code"]), (&json!(3), &json!("trap")));
    let reason = denied();
    for part in ["deny", "bad-guard-traps/quarantined", "instar plugin enable bad-guard-traps"] {
        assert!(reason.contains(part), "{part}: {reason}");
    }
    assert!(said(&agent, &["plugin", "enable", "bad-guard-traps"]).contains("is enabled"));
    until("the way back", || plugin(&server, "bad-guard-traps"), |plugin| plugin["enabled"] == true);
    let reason = denied();
    assert!(reason.contains("bad-guard-traps/trap"), "{reason}");
}

#[test]
fn nothing_is_taken_out_where_the_settings_say_never() {
    let (_agent, server) = start("bad-traps", 0);
    for _ in 0..6 {
        server.ended_run(&server.trigger("bad"));
    }
    assert_eq!(plugin(&server, "bad-traps")["enabled"], true);
}
