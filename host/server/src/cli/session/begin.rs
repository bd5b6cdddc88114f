//! Beginning sessions from the command line, and sitting down at one.

use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use clap::Args;
use clap::builder::PossibleValuesParser;
use instar_api::{ResumeRequest, Session, SpawnRequest, paths};

use super::super::client::{Answer, segment};
use super::super::exit::{Exit, Failure};
use super::super::{Context, examples};

/// Guards, execute type and tmux may take their time.
const PATIENCE: Duration = Duration::from_secs(60);

/// Begin a session with an agent that works in the background and takes further messages
#[derive(Debug, Args)]
#[command(after_help = examples(&[
    "instar session spawn research-task \"Compare the routers\"",
    "instar session spawn research-task \"Compare the routers\" --model opus --attach",
    "git diff | instar session spawn review -",
]))]
pub(crate) struct Spawn {
    /// Its name: letters, digits, `-` and `_`; no live session has it
    name: String,
    /// The first message; `-` reads it from standard input
    #[arg(allow_hyphen_values = true)]
    prompt: String,
    /// Which model works
    #[arg(long, value_parser = PossibleValuesParser::new(["opus", "sonnet", "haiku"]))]
    model: Option<String>,
    /// The job that it works for
    #[arg(long, value_name = "SLUG")]
    job: Option<String>,
    /// Sit down at it at once
    #[arg(long)]
    attach: bool,
}

/// Take up the conversation of a session that has ended
#[derive(Debug, Args)]
#[command(after_help = examples(&[
    "instar session resume research-task",
    "instar session resume research-task \"And now write it up\"",
]))]
pub(crate) struct Resume {
    /// The session's name, id or tmux name
    name: String,
    /// The next message; `-` reads it from standard input
    #[arg(allow_hyphen_values = true)]
    prompt: Option<String>,
    /// Sit down at it at once
    #[arg(long)]
    attach: bool,
}

/// Sit down at a session: see its screen, and type (`Ctrl-b d` leaves it running)
#[derive(Debug, Args)]
#[command(after_help = examples(&["instar session attach research-task", "instar session attach research-task --watch"]))]
pub(crate) struct Attach {
    /// The session's name, id or tmux name
    name: String,
    /// Only look: what is typed does not arrive
    #[arg(long)]
    watch: bool,
}

pub(super) fn spawn(context: &Context, spawn: Spawn) -> Result<Exit, Failure> {
    let Spawn { name, prompt, model, job, attach } = spawn;
    let request = SpawnRequest { name, prompt: text(prompt)?, model, job_slug: job };
    let answer = context.client()?.within(PATIENCE).post(paths::SESSIONS_SPAWN, &request)?.success()?;
    say(context, &answer, "has begun", attach)
}

pub(super) fn resume(context: &Context, resume: Resume) -> Result<Exit, Failure> {
    let Resume { name, prompt, attach } = resume;
    let request = ResumeRequest { prompt: prompt.map(text).transpose()? };
    let path = paths::session_resume(&segment(&name));
    let answer = context.client()?.within(PATIENCE).post(&path, &request)?.success()?;
    say(context, &answer, "goes on", attach)
}

pub(super) fn attach(context: &Context, attach: &Attach) -> Result<Exit, Failure> {
    let answer = context.client()?.get(&paths::session(&segment(&attach.name)))?.success()?;
    sit_down(context, &answer.read()?, attach.watch)
}

fn say(context: &Context, answer: &Answer, what: &str, attach: bool) -> Result<Exit, Failure> {
    let session: Session = answer.read()?;
    if attach {
        return sit_down(context, &session, false);
    }
    if context.out.json {
        context.out.line(answer.text())?;
        return Ok(Exit::Ok);
    }
    let name = &session.name;
    context.out.line(format!("Session {name} {what}."))?;
    context
        .out
        .line(format!("Watch it with `instar session attach {name}`, or read `instar session output {name}`."))?;
    Ok(Exit::Ok)
}

/// Becomes a tmux client; it comes back only when it could not.
fn sit_down(context: &Context, session: &Session, watch: bool) -> Result<Exit, Failure> {
    if session.ended_at.is_some() {
        let name = &session.name;
        let sentence = format!("session {name} has ended; `instar session resume {name}` takes it up again");
        return Err(Failure::new(Exit::Refused, sentence));
    }
    let project = context.project()?;
    let config = context.config(&project)?;
    let instar_dir = std::fs::canonicalize(project.instar_dir())
        .map_err(|error| Failure::io(format!("failed to find {}", project.instar_dir().display()), &error))?;
    let socket = instar_session::socket_name(&project.folder_name(), &instar_dir);
    let tmux = config.sessions.tmux_path.unwrap_or_else(|| PathBuf::from("tmux"));
    let mut command = Command::new(&tmux);
    // Another server's client may be the terminal we are in; tmux would refuse for fear of a circle.
    command.env_remove("TMUX").args(["-L", &socket, "attach-session"]);
    if watch {
        command.arg("-r");
    }
    let error = command.arg("-t").arg(format!("={}:", session.tmux_session)).exec();
    Err(Failure::io(format!("failed to run {}", tmux.display()), &error))
}

fn text(given: String) -> Result<String, Failure> {
    if given != "-" {
        return Ok(given);
    }
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| Failure::io("failed to read the message from standard input", &error))?;
    Ok(text)
}
