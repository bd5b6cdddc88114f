//! `instar hook EVENT`: what an agent CLI calls at each event. It needs no server.
//!
//! An agent CLI goes on when a hook crashes or is late, so this process always answers by itself: one thread
//! works, and the other one denies when there is no answer in time.

mod answer;
mod event;
mod install;
mod settings_edit;

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Duration;

use clap::Subcommand;

use super::exit::{Exit, Failure};
use super::{Context, examples};
use answer::Reply;
pub(crate) use event::HookCall;
use event::{Event, Input};
pub(super) use install::{Scope, install_into};

/// The programs that hooks of ours in the settings of an agent CLI call, or why nobody can tell.
pub(super) fn registered(settings: &str) -> Result<Vec<PathBuf>, String> {
    settings_edit::programs(settings).map_err(|error| error.to_string())
}

/// Well below the time limit that `install` registers.
const DEADLINE: Duration = Duration::from_secs(10);
const LARGEST_INPUT: u64 = 16 << 20;
const STACK: usize = 16 << 20;

#[derive(Debug, Subcommand)]
pub(crate) enum HookCommand {
    Install(install::Install),
    Uninstall(install::Uninstall),
    /// Judge a call of a tool before it happens: JSON on standard input, the answer on standard output
    #[command(alias = "PreToolUse", after_help = examples(&["instar hook pre-tool-use < call.json"]))]
    PreToolUse,
    /// Look through what a tool printed, and take out what must not be seen
    #[command(alias = "PostToolUse", after_help = examples(&["instar hook post-tool-use < result.json"]))]
    PostToolUse,
    /// Give texts to the model when a session begins, goes on or was compacted
    #[command(alias = "SessionStart", after_help = examples(&["instar hook session-start < event.json"]))]
    SessionStart,
    /// Say nothing: what is said before a compaction is lost in it; `session-start` comes after it
    #[command(alias = "PreCompact", after_help = examples(&["instar hook pre-compact < event.json"]))]
    PreCompact,
    /// Give texts to the model with a prompt
    #[command(alias = "UserPromptSubmit", after_help = examples(&["instar hook user-prompt-submit < event.json"]))]
    UserPromptSubmit,
    /// Remind the model of what is open when it wants to stop
    #[command(alias = "Stop", after_help = examples(&["instar hook stop < event.json"]))]
    Stop,
}

pub(crate) fn run(context: &Context, command: &HookCommand) -> Result<Exit, Failure> {
    let event = match command {
        HookCommand::Install(install) => return install::install(context, install),
        HookCommand::Uninstall(uninstall) => return install::uninstall(context, uninstall),
        HookCommand::PreToolUse => Event::PreToolUse,
        HookCommand::PostToolUse => Event::PostToolUse,
        HookCommand::SessionStart => Event::SessionStart,
        HookCommand::PreCompact => Event::PreCompact,
        HookCommand::UserPromptSubmit => Event::UserPromptSubmit,
        HookCommand::Stop => Event::Stop,
    };
    let reply = reply(HookCall { event, dir: context.dir.clone() });
    if let Some(text) = &reply.stdout {
        context.out.line(text)?;
    }
    if let Some(text) = reply.stderr {
        context.out.note(text);
    }
    Ok(if reply.succeeded { Exit::Ok } else { Exit::Failed })
}

/// The same without the command line, which takes longer to set up than a guard to judge.
pub(crate) fn main(call: HookCall) -> ExitCode {
    let reply = reply(call);
    if let Some(text) = &reply.stdout {
        let mut out = std::io::stdout().lock();
        let said = writeln!(out, "{text}").and_then(|()| out.flush());
        if said.is_err() {
            // Status 2 stops the call, whatever was read of the answer.
            return ExitCode::from(2);
        }
    }
    if let Some(text) = &reply.stderr {
        let _ = writeln!(std::io::stderr(), "{text}");
    }
    if reply.succeeded { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn reply(call: HookCall) -> Reply {
    let event = call.event;
    within(DEADLINE, event, move || answered(&call))
}

/// The answer of the work, or the answer of one who has none.
fn within(deadline: Duration, event: Event, work: impl FnOnce() -> Reply + Send + 'static) -> Reply {
    let (sender, receiver) = mpsc::channel();
    let worker = std::thread::Builder::new().name("hook".to_owned()).stack_size(STACK).spawn(move || {
        // Nobody listens any more when the deadline is over.
        let _ = sender.send(work());
    });
    match (worker, receiver.recv_timeout(deadline)) {
        (Err(_), _) => answer::failed(event, "instar could not start a thread for the guards"),
        (Ok(_), Ok(reply)) => reply,
        (Ok(_), Err(mpsc::RecvTimeoutError::Timeout)) => answer::failed(event, "the guards gave no answer in time"),
        (Ok(_), Err(mpsc::RecvTimeoutError::Disconnected)) => {
            answer::failed(event, "an internal error of instar kept the guards from answering")
        }
    }
}

fn answered(call: &HookCall) -> Reply {
    let mut bytes = Vec::new();
    if let Err(error) = std::io::stdin().lock().take(LARGEST_INPUT + 1).read_to_end(&mut bytes) {
        return answer::failed(call.event, &format!("the hook's input could not be read: {error}"));
    }
    if bytes.len() as u64 > LARGEST_INPUT {
        return answer::failed(call.event, "the hook's input is larger than 16 MiB");
    }
    match Input::parse(&bytes) {
        Ok(input) => answer::answer(call, &input),
        Err(reason) => answer::failed(call.event, &format!("the hook's input is not what was documented: {reason}")),
    }
}

/// `instar hook EVENT [--dir DIR]`, if that is what this process was called with.
pub(crate) fn called(mut arguments: impl Iterator<Item = std::ffi::OsString>) -> Option<HookCall> {
    if arguments.next()? != "hook" {
        return None;
    }
    let event = Event::parse(arguments.next()?.to_str()?)?;
    let dir = match arguments.next() {
        None => None,
        Some(option) if option == "--dir" || option == "-d" => Some(PathBuf::from(arguments.next()?)),
        Some(_) => return None,
    };
    arguments.next().is_none().then_some(HookCall { event, dir })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_who_is_late_or_fails_denies() {
        let (_keeps_waiting, wait) = mpsc::channel::<()>();
        let late = within(Duration::from_millis(1), Event::PreToolUse, move || {
            let _ = wait.recv();
            Reply::silent()
        });
        assert!(late.stdout.unwrap().contains("\"permissionDecision\":\"deny\""));
        let failed = within(DEADLINE, Event::PreToolUse, || panic!("a fault that is meant"));
        assert!(failed.stdout.unwrap().contains("\"permissionDecision\":\"deny\""));
    }

    #[test]
    fn only_a_plain_call_of_an_event_takes_the_short_way() {
        let call = |line: &str| called(line.split(' ').map(std::ffi::OsString::from));
        assert_eq!(call("hook PreToolUse").unwrap().event, Event::PreToolUse);
        assert_eq!(call("hook stop --dir /x").unwrap().dir, Some(PathBuf::from("/x")));
        for line in ["hook", "hook install", "hook stop --help", "hook stop --dir", "hook stop -d x y", "job list"] {
            assert!(call(line).is_none(), "{line}");
        }
    }
}
