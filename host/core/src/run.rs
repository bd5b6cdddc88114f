//! A run: one attempt at a job, from its request to its outcome.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{JobSlug, RunId};
use crate::job::{Job, LastResult, Overlap, Priority};
use crate::plan::{End, Launch, StepEvent, StepRequest};
use crate::session::{Session, SessionStatus};

/// Why a run was requested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Trigger {
    /// The schedule said so, for this due time.
    Scheduled { at: Timestamp },
    /// A person or an agent asked.
    Manual { reason: String, force: bool },
}

impl Trigger {
    /// How `triggeredBy` has always been written.
    pub fn label(&self) -> String {
        match self {
            Self::Scheduled { .. } => "scheduler:scheduled".into(),
            Self::Manual { reason, .. } => format!("scheduler:{reason}"),
        }
    }
}

/// What a run needs of its job, kept with the run: the job may be edited or removed meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunRequest {
    pub job_name: String,
    pub priority: Priority,
    pub execute_type: String,
    pub step: StepRequest,
    /// The hard limit, in milliseconds from the start of the command.
    pub timeout_ms: u64,
    pub notify: bool,
    #[serde(default)]
    pub overlap: Overlap,
}

impl RunRequest {
    pub fn of(job: &Job, default_timeout_ms: u64) -> Self {
        let execute = job.definition.get("execute").cloned().unwrap_or_default();
        Self {
            job_name: job.name.clone(),
            priority: job.priority,
            execute_type: job.execute_type.clone(),
            step: StepRequest { execute_json: execute.to_string(), model: job.model.as_str().into(), previous: None },
            timeout_ms: job.timeout_ms.unwrap_or(default_timeout_ms),
            notify: job.notify,
            overlap: job.overlap,
        }
    }
}

/// A run that has not ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    pub id: RunId,
    pub slug: JobSlug,
    pub trigger: Trigger,
    pub request: RunRequest,
    pub requested_at: Timestamp,
    pub phase: Phase,
    /// Set once somebody asked for its end; nothing that comes later can undo it.
    pub stopping: Option<StopCause>,
    /// What the execute type wants to remember.
    pub plugin_state: Vec<u8>,
}

/// How far an open run is. Each phase holds what a restarted host needs to go on from it.
#[derive(Debug, Clone, PartialEq)]
pub enum Phase {
    /// Waits for a free place.
    Queued,
    /// The guards are asked whether it may start.
    Judging,
    /// The execute type is asked what to do next; the session is the one that ended, if any.
    Stepping {
        event: StepEvent,
        session: Option<Box<Session>>,
    },
    /// The launch is recorded; the session may or may not be there yet.
    Starting {
        session: Box<Session>,
        launch: Box<Launch>,
    },
    Running {
        session: Box<Session>,
        deadline: Timestamp,
    },
}

impl Run {
    /// A run that holds one of the places of `maxParallelJobs`.
    pub fn is_active(&self) -> bool {
        !matches!(self.phase, Phase::Queued)
    }

    /// The session that lives, or is about to.
    pub fn session(&self) -> Option<&Session> {
        match &self.phase {
            Phase::Starting { session, .. } | Phase::Running { session, .. } => Some(session),
            Phase::Queued | Phase::Judging | Phase::Stepping { .. } => None,
        }
    }
}

/// Why the host ends a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "cause")]
pub enum StopCause {
    /// Its time limit passed.
    Timeout,
    /// Somebody asked: `api`, `cli`, `signal`, or `overlap` when a newer run replaces it.
    Asked { by: String },
}

/// Why a run was not started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "reason")]
pub enum SkipReason {
    Disabled,
    /// Another run of the same job has not ended.
    Overlap,
    /// This due time already has its run.
    AlreadyRan,
    /// A guard said no; what it said.
    Denied {
        detail: String,
    },
    /// Somebody stopped it before it began.
    Stopped {
        by: String,
    },
}

impl SkipReason {
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Overlap => "overlap",
            Self::AlreadyRan => "already-ran",
            Self::Denied { .. } => "denied",
            Self::Stopped { .. } => "stopped",
        }
    }
}

/// How a run ended. The one table that run, job and session read their results from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
pub enum Outcome {
    Succeeded,
    /// The execute type said so, or the command was not started.
    Failed {
        cause: String,
    },
    TimedOut,
    Stopped {
        by: String,
    },
    /// No trace of how it ended, after a crash or a reboot.
    Lost,
    /// A plugin failed, or asks for a person. `cause` begins with the plugin's name.
    NeedsAttention {
        cause: String,
    },
}

impl Outcome {
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed { .. } => "failed",
            Self::TimedOut => "timed-out",
            Self::Stopped { .. } => "stopped",
            Self::Lost => "lost",
            Self::NeedsAttention { .. } => "needs-attention",
        }
    }

    pub fn last_result(&self) -> LastResult {
        match self {
            Self::Succeeded => LastResult::Success,
            Self::TimedOut => LastResult::Timeout,
            Self::Failed { .. } | Self::Stopped { .. } | Self::Lost | Self::NeedsAttention { .. } => {
                LastResult::Failure
            }
        }
    }

    /// `None` leaves the session's status as it is.
    pub fn session_status(&self) -> Option<SessionStatus> {
        match self {
            Self::Succeeded => Some(SessionStatus::Completed),
            Self::Failed { .. } | Self::Lost => Some(SessionStatus::Error),
            Self::TimedOut | Self::Stopped { .. } => Some(SessionStatus::Killed),
            Self::NeedsAttention { .. } => None,
        }
    }

    /// One sentence for people.
    pub fn sentence(&self) -> String {
        match self {
            Self::Succeeded => "succeeded".into(),
            Self::Failed { cause } => format!("failed: {cause}"),
            Self::TimedOut => "stopped at its time limit".into(),
            Self::Stopped { by } => format!("stopped by {by}"),
            Self::Lost => "lost: it was started, and left no trace of its end".into(),
            Self::NeedsAttention { cause } => format!("needs attention: {cause}"),
        }
    }
}

/// All that is kept of a run, open or ended: what `/runs/:id` shows.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRecord {
    pub id: RunId,
    pub slug: JobSlug,
    pub trigger: Trigger,
    pub request: RunRequest,
    pub status: RunStatus,
    pub requested_at: Timestamp,
    /// When its command was launched.
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// The newest session of the run.
    pub session: Option<Session>,
    pub stopping: Option<StopCause>,
    pub skipped: Option<SkipReason>,
    pub outcome: Option<Outcome>,
    pub end: Option<End>,
}

/// How far a run is, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    Queued,
    /// The guards are asked.
    Judging,
    /// The execute type is asked.
    Stepping,
    Starting,
    Running,
    Finished,
    Skipped,
}

impl RunStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Judging => "judging",
            Self::Stepping => "stepping",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Skipped => "skipped",
        }
    }
}
