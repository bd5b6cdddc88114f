//! The execute type `script`: runs a script of the project itself, without any model.
//!
//! What the value of a job is can only be seen where it runs, so a small fixed shell text decides there:
//! a file is executed, anything else is a command line.

use instar_plugin_sdk::execute::{End, EndCause, ExecuteType, Launch, Request};
use instar_plugin_sdk::{CallCtx, Failure, NoConfig, Plugin, register_execute};
use serde::Deserialize;

/// Gets the job's value as `$1` and its arguments behind it.
const RUN: &str = include_str!("run.sh");

struct Script;

/// The job's `execute` object.
#[derive(Debug, Deserialize)]
struct Execute {
    #[serde(default)]
    value: String,
    #[serde(default)]
    args: Args,
}

/// Words as a person would type them, or one by one.
#[derive(Debug, Default, Deserialize)]
#[serde(untagged, expecting = "`args` must be a text or a list of texts")]
enum Args {
    #[default]
    None,
    Typed(String),
    Words(Vec<String>),
}

impl Plugin for Script {
    type Config = NoConfig;
}

impl ExecuteType for Script {
    fn launch(_: &CallCtx, _: &NoConfig, request: &Request) -> Result<Launch, Failure> {
        let execute: Execute = serde_json::from_str(&request.execute_json)
            .map_err(|error| Failure::new("bad-execute", format!("the job's `execute` cannot be read: {error}")))?;
        if execute.value.trim().is_empty() {
            return Err(Failure::new("no-script", "the job's `execute.value` must name a script, and it is empty"));
        }
        let args = words(execute.args)?;
        if execute.value.contains('\0') || args.iter().any(|arg| arg.contains('\0')) {
            return Err(Failure::new("nul-character", "neither a script nor an argument can contain a NUL character"));
        }
        let launch = Launch::new(command(&execute.value, &args));
        Ok(Launch { env: previous_env(request.previous.as_ref()), ..launch })
    }
}

/// In a longer run the script finds in its environment how the step before ended.
fn previous_env(previous: Option<&End>) -> Vec<(String, String)> {
    let Some(end) = previous else { return Vec::new() };
    let status = match end.cause {
        EndCause::Exit(status) => status.to_string(),
        EndCause::Signal(_) | EndCause::Killed | EndCause::NotStarted(_) | EndCause::Lost => String::new(),
    };
    let tail = end.tail.replace('\0', "");
    vec![("INSTAR_PREVIOUS_STATUS".to_owned(), status), ("INSTAR_PREVIOUS_OUTPUT".to_owned(), tail)]
}

fn command<'a>(value: &'a str, args: &'a [String]) -> impl Iterator<Item = &'a str> {
    ["/bin/sh", "-c", RUN, "instar-script", value].into_iter().chain(args.iter().map(String::as_str))
}

fn words(args: Args) -> Result<Vec<String>, Failure> {
    match args {
        Args::None => Ok(Vec::new()),
        Args::Words(words) => Ok(words),
        Args::Typed(line) => shell_words::split(&line)
            .map_err(|_| Failure::new("bad-args", format!("`execute.args` has a quote that is not closed: {line}"))),
    }
}

register_execute!(Script);

#[cfg(test)]
mod tests;
