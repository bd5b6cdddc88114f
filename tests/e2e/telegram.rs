//! The bundled Telegram notifier in the real host: what happens reaches the right topic, each part once.

use std::fs;

use instar_tests::bot_api::{BotApi, Fault};
use instar_tests::forum::set_secret;
use instar_tests::{Agent, until, until_some};
use serde_json::{Value, json};

/// A project whose notices go to a topic of the forum.
fn start() -> (BotApi, i64, Agent) {
    let telegram = BotApi::start();
    let topic = telegram.create_topic(&telegram.user("Ada"), "reports");
    let agent = Agent::new();
    // All reports go to one topic.
    agent.configure(&json!({ "conversations": { "threads": false }, "plugins": { "notifier-telegram": {
        "config": { "chatId": telegram.forum(), "topic": topic, "pollSeconds": 1 },
        "http": { "hosts": { "api.telegram.org": telegram.url() } },
    } } }));
    set_secret(&agent, "notifier-telegram/token", &telegram.token());
    agent.write_script("work.sh", "echo '**not** <bold>'; exit 3");
    agent.write_jobs(&json!([{
        "slug": "work", "name": "Work", "schedule": "@yearly", "execute": { "type": "script", "value": "work.sh" }
    }]));
    (telegram, topic, agent)
}

/// All that was delivered, once nothing is owed any more.
fn told(telegram: &BotApi, topic: i64) -> Vec<String> {
    let sent = || telegram.sent(telegram.forum(), Some(topic));
    let sent = until("the report", sent, |sent| !sent.is_empty());
    sent.into_iter().map(|message| message.text).collect()
}

#[test]
fn a_report_is_seen_in_its_topic_and_the_token_nowhere() {
    let (telegram, topic, agent) = start();
    let server = agent.start();
    server.ended_run(&server.trigger("work"));
    let texts = told(&telegram, topic);
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert!(texts[0].contains("Work") && texts[0].contains("<bold>"), "{texts:?}");
    let log = fs::read_to_string(agent.path(".instar/logs/server.log")).unwrap_or_default();
    let seen = format!("{log}{}{}", server.output(), server.client().get("/events?limit=100").text);
    assert!(!seen.contains(&telegram.token()), "{seen}");
}

#[test]
fn a_report_that_was_under_way_when_the_server_died_is_seen_once() {
    let (telegram, topic, agent) = start();
    telegram.fail("sendMessage", [Fault::Hang]);
    let server = agent.start();
    server.ended_run(&server.trigger("work"));
    until_some("the delivery to begin", || (!telegram.calls_of("sendMessage").is_empty()).then_some(()));
    server.kill_hard();
    let server = agent.start();
    told(&telegram, topic);
    let delivered = "/events?type=notice_delivered";
    until("the receipt", || server.client().get(delivered).json, |events| events[0].is_object());
    assert_eq!(telegram.sent(telegram.forum(), Some(topic)).len(), 1);
}

#[test]
fn what_telegram_refuses_for_a_while_is_delivered_later() {
    let (telegram, topic, agent) = start();
    telegram.fail("sendMessage", [Fault::RetryAfter(1), Fault::Raw { status: 502, body: String::new() }]);
    let server = agent.start();
    server.ended_run(&server.trigger("work"));
    assert_eq!(told(&telegram, topic).len(), 1);
    assert_eq!(telegram.calls_of("sendMessage").len(), 3);
}

#[test]
fn nobody_is_told_without_a_configuration() {
    let agent = Agent::new();
    agent.write_script("work.sh", "exit 0");
    agent.write_jobs(&json!([{
        "slug": "work", "name": "Work", "schedule": "@yearly", "execute": { "type": "script", "value": "work.sh" }
    }]));
    let server = agent.start();
    server.ended_run(&server.trigger("work"));
    let raised = server.client().get("/events?type=notice_failed").json;
    assert_eq!(raised, Value::Array(Vec::new()));
}

fn refused(server: &instar_tests::Server) -> Vec<String> {
    let events = server.client().get("/events?type=message_refused&limit=100").json;
    let keys = events.as_array().into_iter().flatten().map(|event| event["metadata"]["key"].to_string());
    keys.collect()
}

#[test]
fn what_was_said_is_heard_once_whatever_dies_or_gets_in_the_way() {
    let (telegram, _, agent) = start();
    let eve = telegram.user("Eve");
    let server = agent.start();
    let say = |text: &str| telegram.say(&eve, telegram.forum(), None, text);
    for text in ["one", "two", "three"] {
        say(text);
    }
    // That Ada opened a topic is heard as well.
    until("four refusals", || refused(&server), |keys| keys.len() == 4);
    server.kill_hard();
    for text in ["four", "five"] {
        say(text);
    }
    let conflict = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running";
    telegram.fail("getUpdates", [Fault::Answer { status: 409, description: conflict.to_owned() }, Fault::HalfAfter]);
    let server = agent.start();
    let mut keys = until("six refusals", || refused(&server), |keys| keys.len() >= 6);
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 6, "{keys:?}");
    until("the confirmation", || telegram.unconfirmed(), |left| *left == 0);
    assert_eq!(refused(&server).len(), 6);
    let failing = server.client().get("/events?type=notifier_failing").text;
    assert!(failing.contains("other-poller"), "{failing}");
}
