//! The order of steps, told without a host.

use instar_plugin_sdk::Origin;
use instar_plugin_sdk::execute::EndCause;
use serde_json::json;

use super::*;

fn step(state: Vec<u8>, event: Event) -> Result<StepResult, Failure> {
    let ctx = CallCtx { origin: Origin::Cron, trace_id: String::new(), job: None, session: None, now_ms: 0 };
    Pipeline::step(&ctx, &NoConfig {}, state, vec![event])
}

fn begin(steps: Value) -> Result<StepResult, Failure> {
    let execute_json = json!({ "type": "pipeline", "steps": steps }).to_string();
    step(
        Vec::new(),
        Event::Requested(Request { execute_json, model: "sonnet".to_owned(), previous: None, context: String::new() }),
    )
}

fn end(status: i32) -> End {
    End { cause: EndCause::Exit(status), duration_ms: 1, tail: format!("ended with {status}\n"), report: None }
}

#[track_caller]
fn delegate(result: &StepResult) -> &Delegate {
    match result.actions.last() {
        Some(Action::Delegate(delegate)) => delegate,
        other => panic!("no delegate but {other:?}"),
    }
}

#[track_caller]
fn verdict(result: &StepResult) -> FinishVerdict {
    match result.actions.as_slice() {
        [Action::Finish(finish)] => finish.verdict,
        other => panic!("no end but {other:?}"),
    }
}

fn three() -> Value {
    json!([
        { "type": "script", "value": "a", "args": "x" },
        { "type": "prompt", "value": "b", "model": "opus", "onFailure": "continue" },
        { "type": "script", "value": "c" }
    ])
}

#[test]
fn steps_follow_each_other_and_each_is_told_how_the_one_before_ended() {
    let first = begin(three()).unwrap();
    assert_eq!(delegate(&first).execute_type, "script");
    assert_eq!(delegate(&first).request.previous, None);
    let execute: Value = serde_json::from_str(&delegate(&first).request.execute_json).unwrap();
    assert_eq!(execute, json!({ "type": "script", "value": "a", "args": "x" }));
    let second = step(first.state, Event::Exited(end(0))).unwrap();
    assert_eq!((delegate(&second).execute_type.as_str(), delegate(&second).request.model.as_str()), ("prompt", "opus"));
    assert_eq!(delegate(&second).request.previous, Some(end(0)));
    let third = step(second.state, Event::Exited(end(7))).unwrap();
    assert_eq!(delegate(&third).request.previous, Some(end(7)), "it goes on as its step says");
    let last = step(third.state, Event::Exited(end(0))).unwrap();
    assert_eq!(verdict(&last), FinishVerdict::Succeeded);
}

#[test]
fn first_failure_ends_the_run() {
    let first = begin(three()).unwrap();
    let result = step(first.state, Event::Exited(end(1))).unwrap();
    assert_eq!(verdict(&result), FinishVerdict::Failed);
}

#[test]
fn what_is_no_pipeline_fails_with_its_reason() {
    for (steps, code) in [
        (json!([]), "no-steps"),
        (json!("x"), "bad-execute"),
        (json!([{ "value": "x" }]), "bad-execute"),
        (json!([{ "type": "script", "onFailure": "dance" }]), "bad-execute"),
        (json!([{ "type": "pipeline", "steps": [] }]), "nested"),
    ] {
        assert_eq!(begin(steps.clone()).expect_err("it began").code, code, "{steps}");
    }
    assert_eq!(step(b"{".to_vec(), Event::Exited(end(0))).unwrap_err().code, "bad-state");
}

#[test]
fn what_the_steps_took_is_added_up() {
    let agent = json!({ "type": "prompt", "value": "x" });
    let reported = |cost: f64| End {
        report: Some(json!({ "session_id": "c", "total_cost_usd": cost, "usage": { "output_tokens": 5 } }).to_string()),
        ..end(0)
    };
    let first = begin(json!([agent, { "type": "script", "value": "true" }, agent])).unwrap();
    let second = step(first.state, Event::Exited(reported(0.25))).unwrap();
    let third = step(second.state, Event::Exited(end(0))).unwrap();
    let last = step(third.state, Event::Exited(reported(0.5))).unwrap();
    let Some(Action::NoteUsage(usage)) = last.actions.first() else { panic!("{:?}", last.actions) };
    assert_eq!((usage.cost_micro_usd, usage.output_tokens), (Some(750_000), Some(10)));
}
