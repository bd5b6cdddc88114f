//! `instar server`: start it, stop it, and see whether it runs.

mod background;
mod start;
mod stop;

pub(crate) use background::Background;
pub(crate) use start::url;

use clap::Subcommand;

use super::exit::{Exit, Failure};
use super::{Context, examples, status};

#[derive(Debug, Subcommand)]
pub(crate) enum ServerCommand {
    /// Start the server in the background, and wait until it answers
    #[command(after_help = examples(&[
        "instar server start",
        "instar server start --port 4050",
        "instar server start --foreground",
    ]))]
    Start(start::Start),
    /// Stop the server; sessions go on, and the next server takes them over
    #[command(after_help = examples(&["instar server stop", "instar server stop --dir ~/work/site"]))]
    Stop,
    /// The same as `instar status`
    #[command(after_help = examples(&["instar server status", "instar server status --json"]))]
    Status,
}

pub(crate) fn run(context: &Context, command: ServerCommand) -> Result<Exit, Failure> {
    match command {
        ServerCommand::Start(start) => start::run(context, &start),
        ServerCommand::Stop => stop::run(context),
        ServerCommand::Status => status::run(context),
    }
}
