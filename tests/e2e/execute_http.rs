//! The bundled execute type `http` in the real host: it asks where the operator lets it, and waits for what it began.

use instar_tests::forum::set_secret;
use instar_tests::webhooks::{Reply, Webhooks};
use instar_tests::{Agent, Server};
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

#[test]
fn a_pipeline_says_why_it_cannot_begin_with_a_request() {
    let (_webhooks, _agent, server) = start(&json!({ "type": "pipeline", "steps": [{ "type": "http", "url": "/x" }] }));
    let run = server.ended_run(&server.trigger("build"));
    assert_eq!(run["outcome"], "needs-attention", "{run:#}");
    assert!(run["cause"].as_str().is_some_and(|cause| cause.contains("starts no command")), "{run:#}");
}
