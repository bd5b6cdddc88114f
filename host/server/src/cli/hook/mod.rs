//! `instar hook EVENT`: what an agent CLI calls at each event. It needs no server.
//!
//! An agent CLI goes on when a hook crashes or is late, so this process always answers by itself: one thread
//! works, and another one denies and ends the process when there is no answer in time. The first thread is the one that
//! works: another would start on a cold processor, with a heap of its own.

mod answer;
mod dialect;
mod event;
mod install;
mod settings_edit;

use std::io::{Read as _, Write as _};
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Subcommand;

use super::exit::{Exit, Failure};
use super::{Context, examples};
use crate::shadow::Overheard;
use answer::Reply;
pub(crate) use dialect::Dialect;
pub(crate) use event::HookCall;
use event::{Event, Input};
pub(super) use install::{Scope, install_into};

/// The programs that hooks of ours in the settings of an agent CLI call, or why nobody can tell.
pub(super) fn registered(settings: &str) -> Result<Vec<PathBuf>, String> {
    settings_edit::programs(settings, Dialect::Claude).map_err(|error| error.to_string())
}

/// Well below the time limit that `install` registers.
const DEADLINE: Duration = Duration::from_secs(10);
const LARGEST_INPUT: u64 = 16 << 20;
/// Of the thread that watches the time.
const WATCH_STACK: usize = 256 << 10;

#[derive(Debug, Subcommand)]
pub(crate) enum HookCommand {
    Install(install::Install),
    Uninstall(install::Uninstall),
    /// Judge a call of a tool before it happens: JSON on standard input, the answer on standard output
    #[command(alias = "PreToolUse", after_help = examples(&["instar hook pre-tool-use < call.json"]))]
    PreToolUse(Caller),
    /// Look through what a tool printed, and take out what must not be seen
    #[command(alias = "PostToolUse", after_help = examples(&["instar hook post-tool-use < result.json"]))]
    PostToolUse(Caller),
    /// Give texts to the model when a session begins, goes on or was compacted
    #[command(alias = "SessionStart", after_help = examples(&["instar hook session-start < event.json"]))]
    SessionStart(Caller),
    /// Say nothing: what is said before a compaction is lost in it; `session-start` comes after it
    #[command(alias = "PreCompact", after_help = examples(&["instar hook pre-compact < event.json"]))]
    PreCompact(Caller),
    /// Give texts to the model with a prompt
    #[command(alias = "UserPromptSubmit", after_help = examples(&["instar hook user-prompt-submit < event.json"]))]
    UserPromptSubmit(Caller),
    /// Remind the model of what is open when it wants to stop
    #[command(alias = "Stop", after_help = examples(&["instar hook stop < event.json"]))]
    Stop(Caller),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Caller {
    /// The agent CLI that calls, in whose words the answer is given
    #[arg(long = "for", value_enum, default_value_t)]
    dialect: Dialect,
}

pub(crate) fn run(context: &Context, command: &HookCommand) -> Result<Exit, Failure> {
    let (event, caller) = match command {
        HookCommand::Install(install) => return install::install(context, install),
        HookCommand::Uninstall(uninstall) => return install::uninstall(context, uninstall),
        HookCommand::PreToolUse(caller) => (Event::PreToolUse, caller),
        HookCommand::PostToolUse(caller) => (Event::PostToolUse, caller),
        HookCommand::SessionStart(caller) => (Event::SessionStart, caller),
        HookCommand::PreCompact(caller) => (Event::PreCompact, caller),
        HookCommand::UserPromptSubmit(caller) => (Event::UserPromptSubmit, caller),
        HookCommand::Stop(caller) => (Event::Stop, caller),
    };
    let overheard = Arc::<Overheard>::default();
    let reply = reply(HookCall { event, dir: context.dir.clone(), dialect: caller.dialect }, &overheard);
    if let Some(text) = &reply.stdout {
        context.out.line(text)?;
    }
    if let Some(text) = reply.stderr {
        context.out.note(text);
    }
    overheard.hand_over();
    Ok(if reply.succeeded { Exit::Ok } else { Exit::Failed })
}

/// The same without the command line, which takes longer to set up than a guard to judge.
pub(crate) fn main(call: HookCall) -> ExitCode {
    let overheard = Arc::<Overheard>::default();
    let status = say(&reply(call, &overheard));
    overheard.hand_over();
    ExitCode::from(status)
}

/// Says it, and tells with which status the process is to end.
fn say(reply: &Reply) -> u8 {
    if let Some(text) = &reply.stdout {
        let mut out = std::io::stdout().lock();
        let said = writeln!(out, "{text}").and_then(|()| out.flush());
        if said.is_err() {
            // Status 2 stops the call, whatever was read of the answer.
            return 2;
        }
    }
    if let Some(text) = &reply.stderr {
        let _ = writeln!(std::io::stderr(), "{text}");
    }
    u8::from(!reply.succeeded)
}

/// Works on this thread, while another one watches the time.
#[expect(clippy::exit, reason = "the first thread is late, so it cannot end the process by returning")]
fn reply(call: HookCall, overheard: &Arc<Overheard>) -> Reply {
    let (event, dialect) = (call.event, call.dialect);
    let late = move || {
        let status = say(&dialect.spoken(event, answer::failed(event, "the guards gave no answer in time")));
        std::process::exit(status.into());
    };
    dialect.spoken(event, within(DEADLINE, event, late, || answered(&call, overheard)))
}

/// The answer of the work, or that of one who has none. When the time is over before the work is done, `late` answers, on
/// the other thread, and ends the process: this does not return then.
fn within(
    deadline: Duration,
    event: Event,
    late: impl FnOnce() + Send + 'static,
    work: impl FnOnce() -> Reply,
) -> Reply {
    let answers = Arc::new(AtomicBool::new(false));
    let watched = Arc::clone(&answers);
    let watch = move || {
        std::thread::sleep(deadline);
        if !watched.swap(true, Ordering::AcqRel) {
            late();
        }
    };
    let watch = std::thread::Builder::new().name("hook-deadline".to_owned()).stack_size(WATCH_STACK).spawn(watch);
    let reply = match watch {
        Err(_) => answer::failed(event, "instar could not start a thread that watches the time"),
        Ok(_) => std::panic::catch_unwind(AssertUnwindSafe(work))
            .unwrap_or_else(|_| answer::failed(event, "an internal error of instar kept the guards from answering")),
    };
    while answers.swap(true, Ordering::AcqRel) {
        // The other thread answers, and ends this one.
        std::thread::park();
    }
    reply
}

fn answered(call: &HookCall, overheard: &Arc<Overheard>) -> Reply {
    let mut bytes = Vec::new();
    if let Err(error) = std::io::stdin().lock().take(LARGEST_INPUT + 1).read_to_end(&mut bytes) {
        return answer::failed(call.event, &format!("the hook's input could not be read: {error}"));
    }
    if bytes.len() as u64 > LARGEST_INPUT {
        return answer::failed(call.event, "the hook's input is larger than 16 MiB");
    }
    match Input::parse(&bytes) {
        Ok(input) => answer::answer(call, &input, overheard),
        Err(reason) => answer::failed(call.event, &format!("the hook's input is not what was documented: {reason}")),
    }
}

/// `instar hook EVENT [--dir DIR]`, if that is what this process was called with.
pub(crate) fn called(mut arguments: impl Iterator<Item = std::ffi::OsString>) -> Option<HookCall> {
    if arguments.next()? != "hook" {
        return None;
    }
    let event = Event::parse(arguments.next()?.to_str()?)?;
    let mut call = HookCall { event, dir: None, dialect: Dialect::default() };
    while let Some(option) = arguments.next() {
        match option.to_str()? {
            "--dir" | "-d" => call.dir = Some(PathBuf::from(arguments.next()?)),
            "--for" => call.dialect = Dialect::parse(arguments.next()?.to_str()?)?,
            _ => return None,
        }
    }
    Some(call)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_who_is_late_is_answered_for() {
        let (tell, told) = std::sync::mpsc::channel();
        let (_keeps_waiting, wait) = std::sync::mpsc::channel::<()>();
        std::thread::spawn(move || {
            let late = move || tell.send("late").unwrap();
            within(Duration::from_millis(1), Event::PreToolUse, late, move || {
                let _ = wait.recv();
                Reply::silent()
            })
        });
        assert_eq!(told.recv(), Ok("late"));
    }

    #[test]
    fn one_who_fails_denies() {
        let failed = within(DEADLINE, Event::PreToolUse, || {}, || panic!("a fault that is meant"));
        assert!(failed.stdout.unwrap().contains("\"permissionDecision\":\"deny\""));
    }

    #[test]
    fn an_answer_in_time_counts() {
        let late = || unreachable!("the answer was there");
        assert_eq!(within(Duration::from_secs(60), Event::Stop, late, Reply::silent), Reply::silent());
    }

    #[test]
    fn only_a_plain_call_of_an_event_takes_the_short_way() {
        let call = |line: &str| called(line.split(' ').map(std::ffi::OsString::from));
        assert_eq!(call("hook PreToolUse").unwrap().event, Event::PreToolUse);
        assert_eq!(call("hook stop --dir /x").unwrap().dir, Some(PathBuf::from("/x")));
        assert_eq!(call("hook stop --for gemini --dir /x").unwrap().dialect, Dialect::Gemini);
        for line in [
            "hook",
            "hook install",
            "hook stop --help",
            "hook stop --dir",
            "hook stop -d x y",
            "hook stop --for x",
            "job list",
        ] {
            assert!(call(line).is_none(), "{line}");
        }
    }
}
