use instar_plugin_sdk::Origin;
use instar_plugin_sdk::execute::{End, EndCause, Stdin};

use super::*;

const RUN: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

fn ctx() -> CallCtx {
    CallCtx { origin: Origin::Cron, trace_id: RUN.to_owned(), job: None, session: None, now_ms: 0 }
}

fn actions(config: &Config, execute: &str) -> Result<Vec<Action>, Failure> {
    told_before(config, execute, "")
}

fn told_before(config: &Config, execute: &str, context: &str) -> Result<Vec<Action>, Failure> {
    let request = Request {
        execute_json: execute.to_owned(),
        model: "opus".to_owned(),
        previous: None,
        context: context.to_owned(),
    };
    Prompt::step(&ctx(), config, Vec::new(), vec![Event::Requested(request)]).map(|result| result.actions)
}

fn launch(config: &Config, execute: &str) -> Result<Launch, Failure> {
    actions(config, execute).map(|actions| match actions.into_iter().next() {
        Some(Action::Launch(launch)) => launch,
        other => panic!("{other:?}"),
    })
}

#[test]
fn the_prompt_is_read_from_standard_input_and_never_stands_in_an_argument() {
    let launch = launch(&Config::default(), r#"{"type":"prompt","value":"-p say \"hi\"\n"}"#).unwrap();
    let expected = ["claude", "--dangerously-skip-permissions", "--model", "opus", "-p", "--output-format", "json"];
    assert_eq!(launch.argv, expected);
    assert_eq!(launch.stdin, Stdin::Bytes(b"-p say \"hi\"\n".to_vec()));
    assert_eq!(launch.shown.as_deref(), Some("result"));
}

#[test]
fn the_context_stands_before_the_prompt_and_behind_a_slash_command() {
    for (execute, expected) in [
        (r#"{"value":"tidy up"}"#, "You are Ada.\n\ntidy up"),
        (r#"{"value":"/reflect now"}"#, "/reflect now\n\nYou are Ada."),
    ] {
        let actions = told_before(&Config::default(), execute, "You are Ada.").unwrap();
        let [Action::Launch(launch), ..] = actions.as_slice() else { panic!("{actions:?}") };
        assert_eq!(launch.stdin, Stdin::Bytes(expected.as_bytes().to_vec()));
    }
    let talk = r#"{"value":"hello","interactive":true}"#;
    let actions = told_before(&Config::default(), talk, "You are Ada.").unwrap();
    assert_eq!(actions.last(), Some(&Action::SendText("You are Ada.\n\nhello".to_owned())));
    let long = "x".repeat(prompt::LONGEST);
    assert_eq!(told_before(&Config::default(), r#"{"value":"x"}"#, &long).unwrap_err().code, "prompt-too-long");
}

#[test]
fn command_and_further_arguments_are_configured() {
    let config: Config = serde_json::from_str(r#"{"command":"/opt/claude","args":["--verbose"]}"#).unwrap();
    let launch = launch(&config, r#"{"value":"x"}"#).unwrap();
    assert_eq!(launch.argv[0], "/opt/claude");
    assert_eq!(launch.argv[4..], ["-p", "--output-format", "json", "--verbose"]);
}

#[test]
fn an_agent_is_asked_for_a_report_unless_the_operator_wants_something_else() {
    for config in [r#"{"report":false}"#, r#"{"args":["--output-format=text"]}"#] {
        let launch = launch(&serde_json::from_str(config).unwrap(), r#"{"value":"x"}"#).unwrap();
        assert!(!launch.argv.contains(&"json".to_owned()), "{config}: {:?}", launch.argv);
        assert_eq!(launch.shown, None, "{config}");
    }
}

#[test]
fn an_interactive_agent_gets_the_prompt_as_its_first_message() {
    let mut actions = actions(&Config::default(), r#"{"value":"Look into it","interactive":true}"#).unwrap();
    assert_eq!(actions.pop(), Some(Action::SendText("Look into it".to_owned())));
    assert_eq!(actions.pop(), Some(Action::NoteUsage(agent::conversation(RUN))));
    let Some(Action::Launch(launch)) = actions.pop() else { panic!("no launch") };
    let expected = ["claude", "--dangerously-skip-permissions", "--model", "opus", "--session-id", RUN];
    assert_eq!(launch.argv, expected);
    assert!(matches!(launch.stdin, Stdin::Terminal(_)), "{:?}", launch.stdin);
}

#[test]
fn a_conversation_is_taken_up_again_also_without_a_message() {
    let actions = actions(&Config::default(), r#"{"value":"","interactive":true,"resume":"c-1"}"#).unwrap();
    let [Action::Launch(launch), Action::NoteUsage(usage)] = actions.as_slice() else { panic!("{actions:?}") };
    assert_eq!(launch.argv[4..], ["--resume", "c-1"]);
    assert_eq!(usage.agent_session.as_deref(), Some("c-1"));
}

#[test]
fn what_the_agent_reports_is_kept_with_the_run() {
    let report = Some(r#"{"session_id":"c-1","total_cost_usd":0.5}"#.to_owned());
    let end = End { cause: EndCause::Exit(0), duration_ms: 1, tail: String::new(), report };
    let result = Prompt::step(&ctx(), &Config::default(), Vec::new(), vec![Event::Exited(end)]).unwrap();
    let [Action::NoteUsage(usage), Action::Finish(_)] = result.actions.as_slice() else { panic!("{result:?}") };
    assert_eq!((usage.agent_session.as_deref(), usage.cost_micro_usd), (Some("c-1"), Some(500_000)));
}

#[track_caller]
fn check_fails(execute: &str, code: &str) {
    assert_eq!(launch(&Config::default(), execute).expect_err("it was launched").code, code);
}

#[test]
fn a_job_that_cannot_be_a_prompt_fails_with_its_reason() {
    check_fails(r#"{"type":"prompt"}"#, "no-prompt");
    check_fails(r#"{"value":" \n"}"#, "no-prompt");
    check_fails(r#"{"resume":"c-1"}"#, "no-prompt");
    check_fails(r#"{"value":"x","resume":"--help"}"#, "bad-resume");
    check_fails(r#"{"value":"x","args":"y"}"#, "unexpected-args");
    check_fails(r#"{"value":"x","args":["y"]}"#, "unexpected-args");
    check_fails(r#"{"value":7}"#, "bad-execute");
    check_fails(&format!(r#"{{"value":"{}"}}"#, "x".repeat(prompt::LONGEST + 1)), "prompt-too-long");
    for empty in ["null", "\"\"", "[]"] {
        assert!(launch(&Config::default(), &format!(r#"{{"value":"x","args":{empty}}}"#)).is_ok());
    }
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    let remarks = |config: &str| Prompt::validate(&serde_json::from_str(config).unwrap());
    assert_eq!(remarks("{}"), []);
    assert_eq!(remarks(r#"{"command":"/opt/my tools/claude"}"#), []);
    assert_eq!(remarks(r#"{"command":""}"#)[0].path, "command");
    assert_eq!(remarks(r#"{"command":"claude --verbose"}"#)[0].path, "command");
    assert_eq!(remarks(r#"{"busy":["esc",""]}"#)[0].path, "busy.1");
}
