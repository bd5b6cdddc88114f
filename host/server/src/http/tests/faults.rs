//! Bad requests get one sentence in JSON, and the status that says whose fault it is.

use std::time::Duration;

use axum::middleware::from_fn_with_state;
use axum::routing::get;

use super::*;
use crate::http::{limits, wrapped};

#[tokio::test]
async fn unknown_paths_and_wrong_methods_are_told_apart() {
    let fixture = Fixture::usual().await;
    for path in ["/", "/nothing", "/JOBS", "/jobs//", "/jobs/nightly/nothing", "/health/x"] {
        fixture.get(path).await.check_error(404, "there is nothing at");
    }
    let answer = fixture.post("/sessions/abc", "").await;
    answer.check_error(405, "POST");
    let allowed: Vec<_> = answer.header("allow").split(',').map(str::trim).collect();
    assert_eq!(allowed, ["GET", "HEAD", "DELETE"]);
    fixture.get("/jobs/nightly/trigger").await.check_error(405, "GET");
    fixture.stop().await;
}

#[tokio::test]
async fn what_is_no_identity_or_number_is_a_bad_request() {
    let fixture = Fixture::usual().await;
    for path in [
        "/jobs/__proto__",
        "/jobs/a%20b",
        "/jobs/%ff",
        "/jobs/..%2f..%2fetc",
        "/runs/not-a-uuid",
        "/sessions/a%2fb",
        "/runs?limit=x",
        "/events?since=12abc",
        "/events?limit=1&limit=2",
        "/jobs/nightly/runs?limit=",
    ] {
        fixture.get(path).await.check_error(400, "");
    }
    fixture
        .get("/sessions?status=sleeping")
        .await
        .check_error(400, "starting, running, idle, completed, error, killed");
    fixture.get(&format!("/events?type={}", "x".repeat(65))).await.check_error(400, "type");
    fixture.stop().await;
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let fixture = Fixture::usual().await;
    let id = "01890a5d-ac96-774b-bcce-b302099a8057";
    fixture.get("/jobs/none").await.check_error(404, "none");
    fixture.post("/jobs/none/trigger", "").await.check_error(404, "none");
    fixture.get("/jobs/none/runs").await.check_error(404, "none");
    fixture.get(&format!("/runs/{id}")).await.check_error(404, id);
    for path in ["/sessions/none", "/sessions/none/output", &format!("/sessions/{id}")] {
        fixture.get(path).await.check_error(404, "there is no session");
    }
    fixture.post("/sessions/none/input", r#"{"text": "hi"}"#).await.check_error(404, "none");
    let kill = request("DELETE", "/sessions/none").header("authorization", format!("Bearer {TOKEN}"));
    fixture.send(kill, "").await.check_error(404, "none");
    fixture.stop().await;
}

#[tokio::test]
async fn bodies_are_read_strictly() {
    let fixture = Fixture::usual().await;
    let path = "/jobs/nightly/trigger";
    fixture.post(path, "{").await.check_error(400, "not valid JSON");
    fixture.post(path, &"[".repeat(10_000)).await.check_error(400, "not valid JSON");
    for body in ["[]", "null", "3", "\"x\""] {
        fixture.post(path, body).await.check_error(422, "object");
    }
    fixture.post(path, r#"{"force": "yes"}"#).await.check_error(422, "force");
    fixture.post(path, r#"{"reason": 3}"#).await.check_error(422, "reason");
    for kind in ["text/plain", "application/x-www-form-urlencoded"] {
        let form =
            request("POST", path).header("authorization", format!("Bearer {TOKEN}")).header("content-type", kind);
        fixture.send(form, "{}").await.check_error(415, "application/json");
    }
    let untyped = request("POST", path).header("authorization", format!("Bearer {TOKEN}"));
    fixture.send(untyped, "{}").await.check_error(415, "application/json");
    assert_eq!(fixture.host.engine.view().state().open_runs().count(), 0);
    fixture.stop().await;
}

#[tokio::test]
async fn a_body_may_have_one_mebibyte() {
    let fixture = Fixture::usual().await;
    let body = json!({ "reason": "x".repeat(1_048_576) }).to_string();
    // Without an announced size it is counted, with one it is not even read.
    fixture.post("/jobs/nightly/trigger", &body).await.check_error(413, "1048576");
    let announced = request("GET", "/jobs").header("content-length", "1048577");
    fixture.send(announced.header("authorization", format!("Bearer {TOKEN}")), "").await.check_error(413, "1048576");
    let fits = json!({ "reason": "x".repeat(1_000_000) }).to_string();
    assert_eq!(fixture.post("/jobs/off/trigger", &fits).await.status, StatusCode::OK);
    fixture.stop().await;
}

#[tokio::test]
async fn input_is_checked_before_it_is_typed() {
    let fixture = Fixture::usual().await;
    let path = "/sessions/none/input";
    for body in ["{}", r#"{"text": ""}"#, r#"{"text": 3}"#, r#"{"text": null}"#, ""] {
        fixture.post(path, body).await.check_error(400, "text");
    }
    let answer = fixture.post(path, &json!({ "text": "x".repeat(100_001) }).to_string()).await;
    answer.check_error(400, "100KB");
    answer.check_error(400, "length");
    fixture.stop().await;
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_done_and_said_so_without_internals() {
    let fixture = Fixture::usual().await;
    fixture.host.store.close().await;
    let answer = fixture.post("/jobs/nightly/trigger", "").await;
    answer.check_error(503, "nothing was changed");
    assert_eq!(fixture.host.engine.view().state().open_runs().count(), 0);
    let read = fixture.get("/runs").await;
    read.check_error(500, "Internal server error");
    for answer in [answer, read] {
        assert!(!answer.body.contains("instar.db"), "{}", answer.body);
    }
    fixture.stop().await;
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_told_so() {
    let slow = get(async || tokio::time::sleep(Duration::from_secs(60)).await);
    let limit = Duration::from_millis(20);
    let router = wrapped(Router::new().route("/", slow).layer(from_fn_with_state(limit, limits::answer_in_time)));
    let answer = ask(router, request("GET", "/").body(Body::empty()).unwrap()).await;
    answer.check_error(408, "Request timeout");
    assert_eq!(answer.json()["timeoutMs"], 20);
}

async fn panicking() {
    panic!("the secret is xyzzy");
}

#[tokio::test]
async fn a_panic_is_an_answer_without_its_reason() {
    let router = wrapped(Router::new().route("/", get(panicking)));
    let answer = ask(router, request("GET", "/").body(Body::empty()).unwrap()).await;
    answer.check_error(500, "Internal server error");
    assert!(!answer.body.contains("xyzzy") && answer.json()["timestamp"].is_string(), "{}", answer.body);
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}
