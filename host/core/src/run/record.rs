//! A run as it is kept and shown.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::gate::GateEnd;
use crate::id::{JobSlug, RunId};
use crate::plan::{End, Usage};
use crate::run::{Outcome, RunRequest, SkipReason, StopCause, Trigger};
use crate::session::Session;

/// All that is kept of a run, open or ended: what `/runs/:id` shows.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRecord {
    pub id: RunId,
    /// The job that it is an attempt at; a spawned session has none.
    pub slug: Option<JobSlug>,
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
    /// What its gate said.
    pub gate: Option<GateEnd>,
    pub usage: Usage,
}

/// How far a run is, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    /// Its gate is asked.
    Gating,
    Queued,
    /// The guards are asked.
    Judging,
    /// The execute type is asked.
    Stepping,
    Starting,
    Running,
    /// Its execute type is asked again later.
    Waiting,
    Finished,
    Skipped,
}

impl RunStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gating => "gating",
            Self::Queued => "queued",
            Self::Judging => "judging",
            Self::Stepping => "stepping",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Finished => "finished",
            Self::Skipped => "skipped",
        }
    }
}
