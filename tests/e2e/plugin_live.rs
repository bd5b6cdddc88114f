//! Plugins of a running server: what is installed, granted and set up works at once, and no call is dropped.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use instar_tests::{Agent, Server, component_bytes, shout, until};
use serde_json::{Value, json};

#[track_caller]
fn done(agent: &Agent, arguments: &[&str]) {
    let output = agent.command_of_operator(arguments).output().expect("instar can be run");
    assert!(output.status.success(), "{arguments:?}: {output:?}");
}

fn install(agent: &Agent, name: &str, bytes: &[u8]) {
    fs::write(agent.path(name), bytes).expect("written");
    done(agent, &["plugin", "install", &agent.path(name).display().to_string(), "--yes", "--downgrade"]);
}

fn plugin(server: &Server, id: &str) -> Value {
    let plugins = server.client().get("/plugins").json;
    let found = plugins["plugins"].as_array().and_then(|all| all.iter().find(|plugin| plugin["id"] == id));
    found.cloned().unwrap_or_default()
}

#[track_caller]
fn await_version(server: &Server, id: &str, version: &Value) {
    until("the server to take it up", || plugin(server, id), |plugin| plugin["version"] == *version);
}

fn jobs() -> Value {
    let job = |slug: &str, execute_type: &str, value: &str| json!({"slug": slug, "name": slug, "schedule": "@yearly", "execute": {"type": execute_type, "value": value}});
    json!([
        job("shout", "shouts", "echo loud"),
        job("long", "shouts", "while ! [ -e go ]; do sleep 0.1; done; echo ended"),
        job("deny-me", "script", "echo fine"),
    ])
}

#[test]
fn installed_plugin_works_without_a_restart_and_so_does_the_next_version() {
    let agent = Agent::new();
    agent.write_jobs(&jobs());
    let server = agent.start();
    assert_eq!(server.ended_run(&server.trigger("shout"))["outcome"], "failed", "nobody offers it yet");
    install(&agent, "shouts.wasm", &shout("0.1.0"));
    await_version(&server, "execute-shouts", &json!("0.1.0"));
    assert_eq!(server.ended_run(&server.trigger("shout"))["outcome"], "succeeded");

    let long = server.trigger("long");
    server.running_run(&long);
    install(&agent, "shouts.wasm", &shout("0.2.0"));
    await_version(&server, "execute-shouts", &json!("0.2.0"));
    agent.write("go", "");
    assert_eq!(server.ended_run(&long)["outcome"], "succeeded", "a run goes on with what it began with");
    assert_eq!(server.ended_run(&server.trigger("shout"))["outcome"], "succeeded");

    done(&agent, &["plugin", "disable", "execute-shouts"]);
    until("it to be left out", || plugin(&server, "execute-shouts"), |plugin| plugin["enabled"] == false);
    assert_eq!(server.ended_run(&server.trigger("shout"))["outcome"], "failed");
    done(&agent, &["plugin", "enable", "execute-shouts"]);
    until("it to be back", || plugin(&server, "execute-shouts"), |plugin| plugin["enabled"] == true);
    done(&agent, &["plugin", "remove", "execute-shouts"]);
    await_version(&server, "execute-shouts", &Value::Null);
    let changed = server.client().get("/events?type=plugins_changed").json;
    assert!(changed.as_array().is_some_and(|events| events.len() >= 5), "{changed:#}");
}

#[test]
fn file_that_is_put_there_by_hand_is_taken_up_and_given_up() {
    let agent = Agent::new();
    agent.write_jobs(&jobs());
    let server = agent.start();
    let file = agent.path(".instar/plugins/shouts.wasm");
    fs::write(&file, shout("0.1.0")).expect("written");
    await_version(&server, "execute-shouts", &json!("0.1.0"));
    assert_eq!(server.ended_run(&server.trigger("shout"))["outcome"], "succeeded");
    fs::write(&file, shout("0.2.0")).expect("written in its place");
    await_version(&server, "execute-shouts", &json!("0.2.0"));
    fs::remove_file(&file).expect("removed");
    await_version(&server, "execute-shouts", &Value::Null);
}

#[test]
fn guard_and_notifier_that_are_installed_are_asked_and_told() {
    let agent = Agent::new();
    agent.write_jobs(&jobs());
    let server = agent.start();
    assert_eq!(server.ended_run(&server.trigger("deny-me"))["outcome"], "succeeded");
    install(&agent, "guard.wasm", &component_bytes("tiny-run-guard"));
    await_version(&server, "tiny-run-guard", &json!("0.1.0"));
    assert_eq!(server.ended_run(&server.trigger("deny-me"))["status"], "skipped");
    done(&agent, &["plugin", "remove", "tiny-run-guard"]);
    await_version(&server, "tiny-run-guard", &Value::Null);
    install(&agent, "notifier.wasm", &component_bytes("tiny-notifier"));
    await_version(&server, "tiny-notifier", &json!("0.1.0"));
    assert_eq!(server.ended_run(&server.trigger("deny-me"))["outcome"], "succeeded");
    let delivered = "/events?type=notice_delivered";
    let events = until("the delivery", || server.client().get(delivered).json, |events| events[0].is_object());
    assert_eq!(events[0]["metadata"]["notifier"], "tiny-notifier", "{events:#}");
}

#[test]
fn settings_of_a_plugin_are_taken_up_at_once_and_bad_ones_are_reported() {
    let agent = Agent::new();
    agent.write_jobs(&jobs());
    install(&agent, "shouts.wasm", &shout("0.1.0"));
    let server = agent.start();
    assert_eq!(server.ended_run(&server.trigger("shout"))["outcome"], "succeeded");
    done(&agent, &["config", "set", "plugins.execute-shouts.config.colour", "red"]);
    let problems = || server.client().get("/plugins").json["problems"].clone();
    let problems = until("the problem to be seen", problems, |problems| problems[0].is_object());
    assert_eq!((&problems[0]["plugin"], &problems[0]["code"]), (&json!("execute-shouts"), &json!("bad-config")));
    assert_eq!(server.ended_run(&server.trigger("shout"))["outcome"], "failed");
    done(&agent, &["config", "set", "plugins.execute-shouts.config", "{}"]);
    await_version(&server, "execute-shouts", &json!("0.1.0"));
    // Of what its schema refuses, the field is named; the plugin itself is not asked.
    let problems = || server.client().get("/plugins").json["problems"].clone();
    agent.configure(&json!({"plugins": {"execute-prompt": {"config": {"args": [1]}}}}));
    let seen = until("the problem to be seen", problems, |problems| problems[0].is_object());
    assert_eq!(seen[0]["message"], "bad configuration: `args.0` must be a text", "{seen:#}");
    agent.configure(&json!({"plugins": {"execute-prompt": {"config": {"args": []}}}}));
    until("the problem to be gone", problems, |problems| problems[0].is_null());
    assert_eq!(server.ended_run(&server.trigger("shout"))["outcome"], "succeeded");
}

#[test]
fn no_run_fails_while_versions_change_under_load() {
    let agent = Agent::new();
    agent.write_jobs(&jobs());
    install(&agent, "shouts.wasm", &shout("0.1.0"));
    let server = agent.start();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for version in ["0.1.1", "0.1.2", "0.1.3", "0.1.4"] {
                install(&agent, "shouts.wasm", &shout(version));
                await_version(&server, "execute-shouts", &json!(version));
            }
            is_over.store(true, Ordering::Relaxed);
        });
        let mut runs = 0;
        while !is_over.load(Ordering::Relaxed) || runs < 5 {
            let run = server.ended_run(&server.trigger("shout"));
            assert_eq!(run["outcome"], "succeeded", "{run:#}");
            runs += 1;
        }
    });
}
