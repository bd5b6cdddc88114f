//! The execute type `skill`: gives a slash command to the coding agent.
//!
//! The agent and how it is run are the business of the execute type `prompt`; this one only words the command.

use instar_plugin_sdk::agent;
use instar_plugin_sdk::execute::{Action, Beginning, Delegate, Event, Reducer, Request, StepResult};
use instar_plugin_sdk::{CallCtx, Failure, NoConfig, Plugin, register_execute};
use serde::Deserialize;
use serde_json::json;

struct Skill;

/// The job's `execute` object.
#[derive(Debug, Deserialize)]
struct Execute {
    #[serde(default)]
    value: String,
    #[serde(default)]
    args: Option<String>,
}

impl Plugin for Skill {
    type Config = NoConfig;
}

impl Reducer for Skill {
    fn plan(_: &CallCtx, _: &NoConfig, request: &Request) -> Result<Beginning, Failure> {
        delegate(request).map(Beginning::Delegate)
    }

    fn step(_: &CallCtx, _: &NoConfig, state: Vec<u8>, events: Vec<Event>) -> Result<StepResult, Failure> {
        let mut actions = Vec::new();
        for event in events {
            match event {
                Event::Requested(request) => actions.push(Action::Delegate(delegate(&request)?)),
                Event::Ready | Event::Woke => {}
                Event::Exited(end) => actions.extend(agent::ended(&end)),
            }
        }
        Ok(StepResult { state, actions })
    }
}

fn delegate(request: &Request) -> Result<Delegate, Failure> {
    let execute: Execute = serde_json::from_str(&request.execute_json)
        .map_err(|error| Failure::new("bad-execute", format!("the job's `execute` cannot be read: {error}")))?;
    let command = slash_command(&execute)?;
    Ok(Delegate::new("prompt", json!({ "type": "prompt", "value": command }).to_string(), request))
}

/// `/name` or `/name args`, on one line: the agent reads a command from the first one.
fn slash_command(execute: &Execute) -> Result<String, Failure> {
    let name = execute.value.trim().trim_start_matches('/');
    let is_word = !name.is_empty() && !name.contains(|each: char| each.is_whitespace() || each.is_control());
    if !is_word {
        return Err(Failure::new("no-skill", "the job's `execute.value` must name a skill in one word"));
    }
    match execute.args.as_deref().map(str::trim) {
        None | Some("") => Ok(format!("/{name}")),
        Some(args) => Ok(format!("/{name} {args}")),
    }
}

register_execute!(Skill);

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(execute: &str, expected: Result<&str, &str>) {
        let request = Request {
            execute_json: execute.to_owned(),
            model: "haiku".to_owned(),
            previous: None,
            context: String::new(),
        };
        let found = delegate(&request);
        let found = found.map(|delegate| (delegate.execute_type, delegate.request));
        match (found, expected) {
            (Ok((name, request)), Ok(command)) => {
                let value: serde_json::Value = serde_json::from_str(&request.execute_json).unwrap();
                assert_eq!(
                    (name.as_str(), value["value"].as_str(), request.model.as_str()),
                    ("prompt", Some(command), "haiku")
                );
            }
            (Err(failure), Err(code)) => assert_eq!(failure.code, code),
            (found, expected) => panic!("{found:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn a_skill_becomes_a_slash_command_for_the_agent() {
        check(r#"{"type":"skill","value":"reflect"}"#, Ok("/reflect"));
        check(r#"{"type":"skill","value":"/reflect","args":" on today "}"#, Ok("/reflect on today"));
        check(r#"{"type":"skill","value":"re flect"}"#, Err("no-skill"));
        check(r#"{"type":"skill"}"#, Err("no-skill"));
        check(r#"{"type":"skill","value":3}"#, Err("bad-execute"));
    }
}
