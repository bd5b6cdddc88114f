//! Execute types: from a request to a launch, and from an end to a verdict.

use instar_core::plan::{Action, End, EndCause, FinishVerdict, Stdin, StepEvent};

use crate::support::{call, launch_of, load, request};

const PROMPT: &str = r#"{"type":"prompt","value":"tidy up"}"#;

#[tokio::test]
async fn a_prompt_is_launched_with_the_jobs_model_and_reads_standard_input() {
    let plugins = load(&["execute-prompt"]);
    let launch = launch_of(plugins.plan("prompt", &call(), &request(PROMPT)).await.unwrap());
    assert_eq!(
        launch.argv,
        ["claude", "--dangerously-skip-permissions", "--model", "opus", "-p", "--output-format", "json"]
    );
    assert_eq!(launch.stdin, Stdin::Bytes(b"tidy up".to_vec()));

    let events = vec![StepEvent::Requested(request(PROMPT))];
    let result = plugins.step("prompt", &call(), Vec::new(), events).await.unwrap();
    assert_eq!(result.actions, [Action::Launch(launch)]);
}

#[tokio::test]
async fn a_script_is_launched_with_its_arguments() {
    let plugins = load(&["execute-script"]);
    let execute = r#"{"type":"script","value":"report.sh","args":"--since 'last week'"}"#;
    let launch = launch_of(plugins.plan("script", &call(), &request(execute)).await.unwrap());
    assert_eq!(launch.argv[..2], ["/bin/sh", "-c"]);
    assert_eq!(launch.argv[3..], ["instar-script", "report.sh", "--since", "last week"]);
    assert_eq!(launch.stdin, Stdin::Typed);
}

#[tokio::test]
async fn the_end_of_a_command_is_judged_and_the_state_is_handed_on() {
    let plugins = load(&["execute-prompt"]);
    for (status, expected) in [(0, FinishVerdict::Succeeded), (2, FinishVerdict::Failed)] {
        let end = End { cause: EndCause::Exit(status), duration_ms: 5, tail: "done".to_owned(), report: None };
        let result = plugins.step("prompt", &call(), b"kept".to_vec(), vec![StepEvent::Exited(end)]).await.unwrap();
        assert_eq!(result.state, b"kept");
        let [Action::Finish { verdict, message }] = result.actions.as_slice() else { panic!("{result:?}") };
        assert_eq!(*verdict, expected);
        assert!(message.contains(&status.to_string()), "{message}");
    }
}

#[tokio::test]
async fn state_of_another_version_is_migrated() {
    let plugins = load(&["execute-prompt"]);
    assert_eq!(plugins.migrate_state("prompt", "0.0.9", b"old".to_vec()).await.unwrap(), b"old");
}

#[tokio::test]
async fn a_failure_of_the_plugin_keeps_its_code_and_loses_its_colours() {
    let plugins = load(&["bad-fails"]);
    let error = plugins.plan("bad-fails", &call(), &request("{}")).await.unwrap_err();
    assert_eq!((error.plugin.as_str(), error.code()), ("bad-fails", "plugin-failed"));
    assert!(error.is_retryable());
    assert_eq!(error.to_string(), "plugin `bad-fails`: this plugin fails on purpose (on-purpose)");
    let instar_plugin::Cause::PluginFailed(failure) = &error.cause else { panic!("{error}") };
    assert_eq!(failure.retry_after, Some(std::time::Duration::from_millis(1500)));
}

#[tokio::test]
async fn an_execute_type_that_nobody_offers_is_named() {
    let plugins = load(&["execute-prompt"]);
    let error = plugins.plan("pipeline", &call(), &request("{}")).await.unwrap_err();
    assert_eq!(error.code(), "unknown-execute-type");
    assert!(error.to_string().contains("pipeline"), "{error}");
}

#[tokio::test]
async fn a_launch_without_a_command_is_refused() {
    let plugins = load(&["bad-invalid-answer"]);
    let error = plugins.plan("bad-invalid-answer", &call(), &request("{}")).await.unwrap_err();
    assert_eq!(error.code(), "invalid-output");
    let events = vec![StepEvent::Requested(request("{}"))];
    let error = plugins.step("bad-invalid-answer", &call(), Vec::new(), events).await.unwrap_err();
    assert_eq!(error.code(), "invalid-output");
}

#[tokio::test]
async fn the_baseline_is_there_and_does_nothing() {
    let plugins = load(&["tiny-baseline"]);
    let launch = launch_of(plugins.plan("tiny-baseline", &call(), &request("{}")).await.unwrap());
    assert_eq!(launch.argv, ["echo", "vars=0 args=0 stdin=0 stdout=closed terminal=false seeded=1"]);
}
