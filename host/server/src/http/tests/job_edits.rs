//! Jobs as code: what is asked for stands in the file, is live, and nothing else of the file changes.

use super::*;

const FILE: &str = r#"[
  { "slug": "nightly",  "name": "N", "schedule": "0 9 * * *", "execute": {"type": "nobodys", "value": "x"}, "own": 1.50 }
]
"#;

async fn fixture() -> Fixture {
    let fixture = Fixture::usual().await;
    write(&fixture, FILE);
    fixture.post("/jobs/reload", "").await;
    fixture
}

fn write(fixture: &Fixture, text: &str) {
    std::fs::write(fixture.project.jobs_file(), text).unwrap();
}

fn file(fixture: &Fixture) -> String {
    std::fs::read_to_string(fixture.project.jobs_file()).unwrap()
}

async fn call(fixture: &Fixture, method: &str, path: &str, body: &Value) -> Answer {
    let request = request(method, path)
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("content-type", "application/json");
    fixture.send(request, &if body.is_null() { String::new() } else { body.to_string() }).await
}

fn other() -> Value {
    json!({"slug": "other", "name": "O", "schedule": "@daily", "timezone": null, "execute": {"type": "nobodys"}})
}

#[tokio::test]
async fn job_is_added_changed_and_removed_and_each_is_live_with_its_answer() {
    let fixture = fixture().await;
    let before = file(&fixture);
    let added = call(&fixture, "POST", "/jobs", &other()).await;
    assert_eq!(added.status, StatusCode::CREATED, "{}", added.body);
    assert_eq!((&added.json()["live"], &added.json()["job"]["slug"]), (&json!(true), &json!("other")));
    let patch = json!({"priority": "high", "execute": {"value": "y"}, "enabled": false});
    let changed = call(&fixture, "PATCH", "/jobs/other", &patch).await;
    assert_eq!((changed.status, &changed.json()["changed"]), (StatusCode::OK, &json!(true)), "{}", changed.body);
    let shown = fixture.get("/jobs/other").await.json();
    assert_eq!((&shown["priority"], &shown["execute"]), (&json!("high"), &json!({"type": "nobodys", "value": "y"})));
    let again = call(&fixture, "PATCH", "/jobs/other", &patch).await;
    assert_eq!(again.json()["changed"], false);
    let kept = call(&fixture, "PATCH", "/jobs/nightly", &json!({"schedule": "0 7 * * *"})).await;
    assert_eq!(kept.status, StatusCode::OK, "{}", kept.body);
    let removed = call(&fixture, "DELETE", "/jobs/other", &Value::Null).await;
    assert_eq!((removed.status, &removed.json()["job"]["priority"]), (StatusCode::OK, &json!("high")));
    assert_eq!(fixture.get("/jobs/other").await.status, StatusCode::NOT_FOUND);
    assert_eq!(file(&fixture), before.replace("0 9 * * *", "0 7 * * *"));
    fixture.stop().await;
}

#[tokio::test]
async fn what_makes_no_job_is_refused_and_changes_nothing() {
    let fixture = fixture().await;
    let refused = |method: &'static str, path: &'static str, body: Value| {
        let fixture = &fixture;
        async move { call(fixture, method, path, &body).await }
    };
    refused("POST", "/jobs", json!({"slug": "x"})).await.check_error(422, "\"name\" is required");
    let taken = json!({"slug": "nightly", "name": "N", "schedule": "@daily", "execute": {"type": "x"}});
    refused("POST", "/jobs", taken).await.check_error(409, "exists already");
    refused("POST", "/jobs", json!({"state": {}})).await.check_error(422, "`state`");
    refused("PATCH", "/jobs/nightly", json!({"slug": "other"})).await.check_error(422, "the slug of a job stays");
    refused("PATCH", "/jobs/nightly", json!({"schedule": "never"})).await.check_error(422, "invalid cron expression");
    refused("PATCH", "/jobs/nightly", json!({"execute": null})).await.check_error(422, "\"execute\" must be");
    refused("PATCH", "/jobs/none", json!({"name": "N"})).await.check_error(404, "there is no job `none`");
    refused("PATCH", "/jobs/nightly", json!({})).await.check_error(422, "nothing to change");
    refused("DELETE", "/jobs/none", Value::Null).await.check_error(404, "there is no job `none`");
    assert_eq!(file(&fixture), FILE);
    fixture.stop().await;
}

#[tokio::test]
async fn a_corrupt_file_is_never_overwritten() {
    let fixture = fixture().await;
    write(&fixture, "[{");
    call(&fixture, "POST", "/jobs", &other()).await.check_error(409, "not valid JSON at line 1");
    call(&fixture, "DELETE", "/jobs/nightly", &Value::Null).await.check_error(409, "not valid JSON");
    assert_eq!(file(&fixture), "[{");
    fixture.stop().await;
}

#[tokio::test]
async fn edits_at_the_same_time_lose_nothing() {
    let fixture = fixture().await;
    let add = |number: usize| {
        let mut job = other();
        job["slug"] = json!(format!("job-{number}"));
        let fixture = &fixture;
        async move { call(fixture, "POST", "/jobs", &job).await.status }
    };
    let (a, b, c, d) = tokio::join!(add(1), add(2), add(3), add(4));
    assert_eq!([a, b, c, d], [StatusCode::CREATED; 4]);
    let patch = async |patch: Value| call(&fixture, "PATCH", "/jobs/job-1", &patch).await.status;
    let both = tokio::join!(patch(json!({"priority": "low"})), patch(json!({"model": "opus"})));
    assert_eq!(both, (StatusCode::OK, StatusCode::OK));
    let job = fixture.get("/jobs/job-1").await.json();
    assert_eq!((&job["priority"], &job["model"]), (&json!("low"), &json!("opus")));
    assert_eq!(fixture.get("/jobs").await.json()["jobs"].as_array().map(Vec::len), Some(5));
    fixture.stop().await;
}

#[tokio::test]
async fn the_schema_of_the_file_is_served() {
    let fixture = fixture().await;
    let schema = fixture.get("/schemas/jobs").await.json();
    assert_eq!((&schema["type"], &schema["items"]["properties"]["slug"]["type"]), (&json!("array"), &json!("string")));
    fixture.stop().await;
}
