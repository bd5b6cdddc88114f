//! Events: facts in the past tense, numbered by the store, never edited.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::id::{JobSlug, NoticeId, PluginId, RunId, SessionId};
use crate::job::JobProblem;
use crate::jobs_file::JobsFile;
use crate::notice::Notice;
use crate::plan::{End, EndCause, Launch};
use crate::retention::Cleared;
use crate::run::{Outcome, RunRequest, SkipReason, StopCause, Trigger};
use crate::session::Session;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub at: Timestamp,
    pub fact: Fact,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    HostStarted {
        version: String,
    },
    HostStopped,
    /// The jobs file was read; a refused one changed the report and nothing else.
    JobsRead {
        file: Arc<JobsFile>,
    },
    RunRequested {
        run: RunId,
        slug: JobSlug,
        trigger: Trigger,
        request: Box<RunRequest>,
    },
    RunQueued {
        run: RunId,
        slug: JobSlug,
    },
    RunSkipped {
        run: RunId,
        slug: JobSlug,
        reason: SkipReason,
    },
    /// Its guards are asked next; it holds a place from here on.
    RunAdmitted {
        run: RunId,
        slug: JobSlug,
    },
    /// No guard objected; the execute type is asked next.
    RunPassed {
        run: RunId,
        slug: JobSlug,
    },
    /// The launch is durable; the session starts next.
    RunStarting {
        session: Box<Session>,
        launch: Box<Launch>,
        plugin_state: Vec<u8>,
    },
    RunStarted {
        run: RunId,
        slug: JobSlug,
        session: SessionId,
        deadline: Timestamp,
    },
    RunProgressed {
        run: RunId,
        slug: JobSlug,
        message: String,
    },
    RunStopping {
        run: RunId,
        slug: JobSlug,
        cause: StopCause,
    },
    /// The session ended; the run goes on to its judgement.
    SessionEnded {
        run: RunId,
        slug: JobSlug,
        session: Box<Session>,
        end: End,
    },
    RunFinished(Box<RunFinished>),
    /// A due time that already has its run, met again because the clock went back.
    OccurrencePassed {
        slug: JobSlug,
        due: Timestamp,
    },
    NoticeRaised {
        notice: Arc<Notice>,
        notifiers: Vec<PluginId>,
    },
    /// An attempt begins; after a crash it is not known whether it arrived.
    NoticeTried {
        notice: NoticeId,
        notifier: PluginId,
        attempt: u32,
    },
    NoticeDelivered {
        notice: NoticeId,
        notifier: PluginId,
        receipt: String,
    },
    /// `retry_at` is `None` when it is given up.
    NoticeFailed {
        notice: NoticeId,
        notifier: PluginId,
        attempt: u32,
        retry_at: Option<Timestamp>,
        error: String,
    },
    /// What has ended long ago is being removed.
    HousekeepingBegun,
    HousekeepingDone {
        cleared: Cleared,
    },
    /// It is tried again before long; what was removed until then stays removed.
    HousekeepingFailed {
        error: String,
    },
    /// Files that a predecessor left were read into the log.
    PredecessorImported {
        imported: Imported,
    },
}

/// How much was read from the files of a predecessor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Imported {
    pub files: u64,
    pub job_states: u64,
    pub events: u64,
    /// Entries that were not understood.
    pub skipped: u64,
}

/// The end of a run and all that people ask about it.
#[derive(Debug, Clone, PartialEq)]
pub struct RunFinished {
    pub run: RunId,
    pub slug: JobSlug,
    pub job_name: String,
    pub trigger: Trigger,
    pub outcome: Outcome,
    /// `None` when no command was launched.
    pub end: Option<End>,
    pub session: Option<Session>,
    /// Of the job, this run included; 0 after a success.
    pub consecutive_failures: u32,
    /// What the execute type wants to remember, kept for a run that needs attention.
    pub plugin_state: Vec<u8>,
}

/// An event as it is stored and shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventRecord {
    /// Position in the log, from 1, without gaps.
    pub seq: i64,
    pub at: Timestamp,
    #[serde(rename = "type")]
    pub kind: String,
    pub summary: String,
    pub run: Option<RunId>,
    pub session: Option<SessionId>,
    pub metadata: Value,
}

impl Event {
    pub fn record(&self, seq: i64) -> EventRecord {
        EventRecord {
            seq,
            at: self.at,
            kind: self.fact.kind().into(),
            summary: self.fact.summary(),
            run: self.fact.run(),
            session: self.fact.session(),
            metadata: self.fact.metadata(),
        }
    }
}

impl Fact {
    /// The type under which `/events` lists it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::HostStarted { .. } => "scheduler_start",
            Self::HostStopped => "scheduler_stop",
            Self::JobsRead { .. } => "jobs_read",
            Self::RunRequested { .. } => "job_requested",
            Self::RunQueued { .. } => "job_queued",
            Self::RunSkipped { .. } | Self::OccurrencePassed { .. } => "job_skipped",
            Self::RunAdmitted { .. } => "job_admitted",
            Self::RunPassed { .. } => "job_passed",
            Self::RunStarting { .. } => "job_triggered",
            Self::RunStarted { .. } => "session_started",
            Self::RunProgressed { .. } => "job_progressed",
            Self::RunStopping { .. } => "job_stopping",
            Self::SessionEnded { .. } => "session_ended",
            Self::RunFinished(_) => "job_completed",
            Self::NoticeRaised { .. } => "notice_raised",
            Self::NoticeTried { .. } => "notice_tried",
            Self::NoticeDelivered { .. } => "notice_delivered",
            Self::NoticeFailed { .. } => "notice_failed",
            Self::HousekeepingBegun => "housekeeping_begun",
            Self::HousekeepingDone { .. } => "housekeeping_done",
            Self::HousekeepingFailed { .. } => "housekeeping_failed",
            Self::PredecessorImported { .. } => "predecessor_imported",
        }
    }

    pub fn slug(&self) -> Option<&JobSlug> {
        match self {
            Self::RunRequested { slug, .. }
            | Self::RunQueued { slug, .. }
            | Self::RunSkipped { slug, .. }
            | Self::RunAdmitted { slug, .. }
            | Self::RunPassed { slug, .. }
            | Self::RunStarted { slug, .. }
            | Self::RunProgressed { slug, .. }
            | Self::RunStopping { slug, .. }
            | Self::SessionEnded { slug, .. }
            | Self::OccurrencePassed { slug, .. } => Some(slug),
            Self::RunStarting { session, .. } => Some(&session.job),
            Self::RunFinished(finished) => Some(&finished.slug),
            Self::HostStarted { .. }
            | Self::HostStopped
            | Self::JobsRead { .. }
            | Self::NoticeRaised { .. }
            | Self::NoticeTried { .. }
            | Self::NoticeDelivered { .. }
            | Self::NoticeFailed { .. }
            | Self::HousekeepingBegun
            | Self::HousekeepingDone { .. }
            | Self::HousekeepingFailed { .. }
            | Self::PredecessorImported { .. } => None,
        }
    }

    pub fn run(&self) -> Option<RunId> {
        match self {
            Self::RunRequested { run, .. }
            | Self::RunQueued { run, .. }
            | Self::RunSkipped { run, .. }
            | Self::RunAdmitted { run, .. }
            | Self::RunPassed { run, .. }
            | Self::RunStarted { run, .. }
            | Self::RunProgressed { run, .. }
            | Self::RunStopping { run, .. }
            | Self::SessionEnded { run, .. } => Some(*run),
            Self::RunStarting { session, .. } => Some(session.run),
            Self::RunFinished(finished) => Some(finished.run),
            Self::HostStarted { .. }
            | Self::HostStopped
            | Self::JobsRead { .. }
            | Self::OccurrencePassed { .. }
            | Self::NoticeRaised { .. }
            | Self::NoticeTried { .. }
            | Self::NoticeDelivered { .. }
            | Self::NoticeFailed { .. }
            | Self::HousekeepingBegun
            | Self::HousekeepingDone { .. }
            | Self::HousekeepingFailed { .. }
            | Self::PredecessorImported { .. } => None,
        }
    }

    fn session(&self) -> Option<SessionId> {
        match self {
            Self::RunStarting { session, .. } | Self::SessionEnded { session, .. } => Some(session.id),
            Self::RunStarted { session, .. } => Some(*session),
            Self::RunFinished(finished) => finished.session.as_ref().map(|session| session.id),
            _ => None,
        }
    }

    fn summary(&self) -> String {
        match self {
            Self::HostStarted { version } => format!("instar {version} started"),
            Self::HostStopped => "instar stopped".into(),
            Self::JobsRead { file } if file.refused => {
                format!(
                    "The jobs file was refused: {}",
                    file.problems.first().map(JobProblem::to_string).unwrap_or_default()
                )
            }
            Self::JobsRead { file } => {
                format!("Read {} jobs, {} of them bad", file.jobs.len() + file.problems.len(), file.problems.len())
            }
            Self::RunRequested { slug, .. } => format!("Run of {slug} requested"),
            Self::RunQueued { slug, .. } => format!("Run of {slug} queued"),
            Self::RunSkipped { slug, reason, .. } => format!("Run of {slug} skipped: {}", reason.as_str()),
            Self::RunAdmitted { slug, .. } => format!("Run of {slug} admitted"),
            Self::RunPassed { slug, .. } => format!("Run of {slug} passed the guards"),
            Self::RunStarting { session, .. } => format!("Job {} triggered", session.job),
            Self::RunStarted { slug, .. } => format!("Session of {slug} started"),
            Self::RunProgressed { message, .. } => message.clone(),
            Self::RunStopping { slug, .. } => format!("Run of {slug} is being stopped"),
            Self::SessionEnded { session, .. } => format!("Session {} ended", session.name),
            Self::RunFinished(finished) => format!("{} {}", finished.job_name, finished.outcome.sentence()),
            Self::OccurrencePassed { slug, .. } => format!("Run of {slug} skipped: already-ran"),
            Self::NoticeRaised { notice, .. } => notice.title.clone(),
            Self::NoticeTried { notifier, attempt, .. } => format!("Notice given to {notifier}, attempt {attempt}"),
            Self::NoticeDelivered { notifier, .. } => format!("Notice delivered by {notifier}"),
            Self::NoticeFailed { notifier, error, .. } => format!("Notice not delivered by {notifier}: {error}"),
            Self::HousekeepingBegun => "Housekeeping begun".into(),
            Self::HousekeepingDone { cleared } => format!(
                "Housekeeping done: {} runs, {} events and {} session folders removed",
                cleared.runs, cleared.events, cleared.folders
            ),
            Self::HousekeepingFailed { error } => format!("Housekeeping failed: {error}"),
            Self::PredecessorImported { imported } => format!(
                "Imported from a predecessor: {} events and the states of {} jobs; {} entries skipped",
                imported.events, imported.job_states, imported.skipped
            ),
        }
    }

    fn metadata(&self) -> Value {
        let mut metadata = self.details();
        if let (Some(slug), Value::Object(fields)) = (self.slug(), &mut metadata) {
            fields.insert("slug".into(), json!(slug));
        }
        if let (Some(run), Value::Object(fields)) = (self.run(), &mut metadata) {
            fields.insert("runId".into(), json!(run));
        }
        metadata
    }

    fn details(&self) -> Value {
        match self {
            Self::HostStarted { version } => json!({ "version": version }),
            Self::JobsRead { file } => {
                json!({ "jobs": file.jobs.len(), "problems": file.problems, "refused": file.refused })
            }
            Self::RunRequested { trigger, request, .. } => json!({ "trigger": trigger, "priority": request.priority }),
            Self::RunSkipped { reason, .. } => json!(reason),
            Self::RunStarting { session, .. } => {
                json!({ "session": session.name, "model": session.model, "reason": session.triggered_by })
            }
            Self::RunStarted { deadline, .. } => json!({ "deadline": deadline }),
            Self::RunStopping { cause, .. } => json!(cause),
            Self::SessionEnded { session, end, .. } => json!({ "session": session.name, "end": end_details(end) }),
            Self::RunFinished(finished) => finished.details(),
            Self::OccurrencePassed { due, .. } => json!({ "reason": "already-ran", "scheduledAt": due }),
            Self::NoticeRaised { notice, notifiers } => json!({ "noticeId": notice.id, "notifiers": notifiers }),
            Self::NoticeTried { notice, notifier, attempt } => {
                json!({ "noticeId": notice, "notifier": notifier, "attempt": attempt })
            }
            Self::NoticeDelivered { notice, notifier, receipt } => {
                json!({ "noticeId": notice, "notifier": notifier, "receipt": receipt })
            }
            Self::NoticeFailed { notice, notifier, attempt, retry_at, error } => {
                json!({ "noticeId": notice, "notifier": notifier, "attempt": attempt, "retryAt": retry_at, "error": error })
            }
            Self::HousekeepingDone { cleared } => json!(cleared),
            Self::HousekeepingFailed { error } => json!({ "error": error }),
            Self::PredecessorImported { imported } => json!(imported),
            Self::HousekeepingBegun
            | Self::HostStopped
            | Self::RunQueued { .. }
            | Self::RunAdmitted { .. }
            | Self::RunPassed { .. }
            | Self::RunProgressed { .. } => json!({}),
        }
    }
}

impl RunFinished {
    fn details(&self) -> Value {
        let mut details = json!({
            "result": self.outcome.last_result(),
            "trigger": self.trigger,
            "session": self.session.as_ref().map(|session| &session.name),
            "consecutiveFailures": self.consecutive_failures,
        });
        merge(&mut details, json!(self.outcome));
        if let Some(end) = &self.end {
            merge(&mut details, end_details(end));
        }
        details
    }
}

/// Exit status, duration and output, under the names that the API uses everywhere.
fn end_details(end: &End) -> Value {
    let (status, signal) = match &end.cause {
        EndCause::Exit(status) => (Some(*status), None),
        EndCause::Signal(signal) => (None, Some(signal.as_str())),
        EndCause::Killed | EndCause::NotStarted(_) | EndCause::Lost => (None, None),
    };
    json!({ "exitStatus": status, "signal": signal, "durationMs": end.duration_ms, "tail": end.tail })
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}
