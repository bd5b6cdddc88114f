//! `instar lifeline start`: in the foreground, or as a process of its own that this one waits for.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{LOOK, pid, state};
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::server::Background;
use crate::cli::{Context, sentence};
use crate::config::Project;
use crate::lifeline;
use crate::lifeline::state::{Standing, State};
use crate::serve;

/// How long a lifeline may take until it says how the server stands, beside the start of the server itself.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, clap::Args)]
pub(crate) struct Start {
    /// Stay in this terminal until Ctrl-C, which also ends the server
    #[arg(long)]
    foreground: bool,
    /// Leave the terminal; what `lifeline start` gives to the process that it starts
    #[arg(long, hide = true, requires = "foreground")]
    detached: bool,
}

pub(super) fn run(context: &Context, start: &Start) -> Result<Exit, Failure> {
    let project = context.project()?;
    if start.foreground {
        return foreground(&project, start);
    }
    let config = context.config(&project)?;
    if let Some(pid) = pid(&project) {
        return said(context, pid, state(&project, pid), false);
    }
    let mut lifeline = Background::spawn(&project, &project.lifeline_log(), &["lifeline", "start"])?;
    let deadline = Instant::now() + config.lifeline.start_limit + PATIENCE;
    loop {
        let has_ended = lifeline.has_ended();
        let found = pid(&project).and_then(|pid| Some((pid, state(&project, pid)?)));
        if let Some((pid, state)) = found
            && (has_ended || pid == lifeline.pid())
            && state.standing != Standing::Starting
        {
            return said(context, pid, Some(state), pid == lifeline.pid());
        }
        if has_ended && pid(&project).is_none() {
            return Err(Failure::failed(format!("the lifeline did not start: {}", lifeline.last_words())));
        }
        if Instant::now() > deadline {
            let (pid, log) = (lifeline.pid(), project.lifeline_log());
            return Err(Failure::failed(format!(
                "the lifeline, process {pid}, does not say how the server stands; see {}",
                log.display()
            )));
        }
        std::thread::sleep(LOOK);
    }
}

fn said(context: &Context, pid: u32, state: Option<State>, started: bool) -> Result<Exit, Failure> {
    let is_down = state.as_ref().is_some_and(|state| state.reason.is_some());
    if context.out.json {
        context.out.value(&json!({ "running": true, "started": started, "pid": pid, "state": state }))?;
    } else {
        let already = if started { "runs" } else { "is already running" };
        context.out.line(format!("The lifeline {already}, process {pid}."))?;
        if let Some(state) = &state {
            // Time has passed since this command began.
            let out = Output::of_process(false);
            context.out.line(super::status::server_line(&out, state))?;
        }
    }
    Ok(if is_down { Exit::Failed } else { Exit::Ok })
}

fn foreground(project: &Project, start: &Start) -> Result<Exit, Failure> {
    if start.detached {
        // It fails for one who leads a session already, and has no terminal to leave.
        let _ = rustix::process::setsid();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::io("failed to start a runtime", &error))?;
    match runtime.block_on(lifeline::run(project, !start.detached)) {
        Ok(()) => Ok(Exit::Ok),
        Err(error) if serve::is_misconfigured(&error) => Err(Failure::new(Exit::Misconfigured, sentence(&error))),
        Err(error) => Err(Failure::failed(sentence(&error))),
    }
}
