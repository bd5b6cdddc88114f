//! What the bot hears, and that it hears all of it once.

use instar_plugin_sdk::http::{self, Response};
use instar_plugin_sdk::notifier::{Batch, Happening, InboundEvent, Mark, Said};
use instar_plugin_sdk::{Failure, double};
use instar_tests::bot_api::{BotApi, Fault};
use serde_json::json;

use super::host::{connect, context, start};
use crate::config::Config;
use crate::inbound::{fetch_file, mark, next_poll, receive};

/// As a host polls.
fn poll(config: &Config, cursor: Option<&str>) -> Result<Batch, Failure> {
    let poll = next_poll(&context(), config, cursor)?;
    let response = http::fetch(&poll.request)?;
    receive(&context(), &response)
}

fn heard(config: &Config) -> Vec<InboundEvent> {
    poll(config, None).unwrap().events
}

fn said(text: &str) -> Said {
    Said { text: text.to_owned(), forwarded_from: None, quoted: None, files: Vec::new() }
}

#[test]
fn what_was_heard_is_not_heard_again() {
    let (telegram, config) = start();
    let ada = telegram.user("Ada");
    telegram.say(&ada, telegram.forum(), None, "one");
    telegram.say(&ada, telegram.forum(), None, "two");
    let first = poll(&config, None).unwrap();
    assert_eq!(first.events.len(), 2);
    assert_eq!(first.events[0].key, "u:7000001:500000001");
    assert_eq!(first.cursor.as_deref(), Some("7000001:500000003"));
    // The host died before it kept them.
    assert_eq!(poll(&config, None).unwrap(), first);
    telegram.say(&ada, telegram.forum(), None, "three");
    let next = poll(&config, first.cursor.as_deref()).unwrap();
    assert_eq!(next.events.len(), 1);
    assert_eq!(telegram.unconfirmed(), 1);
    assert_eq!(poll(&config, next.cursor.as_deref()).unwrap(), Batch { events: Vec::new(), cursor: None });
}

#[test]
fn who_where_when_and_what_are_told() {
    let (telegram, config) = start();
    let ada = telegram.user("Ada");
    let topic = telegram.create_topic(&ada, "build");
    let id = telegram.say(&ada, telegram.forum(), Some(topic), "go on");
    let events = heard(&config);
    assert_eq!(events[0].happening, Happening::ThreadOpened("build".to_owned()));
    let event = &events[1];
    assert_eq!((event.sender.id.as_str(), event.sender.name.as_str(), event.sender.is_bot), ("8000001", "Ada", false));
    assert_eq!(event.address.conversation, telegram.forum().to_string());
    assert_eq!(event.address.thread, Some(topic.to_string()));
    assert_eq!(event.message_id, id.to_string());
    assert_eq!(event.handle, format!("m:{id}"));
    assert_eq!(event.at_ms % 1000, 0);
    assert!(event.at_ms > 1_790_000_000_000);
    // In a topic all answer the message that opened it, which is no quotation.
    assert_eq!(event.happening, Happening::Said(said("go on")));
}

#[test]
fn threads_of_answers_are_no_topics() {
    let (telegram, config) = start();
    let ada = telegram.user("Ada");
    let first = telegram.say(&ada, telegram.group(), None, "first");
    telegram.reply(&ada, telegram.group(), Some(first), first, "second");
    let events = heard(&config);
    assert_eq!(events[1].address.thread, None);
    assert_eq!(events[1].happening, Happening::Said(Said { quoted: Some("first".to_owned()), ..said("second") }));
}

#[test]
fn topics_are_followed() {
    let (telegram, config) = start();
    let ada = telegram.user("Ada");
    let topic = telegram.create_topic(&ada, "a");
    telegram.rename_topic(&ada, topic, "b");
    telegram.close_topic(&ada, topic);
    telegram.reopen_topic(&ada, topic);
    let happenings: Vec<_> = heard(&config).into_iter().map(|event| event.happening).collect();
    let expected = [
        Happening::ThreadOpened("a".to_owned()),
        Happening::ThreadRenamed("b".to_owned()),
        Happening::ThreadClosed,
        Happening::ThreadReopened,
    ];
    assert_eq!(happenings, expected);
}

#[track_caller]
fn check_heard(fields: serde_json::Value, expected: &Happening) {
    let (telegram, config) = start();
    let ada = telegram.user("Ada");
    telegram.send(&ada, telegram.forum(), None, fields);
    assert_eq!(&heard(&config)[0].happening, expected);
}

fn other(what: &str) -> Happening {
    Happening::Other(what.to_owned())
}

#[test]
fn commands_are_heard_without_the_name_of_the_bot_and_only_by_their_bot() {
    check_heard(json!({ "text": "/status@instar_test_bot now" }), &Happening::Said(said("/status now")));
    check_heard(json!({ "text": "/status@Instar_Test_Bot" }), &Happening::Said(said("/status")));
    check_heard(json!({ "text": "/status@other_bot" }), &other("command-for-another-bot"));
    check_heard(json!({ "text": "mail a@b.c" }), &Happening::Said(said("mail a@b.c")));
    check_heard(json!({ "text": "/mail a@b.c" }), &Happening::Said(said("/mail a@b.c")));
}

#[test]
fn what_is_passed_on_bears_the_name_of_who_wrote_it() {
    let origin = json!({ "type": "hidden_user", "sender_user_name": "Eve", "date": 1 });
    let expected = Said { forwarded_from: Some("Eve".to_owned()), ..said("do it") };
    check_heard(json!({ "text": "do it", "forward_origin": origin }), &Happening::Said(expected));
    let origin = json!({ "type": "user", "sender_user": { "id": 5, "is_bot": false, "first_name": "Bob" }, "date": 1 });
    let expected = Said { forwarded_from: Some("Bob".to_owned()), ..said("do it") };
    check_heard(json!({ "text": "do it", "forward_origin": origin }), &Happening::Said(expected));
    let quote = json!({ "text": "that", "position": 0 });
    let expected = Said { quoted: Some("that".to_owned()), ..said("this") };
    check_heard(json!({ "text": "this", "quote": quote }), &Happening::Said(expected));
}

#[test]
fn targets_of_links_are_heard() {
    let entities = json!([{ "type": "text_link", "offset": 3, "length": 4, "url": "https://x.y" }]);
    check_heard(json!({ "text": "😀 here!", "entities": entities }), &Happening::Said(said("😀 here (https://x.y)!")));
}

#[test]
fn what_has_no_text_is_named() {
    check_heard(json!({ "sticker": { "file_id": "x" } }), &other("sticker"));
    check_heard(json!({ "location": {} }), &other("location"));
    check_heard(json!({ "something_new": 1 }), &other("message"));
}

#[test]
fn who_speaks_for_a_chat_is_that_chat() {
    let (telegram, config) = start();
    let ada = telegram.user("Ada");
    let anonymous = json!({ "text": "hi", "sender_chat": { "id": -5, "type": "supergroup", "title": "Agents" } });
    telegram.send(&ada, telegram.forum(), None, anonymous);
    assert_eq!(heard(&config)[0].sender.id, "-5");
}

#[test]
fn corrections_and_the_bots_own_fate_are_heard() {
    let (telegram, config) = start();
    let ada = telegram.user("Ada");
    // The bot says what it wants to hear of when it asks.
    assert!(heard(&config).is_empty());
    let id = telegram.say(&ada, telegram.forum(), None, "teh");
    telegram.edit(&ada, telegram.forum(), None, id, "the");
    telegram.kick_bot(&ada, telegram.group());
    let events = heard(&config);
    assert_eq!(events[1].happening, Happening::Corrected(said("the")));
    assert_eq!(events[1].message_id, id.to_string());
    assert_eq!(events[2].happening, other("bot-is-kicked"));
    assert_eq!(events[2].address.conversation, telegram.group().to_string());
}

#[test]
fn files_are_offered_and_fetched() {
    let (telegram, config) = start();
    let ada = telegram.user("Ada");
    telegram.send_voice(&ada, telegram.forum(), None, b"voice");
    telegram.send_photo(&ada, telegram.forum(), None, b"large picture", "look");
    telegram.send_document(&ada, telegram.forum(), None, "a.txt", b"text");
    let files: Vec<_> = heard(&config)
        .into_iter()
        .map(|event| match event.happening {
            Happening::Said(said) => (said.text, said.files),
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(files[0].1[0].is_voice);
    assert_eq!((files[1].0.as_str(), files[1].1.len(), files[1].1[0].size), ("look", 1, 13));
    assert_eq!((files[2].1[0].name.as_str(), files[2].1[0].mime.as_str()), ("a.txt", "text/plain"));
    fetch_file(&files[2].1[0].id).unwrap();
    let calls = telegram.calls();
    assert_eq!(calls.last().unwrap().method, "getFile");
    assert_eq!(fetch_file("unknown").unwrap_err().code, "refused");
    let large = telegram.offer("large", "x/y", &vec![0; 21 << 20]);
    assert_eq!(fetch_file(&large).unwrap_err().code, "too-large");
}

#[test]
fn a_path_that_leaves_its_place_is_not_followed() {
    let (_telegram, _) = start();
    for path in ["../x", "/etc/passwd", "a//b", "a/../b", "a?b", "{token}", ""] {
        let body = json!({ "ok": true, "result": { "file_path": path } }).to_string().into_bytes();
        double::answer_http(move |_| Ok(Response { status: 200, headers: Vec::new(), body: body.clone() }));
        assert_eq!(fetch_file("x").unwrap_err().code, "bad-path", "{path}");
    }
}

#[test]
fn presses_are_heard_and_answered() {
    let (telegram, config) = start();
    let ada = telegram.user("Ada");
    let press = telegram.press(&ada, telegram.forum(), 3, "t-yes");
    let event = heard(&config).remove(0);
    assert_eq!(event.happening, Happening::Chose("t-yes".to_owned()));
    assert_eq!(event.handle, format!("c:{press}"));
    mark(&event.address, &event.handle, Mark::Received, Some("done")).unwrap();
    assert_eq!(telegram.answer_to(&press).as_deref(), Some("done"));
    // Nobody waits for a second answer.
    mark(&event.address, &event.handle, Mark::Received, None).unwrap();
}

#[test]
fn marks_are_a_reaction_or_typing() {
    let (telegram, config) = start();
    let ada = telegram.user("Ada");
    let topic = telegram.create_topic(&ada, "build");
    let id = telegram.say(&ada, telegram.forum(), Some(topic), "go");
    let event = heard(&config).remove(1);
    let reaction = || telegram.message(telegram.forum(), id).unwrap().reaction;
    mark(&event.address, &event.handle, Mark::Received, None).unwrap();
    assert_eq!(reaction().as_deref(), Some("👀"));
    mark(&event.address, &event.handle, Mark::Working, None).unwrap();
    assert_eq!(telegram.actions(), [(telegram.forum(), Some(topic), "typing".to_owned())]);
    mark(&event.address, &event.handle, Mark::Refused, None).unwrap();
    assert_eq!(reaction().as_deref(), Some("👎"));
    assert!(telegram.calls_of("sendMessage").is_empty());
}

#[test]
fn an_update_that_cannot_be_read_stops_no_other() {
    let (telegram, config) = start();
    let ada = telegram.user("Ada");
    telegram.push_update(json!({ "message": { "message_id": "no number", "chat": 7 } }));
    telegram.push_update(json!({ "purchased_paid_media": {} }));
    telegram.say(&ada, telegram.forum(), None, "after");
    let batch = poll(&config, None).unwrap();
    let happenings: Vec<_> = batch.events.iter().map(|event| event.happening.clone()).collect();
    assert_eq!(happenings, [other("unreadable"), other("update"), Happening::Said(said("after"))]);
    assert_eq!(batch.events[0].sender.id, "");
    assert_eq!(batch.cursor.as_deref(), Some("7000001:500000004"));
}

fn answer(body: &str) -> Result<Batch, Failure> {
    receive(&context(), &Response { status: 200, headers: Vec::new(), body: body.as_bytes().to_vec() })
}

#[test]
fn half_a_pair_of_surrogates_is_shown_as_missing() {
    let (_telegram, _) = start();
    let text = r#"{"ok":true,"result":[{"update_id":7,"message":{"message_id":1,"date":1,"chat":{"id":2},
        "from":{"id":3,"first_name":"A"},"text":"a\ud800b \ud83d\ude00 \\ud800 \udc00"}}]}"#;
    let event = answer(text).unwrap().events.remove(0);
    assert_eq!(event.happening, Happening::Said(said("a\u{fffd}b 😀 \\ud800 \u{fffd}")));
}

#[test]
fn an_answer_that_is_no_list_is_asked_for_again() {
    let (_telegram, _) = start();
    for body in ["", "{\"ok\":true,\"result\":[{\"upd", "<html>", "{\"ok\":true}"] {
        let failure = answer(body).unwrap_err();
        assert_eq!((failure.code.as_str(), failure.retryable), ("bad-answer", true), "{body}");
    }
    let numberless = answer("{\"ok\":true,\"result\":[{},7,\"x\",null]}").unwrap();
    assert_eq!(numberless, Batch { events: Vec::new(), cursor: None });
}

#[test]
fn the_numbers_of_another_bot_mean_nothing() {
    let (telegram, config) = start();
    poll(&config, Some("4711:900000000")).unwrap();
    let offsets = |telegram: &BotApi| {
        let calls = telegram.calls_of("getUpdates");
        calls.last().unwrap().parameters.get("offset").cloned()
    };
    assert_eq!(offsets(&telegram), None);
    poll(&config, Some("7000001:500000001")).unwrap();
    assert_eq!(offsets(&telegram), Some(json!(500_000_001)));
    // Its name was asked for once.
    assert_eq!(telegram.calls_of("getMe").len(), 1);
    telegram.set_token("7000001:AAnew");
    connect(&telegram, "7000001:AAnew");
    poll(&config, Some("7000001:500000001")).unwrap();
    assert_eq!(telegram.calls_of("getMe").len(), 2);
}

#[test]
fn who_is_in_the_way_is_named() {
    let (telegram, config) = start();
    telegram.fail(
        "getUpdates",
        [
            Fault::Answer { status: 409, description: "Conflict: terminated by other getUpdates request".to_owned() },
            Fault::Answer { status: 401, description: "Unauthorized".to_owned() },
            Fault::Raw { status: 504, body: String::new() },
            Fault::RetryAfter(3),
        ],
    );
    let mut codes = Vec::new();
    for _ in 0..4 {
        let failure = poll(&config, None).unwrap_err();
        codes.push((failure.code, failure.retryable, failure.retry_after_ms));
    }
    let expected = [
        ("other-poller", true, Some(5000)),
        ("unauthorized", false, None),
        ("unavailable", true, None),
        ("rate-limited", true, Some(3000)),
    ];
    let expected = expected.map(|(code, retryable, wait)| (code.to_owned(), retryable, wait));
    assert_eq!(codes, expected);
}
