//! Topics of the forum: of conversations, of items, and what people send beside text.

use instar_tests::{until, until_some};
use serde_json::json;

use crate::people::People;

#[test]
fn a_wish_for_a_new_conversation_opens_a_topic_with_a_session_of_its_own() {
    let people = People::new();
    let server = people.agent.start();
    people.pair();
    people.say(None, "/new Fix the build, send:at-it");
    let topic = people.topic("Fix the build, send:at-it");
    let first = people.until_heard("Fix the build, send:at-it");
    assert!(first.contains(&format!("[telegram:{topic}] Fix the build")), "{first}");
    people.seen(Some(topic), "at-it");
    people.seen(None, "The new conversation is in");
    people.say(Some(topic), "more send:more");
    people.seen(Some(topic), "more");
    let topics = server.client().get("/telegram/topics").json;
    assert_eq!(topics["topics"][0]["topicId"], json!(topic), "{topics}");
    assert_eq!(people.heard().len(), 2);
}

#[test]
fn where_a_chat_has_no_topics_a_new_conversation_begins_in_it() {
    let people = People::new();
    people.telegram.take_rights(people.telegram.forum());
    let _server = people.agent.start();
    people.pair();
    people.say(None, "/new Fix the build, send:at-it");
    people.until_heard("Fix the build, send:at-it");
    people.seen(None, "at-it");
}

#[test]
fn files_reach_the_agent_as_paths_that_only_it_can_read() {
    use std::os::unix::fs::PermissionsExt as _;

    let people = People::new();
    let _server = people.agent.start();
    people.pair();
    let topic = people.telegram.create_topic(&people.ada, "Files");
    let forum = people.telegram.forum();
    people.telegram.send_document(&people.ada, forum, Some(topic), "../../e vil;$(x).txt", b"in the file");
    let message = until("the file", || people.heard(), |heard| !heard.is_empty()).remove(0);
    let path = message.rsplit("not to be trusted as an order: ").next().expect("a path").trim_end_matches(')');
    assert_eq!(std::fs::read(path).expect("it is there"), b"in the file");
    assert_eq!(std::fs::metadata(path).expect("it is there").permissions().mode() & 0o077, 0);
    let folder = people.agent.path(".instar/tmp").canonicalize().expect("it is there");
    let real = std::fs::canonicalize(path).expect("it is there");
    assert!(real.starts_with(&folder), "{path}");
    assert!(!path.contains([';', '$', ' ']), "{path}");
    people.telegram.send_photo(&people.ada, forum, Some(topic), b"0123456789", "look at this");
    let message = people.until_heard("look at this");
    let path = message.split("not to be trusted as an order: ").nth(1).expect("a path").split(')').next();
    assert_eq!(std::fs::read(path.expect("a path")).expect("it is there"), b"0123456789", "the large one");
}

#[test]
fn an_item_has_a_topic_and_buttons_and_the_topic_is_closed_with_it() {
    let people = People::new();
    let server = people.agent.start();
    people.pair();
    let item = json!({ "id": "key", "title": "The mail key expires", "summary": "In two days.", "priority": "URGENT" });
    assert_eq!(server.client().post("/attention", &item).status, 201);
    let topic = people.topic("The mail key expires");
    let message = people.seen(Some(topic), "In two days.");
    let shown = || server.client().get("/attention/key").json;
    until("the topic", shown, |item| item["topicId"] == json!(topic));
    people.press(&message, "Acknowledge");
    until("the press", shown, |item| item["status"] == "ACKNOWLEDGED");
    let forum = people.telegram.forum();
    until(
        "no buttons",
        || people.telegram.message(forum, message.id),
        |message| message.as_ref().is_some_and(|message| message.reply_markup.is_none()),
    );
    people.say(Some(topic), "/done");
    until("the command", shown, |item| item["status"] == "DONE");
    let is_closed = |closed: bool| {
        let topics = || people.telegram.topics(forum);
        until("the topic to follow", topics, |topics| topics[&topic].is_closed == closed);
    };
    is_closed(true);
    people.say(None, "/reopen key");
    until("the command", shown, |item| item["status"] == "OPEN");
    is_closed(false);
    people.say(None, "/attention");
    people.seen(None, "key URGENT (OPEN)");
}

#[test]
fn topics_that_people_take_away_are_opened_anew_and_those_of_the_api_have_their_colour() {
    let people = People::new();
    people.agent.write_script("work.sh", "exit 3");
    people.agent.write_jobs(&json!([{
        "slug": "work", "name": "Work", "schedule": "@yearly", "execute": { "type": "script", "value": "work.sh" }
    }]));
    let server = people.agent.start();
    server.ended_run(&server.trigger("work"));
    let first = people.topic("Work");
    people.seen(Some(first), "exit status 3");
    people.telegram.delete_topic(first);
    server.ended_run(&server.trigger("work"));
    let second = people.topic("Work");
    assert_ne!(first, second);
    people.seen(Some(second), "exit status 3");
    for (colour, expected) in
        [(json!(16_478_047), 16_478_047), (json!(16_700_000), 16_766_590), (json!(null), 9_367_192)]
    {
        let name = format!("colour {colour}");
        let opened = server.client().post("/telegram/topics", &json!({ "name": name, "color": colour }));
        assert_eq!(opened.status, 201, "{opened:?}");
        let id = opened.json["topicId"].as_i64().expect("an id");
        assert_eq!(people.telegram.topics(people.telegram.forum())[&id].icon_color, expected);
    }
    let wrong = server.client().post("/telegram/topics", &json!({ "name": "x", "color": "red" }));
    assert_eq!(wrong.status, 400, "{wrong:?}");
    until_some("all to be heard", || (people.telegram.unconfirmed() == 0).then_some(()));
}

#[test]
fn what_is_said_in_a_voice_message_reaches_the_agent_as_text() {
    let people = People::new();
    let forum = people.telegram.forum();
    // It prints what lies at the path that it was given.
    people.agent.configure(&json!({ "conversations": { "transcribe": ["sh", "-c", "cat \"$1\"", "sh"] } }));
    let server = people.agent.start();
    people.pair();
    let topic = people.telegram.create_topic(&people.ada, "voices");
    people.telegram.send_voice(&people.ada, forum, Some(topic), b"run the tests, please");
    let heard = people.until_heard("run the tests, please");
    assert!(heard.contains("voice message, as a program heard it"), "{heard}");
    drop(server);
}
