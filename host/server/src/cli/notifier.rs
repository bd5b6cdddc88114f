//! `instar notifier`: who may speak by which notifier.

use clap::Subcommand;
use instar_api::{PairRequest, PairingCode, paths};

use super::exit::{Exit, Failure};
use super::{Context, examples};

#[derive(Debug, Subcommand)]
pub(crate) enum NotifierCommand {
    /// Print a code that lets one person of one chat speak with sessions
    #[command(after_help = examples(&["instar notifier pair", "instar notifier pair telegram --user ada"]))]
    Pair {
        /// The notifier; it may be left out where there is only one
        name: Option<String>,
        /// Who they are in `users.json`; else the owner of this host, who may do everything
        #[arg(long, value_name = "ID")]
        user: Option<String>,
    },
}

pub(super) fn run(context: &Context, command: NotifierCommand) -> Result<Exit, Failure> {
    match command {
        NotifierCommand::Pair { name, user } => pair(context, PairRequest { notifier: name, user }),
    }
}

fn pair(context: &Context, request: PairRequest) -> Result<Exit, Failure> {
    let answer = context.client()?.post(paths::CONVERSATIONS_PAIR, &request)?.success()?;
    if context.out.json {
        context.out.line(answer.text())?;
        return Ok(Exit::Ok);
    }
    let code: PairingCode = answer.read()?;
    context.out.line(format!("/pair {}", code.code))?;
    context.out.note(format!(
        "Write this line in the chat within ten minutes. Who does so speaks there as {} ({}).",
        code.user, code.role
    ));
    Ok(Exit::Ok)
}
