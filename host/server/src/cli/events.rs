//! `instar events`: what happened, and what happens.

use std::time::{Duration, Instant};

use instar_api::{Event, paths};

use super::client::{Client, ClientError, segment};
use super::exit::{Exit, Failure};
use super::output::{Output, Shown, Tone, one_line};
use super::stream::{EventStream, OpenError, Streamed};
use super::{Context, examples};

/// Show what happened, newest first; with --follow oldest first, and go on as it happens
#[derive(Debug, clap::Args)]
#[command(after_help = examples(&[
    "instar events",
    "instar events --type job_completed --since 168",
    "instar events --follow --json",
]))]
pub(crate) struct Events {
    /// Only of this type, such as job_completed
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// From so many hours ago on
    #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=720))]
    since: u32,
    /// The newest so many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    /// Go on printing what happens; with --json one event a line
    #[arg(short, long)]
    follow: bool,
}

/// Looking now and then whether a server is there again.
const PAUSE: Duration = Duration::from_millis(200);
/// One who follows bears a restart of the server.
const RESTART: Duration = Duration::from_secs(15);
/// Longer than the pauses of a stream that is well.
const LONGEST_SILENCE: Duration = Duration::from_secs(60);

pub(crate) fn run(context: &Context, events: &Events) -> Result<Exit, Failure> {
    let client = context.client()?;
    if events.follow {
        return follow(context, &client, events);
    }
    let answer = client.get(&events.path())?.success()?;
    if context.out.json {
        context.out.line(answer.text())?;
        return Ok(Exit::Ok);
    }
    let list: Vec<Event> = answer.read()?;
    if list.is_empty() {
        context.out.note("Nothing happened in that time.");
        return Ok(Exit::Ok);
    }
    context
        .out
        .table(&["WHEN", "EVENT", "WHAT HAPPENED"], list.iter().map(|event| row(&context.out, event)).collect())?;
    Ok(Exit::Ok)
}

impl Events {
    fn path(&self) -> String {
        let kind = self.kind.as_deref().map(|kind| format!("&type={}", segment(kind))).unwrap_or_default();
        format!("{}?since={}&limit={}{kind}", paths::EVENTS, self.since, self.limit)
    }
}

fn row(out: &Output, event: &Event) -> Vec<Shown> {
    let when = event.timestamp.parse().map_or_else(|_| event.timestamp.clone(), |at| out.time(at));
    vec![Shown::new(when, Tone::Dim), Shown::plain(&event.kind), Shown::plain(&event.summary)]
}

/// The stream is opened before the past is asked for, so that nothing falls in between.
fn follow(context: &Context, client: &Client, events: &Events) -> Result<Exit, Failure> {
    let mut stream = EventStream::open(client, events.kind.as_deref(), None)?;
    let mut past: Vec<Event> = client.get(&events.path())?.success()?.read()?;
    past.retain(|event| event.seq <= stream.last_id());
    for event in past.iter().rev() {
        print(&context.out, event)?;
    }
    loop {
        match stream.next(LONGEST_SILENCE) {
            Streamed::Event(event) => print(&context.out, &event)?,
            Streamed::Nothing | Streamed::Ended => stream = again(client, events, stream.last_id())?,
        }
    }
}

/// Goes on behind the last event, as soon as a server answers again.
fn again<'a>(client: &'a Client, events: &Events, last_id: i64) -> Result<EventStream<'a>, Failure> {
    let begun = Instant::now();
    loop {
        match EventStream::open(client, events.kind.as_deref(), Some(last_id)) {
            Ok(stream) => return Ok(stream),
            Err(OpenError::NoAnswer(error))
                if begun.elapsed() < RESTART && !matches!(error, ClientError::Invalid(_)) =>
            {
                std::thread::sleep(PAUSE);
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn print(out: &Output, event: &Event) -> Result<(), Failure> {
    if out.json {
        let line = serde_json::to_string(event).map_err(|error| Failure::failed(error.to_string()))?;
        return out.line(line);
    }
    out.line(line(out, event))
}

fn line(out: &Output, event: &Event) -> String {
    let local = |at: jiff::Timestamp| at.to_zoned(out.zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string();
    let when = event.timestamp.parse().map_or_else(|_| one_line(&event.timestamp), local);
    format!("{when}  {:<16}  {}", one_line(&event.kind), one_line(&event.summary))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::for_tests;

    #[test]
    fn an_event_is_one_harmless_line() {
        let event = Event {
            seq: 7,
            kind: "job_completed".to_owned(),
            summary: "Tidy\u{1b}[31m\nsucceeded".to_owned(),
            timestamp: "2026-01-01T12:00:00.500Z".to_owned(),
            session_id: None,
            metadata: serde_json::json!({}),
        };
        let out = for_tests("2026-01-01T12:00:01Z");
        assert_eq!(line(&out, &event), "2026-01-01 12:00:00  job_completed     Tidy succeeded");
    }
}
