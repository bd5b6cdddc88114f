//! `instar session`: begin, watch, feed and end what runs.

mod begin;
mod follow;

use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use instar_api::{InputRequest, Killed, Session, SessionOutput, paths};
use instar_core::session::SessionStatus;

use super::client::segment;
use super::exit::{Exit, Failure};
use super::output::{Output, Shown, Tone, printable};
use super::{Context, examples};

#[derive(Debug, Subcommand)]
pub(crate) enum SessionCommand {
    /// Show the sessions, newest first
    #[command(after_help = examples(&["instar session list", "instar session list --status running --json"]))]
    List {
        /// Only those in this state
        #[arg(long, value_parser = PossibleValuesParser::new(SessionStatus::ALL.map(SessionStatus::as_str)))]
        status: Option<String>,
    },
    /// Print the last lines of a session, also after its end
    #[command(after_help = examples(&[
        "instar session output research-task",
        "instar session output research-task --lines 500",
        "instar session output research-task --follow",
    ]))]
    Output {
        /// The session's name, id or tmux name
        name: String,
        /// How many lines
        #[arg(short = 'n', long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        lines: u32,
        /// Go on printing what comes until the session ends
        #[arg(short, long)]
        follow: bool,
    },
    /// Type a text into a session, then Enter; an agent gets it when it waits for one
    #[command(after_help = examples(&["instar session send research-task \"Also check the Pages Router\""]))]
    Send {
        /// The session's name, id or tmux name
        name: String,
        /// What to type
        #[arg(allow_hyphen_values = true)]
        text: String,
    },
    Spawn(begin::Spawn),
    Resume(begin::Resume),
    Attach(begin::Attach),
    /// End a session and everything in it
    #[command(after_help = examples(&["instar session kill research-task"]))]
    Kill {
        /// The session's name, id or tmux name
        name: String,
    },
}

pub(crate) fn run(context: &Context, command: SessionCommand) -> Result<Exit, Failure> {
    match command {
        SessionCommand::List { status } => list(context, status.as_deref()),
        SessionCommand::Output { name, lines, follow: false } => output(context, &name, lines),
        SessionCommand::Output { name, lines, follow: true } => follow::run(context, &name, lines),
        SessionCommand::Send { name, text } => send(context, &name, text),
        SessionCommand::Spawn(request) => begin::spawn(context, request),
        SessionCommand::Resume(request) => begin::resume(context, request),
        SessionCommand::Attach(request) => begin::attach(context, &request),
        SessionCommand::Kill { name } => kill(context, &name),
    }
}

fn list(context: &Context, status: Option<&str>) -> Result<Exit, Failure> {
    let path = match status {
        Some(status) => format!("{}?status={status}", paths::SESSIONS),
        None => paths::SESSIONS.to_owned(),
    };
    let answer = context.client()?.get(&path)?.success()?;
    if context.out.json {
        context.out.line(answer.text())?;
        return Ok(Exit::Ok);
    }
    let sessions: Vec<Session> = answer.read()?;
    if sessions.is_empty() {
        context.out.line("No sessions.")?;
        return Ok(Exit::Ok);
    }
    context.out.table(&HEADER, sessions.iter().map(|session| row(&context.out, session)).collect())?;
    Ok(Exit::Ok)
}

const HEADER: [&str; 6] = ["SESSION", "STATUS", "JOB", "MODEL", "STARTED", "ENDED"];

fn row(out: &Output, session: &Session) -> Vec<Shown> {
    let time = |text: &str| text.parse().map_or_else(|_| text.to_owned(), |at| out.time(at));
    let tone = match SessionStatus::parse(&session.status) {
        Some(SessionStatus::Starting | SessionStatus::Running | SessionStatus::Idle) => Tone::Good,
        Some(SessionStatus::Error) => Tone::Bad,
        Some(SessionStatus::Killed) => Tone::Warn,
        Some(SessionStatus::Completed) | None => Tone::Plain,
    };
    vec![
        Shown::plain(&session.name),
        Shown::new(&session.status, tone),
        Shown::plain(session.job_slug.as_deref().unwrap_or("-")),
        Shown::plain(&session.model),
        Shown::plain(time(&session.started_at)),
        Shown::plain(session.ended_at.as_deref().map_or_else(|| "-".to_owned(), time)),
    ]
}

fn output(context: &Context, name: &str, lines: u32) -> Result<Exit, Failure> {
    let path = format!("{}?lines={lines}", paths::session_output(&segment(name)));
    let answer = context.client()?.get(&path)?.success()?;
    if context.out.json {
        context.out.line(answer.text())?;
        return Ok(Exit::Ok);
    }
    let text = printable(&answer.read::<SessionOutput>()?.output);
    if !text.is_empty() {
        context.out.line(text.strip_suffix('\n').unwrap_or(&text))?;
    }
    Ok(Exit::Ok)
}

fn send(context: &Context, name: &str, text: String) -> Result<Exit, Failure> {
    let answer = context.client()?.post(&paths::session_input(&segment(name)), &InputRequest { text })?.success()?;
    if context.out.json {
        context.out.line(answer.text())?;
    } else {
        context.out.line(format!("Sent to {name}."))?;
    }
    Ok(Exit::Ok)
}

fn kill(context: &Context, name: &str) -> Result<Exit, Failure> {
    let answer = context.client()?.delete(&paths::session(&segment(name)))?.success()?;
    if context.out.json {
        context.out.line(answer.text())?;
    } else {
        let Killed { killed, .. } = answer.read()?;
        context.out.line(format!("{name} has ended (session {killed})."))?;
    }
    Ok(Exit::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output;

    fn session(name: &str, status: &str, ended_at: Option<&str>) -> Session {
        Session {
            id: "0197".into(),
            name: name.into(),
            status: status.into(),
            job_slug: Some("check-email".into()),
            tmux_session: name.into(),
            started_at: "2026-01-01T11:58:30.000Z".into(),
            ended_at: ended_at.map(str::to_owned),
            triggered_by: "scheduler:scheduled".into(),
            model: "sonnet".into(),
            run_id: "0198".into(),
            takes_input: false,
            interactive: false,
            question: None,
        }
    }

    #[test]
    fn a_list_of_sessions_shows_state_and_times() {
        let out = output::for_tests("2026-01-01T12:00:00Z");
        let sessions = [
            session("email-2", "running", None),
            session("email-1\u{1b}[2J", "error", Some("2026-01-01T11:59:00.000Z")),
        ];
        insta::assert_snapshot!(out.render(&HEADER, sessions.iter().map(|session| row(&out, session)).collect()), @r"
        SESSION  STATUS   JOB          MODEL   STARTED                           ENDED
        email-2  running  check-email  sonnet  2026-01-01 11:58:30 (1m 30s ago)  -
        email-1  error    check-email  sonnet  2026-01-01 11:58:30 (1m 30s ago)  2026-01-01 11:59:00 (1m ago)
        ");
    }
}
