//! The bundled webhook notifier in the real host: what happens is posted where the configuration says, and nowhere else
//! is a secret seen.

use std::fs;

use hmac::{Hmac, KeyInit as _, Mac as _};
use instar_tests::forum::set_secret;
use instar_tests::webhooks::{Posted, Reply, Webhooks};
use instar_tests::{Agent, Server, until};
use serde_json::{Value, json};
use sha2_for_hmac::Sha256;

const SLACK: &str = "SlackSecretOnlyForTests";
const SIGNING: &str = "SigningSecretOnlyForTests";

/// A project that tells these places of a job that fails.
fn start(places: &Value) -> (Webhooks, Agent, Server) {
    let webhooks = Webhooks::start();
    let agent = Agent::new();
    let url = webhooks.url();
    agent.configure(&json!({ "plugins": { "notifier-webhook": {
        "config": places,
        "http": { "hosts": { "hooks.slack.com": url, "hooks.example.org": format!("{url}/base") } },
    } } }));
    set_secret(&agent, "notifier-webhook/slack", SLACK);
    set_secret(&agent, "notifier-webhook/signing", SIGNING);
    agent.write_script("work.sh", "echo '**not** <bold>'; exit 3");
    agent.write_jobs(&json!([{
        "slug": "work", "name": "Work", "schedule": "@yearly", "execute": { "type": "script", "value": "work.sh" }
    }]));
    let server = agent.start();
    (webhooks, agent, server)
}

fn to_a_url() -> Value {
    json!({ "url": "https://hooks.example.org/in" })
}

fn until_posted(webhooks: &Webhooks, count: usize) -> Vec<Posted> {
    until("the posts", || webhooks.posted(), |posted| posted.len() >= count)
}

fn until_event(server: &Server, kind: &str) -> Value {
    let path = format!("/events?type={kind}");
    until(kind, || server.client().get(&path).json, |events| events[0].is_object())[0].clone()
}

#[test]
fn a_report_is_posted_to_each_place_signed_and_secrets_are_seen_nowhere() {
    let places = json!({ "slack": { "path": "T0/B0" }, "url": "https://hooks.example.org/in" });
    let (webhooks, agent, server) = start(&places);
    server.ended_run(&server.trigger("work"));
    let [slack, plain] = until_posted(&webhooks, 2).try_into().expect("one post for each place");
    assert_eq!(slack.path, format!("/services/T0/B0/{SLACK}"));
    let text = slack.json()["text"].as_str().expect("a text").to_owned();
    assert!(text.contains("*") && text.contains("Work") && text.contains("&lt;bold&gt;"), "{text}");
    assert_eq!(plain.path, "/base/in");
    assert!(plain.json()["body"].as_str().is_some_and(|body| body.contains("<bold>")), "{plain:?}");
    check_signature(&plain);
    until_event(&server, "notice_delivered");
    let log = fs::read_to_string(agent.path(".instar/logs/server.log")).unwrap_or_default();
    let api = ["/events?limit=200", "/plugins", "/health"].map(|path| server.client().get(path).text).concat();
    let database = fs::read(agent.path(".instar/state/instar.db")).expect("the database can be read");
    let seen = format!("{log}{}{api}{}", server.output(), String::from_utf8_lossy(&database));
    assert!(!seen.contains(SLACK) && !seen.contains(SIGNING), "{seen}");
}

/// As a receiver would, who shares the secret and nothing else.
#[track_caller]
fn check_signature(posted: &Posted) {
    let timestamp = posted.header("x-instar-timestamp").expect("a time");
    let signature = posted.header("x-instar-signature").expect("a signature");
    let mut mac = Hmac::<Sha256>::new_from_slice(SIGNING.as_bytes()).expect("a key of any length is taken");
    mac.update(format!("{timestamp}.{}", posted.body).as_bytes());
    let expected: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(signature, expected);
}

#[test]
fn a_report_that_was_recorded_when_the_server_died_is_posted_by_the_next_one() {
    let (webhooks, agent, server) = start(&to_a_url());
    webhooks.reply([Reply::Hang]);
    server.ended_run(&server.trigger("work"));
    until_posted(&webhooks, 1);
    server.kill_hard();
    let server = agent.start();
    until_event(&server, "notice_delivered");
    let posted = webhooks.posted();
    assert_eq!(posted.len(), 2, "{posted:?}");
    let key = |posted: &Posted| posted.header("idempotency-key").map(str::to_owned);
    assert!(key(&posted[0]).is_some() && key(&posted[0]) == key(&posted[1]), "a receiver can tell that it is the same");
}

#[test]
fn what_a_place_does_not_take_for_a_while_is_posted_later() {
    let (webhooks, _agent, server) = start(&to_a_url());
    let wait = Some(("retry-after".to_owned(), "1".to_owned()));
    webhooks.reply([Reply::Status(429, wait, String::new()), Reply::Status(503, None, String::new())]);
    server.ended_run(&server.trigger("work"));
    until_event(&server, "notice_delivered");
    assert_eq!(webhooks.posted().len(), 3);
}

#[test]
fn a_refusal_is_recorded_and_nobody_asks_again() {
    let (webhooks, _agent, server) = start(&to_a_url());
    webhooks.reply([Reply::Status(410, None, "this webhook is gone".to_owned())]);
    server.ended_run(&server.trigger("work"));
    let failed = until_event(&server, "notice_failed");
    let shown = failed.to_string();
    assert!(shown.contains("this webhook is gone") && shown.contains("notifier-webhook"), "{shown}");
    assert_eq!(failed["metadata"]["retryAt"], Value::Null, "{failed:#}");
    assert_eq!(webhooks.posted().len(), 1);
}

#[test]
fn places_are_tried_from_the_command_line_and_what_is_missing_is_said() {
    let (webhooks, agent, server) = start(&json!({ "slack": { "path": "T0/B0" }, "url": "https://hooks.example.org" }));
    assert!(server.stop().success());
    let test = || agent.instar(&["notifier", "test", "notifier-webhook"]);
    assert!(test().status.success());
    assert_eq!(webhooks.posted().len(), 2);
    webhooks.reply([Reply::Status(404, None, "no_service".to_owned())]);
    let done = test();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(!done.status.success() && said.contains("Slack") && said.contains("no_service"), "{done:?}");
    assert_eq!(webhooks.posted().len(), 4, "the other place is told all the same");
    assert!(agent.instar(&["secret", "remove", "notifier-webhook/slack"]).status.success());
    let done = test();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(!done.status.success() && said.contains("instar secret set notifier-webhook/slack"), "{done:?}");
}
