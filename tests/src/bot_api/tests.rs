use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::{BotApi, Fault};
use crate::Client;

/// A bot that asks with JSON.
struct Bot(Client, String);

impl Bot {
    fn of(telegram: &BotApi) -> Self {
        Self(Client::new(&telegram.url(), None), telegram.token())
    }

    fn ask(&self, method: &str, parameters: &Value) -> (u16, Value) {
        let answer = self.0.post(&format!("/bot{}/{method}", self.1), parameters);
        (answer.status, answer.json)
    }

    #[track_caller]
    fn result(&self, method: &str, parameters: &Value) -> Value {
        let (status, answer) = self.ask(method, parameters);
        assert_eq!((status, &answer["ok"]), (200, &json!(true)), "{method}: {answer}");
        answer["result"].clone()
    }

    #[track_caller]
    fn check_refused(&self, method: &str, parameters: &Value, status: u16, description: &str) {
        let (seen, answer) = self.ask(method, parameters);
        assert_eq!((seen, answer["description"].as_str()), (status, Some(description)), "{method}: {answer}");
        assert_eq!((&answer["ok"], &answer["error_code"]), (&json!(false), &json!(status)));
    }
}

fn texts(updates: &Value) -> Vec<&str> {
    let updates = updates.as_array().expect("a list");
    updates.iter().map(|update| update["message"]["text"].as_str().unwrap_or_default()).collect()
}

#[test]
fn updates_stay_until_an_offset_confirms_them() {
    let telegram = BotApi::start();
    let (bot, ada) = (Bot::of(&telegram), telegram.user("Ada"));
    for text in ["one", "two", "three"] {
        telegram.say(&ada, telegram.forum(), None, text);
    }
    let first = bot.result("getUpdates", &json!({ "limit": 2 }));
    assert_eq!(texts(&first), ["one", "two"]);
    assert_eq!(bot.result("getUpdates", &json!({ "limit": 2 })), first);
    let offset = first[1]["update_id"].as_i64().map(|id| id + 1);
    assert_eq!(texts(&bot.result("getUpdates", &json!({ "offset": offset }))), ["three"]);
    assert_eq!(telegram.unconfirmed(), 1);
    telegram.say(&ada, telegram.forum(), None, "four");
    assert_eq!(texts(&bot.result("getUpdates", &json!({ "offset": -1 }))), ["four"]);
}

#[test]
fn a_long_poll_ends_with_the_first_update() {
    let telegram = BotApi::start();
    let bot = Bot::of(&telegram);
    let heard = thread::scope(|scope| {
        let waiting = scope.spawn(|| bot.result("getUpdates", &json!({ "timeout": 30 })));
        crate::until("the poll", || telegram.calls_of("getUpdates").len(), |calls| *calls == 1);
        telegram.say(&telegram.user("Ada"), telegram.forum(), None, "now");
        waiting.join().expect("it was answered")
    });
    assert_eq!(texts(&heard), ["now"]);
}

#[test]
fn of_two_pollers_the_first_is_told_to_go() {
    let telegram = BotApi::start();
    let bot = Bot::of(&telegram);
    let (status, answer) = thread::scope(|scope| {
        let waiting = scope.spawn(|| bot.ask("getUpdates", &json!({ "timeout": 30 })));
        crate::until("the poll", || telegram.calls_of("getUpdates").len(), |calls| *calls == 1);
        bot.result("getUpdates", &json!({ "timeout": 0 }));
        waiting.join().expect("it was answered")
    });
    assert_eq!(status, 409, "{answer}");
    assert!(answer["description"].as_str().is_some_and(|text| text.starts_with("Conflict: terminated by other")));
}

#[test]
fn only_what_was_asked_for_is_heard() {
    let telegram = BotApi::start();
    let (bot, ada) = (Bot::of(&telegram), telegram.user("Ada"));
    bot.result("getUpdates", &json!({ "allowed_updates": ["message"] }));
    let id = telegram.say(&ada, telegram.forum(), None, "teh");
    telegram.edit(&ada, telegram.forum(), None, id, "the");
    assert_eq!(texts(&bot.result("getUpdates", &json!({}))), ["teh"]);
}

#[test]
fn limits_and_places_are_checked_in_telegrams_words() {
    let telegram = BotApi::start();
    let bot = Bot::of(&telegram);
    let chat = telegram.forum();
    let send = |text: &str| json!({ "chat_id": chat, "text": text, "parse_mode": "HTML" });
    bot.result("sendMessage", &send(&format!("<b>{}</b>", "x".repeat(4096))));
    bot.check_refused("sendMessage", &send(&"😀".repeat(2049)), 400, "Bad Request: message is too long");
    bot.check_refused("sendMessage", &send("<b></b>"), 400, "Bad Request: message text is empty");
    let unclosed = "Bad Request: can't parse entities: Can't find end tag corresponding to start tag \"b\"";
    bot.check_refused("sendMessage", &send("<b>x"), 400, unclosed);
    let nowhere = json!({ "chat_id": 5, "text": "x" });
    bot.check_refused("sendMessage", &nowhere, 400, "Bad Request: chat not found");
    let general = json!({ "chat_id": chat, "text": "x", "message_thread_id": 1 });
    bot.check_refused("sendMessage", &general, 400, "Bad Request: message thread not found");
    let button = json!([[{ "text": "a", "callback_data": "x".repeat(65) }]]);
    let markup = json!({ "chat_id": chat, "text": "x", "reply_markup": { "inline_keyboard": button } });
    bot.check_refused("sendMessage", &markup, 400, "Bad Request: BUTTON_DATA_INVALID");
    bot.check_refused("noSuchMethod", &json!({}), 404, "Not Found");
}

#[test]
fn a_closed_topic_is_closed_to_those_without_rights() {
    let telegram = BotApi::start();
    let (bot, ada) = (Bot::of(&telegram), telegram.user("Ada"));
    let topic = telegram.create_topic(&ada, "build");
    telegram.close_topic(&ada, topic);
    let message = json!({ "chat_id": telegram.forum(), "text": "x", "message_thread_id": topic });
    bot.result("sendMessage", &message);
    telegram.take_rights(telegram.forum());
    bot.check_refused("sendMessage", &message, 400, "Bad Request: TOPIC_CLOSED");
    let create = json!({ "chat_id": telegram.forum(), "name": "x" });
    bot.check_refused("createForumTopic", &create, 400, "Bad Request: not enough rights to create a topic");
}

#[test]
fn who_blocks_the_bot_is_not_reached_and_another_token_is_none() {
    let telegram = BotApi::start();
    let (bot, ada) = (Bot::of(&telegram), telegram.user("Ada"));
    let chat = telegram.private_chat(&ada);
    bot.result("sendMessage", &json!({ "chat_id": chat, "text": "x" }));
    telegram.kick_bot(&ada, chat);
    let message = json!({ "chat_id": chat, "text": "x" });
    bot.check_refused("sendMessage", &message, 403, "Forbidden: bot was blocked by the user");
    telegram.set_token("7000001:other");
    bot.check_refused("getMe", &json!({}), 401, "Unauthorized");
}

#[test]
fn what_does_not_change_is_no_edit() {
    let telegram = BotApi::start();
    let bot = Bot::of(&telegram);
    let sent = bot.result("sendMessage", &json!({ "chat_id": telegram.forum(), "text": "a" }));
    let edit = |text: &str| json!({ "chat_id": telegram.forum(), "message_id": sent["message_id"], "text": text });
    bot.result("editMessageText", &edit("b"));
    let (status, answer) = bot.ask("editMessageText", &edit("b"));
    assert_eq!(status, 400);
    assert!(answer["description"].as_str().is_some_and(|text| text.contains("message is not modified")), "{answer}");
}

#[test]
fn files_go_up_in_forms_and_come_down_by_their_path() {
    let telegram = BotApi::start();
    let bot = Bot::of(&telegram);
    let chat = telegram.forum();
    let form = format!(
        "--b\r\nContent-Disposition: form-data; name=\"chat_id\"\r\n\r\n{chat}\r\n--b\r\nContent-Disposition: \
         form-data; name=\"document\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nline\r\nline\r\n--b--\r\n"
    );
    let headers = [("Content-Type", "multipart/form-data; boundary=b")];
    let sent = bot.0.send("POST", &format!("/bot{}/sendDocument", bot.1), Some(&form), &headers).json;
    let file = telegram.sent(chat, None)[0].file.clone().expect("it has a file");
    assert_eq!(
        (file.name.as_str(), file.mime.as_str(), file.bytes.as_slice()),
        ("a.txt", "text/plain", &b"line\r\nline"[..])
    );
    let found = bot.result("getFile", &json!({ "file_id": sent["result"]["document"]["file_id"] }));
    let path = found["file_path"].as_str().expect("a path");
    assert_eq!(bot.0.get(&format!("/file/bot{}/{path}", bot.1)).text, "line\r\nline");
    assert_eq!(bot.0.get(&format!("/file/bot{}/nothing", bot.1)).status, 404);
}

#[test]
fn faults_happen_once_and_say_whether_it_was_done() {
    let telegram = BotApi::start();
    let bot = Bot::of(&telegram);
    let delay = Fault::Delay(Duration::from_millis(1));
    telegram.fail("sendMessage", [Fault::DropBefore, Fault::DropAfter, Fault::HalfAfter, Fault::RetryAfter(7), delay]);
    let body = json!({ "chat_id": telegram.forum(), "text": "x" }).to_string();
    let path = format!("/bot{}/sendMessage", bot.1);
    let headers = [("Content-Type", "application/json")];
    let mut done = Vec::new();
    for _ in 0..3 {
        assert!(bot.0.try_send("POST", &path, Some(&body), &headers).is_err());
        done.push(telegram.sent(telegram.forum(), None).len());
    }
    assert_eq!(done, [0, 1, 2]);
    let (status, answer) = bot.ask("sendMessage", &json!({ "chat_id": telegram.forum(), "text": "x" }));
    assert_eq!((status, &answer["parameters"]["retry_after"]), (429, &json!(7)));
    bot.result("sendMessage", &json!({ "chat_id": telegram.forum(), "text": "x" }));
    let outcomes: Vec<_> = telegram.calls().into_iter().map(|call| call.outcome).collect();
    assert_eq!(outcomes, ["dropped", "dropped", "half", "429", "200"]);
}
