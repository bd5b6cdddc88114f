//! The bundled execute type `http` in the real host: it asks where the operator lets it, and waits for what it began.

use std::collections::BTreeSet;

use instar_tests::forum::set_secret;
use instar_tests::webhooks::{Reply, Webhooks};
use instar_tests::{Agent, Server, until_some};
use serde_json::{Value, json};

const TOKEN: &str = "TokenOnlyForTests";

fn start(execute: &Value) -> (Webhooks, Agent, Server) {
    let webhooks = Webhooks::start();
    let agent = Agent::new();
    let (url, other) = (webhooks.url(), webhooks.url());
    agent.configure(&json!({ "plugins": { "execute-http": {
        "config": { "urls": ["https://ci.example.org"], "tokenUrl": "https://ci.example.org" },
        "http": { "hosts": { "ci.example.org": url, "other.example.org": other } },
    } } }));
    set_secret(&agent, "execute-http/token", TOKEN);
    agent.write_jobs(&json!([{ "slug": "build", "name": "Build", "schedule": "@yearly", "execute": execute }]));
    let server = agent.start();
    (webhooks, agent, server)
}

fn status(status: &str) -> Reply {
    Reply::Status(200, None, json!({ "status": status }).to_string())
}

#[test]
fn a_build_is_begun_and_followed_until_it_is_done() {
    let (webhooks, _agent, server) = start(&json!({
        "type": "http", "url": "/builds", "json": { "branch": "main" }, "token": true,
        "poll": { "header": "Location", "everySeconds": 1, "watch": "/status", "until": ["done"], "failOn": ["broken"] },
    }));
    let begun = Reply::Status(201, Some(("location".to_owned(), "/builds/7".to_owned())), "{}".to_owned());
    webhooks.reply([begun, status("building"), status("done")]);
    let run = server.ended_run(&server.trigger("build"));
    assert_eq!(run["outcome"], "succeeded", "{run:#}");
    let posted = webhooks.posted();
    let lines: Vec<_> = posted.iter().map(|it| format!("{} {}", it.method, it.path)).collect();
    assert_eq!(lines, ["POST /builds", "GET /builds/7", "GET /builds/7"]);
    for request in &posted {
        assert_eq!(request.header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
    }
    assert_eq!(posted[0].header("idempotency-key"), run["id"].as_str());
    let events = server.client().get("/events?limit=200").text;
    assert!(events.contains("/status is building") && events.contains("after 2 looks"), "{events}");
    assert!(!events.contains(TOKEN), "{events}");
}

#[test]
fn a_host_that_the_operator_did_not_name_is_not_asked() {
    let (webhooks, _agent, server) = start(&json!({ "type": "http", "url": "https://other.example.org/x" }));
    let run = server.ended_run(&server.trigger("build"));
    assert_eq!(run["outcome"], "failed", "{run:#}");
    assert!(run["cause"].as_str().is_some_and(|cause| cause.contains("no rule of its manifest")), "{run:#}");
    assert!(webhooks.posted().is_empty());
}

fn words() -> Value {
    json!({ "type": "script", "value": "echo \"$INSTAR_PREVIOUS_STATUS: $INSTAR_PREVIOUS_OUTPUT\" >> told" })
}

#[test]
fn a_request_is_a_step_of_a_pipeline_as_a_command_is() {
    let build = json!({
        "type": "http", "url": "/builds", "json": {}, "onFailure": "continue",
        "poll": { "header": "Location", "everySeconds": 1, "watch": "/status", "until": ["done"], "failOn": ["broken"] },
    });
    let say = json!({ "type": "http", "url": "/say", "json": { "text": "built" } });
    let (webhooks, agent, server) = start(&json!({ "type": "pipeline", "steps": [build, words(), say, say, words()] }));
    let begun = || Reply::Status(201, Some(("location".to_owned(), "/builds/7".to_owned())), "{}".to_owned());
    webhooks.reply([begun(), status("building"), status("broken"), status("said"), status("said again")]);
    let run = server.ended_run(&server.trigger("build"));
    assert_eq!(run["outcome"], "succeeded", "{run:#}");
    let posted = webhooks.posted();
    let lines: Vec<_> = posted.iter().map(|it| format!("{} {}", it.method, it.path)).collect();
    assert_eq!(lines, ["POST /builds", "GET /builds/7", "GET /builds/7", "POST /say", "POST /say"]);
    let keys: BTreeSet<_> = posted.iter().filter_map(|it| it.header("idempotency-key")).collect();
    assert_eq!(keys.len(), 3, "each request that changes something is one of its own: {keys:?}");
    let told = std::fs::read_to_string(agent.path("told")).unwrap();
    let told: Vec<_> = told.lines().collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].starts_with("1: ") && told[0].contains("is broken"), "{told:?}");
    assert!(told[1].starts_with("0: ") && told[1].contains("said again"), "{told:?}");
}

#[test]
fn a_pipeline_that_fails_by_a_request_says_what_was_answered() {
    let (webhooks, agent, server) =
        start(&json!({ "type": "pipeline", "steps": [{ "type": "http", "url": "/x" }, words()] }));
    webhooks.reply([Reply::Status(404, None, "no such hook".to_owned())]);
    let run = server.ended_run(&server.trigger("build"));
    assert_eq!(run["outcome"], "failed", "{run:#}");
    let cause = run["cause"].as_str().unwrap();
    assert!(cause.starts_with("step 1 of 2 failed: ") && cause.contains("404: no such hook"), "{run:#}");
    assert!(!agent.path("told").exists());
}

#[test]
fn a_pipeline_with_requests_goes_on_after_a_kill_and_asks_no_finished_step_again() {
    let follow = json!({
        "type": "http", "url": "/builds", "json": {},
        "poll": { "header": "Location", "everySeconds": 1, "watch": "/status", "until": ["done"] },
    });
    let (webhooks, agent, server) = start(&json!({ "type": "pipeline", "steps": [
        { "type": "http", "url": "/say", "json": {} }, follow, words(),
    ] }));
    let begun = Reply::Status(201, Some(("location".to_owned(), "/builds/7".to_owned())), "{}".to_owned());
    webhooks.reply([status("said"), begun, status("building"), status("building"), status("done")]);
    let id = server.trigger("build");
    until_some("the build to be followed", || (webhooks.posted().len() > 2).then_some(()));
    server.kill_hard();
    webhooks.reply([status("done"), status("done")]);
    let server = agent.start();
    let run = server.ended_run(&id);
    assert_eq!(run["outcome"], "succeeded", "{run:#}");
    let posted = webhooks.posted();
    let of = |path: &str| posted.iter().filter(|it| it.path == path).count();
    assert_eq!((of("/say"), of("/builds")), (1, 1), "{posted:?}");
    assert!(std::fs::read_to_string(agent.path("told")).unwrap().starts_with("0: "));
}
