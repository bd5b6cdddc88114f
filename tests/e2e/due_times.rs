//! Due times as people ask for them: `instar job next`, `instar job validate` and the zones of jobs.

use std::process::Output;

use instar_tests::Agent;
use serde_json::{Value, json};

#[track_caller]
fn next(agent: &Agent, arguments: &[&str]) -> Value {
    let output = agent.instar(&[&["--json", "job", "next"], arguments].concat());
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("it prints JSON")
}

#[track_caller]
fn check_new_york(expression: &str, from: &str, expected: &[&str]) {
    let (agent, count) = (Agent::new(), expected.len().to_string());
    let answer = next(&agent, &[expression, "--timezone", "America/New_York", "--from", from, "--count", &count]);
    assert_eq!(answer["next"], json!(expected), "{answer}");
    assert_eq!((&answer["expression"], &answer["timezone"]), (&json!(expression), &json!("America/New_York")));
}

#[test]
fn next_prints_what_debians_cron_would_do() {
    let spring = ["2026-03-07T07:30:00Z", "2026-03-08T07:00:00Z", "2026-03-09T06:30:00Z"];
    check_new_york("30 2 * * *", "2026-03-07T00:00:00Z", &spring);
    let autumn = ["2026-10-31T05:30:00Z", "2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"];
    check_new_york("30 1 * * *", "2026-10-31T00:00:00Z", &autumn);
    let half_hours = ["2026-11-01T05:30:00Z", "2026-11-01T06:00:00Z", "2026-11-01T06:30:00Z"];
    check_new_york("*/30 * * * *", "2026-11-01T05:00:00Z", &half_hours);
    let never = next(&Agent::new(), &["0 0 30 2 *", "--timezone", "UTC"]);
    assert_eq!(never["next"], json!([]), "{never}");
}

fn job(slug: &str, schedule: &str, zone: &Value) -> Value {
    json!({"slug": slug, "name": slug, "schedule": schedule, "timezone": zone,
        "execute": {"type": "script", "value": "true"}})
}

#[test]
fn job_is_due_in_its_own_zone_else_in_that_of_the_settings() {
    let agent = Agent::new();
    agent.configure(&json!({"scheduler": {"timezone": "Asia/Tokyo"}}));
    agent
        .write_jobs(&json!([job("own", "0 9 * * *", &json!("Europe/Berlin")), job("host", "0 9 * * *", &Value::Null)]));
    let from = ["--from", "2026-01-01T12:00:00Z", "--count", "1"];
    let of = |what: &str| next(&agent, &[&[what], &from[..]].concat())["next"][0].clone();
    assert_eq!((of("own"), of("host")), (json!("2026-01-02T08:00:00Z"), json!("2026-01-02T00:00:00Z")));
    assert_eq!(of("0 9 * * *"), json!("2026-01-02T00:00:00Z"));

    let server = agent.start();
    let next_of = |slug: &str| {
        let job = server.client().get(&format!("/jobs/{slug}")).json;
        (job["timezone"].clone(), job["state"]["nextScheduled"].as_str().expect("it is due").to_owned())
    };
    let (own, host) = (next_of("own"), next_of("host"));
    assert_eq!(own.0, json!("Europe/Berlin"));
    assert!(own.1.ends_with("T08:00:00.000Z") || own.1.ends_with("T07:00:00.000Z"), "{own:?}");
    assert!(host.1.ends_with("T00:00:00.000Z"), "{host:?}");
}

#[track_caller]
fn check_refused(output: &Output, code: i32, word: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(code) && said.contains(word), "{output:?}");
}

#[test]
fn what_next_does_not_understand_is_said() {
    let agent = Agent::new();
    let next = |arguments: &[&str]| agent.instar(&[&["job", "next"], arguments].concat());
    check_refused(&next(&["61 * * * *"]), 2, "`61` is not a number from 0 to 59");
    check_refused(&next(&["0 * * * * *"]), 2, "seconds");
    check_refused(&next(&["@reboot"]), 2, "@reboot");
    check_refused(&next(&["@daily", "--timezone", "Mars/Olympus"]), 2, "Mars/Olympus");
    check_refused(&next(&["@daily", "--from", "tomorrow"]), 2, "tomorrow");
    check_refused(&next(&["@daily", "--count", "0"]), 2, "--count");
    check_refused(&next(&["nobody"]), 3, "nobody");
}

#[test]
fn jobs_file_is_validated_without_a_server() {
    let agent = Agent::new();
    agent.write_jobs(&json!([job("good", "0 0 30 2 *", &Value::Null)]));
    let output = agent.instar(&["job", "validate"]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("no date in the next five years"), "{output:?}");

    agent.write_jobs(&json!([job("good", "@daily", &Value::Null), job("bad", "@daily", &json!("Mars/Olympus"))]));
    let output = agent.instar(&["--json", "job", "validate"]);
    let answer: Value = serde_json::from_slice(&output.stdout).expect("it prints JSON");
    assert_eq!(output.status.code(), Some(5), "{output:?}");
    assert_eq!((&answer["ok"], &answer["jobs"]), (&json!(false), &json!(1)));
    assert_eq!(answer["problems"][0]["field"], json!("timezone"));
}
