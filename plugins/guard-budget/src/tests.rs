use instar_plugin_sdk::Origin;
use serde_json::{Value, json};

use super::*;

/// A Wednesday, and what was taken on the days up to it: the job's and everybody's.
const WEDNESDAY: &str = "2026-11-25";

fn day(date: &str, of_job: [u64; 4], of_all: [u64; 4]) -> Value {
    let taken = |[runs, minutes, tokens, dollars]: [u64; 4]| json!({ "runs": runs, "durationMs": minutes * 60_000, "tokens": tokens, "costMicroUsd": dollars * 1_000_000 });
    json!({ "date": date, "job": taken(of_job), "all": taken(of_all) })
}

fn job() -> Value {
    json!({ "slug": "report", "priority": "normal", "tags": ["nightly"], "taken": [
        day(WEDNESDAY, [1, 10, 100, 1], [5, 50, 500, 5]),
        day("2026-11-24", [2, 20, 200, 2], [6, 60, 600, 6]),
        day("2026-11-23", [0, 0, 0, 0], [0, 0, 0, 0]),
        day("2026-11-22", [90, 900, 9000, 90], [90, 900, 9000, 90]),
    ]})
}

fn findings(config: Value, job: &Value) -> Vec<Finding> {
    let config = serde_json::from_value(config).unwrap();
    let ctx = CallCtx { origin: Origin::Cron, trace_id: String::new(), job: None, session: None, now_ms: 0 };
    Budget::check(&ctx, &config, &job.to_string(), "[]").findings
}

#[track_caller]
fn check(config: Value, expected: &[&str]) {
    let findings = findings(config.clone(), &job());
    let details: Vec<_> = findings.iter().map(|finding| finding.detail.as_str()).collect();
    assert_eq!(details, expected, "{config}");
    assert!(findings.iter().all(|finding| finding.answer == Answer::Deny));
}

#[test]
fn each_measure_of_a_day_and_of_a_week_ends_a_budget() {
    for (key, day_left, day_most, week_left, week_most, words) in
        [("runs", 2, 1, 4, 3, "runs"), ("minutes", 11, 10, 31, 30, "minutes"), ("tokens", 101, 100, 301, 300, "tokens")]
    {
        check(json!({ "eachJob": { "day": { key: day_left }, "week": { key: week_left } } }), &[]);
        let of_day = format!(
            "the budget of this job for today is used up ({day_most} of {day_most} {words}); there is a new one from 2026-11-26"
        );
        check(json!({ "eachJob": { "day": { key: day_most } } }), &[&of_day]);
        let of_week = format!(
            "the budget of this job for this week is used up ({week_most} of {week_most} {words}); there is a new one from 2026-11-30"
        );
        check(json!({ "eachJob": { "week": { key: week_most } } }), &[&of_week]);
    }
    check(json!({ "eachJob": { "day": { "costUsd": 1.01 }, "week": { "costUsd": 3.01 } } }), &[]);
    let cost = "the budget of this job for today is used up (1.00 of 0.50 USD); there is a new one from 2026-11-26";
    check(json!({ "eachJob": { "day": { "costUsd": 0.5 } } }), &[cost]);
}

#[test]
fn all_runs_have_a_budget_together() {
    check(json!({ "all": { "day": { "runs": 6 }, "week": { "runs": 12 } } }), &[]);
    let week = "the budget of all runs for this week is used up (11 of 11 runs); there is a new one from 2026-11-30";
    check(json!({ "all": { "day": { "runs": 5 }, "week": { "runs": 11 } } }), &[week]);
    let [job, all] = [
        "the budget of this job for today is used up (1 of 0 runs); there is a new one from 2026-11-26",
        "the budget of all runs for today is used up (5 of 0 runs); there is a new one from 2026-11-26",
    ];
    check(json!({ "eachJob": { "day": { "runs": 0 } }, "all": { "day": { "runs": 0 } } }), &[job, all]);
}

#[test]
fn a_named_job_has_its_own_budget_and_an_exception_none() {
    let each = json!({ "day": { "runs": 1 } });
    check(json!({ "eachJob": each, "jobs": { "report": { "day": { "runs": 2 } } } }), &[]);
    check(json!({ "eachJob": each, "jobs": { "other": {} }, "except": { "tags": ["nightly"] } }), &[]);
    check(json!({ "eachJob": each, "except": { "priorities": ["medium"] } }), &[]);
    check(json!({ "eachJob": each, "except": { "slugs": ["report"] } }), &[]);
    assert_eq!(findings(json!({ "jobs": { "report": each } }), &job()).len(), 1);
}

#[test]
fn a_week_begins_on_monday_and_a_job_of_which_nothing_is_known_may_start() {
    let mut monday = job();
    monday["taken"].as_array_mut().unwrap().drain(..2);
    let week = json!({ "eachJob": { "week": { "runs": 1 } } });
    assert_eq!(findings(week.clone(), &monday), []);
    let mut sunday = job();
    sunday["taken"].as_array_mut().unwrap().drain(..3);
    assert_eq!(findings(week.clone(), &sunday).len(), 1);
    for unknown in [json!({}), json!({ "taken": [] }), json!([]), json!({ "taken": [{ "date": "yesterday" }] })] {
        assert_eq!(findings(week.clone(), &unknown), [], "{unknown}");
    }
}

#[test]
fn a_configuration_says_what_it_does_or_is_refused() {
    let config = |value: Value| serde_json::from_value::<Config>(value);
    assert_eq!(Budget::rules(&Config::default()), []);
    assert_eq!(Budget::rules(&config(json!({ "all": { "day": { "runs": 1 } } })).unwrap()).len(), 2);
    for wrong in [
        json!({ "all": { "day": { "runs": -1 } } }),
        json!({ "all": { "day": { "costUsd": -1 } } }),
        json!({ "all": { "month": {} } }),
        json!({ "each": {} }),
        json!({ "except": { "priorities": ["urgent"] } }),
    ] {
        assert!(config(wrong.clone()).is_err(), "{wrong}");
    }
}
