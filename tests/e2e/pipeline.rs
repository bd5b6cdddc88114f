//! Pipelines and skills: new execute types without a line of them in the host.

use std::fs;

use instar_tests::{Agent, until_some};
use serde_json::{Value, json};

fn agent_with(steps: &Value) -> Agent {
    let agent = Agent::new();
    agent.use_agent_cli(env!("CARGO_BIN_EXE_fake-claude").as_ref());
    agent.write_jobs(&json!([{
        "slug": "line", "name": "Line", "schedule": "@yearly", "execute": { "type": "pipeline", "steps": steps }
    }]));
    agent
}

fn three_steps() -> Value {
    json!([
        { "type": "script", "value": "echo one >> steps; sleep 1; echo from one" },
        { "type": "prompt", "value": "sleep:1 think" },
        { "type": "script", "value": "echo three >> steps; sleep 1; echo \"before: $INSTAR_PREVIOUS_OUTPUT\"" }
    ])
}

fn steps(agent: &Agent) -> String {
    fs::read_to_string(agent.path("steps")).unwrap_or_default()
}

#[test]
fn steps_of_two_kinds_follow_each_other_each_told_of_the_one_before() {
    let agent = agent_with(&three_steps());
    let server = agent.start();
    let run = server.ended_run(&server.trigger("line"));
    assert_eq!(run["outcome"], "succeeded", "{run:#}");
    let tail = run["tail"].as_str().expect("a tail");
    assert!(tail.contains("before:") && tail.contains("fake answer") && tail.contains("from one"), "{tail}");
    assert_eq!(steps(&agent), "one\nthree\n");
}

#[test]
fn pipeline_survives_a_kill_of_the_server_at_each_step() {
    for (at, mark) in [("one", "one\n"), ("two", "one\n"), ("three", "one\nthree\n")] {
        let agent = agent_with(&three_steps());
        let server = agent.start();
        let id = server.trigger("line");
        let wanted = match at {
            "one" => 1,
            "two" => 2,
            _ => 3,
        };
        let started = || server.client().get("/events?type=session_started").json.as_array().map_or(0, Vec::len);
        until_some("the step", || (started() >= wanted && steps(&agent) == mark).then_some(()));
        server.kill_hard();
        let server = agent.start();
        let run = server.ended_run(&id);
        assert_eq!(
            (&run["outcome"], steps(&agent).as_str()),
            (&json!("succeeded"), "one\nthree\n"),
            "at {at}: {run:#}"
        );
    }
}

#[test]
fn first_failing_step_ends_the_run_unless_it_says_otherwise() {
    let agent = agent_with(&json!([
        { "type": "script", "value": "exit 3", "onFailure": "continue" },
        { "type": "script", "value": "echo \"status $INSTAR_PREVIOUS_STATUS\"; exit 4" },
        { "type": "script", "value": "echo never" }
    ]));
    let server = agent.start();
    let run = server.ended_run(&server.trigger("line"));
    assert_eq!(
        (&run["outcome"], &run["exitStatus"], &run["tail"]),
        (&json!("failed"), &json!(4), &json!("status 3\n"))
    );
    assert!(run["cause"].as_str().is_some_and(|cause| cause.contains("step 2 of 3")), "{run:#}");
}

#[test]
fn step_of_an_unknown_execute_type_is_named() {
    let agent = agent_with(&json!([{ "type": "dance", "value": "x" }]));
    let server = agent.start();
    let run = server.ended_run(&server.trigger("line"));
    assert!(run["cause"].as_str().is_some_and(|cause| cause.contains("`dance`")), "{run:#}");
}

#[test]
fn skill_reaches_the_agent_as_a_slash_command() {
    let agent = Agent::new();
    agent.use_agent_cli(env!("CARGO_BIN_EXE_fake-claude").as_ref());
    agent.write_jobs(&json!([{
        "slug": "reflect", "name": "R", "schedule": "@yearly",
        "execute": { "type": "skill", "value": "reflect", "args": "on today" }
    }]));
    let server = agent.start();
    let run = server.ended_run(&server.trigger("reflect"));
    assert!(run["tail"].as_str().is_some_and(|tail| tail.contains("You said: /reflect on today")), "{run:#}");
}
