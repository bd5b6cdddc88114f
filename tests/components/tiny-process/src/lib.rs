//! An execute type that runs the command that its job says, and ends with what it was answered.

use instar_plugin_sdk::execute::{Action, Beginning, Event, Finish, FinishVerdict, Reducer, Request, StepResult};
use instar_plugin_sdk::process::{Command, Ending, Output, run};
use instar_plugin_sdk::{CallCtx, Failure, NoConfig, Plugin, register_execute};
use serde::Deserialize;

struct Process;

/// The job's `execute` object.
#[derive(Debug, Deserialize)]
struct Execute {
    argv: Vec<String>,
    cwd: Option<String>,
    #[serde(default)]
    stdin: String,
    timeout: Option<u32>,
    #[serde(default)]
    credentials: Vec<String>,
}

impl Plugin for Process {
    type Config = NoConfig;
}

impl Reducer for Process {
    fn plan(_: &CallCtx, _: &NoConfig, request: &Request) -> Result<Beginning, Failure> {
        Ok(Beginning::Work(answer(&request.execute_json)?))
    }

    fn step(_: &CallCtx, _: &NoConfig, _: Vec<u8>, events: Vec<Event>) -> Result<StepResult, Failure> {
        let Some(Event::Requested(request)) = events.into_iter().next() else {
            return Err(Failure::new("odd", "it asked for nothing else"));
        };
        let finish = Finish { verdict: FinishVerdict::Succeeded, message: answer(&request.execute_json)? };
        Ok(StepResult { state: Vec::new(), actions: vec![Action::Finish(finish)] })
    }
}

fn answer(execute_json: &str) -> Result<String, Failure> {
    let execute: Execute =
        serde_json::from_str(execute_json).map_err(|error| Failure::new("bad-execute", error.to_string()))?;
    let mut command = Command::new(execute.argv).stdin(execute.stdin);
    command.cwd = execute.cwd;
    command.timeout_ms = execute.timeout;
    command.credentials = execute.credentials;
    Ok(run(&command).map_or_else(|failure| format!("{}: {}", failure.code, failure.message), |output| told(&output)))
}

fn told(output: &Output) -> String {
    let ending = match &output.ending {
        Ending::Exit(status) => status.to_string(),
        Ending::Signal(name) => name.clone(),
        Ending::TimedOut => "timed-out".to_owned(),
    };
    let cut = |is_cut: bool| if is_cut { " (cut)" } else { "" };
    let errors = String::from_utf8_lossy(&output.stderr);
    format!("{ending}|{}{}|{errors}{}", output.text(), cut(output.stdout_cut), cut(output.stderr_cut))
}

register_execute!(Process);
