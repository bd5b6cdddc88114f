//! Setting up who is told and who may speak: `instar add telegram` and `instar user`.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output, Stdio};

use instar_tests::bot_api::BotApi;
use instar_tests::{Agent, until};
use serde_json::{Value, json};

use crate::people::People;

fn add(agent: &Agent, token: &str, arguments: &[&str]) -> Output {
    let mut command = agent.command(&["--json", "add", "telegram"]);
    let command = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("instar can be run");
    child.stdin.take().expect("it is piped").write_all(token.as_bytes()).expect("it reads");
    child.wait_with_output().expect("it ends")
}

fn project() -> (BotApi, Agent) {
    let telegram = BotApi::start();
    let agent = Agent::new();
    let hosts = json!({ "api.telegram.org": telegram.url() });
    agent.configure(&json!({ "plugins": { "notifier-telegram": { "http": { "hosts": hosts } } } }));
    (telegram, agent)
}

#[test]
fn a_bot_is_tried_out_before_anything_is_written() {
    let (telegram, agent) = project();
    let before = fs::read(agent.path(".instar/config.json")).expect("the config");
    let chat = telegram.forum().to_string();
    let wrong = [
        ("no token at all", vec!["--chat-id", &chat], 2),
        ("7000001:AAAnotherTokenThatNobodyGaveOut", vec!["--chat-id", &chat], 1),
        (&telegram.token(), vec!["--chat-id", "-100999"], 1),
    ];
    for (token, arguments, status) in wrong {
        let done = add(&agent, token, &arguments);
        assert_eq!(done.status.code(), Some(status), "{done:?}");
        assert!(!format!("{done:?}").contains(token), "{done:?}");
        assert_eq!(fs::read(agent.path(".instar/config.json")).expect("the config"), before);
        assert!(!agent.path(".instar/secrets.json").exists() && !agent.path(".claude/scripts").exists());
    }
    let done = add(&agent, &format!("{}\n", telegram.token()), &["--chat-id", &chat]);
    assert!(done.status.success(), "{done:?}");
    let report: Value = serde_json::from_slice(&done.stdout).expect("JSON");
    assert_eq!(
        (&report["ok"], &report["testSent"], &report["needsRestart"]),
        (&json!(true), &json!(true), &json!(false))
    );
    assert!(report["says"].as_str().is_some_and(|says| says.contains("whose topics it may manage")), "{report}");
    assert_eq!(telegram.sent(telegram.forum(), None).len(), 1);
    assert_eq!(agent.json(".instar/config.json")["plugins"]["notifier-telegram"]["config"]["chatId"], telegram.forum());
    let mode = fs::metadata(agent.path(".instar/secrets.json")).expect("the secrets").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!fs::read_to_string(agent.path(".instar/config.json")).expect("it").contains(&telegram.token()));
    // Again, with a topic: nothing else changes.
    let topic = telegram.create_topic(&telegram.user("Ada"), "reports").to_string();
    let done = add(&agent, &telegram.token(), &["--topic", &topic, "--no-test"]);
    assert!(done.status.success(), "{done:?}");
    let config = agent.json(".instar/config.json")["plugins"]["notifier-telegram"]["config"].clone();
    assert_eq!(config, json!({ "chatId": telegram.forum(), "topic": topic.parse::<i64>().expect("a number") }));
    assert_eq!(telegram.sent(telegram.forum(), None).len(), 1);
}

/// As an agent in a session calls it.
#[test]
fn the_script_for_agents_writes_as_their_session_and_nowhere_else() {
    let people = People::new();
    let forum = people.telegram.forum();
    let done = add(&people.agent, &people.telegram.token(), &["--chat-id", &forum.to_string(), "--no-test"]);
    assert!(done.status.success(), "{done:?}");
    let script = people.agent.path(".claude/scripts/telegram-reply.sh");
    let text = fs::read_to_string(&script).expect("the script");
    assert!(!text.contains(&people.telegram.token()) && !text.contains(&people.agent.token()), "{text}");
    let topic = people.telegram.create_topic(&people.ada, "Talk");
    let other = people.telegram.create_topic(&people.ada, "Other");
    let call = |topic: i64, text: &str| format!("{} {topic} '{text}' > said-{topic} 2>&1", script.display());
    people.agent.write_script(
        "agent.sh",
        &format!(
            "printf '\\342\\235\\257 '; read first; {}; {}; echo 'from *standard* input' | {} {topic}; sleep 600",
            call(topic, "- it works, \"really\""),
            call(other, "not mine"),
            script.display(),
        ),
    );
    let agent_cli = people.agent.path("agent.sh");
    let cli = json!({ "command": agent_cli, "args": [] });
    people.agent.configure(&json!({ "plugins": { "execute-prompt": { "config": cli } } }));
    let _server = people.agent.start();
    people.pair();
    people.say(Some(topic), "go on");
    people.seen(Some(topic), "it works, \"really\"");
    people.seen(Some(topic), "from standard input");
    let refused = || fs::read_to_string(people.agent.path(&format!("said-{other}"))).unwrap_or_default();
    until("the refusal", refused, |said| said.contains("is not this session's"));
    assert!(people.sent(Some(other)).is_empty());
    let usage = Command::new(&script).output().expect("it can be run");
    assert_eq!(usage.status.code(), Some(2));
}

#[test]
fn users_are_added_shown_and_removed_and_a_corrupt_file_is_left_as_it_is() {
    let people = People::new();
    let agent = &people.agent;
    let server = agent.start();
    let number = people.ada.id.to_string();
    let run = |arguments: &[&str]| agent.instar(&[&["--json", "user"], arguments].concat());
    let done = run(&["add", "--id", "ada", "--name", "Ada L.", "--telegram", &number, "--permissions", "admin"]);
    assert!(done.status.success(), "{done:?}");
    for again in [["--id", "ada", "--telegram", "1"], ["--id", "eve", "--telegram", &number]] {
        let done = run(&[&["add"], again.as_slice()].concat());
        assert_eq!(done.status.code(), Some(5), "{done:?}");
    }
    let listed: Value = serde_json::from_slice(&run(&["list"]).stdout).expect("JSON");
    assert_eq!((&listed["users"][0]["id"], &listed["users"][0]["role"]), (&json!("ada"), &json!("admin")), "{listed}");
    // The server knows her without a restart, and so does the chat that it is at home in.
    until(
        "her to be known",
        || server.client().get("/events?type=users_read&limit=9").text,
        |text| text.contains("Read 1 users"),
    );
    people.say(None, "/status");
    people.seen(None, "runs for");
    assert!(run(&["remove", "ada"]).status.success());
    assert_eq!(run(&["remove", "ada"]).status.code(), Some(3));
    agent.write(".instar/users.json", "[{\"id\": ");
    for arguments in [vec!["add", "--id", "x"], vec!["remove", "x"], vec!["list"]] {
        let done = run(&arguments);
        assert!(!done.status.success(), "{done:?}");
        assert!(String::from_utf8_lossy(&done.stdout).contains("users.json"), "{done:?}");
    }
    assert_eq!(fs::read_to_string(agent.path(".instar/users.json")).expect("it"), "[{\"id\": ");
}
