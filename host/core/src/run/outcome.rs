//! How runs end, and why some never begin.

use serde::{Deserialize, Serialize};

use crate::job::LastResult;
use crate::session::SessionStatus;

/// Why the host ends a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "cause")]
pub enum StopCause {
    /// Its time limit passed.
    Timeout,
    /// It talks with people, and nobody has spoken for as long as is allowed.
    Idle,
    /// The execute type said that it is over while its session lives.
    Judged { outcome: Box<Outcome> },
    /// Somebody asked: `api`, `cli`, `signal`, or `overlap` when a newer run replaces it.
    Asked { by: String },
}

/// Why a run was not started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "reason")]
pub enum SkipReason {
    Disabled,
    /// The job, or the scheduler, is paused.
    Paused,
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
    /// Its gate says that there is nothing to do.
    NothingToDo,
    /// Too much of the agent's quota is used for a run of its priority.
    Quota {
        detail: String,
    },
    /// The memory of the machine is too full for a run of its priority.
    Memory {
        detail: String,
    },
    /// What may be taken in a day is used up.
    Budget {
        detail: String,
    },
}

impl SkipReason {
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Paused => "paused",
            Self::Overlap => "overlap",
            Self::AlreadyRan => "already-ran",
            Self::Denied { .. } => "denied",
            Self::Stopped { .. } => "stopped",
            Self::NothingToDo => "nothing-to-do",
            Self::Quota { .. } => "quota",
            Self::Memory { .. } => "memory",
            Self::Budget { .. } => "budget",
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
