//! What a plugin finds: network, secrets, values, clock, jobs, sessions, events.

use std::time::Duration;

use instar_plugin_test::{Action, Exchange, Fault, HostDouble, Reply, ScriptedProcess};
use serde_json::{Value, json};

use crate::plugin;

fn body(script: &Value) -> String {
    script.to_string()
}

#[test]
fn the_network_answers_in_the_order_of_its_script() {
    let first = Exchange::new("GET", "/open/a").with_header("x-kind", "test").answered(Reply::new(200, "one"));
    let loaded = plugin("tiny-http").with_http(first).with_http_otherwise(Reply::new(404, "")).load().unwrap();
    let ask = |path: &str| {
        let fetch = json!({ "fetch": { "url": format!("https://api.tiny.test/open/{path}"), "headers": [["x-kind", "test"]] } });
        loaded.deliver("", &body(&fetch)).unwrap().receipts
    };
    assert_eq!(ask("a"), ["200 one"]);
    assert_eq!(ask("b"), ["404"]);
    assert_eq!(loaded.problems(), [""; 0]);
    assert_eq!(loaded.asked().iter().map(|asked| asked.path.as_str()).collect::<Vec<_>>(), ["/open/a", "/open/b"]);
}

#[test]
fn what_is_asked_otherwise_is_a_problem() {
    let expected = Exchange::new("POST", "/open/a").with_json(json!({ "text": "hello*" })).with_body("x");
    let loaded = plugin("tiny-http").with_http(expected.clone()).with_http(expected).load().unwrap();
    let fetch = json!({ "fetch": { "url": "https://api.tiny.test/open/a" } });
    loaded.deliver("", &body(&fetch)).unwrap();
    let problems = loaded.problems().join("\n");
    for part in ["request 1: the method is \"GET\"", "the body is null", "does not stand", "1 of 2 requests"] {
        assert!(problems.contains(part), "{part} is not among {problems}");
    }
}

#[test]
fn a_network_can_break_off_talk_nonsense_and_say_nothing() {
    for fault in [Fault::Cut, Fault::Garbage, Fault::Silent] {
        let loaded = plugin("tiny-http").with_http_otherwise(Reply::fault(fault)).load().unwrap();
        let fetch = json!({ "fetch": { "url": "https://api.tiny.test/open/a", "timeout": 200 } });
        let failure = loaded.deliver("", &body(&fetch)).unwrap_err();
        assert!(!failure.is_fault, "{fault:?}: {failure}");
    }
}

#[test]
fn a_secret_goes_into_its_place_and_values_are_kept() {
    let loaded = plugin("tiny-http").with_secret("token", "s3cret").with_http_otherwise(Reply::new(200, "")).load();
    let loaded = loaded.unwrap();
    let fetch = json!({ "fetch": { "url": "https://api.tiny.test/{token}/me", "credentials": ["token"] } });
    loaded.deliver("", &body(&fetch)).unwrap();
    assert_eq!(loaded.asked()[0].path, "/bots3cret/me");
    let told = |script: Value| loaded.deliver("", &body(&script)).map(|it| it.receipts.concat());
    assert_eq!(told(json!({ "set": ["a", "1"] })).unwrap(), "revision 1");
    assert_eq!(told(json!({ "swap": ["a", 1, "2"] })).unwrap(), "revision 2");
    assert_eq!(told(json!({ "get": "a" })).unwrap(), "2");
    assert_eq!(told(json!({ "swap": ["a", 1, "3"] })).unwrap_err().code, "conflict");
    assert_eq!(told(json!({ "set": ["b", "x".repeat(200)] })).unwrap_err().code, "quota");
}

#[test]
fn the_clock_moves_when_it_is_told_to() {
    let loaded = plugin("tiny-http").at("2026-03-01T12:00:00Z".parse().unwrap()).load().unwrap();
    loaded.pass(Duration::from_secs(60));
    assert_eq!(loaded.now().to_string(), "2026-03-01T12:01:00Z");
    assert_eq!(loaded.deliver("", "\"clock\"").unwrap().receipts, ["true"]);
    loaded.pass(Duration::MAX);
    assert_eq!(loaded.now(), jiff::Timestamp::MAX);
}

#[test]
fn what_is_done_with_jobs_sessions_and_events_is_told() {
    let host = HostDouble::new().with_job("chain").with_session("night", "a\nb").with_event(
        "job_completed",
        "done",
        &json!({ "job": "chain" }),
    );
    let loaded = plugin("tiny-host").with_host(host).load().unwrap();
    let deeds =
        json!([{ "trigger": "chain" }, { "send": ["night", "hi"] }, { "emit": ["seen", "{}"] }, { "since": 0 }]);
    loaded.run(&json!({ "do": deeds })).start().unwrap();
    let done = loaded.done();
    assert_eq!((done.triggered[0].slug.as_str(), done.triggered[0].depth), ("chain", 1));
    assert_eq!(done.typed, [("night".to_owned(), "hi".to_owned())]);
    assert_eq!(done.noted[0].name, "seen");
    assert_eq!(loaded.done(), Default::default(), "it was told once");
}

#[test]
fn commands_are_answered_and_none_runs() {
    let script = ScriptedProcess::new(["rm", "-rf", "everything"]).ended(3, "gone");
    let loaded = plugin("tiny-process").with_process(script).load().unwrap();
    let answer = |argv: Value| {
        let actions = loaded.run(&json!({ "argv": argv })).start().unwrap();
        let [Action::Finish { message, .. }] = &actions[..] else { panic!("{actions:?}") };
        message.clone()
    };
    assert_eq!(answer(json!(["rm", "-rf", "everything"])), "3|gone|");
    assert!(answer(json!(["rm", "a-file"])).starts_with("not-allowed"), "its manifest names others");
    assert_eq!(loaded.problems(), [""; 0]);
    assert!(answer(json!(["pwd"])).starts_with("unavailable"));
    assert!(loaded.problems()[0].contains("no answer is left"));
}
