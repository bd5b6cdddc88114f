//! The execute type `agent`: gives the prompt of a job to any agent CLI, and lets it work unattended.
//!
//! How a CLI is told its prompt, its model, what it may do and which conversation to take up again stands in a
//! profile. Wherever the CLI can read it there, the prompt is standard input, and stands in no argument.

mod config;
mod profile;

use instar_plugin_sdk::execute::{Action, Beginning, Event, Launch, Reducer, Request, StepResult};
use instar_plugin_sdk::{CallCtx, Diagnostic, Failure, Plugin, agent, prompt, register_execute};
use serde::Deserialize;

use config::Config;
use profile::{PROMPT, Profile};

/// The most that a system takes as one argument.
const LONGEST_ARGUMENT: usize = (128 << 10) - 1;

/// The word that stands for the conversation before.
const LATEST: &str = "latest";

struct Agent;

/// The job's `execute` object.
#[derive(Debug, Deserialize)]
struct Execute {
    #[serde(default, alias = "value")]
    prompt: String,
    /// How the CLI is run; else as the configuration says.
    profile: Option<String>,
    /// As the CLI calls it; else the tier of the job, if the profile knows it.
    model: Option<String>,
    /// What the CLI may do unasked: `read`, `edit`, `all`, or what the profile calls it.
    permission: Option<String>,
    /// The conversation to go on with, as the CLI names it, or `latest`.
    resume: Option<String>,
    /// Further words of the command line.
    #[serde(default)]
    args: Vec<String>,
}

impl Plugin for Agent {
    type Config = Config;

    fn validate(config: &Config) -> Vec<Diagnostic> {
        config.remarks()
    }
}

impl Reducer for Agent {
    fn plan(_: &CallCtx, config: &Config, request: &Request) -> Result<Beginning, Failure> {
        launch(config, request, &parse(request)?).map(Beginning::Launch)
    }

    fn step(_: &CallCtx, config: &Config, state: Vec<u8>, events: Vec<Event>) -> Result<StepResult, Failure> {
        let mut actions = Vec::new();
        for event in events {
            match event {
                Event::Requested(request) => {
                    let execute = parse(&request)?;
                    actions.push(Action::Launch(launch(config, &request, &execute)?));
                    let named = execute.resume.filter(|name| name != LATEST);
                    actions.extend(named.map(|name| Action::NoteUsage(agent::conversation(name))));
                }
                Event::Ready | Event::Woke => {}
                Event::Exited(end) => actions.extend(agent::ended(&end)),
            }
        }
        Ok(StepResult { state, actions })
    }
}

fn parse(request: &Request) -> Result<Execute, Failure> {
    let execute: Execute = serde_json::from_str(&request.execute_json)
        .map_err(|error| Failure::new("bad-execute", format!("the job's `execute` cannot be read: {error}")))?;
    if execute.prompt.trim().is_empty() {
        return Err(Failure::new("no-prompt", "the job's `execute.prompt` must be the prompt, and it is empty"));
    }
    prompt::check_length(&execute.prompt, request)?;
    execute.resume.as_deref().map_or(Ok(()), prompt::check_conversation)?;
    Ok(execute)
}

fn launch(config: &Config, request: &Request, execute: &Execute) -> Result<Launch, Failure> {
    let name = execute.profile.as_deref().unwrap_or(&config.profile);
    let profile = profile::find(&config.profiles, name)?;
    let permission = execute.permission.as_deref().unwrap_or(&config.permission);
    let told = prompt::told(&execute.prompt, request);
    let mut argv = vec![profile.command.clone()];
    argv.extend_from_slice(&profile.args);
    argv.extend_from_slice(profile.permission(name, permission)?);
    argv.extend(model_words(&profile, name, execute, request)?);
    argv.extend_from_slice(&profile.report);
    argv.extend_from_slice(&execute.args);
    argv.extend(resume_words(&profile, name, execute)?);
    argv.extend(filled(&profile.prompt, PROMPT, &told));
    check_words(&argv)?;
    let env = profile.env.clone().into_iter().collect();
    let launch = match profile.takes_prompt_as_argument() {
        true => Launch::new(argv),
        false => Launch::new(argv).with_input(told),
    };
    let launch = if profile.report.is_empty() { launch } else { launch.showing(profile.answer) };
    Ok(Launch { env, ..launch })
}

/// A model that the job names for this CLI is handed over as it is; a tier only by the CLI's own name for it.
fn model_words(profile: &Profile, name: &str, execute: &Execute, request: &Request) -> Result<Vec<String>, Failure> {
    let own = execute.model.as_deref().filter(|model| !model.is_empty());
    if own.is_some() && profile.model.is_empty() {
        let message = format!("the profile `{name}` says nothing of models, so `execute.model` cannot be heeded");
        return Err(Failure::new("no-model", message));
    }
    let model = own.or_else(|| profile.models.get(&request.model).map(String::as_str));
    Ok(model.map(|model| filled(&profile.model, "{model}", model)).unwrap_or_default())
}

fn resume_words(profile: &Profile, name: &str, execute: &Execute) -> Result<Vec<String>, Failure> {
    let (words, conversation) = match execute.resume.as_deref() {
        None => return Ok(Vec::new()),
        Some(LATEST) => (&profile.resume_latest, LATEST),
        Some(conversation) => (&profile.resume, conversation),
    };
    if !words.is_empty() {
        return Ok(filled(words, "{resume}", conversation));
    }
    let other = if profile.resume_latest.is_empty() { "none" } else { "only the one before: \"resume\": \"latest\"" };
    let message =
        format!("the profile `{name}` cannot take up the conversation `{conversation}` again; it can {other}");
    Err(Failure::new("no-resume", message))
}

fn filled(words: &[String], slot: &str, value: &str) -> Vec<String> {
    words.iter().map(|word| word.replace(slot, value)).collect()
}

fn check_words(argv: &[String]) -> Result<(), Failure> {
    if argv.iter().any(|word| word.contains('\0')) {
        return Err(Failure::new("nul-character", "no argument of a command can contain a NUL character"));
    }
    let Some(long) = argv.iter().map(String::len).find(|bytes| *bytes > LONGEST_ARGUMENT) else { return Ok(()) };
    let message = format!("an argument has {long} bytes, and {LONGEST_ARGUMENT} are allowed");
    Err(Failure::new("argument-too-long", message))
}

register_execute!(Agent);

#[cfg(test)]
mod tests;
