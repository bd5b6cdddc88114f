//! Traces of runs, sent to a collector on loopback that takes them.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc;
use std::time::Duration;

use instar_tests::Agent;
use serde_json::{Value, json};

/// Takes POSTs, and hands over each body with its path.
fn collector() -> (u16, mpsc::Receiver<(String, Value)>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
    let port = listener.local_addr().expect("it has an address").port();
    let (sender, bodies) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a client comes");
            let mut request = Vec::new();
            let (head, body) = loop {
                let mut chunk = [0; 4096];
                let count = stream.read(&mut chunk).expect("it can be read");
                request.extend_from_slice(&chunk[..count]);
                let text = String::from_utf8_lossy(&request).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                let length =
                    head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
                if body.len() >= length.unwrap_or(0) {
                    break (head.to_owned(), body.to_owned());
                }
            };
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").expect("it can be answered");
            let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
            // The test has seen enough when nobody takes them.
            let _ = sender.send((path, serde_json::from_str(&body).expect("a body is JSON")));
        }
    });
    (port, bodies)
}

#[test]
fn run_is_one_trace_from_its_request_to_the_delivery_of_its_notice() {
    let (port, bodies) = collector();
    let agent = Agent::new();
    agent.install("tiny-notifier");
    agent.configure(&json!({"telemetry": {"otlpEndpoint": format!("http://127.0.0.1:{port}")}}));
    agent.write_jobs(&json!([
        {"slug": "a", "name": "A", "schedule": "@yearly", "execute": {"type": "script", "value": "true"}}
    ]));
    let server = agent.start();
    let run = server.trigger("a");
    let mut spans: Vec<Value> = Vec::new();
    while !spans.iter().any(|span| span["name"].as_str().is_some_and(|name| name.starts_with("deliver"))) {
        let (path, body) = bodies.recv_timeout(Duration::from_secs(60)).expect("traces come");
        assert_eq!(path, "/v1/traces");
        let resource = &body["resourceSpans"][0];
        assert_eq!(resource["resource"]["attributes"][0]["value"]["stringValue"], "instar", "{body:#}");
        spans.extend(resource["scopeSpans"][0]["spans"].as_array().expect("spans").clone());
    }
    let trace = run.replace('-', "");
    assert!(spans.iter().all(|span| span["traceId"] == trace.as_str()), "{spans:#?}");
    let names: Vec<_> = spans.iter().filter_map(|span| span["name"].as_str()).collect();
    for part in ["admission", "run guards", "execute type", "start of the session", "session", "judgement", "run a"] {
        assert!(names.contains(&part), "{part} is not in {names:?}");
    }
}
