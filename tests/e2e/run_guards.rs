//! The guards of runs that come along: they say nothing until somebody configures them.

use instar_tests::{Agent, Server};
use serde_json::{Value, json};

fn job(slug: &str, fields: &Value) -> Value {
    let mut job =
        json!({"slug": slug, "name": slug, "schedule": "@yearly", "execute": {"type": "script", "value": "true"}});
    let fields = fields.as_object().expect("fields").clone();
    job.as_object_mut().expect("a job").extend(fields);
    job
}

/// Triggers it, and answers what was said against it; nothing if it ran.
fn said(server: &Server, slug: &str) -> String {
    let run = server.ended_run(&server.trigger(slug));
    let was_denied = run["status"] == "skipped";
    assert!(was_denied || run["outcome"] == "succeeded", "{run:#}");
    if was_denied { run["detail"].as_str().expect("a reason").to_owned() } else { String::new() }
}

#[test]
fn in_quiet_hours_only_exceptions_start() {
    let agent = Agent::new();
    agent.write_jobs(&json!([job("report", &json!({})), job("alarm", &json!({"tags": ["alarm"]}))]));
    let config = json!({ "hours": [{ "from": "00:00", "to": "24:00" }, { "from": "12:00", "to": "12:00" }],
        "zone": "Pacific/Auckland", "except": { "tags": ["alarm"] } });
    agent.configure(&json!({ "plugins": { "guard-quiet-hours": { "config": config } } }));
    let server = agent.start();
    assert_eq!(said(&server, "alarm"), "");
    let said = said(&server, "report");
    assert!(said.contains("guard-quiet-hours/quiet-hours") && said.contains("quiet hours"), "{said}");
}

#[test]
fn a_budget_that_is_used_up_lets_nothing_start_and_what_was_denied_uses_nothing_up() {
    let agent = Agent::new();
    agent.write_jobs(&json!([job("report", &json!({})), job("other", &json!({})), job("alarm", &json!({}))]));
    let config = json!({
        "eachJob": { "day": { "runs": 1 } }, "jobs": { "other": { "week": { "runs": 2 } } },
        "all": { "week": { "runs": 3 } }, "except": { "slugs": ["alarm"] },
    });
    agent.configure(&json!({ "plugins": { "guard-budget": { "config": config } } }));
    let server = agent.start();
    assert_eq!(said(&server, "report"), "");
    for _ in 0..2 {
        let said = said(&server, "report");
        let is_fine = said.contains("the budget of this job for today is used up (1 of 1 runs)");
        assert!(is_fine && said.contains("there is a new one from 20"), "{said}");
    }
    assert_eq!((said(&server, "other"), said(&server, "other")), (String::new(), String::new()));
    let both = said(&server, "other");
    assert!(both.contains("this job for this week is used up (2 of 2 runs)"), "{both}");
    assert!(both.contains("all runs for this week is used up (3 of 3 runs)"), "{both}");
    assert_eq!(said(&server, "alarm"), "");
    let counted = agent.instar(&["plugin", "stats", "guard-budget", "--json"]);
    let counted: Value = serde_json::from_slice(&counted.stdout).unwrap_or_else(|_| panic!("{counted:?}"));
    assert!(counted["calls"].as_u64() >= Some(7), "{counted:#}");
}

#[test]
fn guards_that_nobody_configured_say_nothing() {
    let agent = Agent::new();
    agent.write_jobs(&json!([job("report", &json!({}))]));
    let server = agent.start();
    assert_eq!(said(&server, "report"), "");
    let plugins = server.client().get("/plugins").json;
    let ids: Vec<_> =
        plugins["plugins"].as_array().expect("plugins").iter().map(|plugin| plugin["id"].clone()).collect();
    for id in ["guard-budget", "guard-quiet-hours"] {
        assert!(ids.contains(&json!(id)), "{plugins:#}");
    }
}
