//! `instar notifier`: who tells people, and whether it works.

use clap::Subcommand;

use super::exit::{Exit, Failure};
use super::{Context, examples, notifier_look};

#[derive(Debug, Subcommand)]
pub(crate) enum NotifierCommand {
    /// Show the notifiers, and whether each would reach anybody; nobody is told anything
    #[command(after_help = examples(&["instar notifier list", "instar notifier list --json"]))]
    List,
    /// Send a message by one notifier
    #[command(after_help = examples(&["instar notifier test notifier-telegram"]))]
    Test {
        /// As `instar notifier list` shows it
        name: String,
    },
}

pub(super) fn run(context: &Context, command: NotifierCommand) -> Result<Exit, Failure> {
    match command {
        NotifierCommand::List => notifier_look::list(context),
        NotifierCommand::Test { name } => notifier_look::test(context, &name),
    }
}
