//! A day of people with agents, from the first pairing to the last message, all of it over the loopback Bot API.

use instar_tests::{until, until_some};
use serde_json::json;

use crate::hook;
use crate::people::{People, sessions};

/// A hook's question as an agent CLI would put it.
const SUDO: &str = r#"{"session_id":"s1","hook_event_name":"PreToolUse","permission_mode":"default","cwd":"/tmp","tool_name":"Bash","tool_input":{"command":"sudo ls"}}"#;

fn prepare(people: &People) {
    let agent = &people.agent;
    agent.install("tiny-command-guard");
    assert!(agent.instar(&["hook", "install"]).status.success());
    // So that the guards are compiled before a run waits for them.
    assert!(hook::call(agent, "PreToolUse", agent.dir(), SUDO.as_bytes(), &[]).status.success());
    agent.write("question.json", SUDO);
    let instar = instar_tests::instar_bin();
    let (instar, dir) = (instar.display(), agent.dir().display());
    agent.write_script("work.sh", "echo one; echo 'cannot reach the **server**'; exit 3");
    agent.write_script(
        "ask.sh",
        &format!("{instar} hook PreToolUse --dir {dir} < question.json | tee answer.json; cat answer.json >> answers"),
    );
    let script = |slug: &str, name: &str, file: &str| json!({ "slug": slug, "name": name, "schedule": "@yearly", "execute": { "type": "script", "value": file } });
    agent.write_jobs(&json!([script("work", "Nightly work", "work.sh"), script("ask", "Careful work", "ask.sh")]));
}

#[test]
fn a_day_from_the_first_pairing_to_the_last_message() {
    let people = People::new();
    prepare(&people);
    let server = people.agent.start();
    let (telegram, forum) = (&people.telegram, people.telegram.forum());

    // Morning: Ada is let in, and somebody who is not stays outside.
    people.pair();
    let eve = telegram.user("Eve");
    telegram.say(&eve, forum, None, "open-sesame send:secrets");
    let refused = "/events?type=message_refused&limit=100";
    until("the refusal", || server.client().get(refused).json, |events| events[0].is_object());
    assert_eq!(people.kept("open-sesame"), Vec::<String>::new(), "what a stranger said is kept");
    assert_eq!((sessions(&server).len(), people.heard().len()), (0, 0));

    // A topic, a message, a session; the agent gets it exactly and answers.
    let topic = telegram.create_topic(&people.ada, "Research");
    let said = "Compare A & B:\n\tünï \u{1F980} -- \"quoted\" $HOME; send:begun";
    people.say(Some(topic), said);
    let first = people.until_heard(&format!("[telegram:{topic}] {said}"));
    assert!(first.starts_with("You speak with people by "), "{first}");
    people.seen(Some(topic), "begun");
    people.say(Some(topic), "and C? send:added");
    assert_eq!(people.until_heard("and C? send:added"), format!("[telegram:{topic}] and C? send:added"));
    people.seen(Some(topic), "added");
    assert_eq!(sessions(&server).len(), 1);

    // Noon: a job fails, and says so in a topic of its own.
    server.ended_run(&server.trigger("work"));
    let work = people.topic("Nightly work");
    let report = people.seen(Some(work), "failed");
    for part in ["exit status 3", "one\ncannot reach the **server**", "/run work", "instar session output "] {
        assert!(report.text.contains(part), "{part} is not in {}", report.text);
    }
    people.say(Some(work), "/run work");
    until(
        "the second report",
        || people.sent(Some(work)),
        |sent| sent.iter().filter(|message| message.text.contains("exit status 3")).count() == 2,
    );
    assert_eq!(people.topics("Nightly work"), 1);

    // Afternoon: a guard asks, nobody is there, and a press of a button lets it happen once.
    let answers = || std::fs::read_to_string(people.agent.path("answers")).unwrap_or_default();
    server.ended_run(&server.trigger("ask"));
    assert!(answers().contains("deny"), "{}", answers());
    let careful = people.topic("Careful work");
    let question = people.seen(Some(careful), "sudo ls");
    let outside = telegram.press(&eve, forum, question.id, &People::button(&question, "Approve"));
    let press = people.press(&question, "Approve");
    until(
        "the answer",
        || telegram.answer_to(&press),
        |answer| answer.as_ref().is_some_and(|answer| answer.starts_with("Approved by Ada")),
    );
    until(
        "the message without buttons",
        || telegram.message(forum, question.id),
        |message| {
            message.as_ref().is_some_and(|message| message.reply_markup.is_none() && message.text.contains("Approved"))
        },
    );
    assert_ne!(telegram.answer_to(&outside).as_deref(), Some("Approved"), "a stranger approved");
    let before = answers().len();
    server.ended_run(&server.trigger("ask"));
    assert_eq!(answers().len(), before, "it passes without a word: {}", answers());
    server.ended_run(&server.trigger("ask"));
    assert!(answers()[before..].contains("deny"), "the yes was good once: {}", answers());
    until(
        "the second question",
        || people.sent(Some(careful)),
        |sent| sent.iter().filter(|message| message.reply_markup.is_some()).count() == 1,
    );

    // Evening: the server dies, is spoken to meanwhile, and goes on.
    server.kill_hard();
    people.say(Some(topic), "while you were away send:back");
    telegram.say(&eve, forum, Some(topic), "and now? send:secrets");
    let server = people.agent.start();
    assert_eq!(people.until_heard("away send:back"), format!("[telegram:{topic}] while you were away send:back"));
    people.seen(Some(topic), "back");
    people.say(Some(topic), "good night send:bye");
    people.seen(Some(topic), "bye");
    assert_eq!(sessions(&server).len(), 1, "the session of the morning lives");

    // What was said arrived once, in its order, and nothing else did.
    let heard: Vec<_> =
        people.heard().iter().map(|text| text.rsplit("send:").next().unwrap_or("").to_owned()).collect();
    assert_eq!(heard, ["begun", "added", "back", "bye"]);
    let answers: Vec<_> = people.sent(Some(topic)).into_iter().map(|message| message.text).collect();
    assert_eq!(answers, ["begun", "added", "back", "bye"]);
    assert_eq!(people.kept(&telegram.token()), [people.agent.path(".instar/secrets.json").display().to_string()]);
    until_some("all confirmed", || (telegram.unconfirmed() == 0).then_some(()));
    for text in ["open-sesame", "send:secrets"] {
        assert_eq!(people.kept(text), Vec::<String>::new(), "what a stranger said is kept");
    }
}
