//! A second opinion on runs, by the command that the operator has configured.

use instar_tests::{Agent, Server, until};
use serde_json::{Value, json};

fn agent() -> Agent {
    let agent = Agent::new();
    agent.write_jobs(&json!([{
        "slug": "watched", "name": "W", "schedule": "@yearly", "supervision": "tier1",
        "execute": {"type": "script", "value": "echo the attic is tidy"}
    }]));
    agent
}

fn opinion(server: &Server, id: &str) -> Value {
    let decided = |run: &Value| run["supervision"]["verdict"].as_str().is_some_and(|verdict| verdict != "pending");
    until("the opinion", || server.run(id), decided)["supervision"].clone()
}

#[test]
fn opinion_of_the_configured_command_is_kept_with_the_run() {
    let agent = agent();
    let answer = r#"echo "I think: {\"verdict\": \"doubtful\", \"reason\": \"who says so?\"}""#;
    agent.write_script("judge", &format!("cat > question; {answer}"));
    agent.configure(&json!({"intelligence": {"command": [agent.path("judge")]}}));
    let server = agent.start();
    let id = server.trigger("watched");
    assert_eq!(opinion(&server, &id), json!({"verdict": "doubtful", "reason": "who says so?"}));
    assert_eq!(server.ended_run(&id)["outcome"], "succeeded", "the outcome stays what it was");
    let question = std::fs::read_to_string(agent.path("question")).expect("it was asked");
    assert!(question.contains("the attic is tidy") && question.contains("echo the attic"), "{question}");
}

#[test]
fn without_a_command_that_is_recorded_and_warned_of() {
    let agent = agent();
    let validated = agent.instar(&["job", "validate"]);
    let text = String::from_utf8_lossy(&validated.stdout).into_owned();
    assert!(text.contains("`watched` wants supervision"), "{text}");
    let server = agent.start();
    let id = server.trigger("watched");
    let opinion = opinion(&server, &id);
    assert_eq!(opinion["verdict"], "not-supervised");
    assert!(opinion["reason"].as_str().is_some_and(|reason| reason.contains("intelligence.command")), "{opinion}");
}

#[test]
fn host_that_dies_while_it_waits_for_an_opinion_asks_again() {
    let agent = agent();
    let judge = r#"cat > /dev/null; echo asked >> asked; while [ ! -e go ]; do sleep 0.05; done; echo "{\"verdict\": \"fine\"}""#;
    agent.write_script("judge", judge);
    agent.configure(&json!({"intelligence": {"command": [agent.path("judge")]}}));
    let server = agent.start();
    let id = server.trigger("watched");
    server.ended_run(&id);
    let asked = || std::fs::read_to_string(agent.path("asked")).unwrap_or_default().lines().count();
    until("the question", &asked, |count| *count == 1);
    server.kill_hard();
    let server = agent.start();
    until("the second question", &asked, |count| *count == 2);
    assert_eq!(server.run(&id)["supervision"], json!({"verdict": "pending"}));
    agent.write("go", "");
    assert_eq!(opinion(&server, &id)["verdict"], "fine");
}
