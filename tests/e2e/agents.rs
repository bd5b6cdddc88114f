//! The execute type `agent`: one program of ours under several profiles.

use instar_tests::Agent;
use serde_json::{Value, json};

/// Says how it was called and what it read; as a report, when it is asked for one.
const CLI: &str = r#"prompt=$(cat)
sleep 1
case "$*" in
*--output-format*) printf '{"session_id":"g-1","response":"%s | %s","stats":{"models":{"pro":{"tokens":{"prompt":90,"candidates":7,"thoughts":3}}}}}\n' "$*" "$prompt" ;;
*) printf '%s | %s | %s\n' "$*" "$prompt" "$MODE" ;;
esac"#;

fn job(slug: &str, execute: &Value) -> Value {
    json!({ "slug": slug, "name": slug, "schedule": "@yearly", "execute": execute })
}

#[test]
fn one_program_works_under_several_profiles_and_its_prompt_is_not_in_ps() {
    let agent = Agent::new();
    agent.write_script("cli.sh", CLI);
    let profiles = json!({
        "gemini": { "command": "./cli.sh" },
        "mine": { "base": "codex", "command": "./cli.sh", "env": { "MODE": "careful" } },
    });
    agent.configure(&json!({ "plugins": { "execute-agent": { "config": { "profiles": profiles } } } }));
    agent.write_jobs(&json!([
        job("ask", &json!({ "type": "agent", "profile": "gemini", "prompt": "tell me all" })),
        job(
            "go-on",
            &json!({ "type": "agent", "profile": "mine", "prompt": "go on", "model": "m-1", "resume": "c-1" })
        ),
        job("lost", &json!({ "type": "agent", "profile": "nobody", "prompt": "x" })),
    ]));
    let server = agent.start();
    let id = server.trigger("ask");
    server.running_run(&id);
    for pid in instar_tests::processes_below(agent.dir()) {
        let argv = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&argv).contains("tell me"), "the prompt stands in ps");
    }
    let run = server.ended_run(&id);
    let expected = "--approval-mode auto_edit --output-format json | tell me all\n";
    assert_eq!((&run["outcome"], &run["tail"]), (&json!("succeeded"), &json!(expected)), "{run:#}");
    let usage = &run["usage"];
    assert_eq!((&usage["inputTokens"], &usage["outputTokens"]), (&json!(90), &json!(10)), "{run:#}");
    assert_eq!((&usage["agentSession"], &usage["model"]), (&json!("g-1"), &json!("pro")), "{run:#}");

    let run = server.ended_run(&server.trigger("go-on"));
    let expected = "exec --skip-git-repo-check --sandbox workspace-write --model m-1 resume c-1 - | go on | careful\n";
    assert_eq!((&run["outcome"], &run["tail"]), (&json!("succeeded"), &json!(expected)), "{run:#}");
    assert_eq!(run["usage"]["agentSession"], "c-1", "{run:#}");

    let run = server.ended_run(&server.trigger("lost"));
    assert!(run["cause"].as_str().is_some_and(|cause| cause.contains("there is no profile `nobody`")), "{run:#}");
}
