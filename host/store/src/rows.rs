//! Rows and our nouns: how each column is written and read.

use std::error::Error;
use std::str::FromStr;

use instar_core::budget::Begun;
use instar_core::conversation::Place;
use instar_core::event::EventRecord;
use instar_core::id::JobSlug;
use instar_core::job::JobState;
use instar_core::notice::Address;
use instar_core::plan::StepEvent;
use instar_core::retry::PlannedRetry;
use instar_core::run::{Phase, Run, RunRecord, RunRequest, RunStatus};
use instar_core::session::{Session, SessionStatus};
use instar_core::talk::{Message, Talk};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

pub(crate) fn millis(time: Timestamp) -> i64 {
    time.as_millisecond()
}

pub(crate) fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("our nouns have text keys and no failing parts")
}

/// What stands in a row where there is no job.
pub(crate) fn slug_text(slug: Option<&JobSlug>) -> &str {
    slug.map_or("", JobSlug::as_str)
}

/// The columns of a session, under names that do not meet those of a run.
macro_rules! session_columns {
    () => {
        "sessions.id AS session_id, sessions.name AS session_name, sessions.run_id AS session_run_id, \
         sessions.slug AS session_slug, sessions.model AS session_model, \
         sessions.triggered_by AS session_triggered_by, sessions.takes_input AS session_takes_input, \
         sessions.status AS session_status, sessions.started_at AS session_started_at, \
         sessions.ended_at AS session_ended_at, sessions.interactive AS session_interactive, \
         sessions.question AS session_question"
    };
}

/// The columns of a run's record, with its newest session.
macro_rules! run_record_columns {
    () => {
        concat!(
            "runs.id, runs.slug, runs.requested_at, runs.trigger, runs.request, runs.status, runs.started_at, \
             runs.ended_at, runs.stopping, runs.skipped, runs.outcome, runs.end_fact, runs.gate, runs.usage, ",
            session_columns!()
        )
    };
}

pub(crate) use {run_record_columns, session_columns};

pub(crate) fn event(row: &SqliteRow) -> Result<EventRecord, sqlx::Error> {
    Ok(EventRecord {
        seq: row.try_get("seq")?,
        at: time(row, "at")?,
        kind: row.try_get("type")?,
        summary: row.try_get("summary")?,
        run: optional_parsed(row, "run_id")?,
        session: optional_parsed(row, "session_id")?,
        metadata: from_json(row, "metadata")?,
    })
}

pub(crate) fn session(row: &SqliteRow) -> Result<Session, sqlx::Error> {
    let status: String = row.try_get("session_status")?;
    Ok(Session {
        id: parsed(row, "session_id")?,
        name: parsed(row, "session_name")?,
        run: parsed(row, "session_run_id")?,
        job: slug(row, "session_slug")?,
        model: row.try_get("session_model")?,
        triggered_by: row.try_get("session_triggered_by")?,
        takes_input: row.try_get("session_takes_input")?,
        interactive: row.try_get("session_interactive")?,
        question: row.try_get("session_question")?,
        status: SessionStatus::parse(&status).ok_or_else(|| unreadable("session_status", status.into()))?,
        started_at: time(row, "session_started_at")?,
        ended_at: optional_time(row, "session_ended_at")?,
    })
}

fn optional_session(row: &SqliteRow) -> Result<Option<Session>, sqlx::Error> {
    let id: Option<&str> = row.try_get("session_id")?;
    id.map(|_| session(row)).transpose()
}

pub(crate) fn run_record(row: &SqliteRow) -> Result<RunRecord, sqlx::Error> {
    Ok(RunRecord {
        id: parsed(row, "id")?,
        slug: slug(row, "slug")?,
        trigger: from_json(row, "trigger")?,
        request: from_json(row, "request")?,
        status: word(row, "status")?,
        requested_at: time(row, "requested_at")?,
        started_at: optional_time(row, "started_at")?,
        ended_at: optional_time(row, "ended_at")?,
        session: optional_session(row)?,
        stopping: optional_json(row, "stopping")?,
        skipped: optional_json(row, "skipped")?,
        outcome: optional_json(row, "outcome")?,
        end: optional_json(row, "end_fact")?,
        gate: optional_json(row, "gate")?,
        usage: optional_json(row, "usage")?.unwrap_or_default(),
    })
}

/// An open run, with the phase from which it goes on.
pub(crate) fn run(row: &SqliteRow) -> Result<Run, sqlx::Error> {
    let request: RunRequest = from_json(row, "request")?;
    Ok(Run {
        id: parsed(row, "id")?,
        slug: slug(row, "slug")?,
        trigger: from_json(row, "trigger")?,
        requested_at: time(row, "requested_at")?,
        admitted_at: optional_time(row, "admitted_at")?,
        limit: optional_time(row, "wait_until")?.and(optional_time(row, "deadline")?),
        phase: phase(row, &request)?,
        stopping: optional_json(row, "stopping")?,
        plugin_state: row.try_get("plugin_state")?,
        talk: None,
        usage: optional_json(row, "usage")?.unwrap_or_default(),
        request,
    })
}

/// The talk of an open run whose session talks.
pub(crate) fn talk(row: &SqliteRow, pending: Vec<Message>) -> Result<Talk, sqlx::Error> {
    let activity = optional_json(row, "activity")?.zip(optional_time(row, "activity_at")?);
    Ok(Talk::restored(activity, number(row, "answered")?, pending))
}

/// The main thread has none.
pub(crate) fn thread_text(address: &Address) -> &str {
    address.thread.as_deref().unwrap_or_default()
}

pub(crate) fn place(row: &SqliteRow) -> Result<Place, sqlx::Error> {
    let thread: Option<String> = row.try_get("thread")?;
    let thread = thread.filter(|thread| !thread.is_empty());
    let address = Address { conversation: row.try_get("conversation")?, thread };
    Ok(Place { notifier: parsed(row, "notifier")?, address })
}

pub(crate) fn message(row: &SqliteRow) -> Result<Message, sqlx::Error> {
    Ok(Message { number: number(row, "number")?, text: row.try_get("text")? })
}

fn phase(row: &SqliteRow, request: &RunRequest) -> Result<Phase, sqlx::Error> {
    match word(row, "status")? {
        RunStatus::Gating => Ok(Phase::Gating),
        RunStatus::Queued => Ok(Phase::Queued),
        RunStatus::Judging => Ok(Phase::Judging),
        RunStatus::Stepping => match optional_json(row, "end_fact")? {
            None if optional_time(row, "wait_until")?.is_some() => {
                Ok(Phase::Stepping { event: StepEvent::Woke, session: None })
            }
            None => Ok(Phase::Stepping { event: StepEvent::Requested(request.step.clone()), session: None }),
            Some(end) => Ok(Phase::Stepping { event: StepEvent::Exited(end), session: Some(Box::new(session(row)?)) }),
        },
        RunStatus::Starting => {
            Ok(Phase::Starting { session: Box::new(session(row)?), launch: from_json(row, "launch")? })
        }
        RunStatus::Running => {
            Ok(Phase::Running { session: Box::new(session(row)?), deadline: optional_time(row, "deadline")? })
        }
        RunStatus::Waiting => Ok(Phase::Waiting { until: time(row, "wait_until")? }),
        status @ (RunStatus::Finished | RunStatus::Skipped) => {
            Err(unreadable("status", format!("an open run is {}", status.as_str()).into()))
        }
    }
}

pub(crate) fn job_state(row: &SqliteRow) -> Result<JobState, sqlx::Error> {
    Ok(JobState {
        last_run: optional_time(row, "last_run")?,
        last_result: optional_word(row, "last_result")?,
        last_error: row.try_get("last_error")?,
        consecutive_failures: count(row, "consecutive_failures")?,
        last_scheduled: optional_time(row, "last_scheduled")?,
        begun_at: optional_time(row, "begun_at")?,
        last_handoff: optional_json(row, "last_handoff")?,
    })
}

pub(crate) fn retry(row: &SqliteRow) -> Result<PlannedRetry, sqlx::Error> {
    Ok(PlannedRetry {
        slug: parsed(row, "slug")?,
        after: parsed(row, "after_run")?,
        trigger: from_json(row, "trigger")?,
        due: time(row, "due")?,
    })
}

pub(crate) fn count(row: &SqliteRow, column: &str) -> Result<u32, sqlx::Error> {
    let count: i64 = row.try_get(column)?;
    u32::try_from(count).map_err(|error| unreadable(column, error.into()))
}

fn number(row: &SqliteRow, column: &str) -> Result<u64, sqlx::Error> {
    let number: i64 = row.try_get(column)?;
    u64::try_from(number).map_err(|error| unreadable(column, error.into()))
}

/// A run that began.
pub(crate) fn begun(row: &SqliteRow) -> Result<Begun, sqlx::Error> {
    let usage = optional_json(row, "usage")?.unwrap_or_default();
    let (at, ended_at) = (time(row, "admitted_at")?, optional_time(row, "ended_at")?);
    Ok(Begun { at, ended_at, slug: slug(row, "slug")?, usage })
}

/// Empty where there is no job.
pub(crate) fn slug(row: &SqliteRow, column: &str) -> Result<Option<JobSlug>, sqlx::Error> {
    let text: &str = row.try_get(column)?;
    if text.is_empty() { Ok(None) } else { parsed(row, column).map(Some) }
}

pub(crate) fn time(row: &SqliteRow, column: &str) -> Result<Timestamp, sqlx::Error> {
    timestamp(row.try_get(column)?, column)
}

pub(crate) fn optional_time(row: &SqliteRow, column: &str) -> Result<Option<Timestamp>, sqlx::Error> {
    let millis: Option<i64> = row.try_get(column)?;
    millis.map(|millis| timestamp(millis, column)).transpose()
}

fn timestamp(millis: i64, column: &str) -> Result<Timestamp, sqlx::Error> {
    Timestamp::from_millisecond(millis).map_err(|error| unreadable(column, error.into()))
}

pub(crate) fn parsed<T>(row: &SqliteRow, column: &str) -> Result<T, sqlx::Error>
where
    T: FromStr<Err: Error + Send + Sync + 'static>,
{
    let text: &str = row.try_get(column)?;
    text.parse().map_err(|error: T::Err| unreadable(column, error.into()))
}

pub(crate) fn optional_parsed<T>(row: &SqliteRow, column: &str) -> Result<Option<T>, sqlx::Error>
where
    T: FromStr<Err: Error + Send + Sync + 'static>,
{
    let text: Option<&str> = row.try_get(column)?;
    text.map(|_| parsed(row, column)).transpose()
}

pub(crate) fn from_json<T: DeserializeOwned>(row: &SqliteRow, column: &str) -> Result<T, sqlx::Error> {
    let text: &str = row.try_get(column)?;
    serde_json::from_str(text).map_err(|error| unreadable(column, error.into()))
}

pub(crate) fn optional_json<T: DeserializeOwned>(row: &SqliteRow, column: &str) -> Result<Option<T>, sqlx::Error> {
    let text: Option<&str> = row.try_get(column)?;
    text.map(|_| from_json(row, column)).transpose()
}

/// One of our enums that is stored as a bare word.
fn word<T: DeserializeOwned>(row: &SqliteRow, column: &str) -> Result<T, sqlx::Error> {
    let text: String = row.try_get(column)?;
    serde_json::from_value(Value::String(text)).map_err(|error| unreadable(column, error.into()))
}

fn optional_word<T: DeserializeOwned>(row: &SqliteRow, column: &str) -> Result<Option<T>, sqlx::Error> {
    let text: Option<&str> = row.try_get(column)?;
    text.map(|_| word(row, column)).transpose()
}

fn unreadable(column: &str, source: Box<dyn Error + Send + Sync>) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: column.to_owned(), source }
}
