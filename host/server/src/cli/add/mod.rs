//! `instar add`: sets up what a project can have beside its jobs, each tried out before anything is written.

mod reply_script;
mod telegram;

use clap::Subcommand;

use super::exit::{Exit, Failure};
use super::{Context, examples};

#[derive(Debug, Subcommand)]
pub(crate) enum AddCommand {
    /// Let a Telegram bot tell and hear people; its token is read from standard input, never from an argument
    #[command(after_help = examples(&[
        "instar add telegram --chat-id -1001234567890",
        "instar add telegram --chat-id -1001234567890 --topic 7 --json < token.txt",
        "instar add telegram",
    ]))]
    Telegram(telegram::Telegram),
}

pub(super) fn run(context: &Context, command: &AddCommand) -> Result<Exit, Failure> {
    match command {
        AddCommand::Telegram(telegram) => telegram::run(context, telegram),
    }
}
