//! The execute type `prompt`: gives the prompt of a job to a coding agent, and lets it work unattended; or begins a
//! session in which people talk with the agent, when the job's `execute` says `"interactive": true`.
//!
//! The prompt goes through standard input or is typed into the session, and never stands in an argument, where every
//! user of the machine could read it.

mod config;

use instar_plugin_sdk::execute::{Action, Beginning, Event, Launch, Reducer, Request, StepResult};
use instar_plugin_sdk::{CallCtx, Diagnostic, Failure, Plugin, agent, prompt, register_execute};
use serde::Deserialize;
use serde_json::Value;

use config::Config;

struct Prompt;

/// The job's `execute` object.
#[derive(Debug, Deserialize)]
struct Execute {
    #[serde(default)]
    value: String,
    #[serde(default)]
    args: Value,
    /// People talk with the agent, and the prompt is the first message.
    #[serde(default)]
    interactive: bool,
    /// The conversation to go on with, as the agent names it.
    #[serde(default)]
    resume: Option<String>,
}

impl Plugin for Prompt {
    type Config = Config;

    fn validate(config: &Config) -> Vec<Diagnostic> {
        config.remarks()
    }
}

impl Reducer for Prompt {
    fn plan(ctx: &CallCtx, config: &Config, request: &Request) -> Result<Beginning, Failure> {
        let execute = parse(request)?;
        let (launch, _) = begin(ctx, config, request, &execute);
        Ok(Beginning::Launch(launch))
    }

    fn step(ctx: &CallCtx, config: &Config, state: Vec<u8>, events: Vec<Event>) -> Result<StepResult, Failure> {
        let mut actions = Vec::new();
        for event in events {
            match event {
                Event::Requested(request) => {
                    let execute = parse(&request)?;
                    let (launch, conversation) = begin(ctx, config, &request, &execute);
                    actions.push(Action::Launch(launch));
                    actions.extend(conversation.map(|name| Action::NoteUsage(agent::conversation(name))));
                    if execute.interactive && !execute.value.is_empty() {
                        actions.push(Action::SendText(prompt::told(&execute.value, &request)));
                    }
                }
                Event::Ready | Event::Woke => {}
                Event::Exited(end) => actions.extend(agent::ended(&end)),
            }
        }
        Ok(StepResult { state, actions })
    }
}

/// The command, and how its conversation is called if that is known beforehand.
fn begin(ctx: &CallCtx, config: &Config, request: &Request, execute: &Execute) -> (Launch, Option<String>) {
    let mut argv = vec![config.command.as_str(), "--dangerously-skip-permissions"];
    if !request.model.is_empty() {
        argv.extend(["--model", &request.model]);
    }
    if !execute.interactive {
        argv.extend(execute.resume.iter().flat_map(|name| ["--resume", name]));
        argv.push("-p");
        let reports = config.report && !config.args.iter().any(|arg| arg.starts_with("--output-format"));
        if reports {
            argv.extend(["--output-format", "json"]);
        }
        argv.extend(config.args.iter().map(String::as_str));
        let launch = Launch::new(argv).with_input(prompt::told(&execute.value, request));
        return (if reports { launch.showing(agent::ANSWER) } else { launch }, execute.resume.clone());
    }
    // The trace of a run is its id, which is a UUID as the agent wants one; a run may begin only one conversation by it.
    let conversation = match &execute.resume {
        Some(name) => Some(("--resume", name.clone())),
        None if is_uuid(&ctx.trace_id) && request.previous.is_none() => Some(("--session-id", ctx.trace_id.clone())),
        None => None,
    };
    argv.extend(conversation.iter().flat_map(|(option, name)| [*option, name.as_str()]));
    argv.extend(config.args.iter().map(String::as_str));
    (Launch::new(argv).in_terminal(config.marks()), conversation.map(|(_, name)| name))
}

fn is_uuid(text: &str) -> bool {
    let is_fine = |(place, byte): (usize, u8)| match place {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() == 36 && text.bytes().enumerate().all(is_fine)
}

fn parse(request: &Request) -> Result<Execute, Failure> {
    let execute: Execute = serde_json::from_str(&request.execute_json)
        .map_err(|error| Failure::new("bad-execute", format!("the job's `execute` cannot be read: {error}")))?;
    let goes_on = execute.interactive && execute.resume.is_some();
    if execute.value.trim().is_empty() && !goes_on {
        return Err(Failure::new("no-prompt", "the job's `execute.value` must be the prompt, and it is empty"));
    }
    prompt::check_length(&execute.value, request)?;
    execute.resume.as_deref().map_or(Ok(()), prompt::check_conversation)?;
    if !is_empty(&execute.args) {
        let message = "`execute.args` means nothing to a prompt; put it into `execute.value`, \
                       or into the plugin's `args` if the agent should get it";
        return Err(Failure::new("unexpected-args", message));
    }
    Ok(execute)
}

fn is_empty(args: &Value) -> bool {
    match args {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

register_execute!(Prompt);

#[cfg(test)]
mod tests;
