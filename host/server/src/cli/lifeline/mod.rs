//! `instar lifeline`: the small process beside the server that starts it again when it dies.

mod announce;
mod listen;
mod start;
mod status;
mod stop;

use std::time::Duration;

use clap::Subcommand;

use super::exit::{Exit, Failure};
use super::logs::{self, Logs};
use super::{Context, examples};
use crate::config::Project;
use crate::lifeline::state::State;
use crate::wiring::lock;

/// How often a command looks whether what it waits for has come.
const LOOK: Duration = Duration::from_millis(50);

#[derive(Debug, Subcommand)]
pub(crate) enum LifelineCommand {
    /// Start the lifeline in the background, and with it the server; wait until the server answers
    #[command(after_help = examples(&["instar lifeline start", "instar lifeline start --foreground"]))]
    Start(start::Start),
    /// Stop the lifeline and the server; sessions go on
    #[command(after_help = examples(&["instar lifeline stop", "instar lifeline stop --leave-server"]))]
    Stop(stop::Stop),
    /// Show the lifeline, and how it finds the server
    #[command(after_help = examples(&["instar lifeline status", "instar lifeline status --json"]))]
    Status,
    /// Have the lifeline end the server and start another one at once; sessions go on
    #[command(after_help = examples(&["instar lifeline restart"]))]
    Restart,
    /// Print the last lines of the lifeline's log
    #[command(after_help = examples(&["instar lifeline logs", "instar lifeline logs --follow"]))]
    Logs(Logs),
    /// Tell people what standard input says; what the lifeline calls
    #[command(hide = true)]
    Announce,
    /// Hear people until standard input ends; what the lifeline calls
    #[command(hide = true)]
    Listen,
}

pub(crate) fn run(context: &Context, command: &LifelineCommand) -> Result<Exit, Failure> {
    match command {
        LifelineCommand::Start(start) => start::run(context, start),
        LifelineCommand::Stop(stop) => stop::run(context, stop),
        LifelineCommand::Status => status::run(context),
        LifelineCommand::Restart => stop::restart(context),
        LifelineCommand::Announce => announce::run(context),
        LifelineCommand::Listen => listen::run(context),
        LifelineCommand::Logs(logs) => logs::show_log(context, &context.project()?.lifeline_log(), logs),
    }
}

/// The process of the lifeline that runs.
fn pid(project: &Project) -> Option<u32> {
    lock::holder(&project.lifeline_lock()).map(|holder| holder.pid)
}

/// The same with what it says, or that there is none.
fn running(project: &Project) -> Result<u32, Failure> {
    pid(project).ok_or_else(|| {
        Failure::new(Exit::NotRunning, "the lifeline is not running; start it with `instar lifeline start`")
    })
}

fn state(project: &Project, pid: u32) -> Option<State> {
    State::read(project, pid)
}
