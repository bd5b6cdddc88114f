//! The attack finds what is bad, and what ships withstands it.

use std::time::Duration;

use instar_plugin_test::{Limits, Plugin};
use serde_json::json;

use crate::plugin;

#[track_caller]
fn check_found(plugin: &Plugin, code: &str) {
    let attacked = plugin.attack().unwrap();
    let named = attacked.faults.iter().filter(|fault| fault.contains(&format!(": {code} ("))).count();
    assert!(named > 0 && named == attacked.faults.len(), "{code} {named} times in {:#?}", attacked.faults);
    assert!(attacked.tries >= named, "{attacked:?}");
}

/// Each call takes as long as it may.
fn impatient(plugin: Plugin) -> Plugin {
    let mut limits = Limits::default();
    for call in [&mut limits.execute, &mut limits.guard] {
        call.wall = Duration::from_millis(30);
    }
    plugin.with_limits(limits)
}

#[test]
fn a_trap_is_found() {
    check_found(&plugin("bad-traps"), "trap");
    check_found(&plugin("bad-guard-traps"), "trap");
}

#[test]
fn an_endless_loop_is_found() {
    check_found(&impatient(plugin("bad-spins")), "timeout");
    check_found(&impatient(plugin("bad-guard-spins")), "timeout");
}

#[test]
fn too_much_memory_is_found() {
    check_found(&plugin("bad-eats-memory"), "memory-limit");
}

#[test]
fn answers_that_cannot_be_used_are_found() {
    check_found(&plugin("bad-huge-answer"), "output-too-large");
    check_found(&plugin("bad-invalid-answer"), "invalid-output");
    // It goes on with whatever it was answered, however long that is.
    check_found(&plugin("tiny-http"), "invalid-output");
}

#[test]
fn a_failure_in_the_plugins_words_is_no_fault() {
    let attacked = plugin("bad-fails").attack().unwrap();
    assert_eq!(attacked.faults, [""; 0]);
    assert!(attacked.tries > 50, "{}", attacked.tries);
}

#[track_caller]
fn check_withstands(plugin: &Plugin) {
    let attacked = plugin.attack().unwrap();
    assert_eq!(attacked.faults, [""; 0], "{}", plugin.id());
    assert!(attacked.tries > 10, "{}", attacked.tries);
}

#[test]
fn execute_types_that_ship_withstand() {
    check_withstands(&plugin("execute-script").with_execute(json!({ "type": "script", "value": "./a.sh" })));
    check_withstands(&plugin("execute-prompt").with_execute(json!({ "type": "prompt", "value": "look" })));
    check_withstands(&plugin("execute-agent").with_execute(json!({ "type": "agent", "prompt": "look" })));
    check_withstands(&plugin("execute-pipeline").with_execute(json!({ "type": "pipeline", "steps": [] })));
    let http = plugin("execute-http").with_config(json!({ "urls": ["{http}/run"] }));
    check_withstands(&http.with_execute(json!({ "type": "http", "url": "{http}/run" })));
}

#[test]
fn guards_that_ship_withstand() {
    for name in ["guard-conduct", "guard-quiet-hours", "guard-budget"] {
        check_withstands(&plugin(name));
    }
}

#[test]
fn notifiers_that_ship_withstand() {
    let telegram = plugin("notifier-telegram").with_config(json!({ "chatId": "-100123" }));
    check_withstands(&telegram.with_secret("token", "123:abc"));
    let webhook =
        plugin("notifier-webhook").with_config(json!({ "slack": { "path": "T0/B0" }, "url": "{http}/notices" }));
    check_withstands(&webhook.with_secret("slack", "abc"));
}
