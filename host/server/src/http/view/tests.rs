//! What the API shows is what is known: no nulls, and every time in one form.

use instar_core::job::LastResult;
use instar_core::jobs_file::JobsFile;
use serde_json::json;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn record(run: Value) -> RunRecord {
    RunRecord {
        id: "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap(),
        slug: "nightly".parse().ok(),
        trigger: serde_json::from_value(run["trigger"].clone()).unwrap(),
        request: serde_json::from_value(json!({
            "jobName": "Nightly", "priority": "high", "executeType": "script",
            "step": {"execute_json": "{}", "model": "haiku"}, "timeoutMs": 1, "notify": true,
        }))
        .unwrap(),
        status: serde_json::from_value(run["status"].clone()).unwrap(),
        requested_at: at("2026-01-02T03:04:05Z"),
        started_at: None,
        ended_at: None,
        session: None,
        stopping: None,
        skipped: serde_json::from_value(run["skipped"].clone()).unwrap(),
        outcome: serde_json::from_value(run["outcome"].clone()).unwrap(),
        end: serde_json::from_value(run["end"].clone()).unwrap(),
        gate: None,
        usage: serde_json::from_value(run["usage"].clone()).unwrap_or_default(),
    }
}

#[test]
fn times_have_milliseconds_and_a_z() {
    assert_eq!(time(at("2026-01-02T03:04:05Z")), "2026-01-02T03:04:05.000Z");
    assert_eq!(time(at("2026-01-02T03:04:05.6789+01:00")), "2026-01-02T02:04:05.678Z");
}

#[test]
fn a_job_shows_its_defaults_and_keeps_its_unknown_keys() {
    let file = JobsFile::from_entries(&[json!({
        "slug": "a", "name": "A", "schedule": "* * * * *", "priority": "medium", "colour": "red", "state": "mine",
        "execute": {"type": "script", "value": "x"},
    })]);
    let state = JobState { last_result: Some(LastResult::Failure), consecutive_failures: 2, ..JobState::default() };
    let shown = job(&file.jobs[0], Some(at("2026-01-01T00:00:00Z")), Some(&state), &Waits::default());
    let shown = serde_json::to_value(shown).unwrap();
    assert_eq!(
        (&shown["priority"], &shown["model"], &shown["enabled"], &shown["colour"]),
        (&json!("normal"), &json!("sonnet"), &json!(true), &json!("red"))
    );
    let expected = json!({
        "slug": "a", "lastResult": "failure", "nextScheduled": "2026-01-01T00:00:00.000Z", "consecutiveFailures": 2,
    });
    assert_eq!(shown["state"], expected);
}

#[test]
fn a_run_that_failed_shows_how() {
    let shown = run(&record(json!({
        "trigger": {"kind": "scheduled", "at": "2026-01-02T03:04:00Z"}, "status": "finished",
        "outcome": {"outcome": "failed", "cause": "exit status 3"},
        "end": {"cause": {"exit": 3}, "duration_ms": 20, "tail": "boom"},
    })));
    assert_eq!(
        serde_json::to_value(shown).unwrap(),
        json!({
            "id": "01890a5d-ac96-774b-bcce-b302099a8057", "slug": "nightly", "status": "finished",
            "trigger": {"kind": "scheduled", "at": "2026-01-02T03:04:00.000Z"},
            "attempt": 1, "scheduledAt": "2026-01-02T03:04:00.000Z", "requestedAt": "2026-01-02T03:04:05.000Z",
            "outcome": "failed", "cause": "exit status 3", "result": "failure",
            "exitStatus": 3, "durationMs": 20, "tail": "boom",
            "executeType": "script", "model": "haiku", "priority": "high",
        })
    );
}

#[test]
fn a_run_that_was_skipped_shows_why() {
    let shown = run(&record(json!({
        "trigger": {"kind": "manual", "reason": "test", "force": false}, "status": "skipped",
        "skipped": {"reason": "denied", "detail": "guard-command: no"},
    })));
    assert_eq!((shown.skipped.as_deref(), shown.detail.as_deref()), (Some("denied"), Some("guard-command: no")));
    assert_eq!((shown.outcome, shown.scheduled_at), (None, None));
}

#[test]
fn an_event_has_no_nulls_and_its_times_in_one_form() {
    let record = EventRecord {
        seq: 7,
        at: at("2026-01-02T03:04:05Z"),
        kind: "job_completed".into(),
        summary: "A succeeded".into(),
        run: None,
        session: None,
        metadata: json!({
            "signal": null, "deadline": "2026-01-02T03:04:05Z", "trigger": {"kind": "scheduled", "at": "2026-01-02T03:04:00Z"},
            "tail": "2026-01-02T03:04:05Z", "problems": [{"index": null, "message": "m"}],
        }),
    };
    assert_eq!(
        serde_json::to_value(event(&record)).unwrap(),
        json!({
            "seq": 7, "type": "job_completed", "summary": "A succeeded", "timestamp": "2026-01-02T03:04:05.000Z",
            "metadata": {
                "deadline": "2026-01-02T03:04:05.000Z",
                "trigger": {"kind": "scheduled", "at": "2026-01-02T03:04:00.000Z"},
                "tail": "2026-01-02T03:04:05Z", "problems": [{"message": "m"}],
            },
        })
    );
}
