//! What people see, and what a host is told when they do not.

use instar_plugin_sdk::notifier::{Attachment, Choice, Message, Receipt};
use instar_plugin_sdk::{Failure, Severity};
use instar_tests::bot_api::Fault;
use serde_json::json;

use super::host::{address, message, start};
use crate::config::Config;
use crate::deliver::deliver;
use crate::{probe, threads};

/// All parts, one after the other.
fn deliver_all(config: &Config, message: &Message) -> Result<Vec<Receipt>, Failure> {
    let mut receipts = Vec::new();
    loop {
        let receipt = deliver(config, message, u32::try_from(receipts.len()).unwrap())?;
        let more = receipt.more;
        receipts.push(receipt);
        if !more {
            return Ok(receipts);
        }
    }
}

#[test]
fn a_message_is_seen_with_its_sign_title_and_marks() {
    let (telegram, config) = start();
    let told = Message { severity: Severity::High, ..message("Job failed", "it *broke* in `main`") };
    let receipts = deliver_all(&config, &told).unwrap();
    let sent = telegram.sent(telegram.forum(), None);
    assert_eq!(receipts, [Receipt::whole(sent[0].id.to_string())]);
    assert_eq!(sent[0].text, "🔴 Job failed\n\nit broke in main");
    let marks: Vec<_> = sent[0].entities.iter().map(|entity| entity["type"].as_str().unwrap()).collect();
    assert_eq!(marks, ["bold", "italic", "code"]);
    assert!(!sent[0].is_silent);
}

#[test]
fn a_long_message_is_seen_whole_and_in_order() {
    let (telegram, config) = start();
    let lines: String = (0..3000).map(|number| format!("line {number} <&> 😀\n\n")).collect();
    let receipts = deliver_all(&config, &message("", &lines)).unwrap();
    let sent = telegram.sent(telegram.forum(), None);
    assert_eq!(sent.len(), receipts.len());
    assert!(sent.len() > 10, "{}", sent.len());
    let seen: Vec<_> = sent.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(seen.join("\n\n"), lines.trim_end());
}

#[test]
fn threads_replies_buttons_and_silence_arrive() {
    let (telegram, config) = start();
    let ada = telegram.user("Ada");
    let topic = telegram.create_topic(&ada, "build");
    let asked = telegram.say(&ada, telegram.forum(), Some(topic), "shall we?");
    let told = Message {
        to: Some(address(telegram.forum(), Some(topic))),
        reply_to: Some(asked.to_string()),
        silent: true,
        choices: ["yes", "no"].map(|label| Choice { label: label.to_owned(), token: format!("t-{label}") }).into(),
        ..message("", "we shall")
    };
    deliver_all(&config, &told).unwrap();
    let sent = telegram.sent(telegram.forum(), Some(topic));
    assert_eq!(sent[0].reply_to, Some(asked));
    assert!(sent[0].is_silent);
    let markup = sent[0].reply_markup.clone().unwrap();
    assert_eq!(markup["inline_keyboard"][0][1], json!({ "text": "no", "callback_data": "t-no" }));
    let gone = Message { reply_to: Some("999".to_owned()), ..told.clone() };
    deliver_all(&config, &gone).unwrap();
    let general = Message { to: Some(address(telegram.forum(), Some(1))), choices: Vec::new(), ..message("", "here") };
    deliver_all(&config, &general).unwrap();
    assert_eq!(telegram.sent(telegram.forum(), None).len(), 1);
}

#[test]
fn a_button_whose_token_is_too_long_is_refused_before_anything_is_sent() {
    let (telegram, config) = start();
    let choice = Choice { label: "yes".to_owned(), token: "x".repeat(65) };
    let failure = deliver(&config, &Message { choices: vec![choice], ..message("a", "") }, 0).unwrap_err();
    assert_eq!((failure.code.as_str(), failure.retryable), ("bad-choice", false));
    assert_eq!(telegram.calls(), []);
}

#[test]
fn an_edit_replaces_and_may_be_repeated() {
    let (telegram, config) = start();
    let first = deliver_all(&config, &message("", "running")).unwrap();
    let edit = Message { edit_of: Some(first[0].provider_id.clone()), ..message("", "done") };
    assert_eq!(deliver_all(&config, &edit).unwrap(), first);
    assert_eq!(deliver_all(&config, &edit).unwrap(), first);
    let sent = telegram.sent(telegram.forum(), None);
    assert_eq!((sent.len(), sent[0].text.as_str(), sent[0].edits), (1, "done", 1));
    let lost = Message { edit_of: Some("4711".to_owned()), ..edit };
    assert_eq!(deliver(&config, &lost, 0).unwrap_err().code, "message-gone");
}

#[test]
fn files_follow_the_text_and_pictures_are_shown() {
    let (telegram, config) = start();
    let file = |name: &str, mime: &str, bytes: &str| Attachment {
        name: name.to_owned(),
        mime: mime.to_owned(),
        size: 9,
        blob: bytes.to_owned(),
    };
    let attachments = vec![
        file("log.txt", "text/plain", "the log"),
        file("shot.webp", "image/webp", "RIFF and more"),
        file("fake.png", "image/png", "no picture at all"),
    ];
    let receipts = deliver_all(&config, &Message { attachments, ..message("Files", "") }).unwrap();
    assert_eq!(receipts.len(), 4);
    let sent = telegram.sent(telegram.forum(), None);
    let seen: Vec<_> =
        sent.iter().map(|message| (message.is_photo, message.file.clone().map(|file| file.name))).collect();
    let name = |name: &str| Some(name.to_owned());
    let expected = [(false, None), (false, name("log.txt")), (true, name("shot.webp")), (false, name("fake.png"))];
    assert_eq!(seen, expected);
    assert_eq!(sent[1].file.as_ref().unwrap().bytes, b"the log");
}

#[track_caller]
fn check_failure(fault: Fault, code: &str, retryable: bool, retry_after_ms: Option<u64>) {
    let (telegram, config) = start();
    telegram.fail("sendMessage", [fault]);
    let failure = deliver(&config, &message("a", ""), 0).unwrap_err();
    let seen = (failure.code.as_str(), failure.retryable, failure.retry_after_ms);
    assert_eq!(seen, (code, retryable, retry_after_ms), "{failure:?}");
    assert_eq!(telegram.calls().len(), 1, "{:?}", telegram.calls());
    assert!(!failure.message.contains(&telegram.token()), "{failure:?}");
}

fn refusal(status: u16, description: &str) -> Fault {
    Fault::Answer { status, description: description.to_owned() }
}

#[test]
fn each_failure_has_its_name_and_is_asked_once() {
    check_failure(Fault::RetryAfter(17), "rate-limited", true, Some(17_000));
    check_failure(Fault::Raw { status: 502, body: "<html>".to_owned() }, "unavailable", true, None);
    check_failure(refusal(500, "Internal Server Error"), "unavailable", true, None);
    check_failure(Fault::DropAfter, "maybe-sent", true, None);
    check_failure(Fault::HalfAfter, "maybe-sent", true, None);
    check_failure(refusal(401, "Unauthorized"), "unauthorized", false, None);
    check_failure(refusal(403, "Forbidden: bot was blocked by the user"), "forbidden", false, None);
    check_failure(refusal(400, "Bad Request: message thread not found"), "thread-gone", false, None);
    check_failure(refusal(400, "Bad Request: TOPIC_CLOSED"), "thread-closed", false, None);
    check_failure(refusal(400, "Bad Request: chat not found"), "chat-not-found", false, None);
    check_failure(refusal(400, "Bad Request: something new 401"), "refused", false, None);
}

#[test]
fn only_marks_that_cannot_be_read_are_left_out() {
    let (telegram, config) = start();
    telegram.fail("sendMessage", [refusal(400, "Bad Request: can't parse entities: Unexpected end tag")]);
    deliver_all(&config, &message("", "a **b** <c>")).unwrap();
    let sent = telegram.sent(telegram.forum(), None);
    assert_eq!((sent.len(), sent[0].text.as_str(), sent[0].entities.len()), (1, "a b <c>", 0));
}

#[test]
fn a_topic_that_was_deleted_is_gone() {
    let (telegram, config) = start();
    let topic = threads::open(&telegram.forum().to_string(), "build", Severity::Critical).unwrap();
    let thread: i64 = topic.parse().unwrap();
    assert_eq!(telegram.topics(telegram.forum())[&thread].icon_color, 16_478_047);
    telegram.delete_topic(thread);
    let to = address(telegram.forum(), Some(thread));
    assert_eq!(
        deliver(&config, &Message { to: Some(to.clone()), ..message("a", "") }, 0).unwrap_err().code,
        "thread-gone"
    );
    assert_eq!(threads::rename(&to, "other").unwrap_err().code, "thread-gone");
}

#[test]
fn topics_are_renamed_closed_and_opened_again_and_doing_so_twice_is_no_failure() {
    let (telegram, _) = start();
    let long = "😀".repeat(100);
    let topic = threads::open(&telegram.forum().to_string(), &long, Severity::Info).unwrap();
    let topic = address(telegram.forum(), topic.parse().ok());
    let now = || telegram.topics(telegram.forum()).into_values().next().unwrap();
    assert_eq!(now().name, "😀".repeat(64));
    for _ in 0..2 {
        threads::rename(&topic, "build").unwrap();
        threads::close(&topic).unwrap();
    }
    assert_eq!((now().name.as_str(), now().is_closed), ("build", true));
    threads::reopen(&topic).unwrap();
    assert!(!now().is_closed);
    assert_eq!(threads::close(&address(telegram.forum(), None)).unwrap_err().code, "no-thread");
    let group = telegram.group().to_string();
    assert_eq!(threads::open(&group, "x", Severity::Info).unwrap_err().code, "no-threads");
}

#[test]
fn a_probe_says_where_messages_go_and_sends_none() {
    let (telegram, config) = start();
    let said = probe::probe(&config).unwrap();
    assert_eq!(said, "messages of @instar_test_bot go to the forum “Agents”, whose topics it may manage");
    telegram.take_rights(telegram.forum());
    assert!(probe::probe(&config).unwrap().contains("may not manage"));
    assert!(telegram.calls_of("sendMessage").is_empty());
    telegram.set_token("7000001:another");
    assert_eq!(probe::probe(&config).unwrap_err().code, "unauthorized");
}
