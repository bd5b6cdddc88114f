use instar_plugin_sdk::execute::{End, EndCause, FinishVerdict, Stdin};
use instar_plugin_sdk::{Origin, Severity};

use super::*;

const BUILT_IN: [&str; 5] = ["aider", "claude", "codex", "gemini", "opencode"];

fn ctx() -> CallCtx {
    CallCtx { origin: Origin::Cron, trace_id: String::new(), job: None, session: None, now_ms: 0 }
}

fn actions(config: &str, execute: &str) -> Result<Vec<Action>, Failure> {
    let config = serde_json::from_str(config).unwrap();
    let request = Request {
        execute_json: execute.to_owned(),
        model: "haiku".to_owned(),
        previous: None,
        context: "You are Ada.".to_owned(),
    };
    Agent::step(&ctx(), &config, Vec::new(), vec![Event::Requested(request)]).map(|result| result.actions)
}

#[track_caller]
fn launched(config: &str, execute: &str) -> Launch {
    match actions(config, execute).map(|actions| actions.into_iter().next()) {
        Ok(Some(Action::Launch(launch))) => launch,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn check(execute: &str, argv: &str) {
    assert_eq!(launched("{}", execute).argv.join(" "), argv);
}

#[test]
fn each_cli_is_told_its_prompt_by_standard_input_and_by_no_argument() {
    for profile in BUILT_IN {
        let launch = launched("{}", &format!(r#"{{"profile":"{profile}","prompt":"Do it -- \"now\""}}"#));
        assert_eq!(launch.stdin, Stdin::Bytes(b"You are Ada.\n\nDo it -- \"now\"".to_vec()), "{profile}");
        assert!(!launch.argv.iter().any(|word| word.contains("Do it")), "{profile}: {:?}", launch.argv);
    }
}

#[test]
fn a_profile_says_how_a_cli_works_unattended() {
    check(r#"{"prompt":"x"}"#, "claude -p --permission-mode acceptEdits --model haiku --output-format json");
    check(r#"{"value":"x","profile":"codex"}"#, "codex exec --skip-git-repo-check --sandbox workspace-write -");
    check(r#"{"prompt":"x","profile":"gemini"}"#, "gemini --approval-mode auto_edit --output-format json");
    check(
        r#"{"prompt":"x","profile":"aider"}"#,
        "aider --no-pretty --no-stream --no-check-update --no-detect-urls --yes-always --no-suggest-shell-commands \
         --message-file /dev/stdin",
    );
    check(r#"{"prompt":"x","profile":"opencode"}"#, "opencode run");
    let gemini = launched("{}", r#"{"prompt":"x","profile":"gemini"}"#);
    assert_eq!(gemini.env, [("GEMINI_CLI_TRUST_WORKSPACE".to_owned(), "true".to_owned())]);
    assert_eq!(gemini.shown.as_deref(), Some("response"));
    assert_eq!(launched("{}", r#"{"prompt":"x","profile":"codex"}"#).shown, None);
}

#[test]
fn model_permission_conversation_and_words_of_a_job_have_their_places() {
    check(
        r#"{"prompt":"x","profile":"codex","model":"m-1","permission":"all","resume":"c-1","args":["--oss"]}"#,
        "codex exec --skip-git-repo-check --dangerously-bypass-approvals-and-sandbox --model m-1 --oss resume c-1 -",
    );
    check(
        r#"{"prompt":"x","profile":"codex","permission":"read","resume":"latest"}"#,
        "codex exec --skip-git-repo-check --sandbox read-only resume --last -",
    );
    check(
        r#"{"prompt":"x","model":"m-1","permission":"all","resume":"c-1"}"#,
        "claude -p --dangerously-skip-permissions --model m-1 --output-format json --resume c-1",
    );
    check(
        r#"{"prompt":"x","profile":"gemini","permission":"read","resume":"latest"}"#,
        "gemini --approval-mode plan --output-format json --resume latest",
    );
    check(
        r#"{"prompt":"x","profile":"opencode","model":"a/m","permission":"all","resume":"s-1"}"#,
        "opencode run --auto --model a/m --session s-1",
    );
    check(
        r#"{"prompt":"x","profile":"aider","permission":"read","resume":"latest"}"#,
        "aider --no-pretty --no-stream --no-check-update --no-detect-urls --yes-always --no-suggest-shell-commands \
         --chat-mode ask --restore-chat-history --message-file /dev/stdin",
    );
    let named = actions("{}", r#"{"prompt":"x","resume":"c-1"}"#).unwrap();
    assert_eq!(named[1], Action::NoteUsage(agent::conversation("c-1")));
    assert_eq!(actions("{}", r#"{"prompt":"x","resume":"latest"}"#).unwrap().len(), 1);
}

#[test]
fn profile_and_permission_of_a_job_that_names_none_are_configured() {
    let config = r#"{"profile":"codex","permission":"read"}"#;
    let expected = ["codex", "exec", "--skip-git-repo-check", "--sandbox", "read-only", "-"];
    assert_eq!(launched(config, r#"{"prompt":"x"}"#).argv, expected);
    assert_eq!(launched(config, r#"{"prompt":"x","profile":"opencode"}"#).argv, ["opencode", "run", "--agent", "plan"]);
}

#[test]
fn an_own_profile_stands_by_itself_or_on_one_that_came_along() {
    let config = r#"{"profiles":{
        "codex": {"command":"/opt/codex"},
        "careful": {"base":"claude","permissions":{"edit":["--permission-mode","plan"]},"report":[],"env":{"A":"b"}},
        "mine": {"command":"mine","args":["run"],"models":{"haiku":"tiny"},"model":["--llm={model}"],"prompt":["--ask={prompt}"]}
    }}"#;
    let argv = |execute: &str| launched(config, execute).argv;
    assert_eq!(argv(r#"{"prompt":"x","profile":"codex"}"#)[..2], ["/opt/codex", "exec"]);
    let careful = launched(config, r#"{"prompt":"x","profile":"careful"}"#);
    assert_eq!(careful.argv, ["claude", "-p", "--permission-mode", "plan", "--model", "haiku"]);
    assert_eq!((careful.shown, careful.env), (None, vec![("A".to_owned(), "b".to_owned())]));
    let mine = launched(config, r#"{"prompt":"x","profile":"mine"}"#);
    assert_eq!(mine.argv, ["mine", "run", "--llm=tiny", "--ask=You are Ada.\n\nx"]);
    assert_eq!(mine.stdin, Stdin::Typed);
    let remarks = Agent::validate(&serde_json::from_str(config).unwrap());
    let [remark] = remarks.as_slice() else { panic!("{remarks:?}") };
    assert_eq!((remark.path.as_str(), remark.severity), ("profiles.mine.prompt", Severity::Info));
}

#[test]
fn a_report_is_kept_and_judged_whichever_cli_wrote_it() {
    for (report, model) in [
        (r#"{"session_id":"c-1","model":"opus","total_cost_usd":0.5}"#, "opus"),
        (r#"{"session_id":"c-1","stats":{"models":{"pro":{"tokens":{"prompt":3,"candidates":2}}}}}"#, "pro"),
    ] {
        let end =
            End { cause: EndCause::Exit(0), duration_ms: 1, tail: String::new(), report: Some(report.to_owned()) };
        let result = Agent::step(&ctx(), &Config::default(), Vec::new(), vec![Event::Exited(end)]).unwrap();
        let [Action::NoteUsage(usage), Action::Finish(finish)] = result.actions.as_slice() else {
            panic!("{result:?}")
        };
        assert_eq!((usage.agent_session.as_deref(), usage.model.as_deref()), (Some("c-1"), Some(model)));
        assert_eq!(finish.verdict, FinishVerdict::Succeeded);
    }
}

#[track_caller]
fn check_fails(execute: &str, code: &str, words: &str) {
    let failure = actions("{}", execute).expect_err("it was launched");
    assert!(failure.code == code && failure.message.contains(words), "{failure:?}");
}

#[test]
fn a_job_that_no_profile_can_run_fails_with_what_would_be_right() {
    check_fails(r#"{"type":"agent"}"#, "no-prompt", "execute.prompt");
    check_fails(r#"{"prompt":7}"#, "bad-execute", "integer `7`");
    check_fails(r#"{"prompt":"x","profile":"cursor"}"#, "unknown-profile", "aider, claude, codex, gemini, opencode");
    check_fails(r#"{"prompt":"x","permission":"root"}"#, "unknown-permission", "all, edit, read");
    check_fails(r#"{"prompt":"x","resume":"--help"}"#, "bad-resume", "names the conversation");
    check_fails(r#"{"prompt":"x","profile":"aider","resume":"c-1"}"#, "no-resume", "\"resume\": \"latest\"");
    check_fails(r#"{"prompt":"x","args":["a\u0000b"]}"#, "nul-character", "NUL");
    check_fails(&format!(r#"{{"prompt":"{}"}}"#, "x".repeat(1 << 20)), "prompt-too-long", "1048588");
    let own = r#"{"profile":"mine","profiles":{"mine":{"command":"mine","prompt":["{prompt}"]}}}"#;
    let failure = |execute: &str| actions(own, execute).unwrap_err().code;
    assert_eq!(failure(&format!(r#"{{"prompt":"{}"}}"#, "x".repeat(LONGEST_ARGUMENT))), "argument-too-long");
    assert_eq!(failure(r#"{"prompt":"x","model":"m"}"#), "no-model");
    assert_eq!(failure(r#"{"prompt":"x","resume":"latest"}"#), "no-resume");
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    let refused = |config: &str| {
        let remarks = Agent::validate(&serde_json::from_str(config).unwrap());
        remarks.into_iter().map(|remark| remark.path).collect::<Vec<_>>()
    };
    let own = |fields: &str| format!(r#"{{"profiles":{{"mine":{{{fields}}}}}}}"#);
    assert_eq!(refused("{}"), Vec::<String>::new());
    assert_eq!(refused(r#"{"profile":"nobody"}"#), ["profile"]);
    for (fields, key) in [
        ("", ".command"),
        (r#""command":"mine --fast""#, ".command"),
        (r#""command":"mine","model":["-m"]"#, ".model"),
        (r#""command":"mine","resume":["-r"]"#, ".resume"),
        (r#""command":"mine","report":["--json"]"#, ".answer"),
        (r#""base":"cursor""#, ""),
        (r#""colour":"red""#, ""),
    ] {
        assert_eq!(refused(&own(fields)), [format!("profiles.mine{key}")], "{fields}");
    }
}
