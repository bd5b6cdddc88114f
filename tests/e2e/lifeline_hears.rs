//! The lifeline hears people: one process polls at a time, and whatever is killed when, each message reaches the agent
//! once.

use std::fs;
use std::path::Path;

use instar_tests::forum::Forum;
use instar_tests::{kill, process_named, until, until_some};
use serde_json::Value;

fn forum() -> (Forum, i64) {
    let forum = Forum::new(Path::new(env!("CARGO_BIN_EXE_fake-claude")));
    let topic = forum.telegram.create_topic(&forum.ada, "work");
    (forum, topic)
}

/// Starts the lifeline, and with it the server and the listener.
#[track_caller]
fn start(forum: &Forum) {
    let done = forum.agent.instar(&["lifeline", "start"]);
    assert!(done.status.success(), "{done:?}\n{}", log(forum));
}

fn stop(forum: &Forum) {
    let done = forum.agent.instar(&["lifeline", "stop"]);
    assert!(done.status.success(), "{done:?}");
}

fn log(forum: &Forum) -> String {
    fs::read_to_string(forum.agent.path(".instar/logs/lifeline.log")).unwrap_or_default()
}

#[track_caller]
fn until_listening(forum: &Forum, times: usize) {
    let listens = || log(forum).matches("hears notifier-telegram from now on").count();
    until("the listener to have its turn", listens, |count| *count >= times);
}

fn status(forum: &Forum) -> Value {
    let done = forum.agent.instar(&["lifeline", "status", "--json"]);
    serde_json::from_slice(&done.stdout).unwrap_or_default()
}

fn pid(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|pid| u32::try_from(pid).ok())
}

/// The process of the server, once that is up and another one than this.
#[track_caller]
fn server(forum: &Forum, other_than: u32) -> u32 {
    let is_up =
        |status: &Value| status["state"]["standing"] == "up" && pid(&status["state"]["server"]) != Some(other_than);
    let status = until("the server to be up", || status(forum), is_up);
    pid(&status["state"]["server"]).expect("a server that is up is a process")
}

#[track_caller]
fn lifeline(forum: &Forum) -> u32 {
    pid(&status(forum)["pid"]).expect("the lifeline runs")
}

fn kept(forum: &Forum) -> usize {
    let folder = forum.agent.path(".instar/state/heard/notifier-telegram");
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter(|entry| entry.path().extension().is_some_and(|extension| extension == "heard")).count()
}

/// The agent heard these in this order, and nothing twice.
#[track_caller]
fn check_heard(forum: &Forum, texts: &[&str]) {
    let heard = || -> Vec<String> {
        let last_word = |text: String| text.rsplit(' ').next().unwrap_or_default().to_owned();
        forum.heard().into_iter().map(|heard| last_word(heard.text)).collect()
    };
    let last = texts.last().copied().unwrap_or_default();
    until("the last message", heard, |heard| heard.iter().any(|text| text == last));
    assert_eq!(heard(), texts, "{}", log(forum));
}

#[test]
fn the_listener_polls_alone_and_the_server_takes_over_what_it_heard() {
    let (forum, topic) = forum();
    start(&forum);
    until_listening(&forum, 1);
    forum.say(topic, "one");
    check_heard(&forum, &["one"]);
    forum.say(topic, "two");
    check_heard(&forum, &["one", "two"]);
    let conflicts = forum.telegram.calls_of("getUpdates").iter().filter(|call| call.outcome == "409").count();
    assert_eq!(conflicts, 0, "two polled at once");
    until("nothing to wait any more", || kept(&forum), |kept| *kept == 0);
    stop(&forum);
}

#[test]
fn what_is_said_while_the_server_is_down_waits_and_comes_once() {
    let (forum, topic) = forum();
    start(&forum);
    until_listening(&forum, 1);
    forum.say(topic, "one");
    check_heard(&forum, &["one"]);
    assert!(forum.agent.instar(&["server", "stop"]).status.success());
    forum.say(topic, "two");
    forum.say(topic, "three");
    until("both to be kept", || forum.telegram.unconfirmed(), |left| *left == 0);
    assert!(kept(&forum) > 0);
    let asked = forum.say(topic, "/lifeline queue");
    let answer = || {
        let sent = forum.telegram.sent(forum.telegram.forum(), Some(topic));
        sent.into_iter().find(|message| message.reply_to == Some(asked)).map(|message| message.text)
    };
    let answer = until_some("the answer of the lifeline", answer);
    assert!(answer.contains("two") && answer.contains("three"), "{answer}");
    let eve = forum.telegram.user("Eve");
    forum.telegram.say(&eve, forum.telegram.forum(), Some(topic), "/lifeline restart");
    forum.say(topic, "/lifeline restart");
    server(&forum, 0);
    check_heard(&forum, &["one", "two", "three"]);
    assert_eq!(log(&forum).matches("/lifeline restart: answered").count(), 1, "a stranger is not answered");
    stop(&forum);
}

#[test]
fn whoever_is_killed_each_message_reaches_the_agent_once() {
    let (forum, topic) = forum();
    start(&forum);
    until_listening(&forum, 1);
    let listener = || process_named(&forum.agent, "listen");
    forum.say(topic, "m1");
    let first = server(&forum, 0);
    kill("-KILL", first);
    forum.say(topic, "m2");
    kill("-KILL", listener());
    let stopped = server(&forum, first);
    until_listening(&forum, 2);
    // What is kept now is offered, and not taken over.
    kill("-STOP", stopped);
    forum.say(topic, "m3");
    until("it to be kept", || kept(&forum), |kept| *kept > 0);
    kill("-KILL", listener());
    kill("-KILL", stopped);
    forum.say(topic, "m4");
    server(&forum, stopped);
    kill("-KILL", lifeline(&forum));
    forum.say(topic, "m5");
    // The server hears by itself meanwhile.
    check_heard(&forum, &["m1", "m2", "m3", "m4", "m5"]);
    start(&forum);
    forum.say(topic, "m6");
    check_heard(&forum, &["m1", "m2", "m3", "m4", "m5", "m6"]);
    until("nothing to wait any more", || kept(&forum), |kept| *kept == 0);
    stop(&forum);
}

#[test]
fn what_a_lifeline_kept_that_never_comes_back_is_taken_over_by_a_server_alone() {
    let (forum, topic) = forum();
    start(&forum);
    until_listening(&forum, 1);
    forum.say(topic, "one");
    check_heard(&forum, &["one"]);
    assert!(forum.agent.instar(&["server", "stop"]).status.success());
    forum.say(topic, "two");
    until("it to be kept", || forum.telegram.unconfirmed(), |left| *left == 0);
    stop(&forum);
    assert!(kept(&forum) > 0);
    let server = forum.agent.start();
    check_heard(&forum, &["one", "two"]);
    forum.say(topic, "three");
    check_heard(&forum, &["one", "two", "three"]);
    until("nothing to wait any more", || kept(&forum), |kept| *kept == 0);
    assert!(server.stop().success());
}
