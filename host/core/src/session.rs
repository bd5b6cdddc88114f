//! A session: one command in tmux, watched from start to end.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{JobSlug, RunId, SessionId, SessionName};

/// Where a session is in its life, as API and CLI show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SessionStatus {
    Starting,
    Running,
    Idle,
    Completed,
    Error,
    Killed,
}

impl SessionStatus {
    pub const ALL: [Self; 6] = [Self::Starting, Self::Running, Self::Idle, Self::Completed, Self::Error, Self::Killed];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Idle => "idle",
            Self::Completed => "completed",
            Self::Error => "error",
            Self::Killed => "killed",
        }
    }

    /// `failed` is what the predecessor called `error`.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "failed" {
            return Some(Self::Error);
        }
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    pub fn is_live(self) -> bool {
        match self {
            Self::Starting | Self::Running | Self::Idle => true,
            Self::Completed | Self::Error | Self::Killed => false,
        }
    }
}

/// What is known of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub id: SessionId,
    pub name: SessionName,
    pub run: RunId,
    /// The job that it works for, if any.
    pub job: Option<JobSlug>,
    pub model: String,
    /// `scheduler:<reason>`, as the predecessor wrote it.
    pub triggered_by: String,
    /// False when the command reads its standard input from the launch.
    pub takes_input: bool,
    /// It has a terminal, and talks with people.
    pub interactive: bool,
    /// What its program asks of a person, so that it takes no messages.
    pub question: Option<String>,
    pub status: SessionStatus,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}
