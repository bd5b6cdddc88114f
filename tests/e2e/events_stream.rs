//! Events as they happen: no reader misses one or sees one twice, whoever restarts in between.

use instar_tests::{Agent, EventStream, StreamedEvent};
use serde_json::{Value, json};

const STREAM: &str = "/events/stream";

fn agent() -> Agent {
    let agent = Agent::new();
    agent.write_jobs(&json!([{
        "slug": "a", "name": "a", "schedule": "@yearly", "execute": {"type": "script", "value": "echo hello"}
    }]));
    agent
}

fn is_completed(event: &StreamedEvent) -> bool {
    event.kind == "job_completed"
}

fn seqs(events: &[StreamedEvent]) -> Vec<i64> {
    events.iter().map(|event| event.id).collect()
}

#[test]
fn stream_begins_now_and_gives_each_event_as_events_lists_it() {
    let agent = agent();
    let server = agent.start();
    let before = server.client().get("/events?limit=1").json[0]["seq"].as_i64().expect("a seq");
    let stream = EventStream::open(server.client(), STREAM, &[]);
    assert!(stream.greeting.contains(&format!("id: {before}")), "{:?}", stream.greeting);
    let run = server.trigger("a");
    let events = stream.until(is_completed);
    let expected: Vec<i64> = (before + 1..).take(events.len()).collect();
    assert_eq!(seqs(&events), expected);
    assert!(events.iter().all(|event| event.data["seq"] == event.id && event.data["type"] == *event.kind));
    assert_eq!(events.last().expect("one").data["metadata"]["runId"], *run);
    let mut listed = server.client().get("/events").json.as_array().expect("a list").clone();
    listed.reverse();
    let streamed: Vec<Value> = events.into_iter().map(|event| event.data).collect();
    let start = listed.iter().position(|event| *event == streamed[0]).expect("the first is listed");
    assert_eq!(listed[start..start + streamed.len()], streamed);
}

#[test]
fn reader_that_comes_back_after_a_restart_misses_nothing_and_sees_nothing_twice() {
    let agent = agent();
    let server = agent.start();
    let stream = EventStream::open(server.client(), &format!("{STREAM}?after=0"), &[]);
    server.trigger("a");
    let mut events = stream.until(is_completed);
    server.kill_hard();
    events.extend(stream.rest());
    let server = agent.start();
    server.trigger("a");
    let last = events.last().expect("one").id.to_string();
    // A browser keeps the old address, and says by the header where it was.
    let again = EventStream::open(server.client(), &format!("{STREAM}?after=0"), &[("Last-Event-ID", &last)]);
    events.extend(again.until(is_completed));
    assert_eq!(seqs(&events), (1..).take(events.len()).collect::<Vec<i64>>());
    let starts = events.iter().filter(|event| event.kind == "scheduler_start").count();
    assert_eq!(starts, 2, "{events:#?}");
}

#[test]
fn stream_of_one_type_gives_no_other() {
    let agent = agent();
    let server = agent.start();
    let stream = EventStream::open(server.client(), &format!("{STREAM}?type=job_completed&after=0"), &[]);
    for _ in 0..2 {
        let run = server.trigger("a");
        let event = stream.next();
        assert_eq!((event.kind.as_str(), &event.data["metadata"]["runId"]), ("job_completed", &json!(run)));
    }
}

#[test]
fn number_of_the_future_is_taken_as_now() {
    let agent = agent();
    let server = agent.start();
    let stream = EventStream::open(server.client(), &format!("{STREAM}?after=999999"), &[]);
    server.trigger("a");
    assert_eq!(stream.next().kind, "job_requested");
}

#[test]
fn streams_are_for_those_who_may_read_events_and_only_so_many_are_open() {
    let agent = agent();
    let server = agent.start();
    let client = server.client();
    assert_eq!(client.with_token(None).get(STREAM).status, 401);
    assert_eq!(client.with_token(Some("wrong")).get(STREAM).status, 403);
    assert_eq!(client.send("GET", STREAM, None, &[("Origin", "http://evil.example")]).status, 403);
    assert_eq!(client.get(&format!("{STREAM}?after=x")).status, 400);
    assert_eq!(client.send("GET", STREAM, None, &[("Last-Event-ID", "x")]).status, 400);
    let streams: Vec<_> = (0..64).map(|_| EventStream::open(client, STREAM, &[])).collect();
    let refused = client.get(STREAM);
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(refused.json["error"].as_str().is_some_and(|sentence| sentence.contains("64")), "{refused:?}");
    assert_eq!(client.get("/health").status, 200);
    drop(streams);
}

#[test]
fn open_streams_do_not_hold_up_the_end_of_the_server() {
    let agent = agent();
    let server = agent.start();
    let stream = EventStream::open(server.client(), STREAM, &[]);
    let log = agent.path("server-output.log");
    assert!(server.stop().success());
    stream.rest();
    // What does hold up the end is cut off at its limit, and the server says so.
    let printed = std::fs::read_to_string(log).expect("the server printed");
    assert!(printed.contains("stopped") && !printed.contains("cut off"), "{printed}");
}

#[test]
fn request_timeout_does_not_cut_off_a_stream() {
    let agent = agent();
    agent.configure(&json!({ "requestTimeoutMs": 1000 }));
    let server = agent.start();
    let stream = EventStream::open(server.client(), STREAM, &[]);
    // It comes fifteen times as late as the timeout.
    stream.outlives_a_heartbeat();
    server.trigger("a");
    stream.until(is_completed);
}
