//! The folder of a predecessor, 0.8.13, starts as it is: nothing of it is lost, and nothing changed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use instar_tests::{Agent, Server};
use serde_json::{Value, json};

const TOKEN: &str = "5f2b7c0d9e8a4136b1d2c3e4f5a60718";

/// Slug, schedule, priority, model, minutes, enabled, type and whether it has a gate: what 0.8.13 wrote for all.
type DefaultJob = (&'static str, &'static str, &'static str, &'static str, u32, bool, &'static str, bool);

const JOBS: [DefaultJob; 10] = [
    ("health-check", "*/5 * * * *", "critical", "haiku", 1, true, "prompt", false),
    ("reflection-trigger", "0 */4 * * *", "medium", "sonnet", 5, true, "prompt", false),
    ("relationship-maintenance", "0 9 * * *", "low", "sonnet", 3, true, "prompt", false),
    ("update-check", "*/30 * * * *", "medium", "haiku", 2, false, "script", true),
    ("feedback-retry", "0 */6 * * *", "low", "haiku", 1, true, "script", true),
    ("dispatch-check", "*/30 * * * *", "medium", "haiku", 2, false, "script", true),
    ("self-diagnosis", "0 */2 * * *", "medium", "sonnet", 3, true, "prompt", true),
    ("evolution-review", "0 */6 * * *", "medium", "sonnet", 5, true, "prompt", true),
    ("insight-harvest", "0 */8 * * *", "low", "sonnet", 3, true, "prompt", true),
    ("commitment-check", "0 */4 * * *", "low", "haiku", 2, true, "prompt", true),
];

fn jobs() -> Value {
    let job = |(slug, schedule, priority, model, minutes, enabled, kind, gate): (_, _, _, _, _, _, _, bool)| {
        let mut job = json!({
            "slug": slug, "name": format!("The {slug}"), "description": "What it does.", "schedule": schedule,
            "priority": priority, "expectedDurationMinutes": minutes, "model": model, "enabled": enabled,
            "execute": {"type": kind, "value": "true"}, "tags": ["coherence", "default"],
            "telegramNotify": false, "topicId": 17,
        });
        if gate {
            job["gate"] = json!("curl -sf http://localhost:4040/health");
        }
        job
    };
    Value::Array(JOBS.into_iter().map(job).collect())
}

fn folder() -> Agent {
    let agent = Agent::new();
    fs::remove_dir_all(agent.path(".instar")).expect("removed");
    // Not enabled, so that no job is due while the test looks.
    let config = json!({
        "projectName": "old", "port": 4040, "authToken": TOKEN,
        "sessions": {"maxSessions": 3, "protectedSessions": ["old-server"], "completionPatterns": ["Session ended"]},
        "scheduler": {"enabled": false, "maxParallelJobs": 1,
                      "quotaThresholds": {"normal": 50, "elevated": 70, "critical": 85, "shutdown": 95}},
        "users": [], "messaging": [], "monitoring": {"quotaTracking": false, "healthCheckIntervalMs": 30000},
    });
    agent.write(".instar/config.json", &format!("{config:#}"));
    agent.write_jobs(&jobs());
    let state = json!({"slug": "health-check", "lastRun": "2026-01-02T03:04:05.678Z", "lastResult": "failure",
                       "lastError": "Session died", "consecutiveFailures": 4, "nextScheduled": "2026-01-02T03:10:00.000Z"});
    agent.write(".instar/state/jobs/health-check.json", &state.to_string());
    agent.write(".instar/state/jobs/broken.json", "{\"slug\": ");
    let session = json!({"id": "0193b0a0-0000-4000-8000-000000000001", "name": "job-health-check-1", "status": "completed",
                         "jobSlug": "health-check", "tmuxSession": "old-job-health-check-1",
                         "startedAt": "2026-01-02T03:04:05.678Z", "model": "haiku", "prompt": "Look."});
    agent.write(".instar/state/sessions/0193b0a0-0000-4000-8000-000000000001.json", &session.to_string());
    let line = |time: &str, kind: &str| {
        json!({"type": kind, "summary": format!("Old {kind}"), "timestamp": time, "sessionId": "job-health-check-1",
               "metadata": {"slug": "health-check", "priority": "critical"}})
    };
    let item = json!({"id": "old", "title": "Old", "summary": "S", "category": "general", "priority": "HIGH",
                      "status": "ACKNOWLEDGED", "createdAt": "2026-01-02T03:04:05.678Z", "topicId": 7});
    let items = json!({"items": [item, {"id": "no title"}]});
    agent.write(".instar/state/attention-items.json", &items.to_string());
    // Of this very time, because what is older than a month is not kept.
    let now = now_text();
    let first = format!("{}\n{}\nnot json\n", line(&now, "scheduler_start"), line(&now, "job_triggered"));
    agent.write(".instar/logs/activity-2026-01-01.jsonl", &first);
    agent.write(
        ".instar/logs/activity-2026-01-02.jsonl",
        &format!("{}\n{{\"type\":\"job_sk", line(&now, "job_gate_skip")),
    );
    agent
}

fn now_text() -> String {
    let done = std::process::Command::new("date").args(["-u", "+%Y-%m-%dT%H:%M:%S.123Z"]).output().expect("date");
    String::from_utf8_lossy(&done.stdout).trim().to_owned()
}

/// Each file of the predecessor with its bytes.
fn files(folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if path.is_file() {
            found.insert(path.display().to_string(), fs::read(&path).expect("a file"));
        }
    }
}

fn events(server: &Server, kind: &str) -> Vec<Value> {
    let answer = server.client().get(&format!("/events?limit=1000&type={kind}"));
    answer.json.as_array().or_else(|| answer.json["events"].as_array()).cloned().unwrap_or_default()
}

#[test]
fn folder_of_a_predecessor_starts_as_it_is_and_its_history_is_imported_once() {
    let agent = folder();
    let mut before = BTreeMap::new();
    files(&agent.path(".instar"), &mut before);
    assert!(agent.instar(&["init"]).status.success(), "init adds what lacks");
    for _ in 0..2 {
        let server = agent.start();
        let answer = server.client().get("/jobs");
        let jobs = answer.json["jobs"].as_array().expect("jobs").clone();
        assert_eq!(jobs.len(), 10, "{answer:?}");
        let job = jobs.iter().find(|job| job["slug"] == "health-check").expect("the job");
        assert!(job.to_string().contains("\"consecutiveFailures\":4"), "{job:#}");
        assert!(job.to_string().contains("2026-01-02T03:04:05.678Z"), "{job:#}");
        let read = &events(&server, "jobs_read")[0];
        assert_eq!(read["metadata"]["problems"], json!([]), "{read:#}");
        let imported = events(&server, "predecessor_imported");
        let counts = json!({"files": 5, "jobStates": 1, "events": 3, "attentionItems": 1, "messages": 0, "topics": 0, "skipped": 4});
        assert_eq!(imported.iter().map(|event| &event["metadata"]).collect::<Vec<_>>(), [&counts]);
        let items = server.client().get("/attention").json;
        assert_eq!((&items["count"], &items["items"][0]["status"]), (&json!(1), &json!("ACKNOWLEDGED")), "{items:#}");
        let old = &events(&server, "job_gate_skip");
        assert_eq!(old.len(), 1);
        assert_eq!(
            (&old[0]["summary"], &old[0]["metadata"]["slug"]),
            (&json!("Old job_gate_skip"), &json!("health-check"))
        );
        server.stop();
    }
    let mut after = BTreeMap::new();
    files(&agent.path(".instar"), &mut after);
    for (path, bytes) in before {
        assert_eq!(after.get(&path), Some(&bytes), "{path} was changed");
    }
}
