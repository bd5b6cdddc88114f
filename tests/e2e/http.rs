//! The rules of the API: who gets in, and how a bad request is answered.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;

use instar_tests::{Agent, Answer, Client};
use serde_json::json;

#[track_caller]
fn check_error(answer: &Answer, status: u16, word: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    let error = answer.json["error"].as_str().unwrap_or_else(|| panic!("no JSON error in {answer:?}"));
    assert!(error.contains(word), "{error:?} lacks {word:?}");
}

fn json_body<'a>() -> [(&'a str, &'a str); 1] {
    [("Content-Type", "application/json")]
}

#[test]
fn nobody_gets_in_without_the_token_but_health_is_open() {
    let agent = Agent::new();
    let server = agent.start();
    let stranger = server.client().with_token(None);
    for path in ["/status", "/jobs", "/sessions", "/events", "/plugins", "/nothing"] {
        check_error(&stranger.get(path), 401, "Authorization");
    }
    check_error(&server.client().with_token(Some("wrong")).get("/jobs"), 403, "Invalid");
    let basic = [("Authorization", "Basic abc")];
    check_error(&stranger.send("GET", "/jobs", None, &basic), 401, "Authorization");
    let health = stranger.get("/health");
    assert_eq!((health.status, &health.json["status"]), (200, &json!("ok")));
    assert!(health.json["version"].is_null() && health.json["uptimeHuman"].is_string(), "{health:?}");
    let health = server.client().get("/health");
    assert!(health.json["version"].is_string() && health.json["memory"]["rss"].as_u64() > Some(0), "{health:?}");
    let machine = &health.json["systemMemory"];
    let of = |name: &str| machine[name].as_f64().unwrap_or_else(|| panic!("{name}: {health:?}"));
    assert!(of("totalGB") >= of("freeGB") && (0.0..=100.0).contains(&of("usedPercent")), "{health:?}");
}

#[test]
fn foreign_hosts_and_origins_are_refused() {
    let agent = Agent::new();
    let server = agent.start();
    let with = |name: &str, value: &str| server.client().send("GET", "/jobs", None, &[(name, value)]);
    assert_eq!(with("Host", "evil.example").status, 403);
    assert_eq!(with("Host", "localhost.evil.example").status, 403);
    assert_eq!(with("Origin", "https://evil.example").status, 403);
    assert_eq!(with("Origin", "null").status, 403);
    assert_eq!(with("Host", "localhost:1").status, 200);
}

#[test]
fn guessing_the_token_is_slowed_down_and_the_right_one_still_works() {
    let agent = Agent::new();
    let server = agent.start();
    let guesser = server.client().with_token(Some("guess"));
    for _ in 0..600 {
        guesser.get("/jobs");
    }
    let last = guesser.get("/jobs");
    check_error(&last, 429, "");
    assert!(last.headers.iter().any(|(name, _)| name == "retry-after"), "{last:?}");
    assert_eq!(server.client().get("/jobs").status, 200);
}

#[test]
fn bad_requests_are_answered_in_json_with_the_right_status() {
    let agent = Agent::new();
    agent.write_jobs(&json!([{
        "slug": "a", "name": "a", "schedule": "@yearly", "execute": {"type": "script", "value": "read x; echo got $x"}
    }]));
    let server = agent.start();
    let client = server.client();
    check_error(&client.get("/nothing"), 404, "");
    check_error(&client.get("/jobs/nobody"), 404, "nobody");
    check_error(&client.post("/jobs/nobody/trigger", &json!({})), 404, "nobody");
    check_error(&client.get("/runs/not-an-id"), 400, "");
    check_error(&client.get("/runs/00000000-0000-7000-8000-000000000000"), 404, "");
    check_error(&client.get("/sessions?status=dancing"), 400, "starting, running");
    check_error(&client.get("/events?limit=ten"), 400, "limit");
    check_error(&client.send("DELETE", "/jobs", None, &[]), 405, "");
    check_error(&client.send("POST", "/jobs/a/trigger", Some("{"), &json_body()), 400, "");
    check_error(&client.send("POST", "/jobs/a/trigger", Some("{}"), &[("Content-Type", "text/plain")]), 415, "");
    let big = format!("{{\"reason\": \"{}\"}}", "x".repeat(2 << 20));
    check_error(&client.send("POST", "/jobs/a/trigger", Some(&big), &json_body()), 413, "");
    for query in ["/events?limit=-5", "/events?limit=99999&since=99999", "/events?type=job_completed"] {
        assert_eq!(client.get(query).status, 200, "{query}");
    }
    assert!(client.get("/events").json.is_array());
}

#[test]
fn input_is_validated_and_reaches_the_command() {
    let agent = Agent::new();
    agent.write_jobs(&json!([{
        "slug": "ask", "name": "ask", "schedule": "@yearly",
        "execute": {"type": "script", "value": "echo ready; read line; echo \"got <$line>\""}
    }]));
    let server = agent.start();
    let id = server.trigger("ask");
    let session = server.running_run(&id)["session"].as_str().expect("a session").to_owned();
    let input = format!("/sessions/{session}/input");
    let client = server.client();
    check_error(&client.post(&input, &json!({})), 400, "text");
    check_error(&client.post(&input, &json!({"text": ""})), 400, "text");
    check_error(&client.post(&input, &json!({"text": "x".repeat(100_001)})), 400, "100KB");
    check_error(&client.post(&input, &json!({"text": "\u{1b}[A"})), 422, "");
    check_error(&client.post("/sessions/nobody/input", &json!({"text": "x"})), 404, "nobody");
    assert_eq!(client.post(&input, &json!({"text": "-x $(date) ;"})).status, 200);
    let run = server.ended_run(&id);
    assert_eq!(run["tail"], "ready\ngot <-x $(date) ;>\n", "{run:#}");
    check_error(&client.post(&input, &json!({"text": "late"})), 409, "");
}

#[test]
fn unix_socket_needs_no_token_and_only_its_owner_may_open_it() {
    let agent = Agent::new();
    let server = agent.start();
    let socket = agent.path(".instar/run/instar.sock");
    let mode = std::fs::metadata(&socket).expect("the socket is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let mut stream = UnixStream::connect(&socket).expect("it can be opened");
    stream.write_all(b"GET /status HTTP/1.1\r\nHost: instar\r\nConnection: close\r\n\r\n").expect("written");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("read");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    drop(server);
}

#[test]
fn published_scheduler_skill_works_as_printed_once_loopback_is_trusted() {
    let agent = Agent::new();
    agent.write_jobs(&json!([{
        "slug": "check-email", "name": "c", "schedule": "@yearly", "execute": {"type": "script", "value": "true"}
    }]));
    agent.configure(&json!({"auth": {"trustLoopback": true}}));
    let server = agent.start();
    let client: Client = server.client().with_token(None);
    assert_eq!(client.get("/jobs").status, 200);
    assert_eq!(client.send("POST", "/jobs/reload", None, &[]).status, 200);
    assert_eq!(client.send("POST", "/jobs/check-email/trigger", None, &[]).status, 200);
    assert_eq!(client.get("/events?type=job_completed&since=24").status, 200);
    let forwarded = [("X-Forwarded-For", "1.2.3.4")];
    assert_eq!(client.send("GET", "/jobs", None, &forwarded).status, 401);
    let origin = [("Origin", "http://localhost:9")];
    assert_ne!(client.send("GET", "/jobs", None, &origin).status, 200);
}

#[test]
fn secrets_stand_in_no_file_wider_than_0600_and_in_no_log() {
    let agent = Agent::new();
    let server = agent.start();
    server.client().with_token(Some("wrong")).get("/jobs");
    let token = agent.token();
    let mode = |name: &str| std::fs::metadata(agent.path(name)).expect(name).permissions().mode() & 0o777;
    assert_eq!(mode(".instar/config.json"), 0o600);
    assert_eq!(mode(".instar/state/instar.db"), 0o600);
    assert!(!server.output().contains(&token));
    let log = std::fs::read_to_string(agent.path(".instar/logs/server.log")).expect("the log");
    assert!(!log.contains(&token));
}
