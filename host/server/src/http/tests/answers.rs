//! What the routes answer when all is well.

use std::time::Duration;

use super::*;

/// Until the run has ended.
async fn finished(fixture: &Fixture, run: &str) -> Value {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let shown = fixture.get(&format!("/runs/{run}")).await.json();
        if shown["status"] == "finished" {
            return shown;
        }
        assert!(Instant::now() < deadline, "the run does not end: {shown}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn jobs_are_shown_with_their_defaults_and_their_state() {
    let fixture = Fixture::usual().await;
    for path in ["/jobs", "/jobs/"] {
        let jobs = fixture.get(path).await.json();
        assert_eq!(jobs["jobs"][0]["priority"], "normal");
        assert_eq!(jobs["jobs"][0]["execute"]["value"], "x");
        assert_eq!(jobs["jobs"][0]["state"], json!({"slug": "nightly", "consecutiveFailures": 0}));
        assert_eq!(jobs["jobs"][1]["enabled"], false);
        assert_eq!((&jobs["queue"], &jobs["problems"]), (&json!([]), &json!([])));
        assert_eq!((&jobs["scheduler"]["running"], &jobs["scheduler"]["jobCount"]), (&json!(false), &json!(2)));
    }
    assert_eq!(fixture.get("/jobs/off").await.json()["model"], "sonnet");
    fixture.stop().await;
}

#[tokio::test]
async fn a_scheduled_job_shows_when_it_is_due() {
    let fixture = Fixture::new(json!({"auth": {"token": TOKEN}, "scheduler": {"enabled": true}}), jobs()).await;
    let jobs = fixture.get("/jobs").await.json();
    let next = jobs["jobs"][0]["state"]["nextScheduled"].as_str().unwrap();
    assert!(next.ends_with("Z") && next.len() == "2026-01-01T00:00:00.000Z".len(), "{next}");
    assert!(jobs["jobs"][1]["state"].get("nextScheduled").is_none(), "a disabled job is never due");
    assert_eq!(fixture.get("/health").await.json()["schedulerRunning"], true);
    fixture.stop().await;
}

#[tokio::test]
async fn a_trigger_is_answered_once_recorded_and_its_run_tells_how_it_ended() {
    let fixture = Fixture::usual().await;
    let answer = fixture.post("/jobs/nightly/trigger", r#"{"reason": "a test"}"#).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let answer = answer.json();
    assert_eq!((&answer["slug"], &answer["result"]), (&json!("nightly"), &json!("triggered")));
    let run = finished(&fixture, answer["runId"].as_str().unwrap()).await;
    assert_eq!(run["trigger"], json!({"kind": "manual", "reason": "a test", "force": false}));
    assert_eq!((&run["result"], &run["executeType"]), (&json!("failure"), &json!("nobodys")));
    assert!(run["cause"].as_str().unwrap().contains("nobodys"), "{run}");
    assert_eq!(fixture.get("/runs?limit=1").await.json()["runs"][0]["id"], answer["runId"]);
    assert_eq!(fixture.get("/jobs/nightly/runs").await.json()["runs"][0]["id"], answer["runId"]);
    let events = fixture.get("/events?type=job_completed&since=24").await.json();
    assert_eq!(events[0]["metadata"]["runId"], answer["runId"], "{events}");
    let job = fixture.get("/jobs/nightly").await.json();
    assert_eq!((&job["state"]["lastResult"], &job["state"]["consecutiveFailures"]), (&json!("failure"), &json!(1)));
    assert_eq!(fixture.get("/health").await.json()["jobs"]["failing"][0]["slug"], "nightly");
    fixture.stop().await;
}

#[tokio::test]
async fn a_disabled_job_is_triggered_by_force_only() {
    let fixture = Fixture::usual().await;
    let skipped = fixture.post("/jobs/off/trigger", "").await.json();
    assert_eq!((&skipped["result"], &skipped["reason"]), (&json!("skipped"), &json!("disabled")));
    let run = fixture.get(&format!("/runs/{}", skipped["runId"].as_str().unwrap())).await.json();
    assert_eq!((&run["status"], &run["skipped"]), (&json!("skipped"), &json!("disabled")));
    let forced = fixture.post("/jobs/off/trigger", r#"{"force": true}"#).await.json();
    assert_eq!(forced["result"], "triggered");
    finished(&fixture, forced["runId"].as_str().unwrap()).await;
    fixture.stop().await;
}

#[tokio::test]
async fn a_reload_takes_what_stands_in_the_file_and_keeps_the_last_good_set() {
    let fixture = Fixture::usual().await;
    let job =
        |slug: &str| json!({"slug": slug, "name": "N", "schedule": "@daily", "execute": {"type": "x", "value": "x"}});
    let write = |jobs: &str| std::fs::write(fixture.project.jobs_file(), jobs).unwrap();
    write(&json!([job("one"), {"slug": "bad"}]).to_string());
    let answer = fixture.post("/jobs/reload", "").await.json();
    assert_eq!((&answer["ok"], &answer["jobs"], &answer["refused"]), (&json!(false), &json!(1), &json!(false)));
    assert_eq!((&answer["problems"][0]["slug"], &answer["problems"][0]["index"]), (&json!("bad"), &json!(1)));
    assert_eq!(fixture.get("/jobs").await.json()["problems"], answer["problems"]);
    write("[{");
    let answer = fixture.post("/jobs/reload", "").await.json();
    assert_eq!((&answer["jobs"], &answer["refused"]), (&json!(1), &json!(true)));
    write(&json!([job("one"), job("two")]).to_string());
    let answer = fixture.post("/jobs/reload", "").await.json();
    assert_eq!(answer, json!({"ok": true, "jobs": 2, "enabled": 2, "problems": [], "refused": false}));
    fixture.stop().await;
}

#[tokio::test]
async fn a_host_at_rest_shows_empty_lists() {
    let fixture = Fixture::usual().await;
    assert_eq!(fixture.get("/sessions").await.json(), json!([]));
    for status in ["running", "failed", "idle"] {
        assert_eq!(fixture.get(&format!("/sessions?status={status}")).await.json(), json!([]));
    }
    assert_eq!(fixture.get("/sessions/tmux").await.json(), json!({"sessions": []}));
    assert_eq!(fixture.get("/plugins").await.json()["problems"], json!([]));
    assert_eq!(fixture.get("/runs").await.json(), json!({"runs": []}));
    assert_eq!(fixture.get("/jobs/nightly/runs").await.json(), json!({"slug": "nightly", "runs": []}));
    let status = fixture.get("/status").await.json();
    assert_eq!(status["sessions"], json!({"running": 0, "max": 3, "list": []}));
    assert_eq!(status["scheduler"]["enabledJobs"], 1);
    fixture.stop().await;
}

#[tokio::test]
async fn events_are_a_bare_array_with_the_newest_first() {
    let fixture = Fixture::usual().await;
    let events = fixture.get("/events").await.json();
    let seqs: Vec<_> = events.as_array().unwrap().iter().map(|event| event["seq"].as_i64().unwrap()).collect();
    assert!(seqs.len() >= 2 && seqs.is_sorted_by(|newer, older| newer > older), "{seqs:?}");
    assert_eq!(
        fixture.get("/events?limit=1&since=99999&type=scheduler_start").await.json().as_array().unwrap().len(),
        1
    );
    assert_eq!(fixture.get("/events?type=never_heard_of").await.json(), json!([]));
    fixture.stop().await;
}

#[tokio::test]
async fn a_full_host_is_degraded_and_still_answers() {
    let fixture = Fixture::new(json!({"auth": {"token": TOKEN}, "sessions": {"maxSessions": 0}}), jobs()).await;
    let health = fixture.get("/health").await;
    assert_eq!((health.status, &health.json()["status"]), (StatusCode::OK, &json!("degraded")));
    let queued = fixture.post("/jobs/nightly/trigger", "").await.json();
    assert_eq!(queued["result"], "queued");
    let jobs = fixture.get("/jobs").await.json();
    assert_eq!((&jobs["queue"][0]["slug"], &jobs["queue"][0]["reason"]), (&json!("nightly"), &json!("manual")));
    assert_eq!(jobs["queue"][0]["runId"], queued["runId"]);
    fixture.stop().await;
}
