//! Jobs against a network that a test answers for.

use std::cell::RefCell;
use std::rc::Rc;

use instar_plugin_sdk::double::answer_http;
use instar_plugin_sdk::http::{Body, FetchError, Request as Asked, Response};
use instar_plugin_sdk::{JobRef, Origin};
use serde_json::{Value, json};

use super::*;

/// What was asked.
type Log = Rc<RefCell<Vec<Asked>>>;
type Answer = Result<Response, FetchError>;

fn ctx(now_ms: u64) -> CallCtx {
    let job = Some(JobRef { slug: "build".to_owned(), run_id: "run-1".to_owned() });
    CallCtx { origin: Origin::Cron, trace_id: String::new(), job, session: None, now_ms }
}

fn config() -> Config {
    serde_json::from_value(json!({ "urls": ["https://ci.test:8443/x"], "tokenUrl": "https://ci.test:8443" })).unwrap()
}

fn reply(status: u16, headers: &[(&str, &str)], body: &Value) -> Answer {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    Ok(Response { status, headers, body })
}

fn failure(code: &str, retryable: bool) -> Answer {
    let failure = Failure { retryable, ..Failure::new(code, code) };
    Err(FetchError { failure, sent: false })
}

/// The network gives these answers in their order.
fn network(answers: Vec<Answer>) -> Log {
    let log = Log::default();
    let (noted, mut answers) = (log.clone(), answers.into_iter());
    answer_http(move |asked| {
        noted.borrow_mut().push(asked.clone());
        answers.next().expect("nobody was to ask any more")
    });
    log
}

fn begin(execute: &Value) -> Result<StepResult, Failure> {
    let mut execute = execute.clone();
    execute["type"] = "http".into();
    let request =
        Request { execute_json: execute.to_string(), model: String::new(), previous: None, context: String::new() };
    Http::step(&ctx(1_000), &config(), Vec::new(), vec![Event::Requested(request)])
}

fn woke(state: &StepResult, now_ms: u64) -> StepResult {
    Http::step(&ctx(now_ms), &config(), state.state.clone(), vec![Event::Woke]).unwrap()
}

#[track_caller]
fn ended(result: &StepResult) -> (FinishVerdict, String) {
    match result.actions.as_slice() {
        [Action::Finish(finish)] => (finish.verdict, finish.message.clone()),
        other => panic!("{other:?}"),
    }
}

/// How long it waits, and what people are told meanwhile.
#[track_caller]
fn waits(result: &StepResult) -> (u64, Option<String>) {
    match result.actions.as_slice() {
        [Action::Wait(millis)] => (*millis, None),
        [Action::Progress(told), Action::Wait(millis)] => (*millis, Some(told.clone())),
        other => panic!("{other:?}"),
    }
}

fn following() -> Value {
    json!({ "method": "POST", "url": "/builds", "token": true, "poll": {
        "header": "Location", "everySeconds": 30, "watch": "/status", "until": ["done"], "failOn": ["broken"],
        "forSeconds": 600,
    } })
}

/// A build that was begun.
fn begun(later: Vec<Answer>) -> (StepResult, Log) {
    let first = reply(201, &[("location", "/builds/7")], &json!({}));
    let log = network(std::iter::once(first).chain(later).collect());
    (begin(&following()).unwrap(), log)
}

#[test]
fn a_request_is_sent_as_the_job_says_and_its_answer_told() {
    let log = network(vec![reply(200, &[], &json!({ "ok": true }))]);
    let job = json!({ "url": "/hook", "json": { "a": 1 }, "headers": { "X-Own": "7" }, "token": true });
    let (verdict, message) = ended(&begin(&job).unwrap());
    assert_eq!(verdict, FinishVerdict::Succeeded);
    assert_eq!(message, "POST https://ci.test:8443/hook answered 200: {\"ok\":true}");
    let asked = log.borrow()[0].clone();
    assert_eq!((asked.method.as_str(), asked.credentials), ("POST", vec!["token".to_owned()]));
    assert_eq!(asked.body, Body::Bytes(b"{\"a\":1}".to_vec()));
    for (name, value) in [("x-own", "7"), ("content-type", "application/json"), ("idempotency-key", "run-1")] {
        assert!(asked.headers.contains(&(name.to_owned(), value.to_owned())), "{name}: {:?}", asked.headers);
    }
}

#[test]
fn what_was_not_expected_is_a_failure_that_says_what_came() {
    let job = json!({ "url": "https://ci.test:8443/hook" });
    network(vec![reply(404, &[], &json!("no such hook"))]);
    let (verdict, message) = ended(&begin(&job).unwrap());
    assert_eq!((verdict, message.contains("404: \"no such hook\"")), (FinishVerdict::Failed, true), "{message}");
    network(vec![failure("not-allowed", false)]);
    assert_eq!(ended(&begin(&job).unwrap()).0, FinishVerdict::Failed);
    network(vec![reply(404, &[], &Value::Null)]);
    let job = json!({ "url": "/hook", "expect": [404, 410] });
    assert_eq!(ended(&begin(&job).unwrap()).0, FinishVerdict::Succeeded);
}

#[test]
fn what_was_begun_is_followed_until_it_is_done() {
    let status = |status: &str| reply(200, &[], &json!({ "status": status }));
    let (first, log) = begun(vec![status("building"), status("building"), failure("connect", true), status("done")]);
    assert_eq!(waits(&first), (30_000, Some("POST https://ci.test:8443/builds answered 201: {}".to_owned())));
    let second = woke(&first, 31_000);
    assert_eq!(waits(&second), (30_000, Some("/status is building".to_owned())));
    let third = woke(&second, 61_000);
    assert_eq!(waits(&third), (30_000, None), "nothing new");
    let fourth = woke(&third, 91_000);
    assert_eq!(waits(&fourth).1.as_deref(), Some("no answer: connect"));
    let (verdict, message) = ended(&woke(&fourth, 121_000));
    assert_eq!(verdict, FinishVerdict::Succeeded);
    assert_eq!(message, "/status is done (200: {\"status\":\"done\"}), after 4 looks");
    let asked = &log.borrow()[1];
    assert_eq!((asked.method.as_str(), asked.url.as_str()), ("GET", "https://ci.test:8443/builds/7"));
    assert_eq!(asked.credentials, ["token"]);
}

#[test]
fn what_fails_or_takes_too_long_is_a_failure() {
    let (first, _) = begun(vec![reply(200, &[], &json!({ "status": "broken" }))]);
    assert_eq!(ended(&woke(&first, 31_000)).0, FinishVerdict::Failed);
    let (first, _) = begun(vec![reply(200, &[], &json!({ "status": "building" }))]);
    let (verdict, message) = ended(&woke(&first, 601_000));
    assert_eq!(verdict, FinishVerdict::Failed);
    assert!(message.contains("600 s") && message.contains("building"), "{message}");
    let (first, _) = begun(vec![reply(410, &[], &Value::Null)]);
    assert_eq!(ended(&woke(&first, 31_000)).0, FinishVerdict::Failed);
    network(vec![reply(201, &[], &json!({}))]);
    let (verdict, message) = ended(&begin(&following()).unwrap());
    assert!(verdict == FinishVerdict::Failed && message.contains("no header `Location`"), "{message}");
}

#[test]
fn the_other_side_says_when_it_wants_to_be_asked_again() {
    let later =
        vec![reply(429, &[("retry-after", "90")], &Value::Null), reply(503, &[("retry-after", "x")], &Value::Null)];
    let (first, _) = begun(later);
    let second = woke(&first, 31_000);
    assert_eq!(waits(&second), (90_000, Some("answered 429".to_owned())));
    assert_eq!(waits(&woke(&second, 121_000)).0, 30_000);
}

#[test]
fn without_a_field_to_watch_202_means_to_go_on() {
    network(vec![reply(202, &[], &Value::Null), reply(202, &[], &Value::Null), reply(200, &[], &json!([1]))]);
    let first = begin(&json!({ "url": "/slow", "poll": { "everySeconds": 1 } })).unwrap();
    let second = woke(&first, 2_000);
    assert_eq!(waits(&second).0, 1_000);
    let (verdict, message) = ended(&woke(&second, 3_000));
    assert_eq!(verdict, FinishVerdict::Succeeded, "{message}");
}

#[test]
fn a_place_may_stand_in_the_answer_and_numbers_may_be_written_as_text() {
    let begins = reply(200, &[], &json!({ "links": { "self": "https://ci.test:8443/b/1" } }));
    let log = network(vec![begins, reply(200, &[], &json!({ "left": 0 }))]);
    let poll = json!({ "field": "/links/self", "watch": "/left", "until": ["0"] });
    let first = begin(&json!({ "url": "/b", "method": "PUT", "poll": poll })).unwrap();
    assert_eq!(ended(&woke(&first, 2_000)).0, FinishVerdict::Succeeded);
    assert_eq!(log.borrow()[1].url, "https://ci.test:8443/b/1");
}

#[test]
fn a_job_that_cannot_be_meant_is_refused_before_anything_is_asked() {
    let log = network(Vec::new());
    for (job, words) in [
        (json!({}), "url"),
        (json!({ "url": "/a", "colour": 1 }), "colour"),
        (json!({ "url": "/a", "method": "TRACE" }), "GET, HEAD"),
        (json!({ "url": "/a", "body": "x", "json": 1 }), "both"),
        (json!({ "url": "/a", "expect": "fine" }), "a status or a list"),
        (json!({ "url": "/a", "poll": { "header": "a", "url": "/b" } }), "one of"),
        (json!({ "url": "/a", "poll": { "watch": "/a" } }), "go together"),
        (json!({ "url": "/a", "poll": { "watch": "a", "until": [1] } }), "no JSON pointer"),
        (json!({ "url": "/a", "poll": { "failOn": [1] } }), "needs `poll.watch`"),
    ] {
        let failure = begin(&job).expect_err("it was begun");
        assert!(failure.code == "bad-execute" && failure.message.contains(words), "{job}: {}", failure.message);
    }
    assert!(log.borrow().is_empty());
}

#[test]
fn a_preview_says_what_would_be_asked_and_asks_nothing() {
    let log = network(Vec::new());
    let mut execute = following();
    execute["type"] = "http".into();
    let request =
        Request { execute_json: execute.to_string(), model: String::new(), previous: None, context: String::new() };
    let Beginning::Work(what) = Http::plan(&ctx(0), &config(), &request).unwrap() else { panic!() };
    assert_eq!(what, "asks POST https://ci.test:8443/builds, and asks until that is done");
    assert_eq!(Http::plan(&ctx(0), &Config::default(), &request).unwrap_err().code, "no-host");
    assert!(log.borrow().is_empty());
}

#[test]
fn a_configuration_that_cannot_be_meant_is_named() {
    let remarks = |config: Value| -> Vec<String> {
        let config: Config = serde_json::from_value(config).unwrap();
        config.remarks().into_iter().map(|remark| remark.path).collect()
    };
    assert_eq!(remarks(json!({})), Vec::<String>::new());
    assert_eq!(remarks(json!({ "urls": ["https://a.test", "a.test"] })), ["urls.1"]);
    assert_eq!(remarks(json!({ "urls": ["https://a.test"], "tokenUrl": "https://a.test:81" })), ["tokenUrl"]);
    assert_eq!(remarks(json!({ "urls": ["https://a.test/x"], "tokenUrl": "https://a.test/y" })), Vec::<String>::new());
}
