//! `instar lifeline stop | restart`: a signal to the process that holds the lock, and waiting for what it does.

use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::{LOOK, pid, running, state};
use crate::cli::Context;
use crate::cli::exit::{Exit, Failure};
use crate::lifeline::state::Standing;

/// How long a server may take to end, until it is killed, and a little more.
const PATIENCE: Duration = Duration::from_secs(25);

#[derive(Debug, clap::Args)]
pub(crate) struct Stop {
    /// Let the server go on by itself
    #[arg(long)]
    leave_server: bool,
}

pub(super) fn run(context: &Context, stop: &Stop) -> Result<Exit, Failure> {
    let project = context.project()?;
    let Some(lifeline) = pid(&project) else {
        return said_stopped(context, None, "The lifeline is not running.");
    };
    send(lifeline, if stop.leave_server { Signal::USR1 } else { Signal::TERM })?;
    let deadline = Instant::now() + PATIENCE;
    while pid(&project) == Some(lifeline) {
        if Instant::now() > deadline {
            let seconds = PATIENCE.as_secs();
            return Err(Failure::failed(format!(
                "the lifeline, process {lifeline}, did not end within {seconds} s; `kill -9 {lifeline}` ends it, the server goes on"
            )));
        }
        std::thread::sleep(LOOK);
    }
    let with = if stop.leave_server { "; the server goes on" } else { ", and so has the server" };
    said_stopped(context, Some(lifeline), &format!("The lifeline, process {lifeline}, has stopped{with}."))
}

fn said_stopped(context: &Context, stopped: Option<u32>, sentence: &str) -> Result<Exit, Failure> {
    if context.out.json {
        context.out.value(&json!({ "stopped": stopped.is_some(), "pid": stopped }))?;
    } else {
        context.out.line(sentence)?;
    }
    Ok(Exit::Ok)
}

pub(super) fn restart(context: &Context) -> Result<Exit, Failure> {
    let project = context.project()?;
    let config = context.config(&project)?;
    let lifeline = running(&project)?;
    let before = state(&project, lifeline);
    let old = before.as_ref().and_then(|state| state.server);
    send(lifeline, Signal::HUP)?;
    let deadline = Instant::now() + config.lifeline.start_limit + PATIENCE;
    loop {
        let now = state(&project, running(&project)?);
        if let Some(now) = now.filter(|now| before.as_ref().map(|it| it.changed) != Some(now.changed)) {
            match (now.standing, now.server) {
                (Standing::Up, Some(server)) if Some(server) != old => return said_new(context, server),
                (Standing::Waiting | Standing::CoolingDown | Standing::Held, _) => {
                    let reason = now.reason.unwrap_or_default();
                    return Err(Failure::failed(format!("the new server is down: {reason}")));
                }
                (Standing::Up | Standing::Starting | Standing::Ending, _) => {}
            }
        }
        if Instant::now() > deadline {
            let log = project.lifeline_log();
            return Err(Failure::failed(format!("no new server answers; see {}", log.display())));
        }
        std::thread::sleep(LOOK);
    }
}

fn said_new(context: &Context, server: u32) -> Result<Exit, Failure> {
    if context.out.json {
        context.out.value(&json!({ "restarted": true, "pid": server }))?;
    } else {
        context.out.line(format!("The server was started anew, process {server}."))?;
    }
    Ok(Exit::Ok)
}

fn send(process: u32, signal: Signal) -> Result<(), Failure> {
    let pid = i32::try_from(process).ok().and_then(Pid::from_raw);
    let Some(pid) = pid else {
        return Err(Failure::failed(format!("the lock file names process {process}, which cannot be")));
    };
    match kill_process(pid, signal) {
        // It has just ended by itself.
        Ok(()) | Err(Errno::SRCH) => Ok(()),
        Err(error) => Err(Failure::io(format_args!("failed to reach process {process}"), &error.into())),
    }
}
