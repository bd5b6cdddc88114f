//! `/lifeline status | restart | queue | doctor` in a chat: what a person can ask while there is no server.

use std::process::Stdio;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use instar_core::conversation::Conversed;
use instar_core::inbound::{Happening, Inbound};
use instar_core::notice::Message;
use instar_core::users::Role;
use instar_core::verdict::Severity;
use instar_store::Store;
use jiff::Timestamp;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Command;
use tokio::sync::mpsc::UnboundedReceiver;

use super::Listener;
use crate::lifeline::state::{Standing, State};
use crate::notifiers::notice;
use crate::users_file::UsersFile;
use crate::wiring::lock;

const WORD: &str = "/lifeline";
const HELP: &str = "`/lifeline status` says how the server stands, `/lifeline queue` what waits for it; \
    `/lifeline restart` starts it anew, and `/lifeline doctor` looks for faults.";
/// In characters: the end of what `instar doctor` says.
const LONGEST_REPORT: usize = 3000;
const MOST_LISTED: usize = 20;

/// Whether somebody said something to the lifeline itself.
pub(super) fn is_command(event: &Inbound) -> bool {
    matches!(&event.happening, Happening::Said(said) if word(&said.text).is_some())
}

/// What stands behind `/lifeline`.
fn word(text: &str) -> Option<&str> {
    let rest = text.trim().strip_prefix(WORD)?;
    (rest.is_empty() || rest.starts_with(char::is_whitespace)).then(|| rest.trim())
}

/// One after the other, and never done as long as somebody listens.
pub(super) async fn carry_out_all(mut coming: UnboundedReceiver<(Arc<Listener>, Inbound)>) {
    while let Some((listener, event)) = coming.recv().await {
        carry_out(listener, event).await;
    }
}

/// Answers where it was asked. Strangers are not answered, as they are nowhere.
async fn carry_out(listener: Arc<Listener>, event: Inbound) {
    let Happening::Said(said) = &event.happening else { return };
    let asked = word(&said.text).unwrap_or_default();
    let answer = match role(&listener, &event).await {
        Ok(Some(role)) => match answer(&listener, role, asked).await {
            Ok(answer) => answer,
            Err(error) => format!("That did not work: {error:#}"),
        },
        Ok(None) => {
            tracing::warn!("{} of {} may not speak here", event.sender.id, listener.notifier);
            return;
        }
        Err(error) => format!("I cannot find out who you are: {error:#}"),
    };
    tracing::info!("{WORD} {asked}: answered");
    let message = Message {
        to: Some(event.address.clone()),
        reply_to: Some(event.message_id.clone()),
        ..notice(Severity::Info, String::new(), answer)
    };
    if let Err(error) = listener.notifiers.tell_with_patience(&listener.notifier, &message).await {
        tracing::error!("the answer to {WORD} {asked} was not delivered: {error}");
    }
}

/// By what the server recorded, and by the file of users.
async fn role(listener: &Listener, event: &Inbound) -> anyhow::Result<Option<Role>> {
    let store = Store::open(&listener.project.database()).await?;
    let restored = store.restore().await;
    store.close().await;
    let mut conversations = restored?.restored.conversations;
    let (users, _) = UsersFile::new(listener.project.users_file()).read()?;
    conversations.apply(&Conversed::UsersRead { users: Arc::new(users) }, Timestamp::now());
    let speaker = conversations.speaker(&listener.config.conversations, &listener.notifier, event);
    Ok(speaker.ok().map(|speaker| speaker.role))
}

async fn answer(listener: &Listener, role: Role, asked: &str) -> anyhow::Result<String> {
    match asked {
        "" | "status" => status(listener),
        "queue" => queue(listener),
        "restart" | "doctor" if role < Role::Admin => Ok("That needs the role admin in `users.json`.".to_owned()),
        "restart" => restart(listener),
        "doctor" => doctor(listener).await,
        "help" => Ok(HELP.to_owned()),
        _ => Ok(format!("I do not know that. {HELP}")),
    }
}

fn status(listener: &Listener) -> anyhow::Result<String> {
    let lifeline = lock::holder(&listener.project.lifeline_lock()).context("the lifeline is not running")?;
    let state = State::read(&listener.project, lifeline.pid).context("the lifeline has not said yet")?;
    let waiting = listener.heard.numbers()?.len();
    let queue =
        if waiting == 0 { "Nothing waits for it.".to_owned() } else { format!("{waiting} deliveries wait for it.") };
    Ok(format!("{} {queue}", standing(&state)))
}

fn standing(state: &State) -> String {
    let since = state.changed.strftime("%Y-%m-%d %H:%M:%S UTC");
    let reason = state.reason.as_deref().unwrap_or("nobody knows why");
    match state.standing {
        Standing::Up => format!("The server is up, since {since}."),
        Standing::Starting => format!("The server is starting, since {since}."),
        Standing::Ending => format!("The server was asked to end at {since}."),
        Standing::Waiting => {
            format!("The server is down: {reason}. It is started again, for the {}. time.", state.attempts)
        }
        Standing::CoolingDown => format!("The server is down: {reason}. After many starts in vain the next one waits."),
        Standing::Held => format!("The server is down: {reason}. `/lifeline restart` starts it."),
    }
}

fn queue(listener: &Listener) -> anyhow::Result<String> {
    let mut said = Vec::new();
    for number in listener.heard.numbers()? {
        if let Some((head, _)) = listener.heard.read(number)? {
            said.extend(head.said);
        }
    }
    if said.is_empty() {
        return Ok("Nothing waits for the server.".to_owned());
    }
    let lines =
        said.iter().take(MOST_LISTED).map(|text| format!("- {}", if text.is_empty() { "(no text)" } else { text }));
    let more = said.len().saturating_sub(MOST_LISTED);
    let rest = if more > 0 { format!("\n\nand {more} more") } else { String::new() };
    Ok(format!("{} messages wait for the server:\n\n{}{rest}", said.len(), lines.collect::<Vec<_>>().join("\n")))
}

/// As `instar lifeline restart` does it.
fn restart(listener: &Listener) -> anyhow::Result<String> {
    let lifeline = lock::holder(&listener.project.lifeline_lock()).context("the lifeline is not running")?;
    let Some(pid) = i32::try_from(lifeline.pid).ok().and_then(Pid::from_raw) else {
        bail!("the lock file names process {}, which cannot be", lifeline.pid);
    };
    kill_process(pid, Signal::HUP)?;
    Ok("The server is started anew.".to_owned())
}

async fn doctor(listener: &Listener) -> anyhow::Result<String> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["doctor", "--dir"]).arg(listener.project.dir()).current_dir(listener.project.dir());
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await?;
    let text = String::from_utf8_lossy(&output.stdout);
    let skipped = text.chars().count().saturating_sub(LONGEST_REPORT);
    let end: String = text.chars().skip(skipped).collect();
    Ok(format!("```\n{}\n```", end.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_said_to_the_lifeline_is_a_command() {
        assert_eq!(word("/lifeline"), Some(""));
        assert_eq!(word(" /lifeline  queue "), Some("queue"));
        assert_eq!(word("/lifelines"), None);
        assert_eq!(word("see /lifeline"), None);
    }
}
