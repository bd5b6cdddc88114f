//! kill -9 on the way of messages between people and an agent: at every step of queue, forward and delivery, what people
//! say reaches the agent exactly once, and what the agent says reaches people.

use std::time::Duration;

use instar_tests::{Server, until};
use serde_json::Value;

use crate::people::{People, sessions};

/// The events in which a message becomes a session, in their order.
const BEGINNING: [&str; 6] =
    ["message_received", "job_requested", "job_passed", "job_triggered", "session_started", "session_busy"];
/// Those in which a message reaches a session that waits, and its answer people.
const TALKING: [&str; 7] = [
    "message_received",
    "message_accepted",
    "session_busy",
    "session_ready",
    "notice_raised",
    "notice_tried",
    "notice_delivered",
];

fn moments(kinds: &[&str]) -> Vec<String> {
    kinds.iter().flat_map(|kind| [format!("before:{kind}"), format!("after:{kind}")]).collect()
}

fn count(server: &Server, kind: &str) -> usize {
    let events = server.client().get(&format!("/events?type={kind}&limit=500")).json;
    events.as_array().map_or(0, Vec::len)
}

/// Nothing is under way: all is delivered, and whoever lives waits.
#[track_caller]
fn rest(server: &Server) {
    until(
        "all to be delivered",
        || (count(server, "notice_raised"), count(server, "notice_delivered")),
        |(a, b)| a == b,
    );
    until("all to wait", || sessions(server), |all| all.iter().all(|session: &Value| session["status"] == "idle"));
}

/// How often the agent got a message that ends so.
fn times(people: &People, end: &str) -> usize {
    people.heard().iter().filter(|message| message.ends_with(end)).count()
}

fn replies(people: &People, topic: i64, text: &str) -> usize {
    people.sent(Some(topic)).iter().filter(|message| message.text == text).count()
}

/// Says something, lets the server die at a moment, and looks what came of it.
#[track_caller]
fn check(people: &People, topic: i64, moment: &str, number: usize) {
    let (text, answer) = (format!("number {number} send:answer-{number}"), format!("answer-{number}"));
    let server = people.agent.start_with(&[("INSTAR_CRASH", moment)]);
    people.say(Some(topic), &text);
    server.died(moment);
    let server = people.agent.start();
    people.until_heard(&text);
    people.seen(Some(topic), &answer);
    rest(&server);
    assert_eq!(times(people, &text), 1, "heard at {moment}: {:#?}", people.heard());
    // Telegram cannot tell a second attempt from a second message, so one that it took and nobody noted comes again.
    let may_double = matches!(moment, "after:notice_tried" | "before:notice_delivered");
    let most = if may_double { 2 } else { 1 };
    let seen = replies(people, topic, &answer);
    assert!((1..=most).contains(&seen), "{seen} answers at {moment}");
    server.kill_hard();
}

/// Ada is let in, and there are so many topics of which the host has heard.
fn prepared(topics: usize) -> (People, Vec<i64>) {
    let people = People::new();
    people.agent.configure(&serde_json::json!({ "sessions": { "maxSessions": 20 } }));
    let server = people.agent.start();
    people.pair();
    let topics = (0..topics).map(|number| people.telegram.create_topic(&people.ada, &format!("topic {number}")));
    let topics = topics.collect();
    until("all to be heard", || people.telegram.unconfirmed(), |left| *left == 0);
    rest(&server);
    server.kill_hard();
    (people, topics)
}

#[test]
fn a_message_that_begins_a_session_arrives_once_wherever_the_server_dies() {
    let moments = moments(&BEGINNING);
    let (people, topics) = prepared(moments.len());
    for (number, (moment, topic)) in moments.iter().zip(topics).enumerate() {
        check(&people, topic, moment, number);
    }
}

#[test]
fn a_message_to_a_session_arrives_once_and_its_answer_too_wherever_the_server_dies() {
    let (people, topics) = prepared(1);
    let topic = topics[0];
    let server = people.agent.start();
    people.say(Some(topic), "hello send:hello");
    people.seen(Some(topic), "hello");
    rest(&server);
    server.kill_hard();
    for (number, moment) in moments(&TALKING).iter().enumerate() {
        check(&people, topic, moment, number);
    }
    assert_eq!(people.heard().len(), 1 + moments(&TALKING).len());
}

#[test]
fn messages_said_while_the_server_dies_again_and_again_arrive_once_and_in_order() {
    let (people, topics) = prepared(1);
    let topic = topics[0];
    let mut said = Vec::new();
    for (round, pause) in [0, 7, 20, 45, 90, 150, 250, 400].into_iter().enumerate() {
        let server = people.agent.start();
        for number in 0..3 {
            let text = format!("{round}.{number}");
            people.say(Some(topic), &text);
            said.push(text);
        }
        std::thread::sleep(Duration::from_millis(pause));
        server.kill_hard();
    }
    people.say(Some(topic), "and that was all");
    let server = people.agent.start();
    people.until_heard("and that was all");
    rest(&server);
    let heard: Vec<_> = people.heard();
    let heard: Vec<_> = heard.iter().map(|text| text.rsplit("] ").next().unwrap_or_default().to_owned()).collect();
    said.push("and that was all".to_owned());
    assert_eq!(heard, said);
}
