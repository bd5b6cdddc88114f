//! Pauses: a job, or the whole scheduler, fires nothing by itself until somebody resumes it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A pause that lasts. It is recorded, so that a restart does not end it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    pub at: Timestamp,
    #[serde(flatten)]
    pub cause: PauseCause,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "cause")]
pub enum PauseCause {
    /// Somebody asked: `api` or `cli`, with what they said of it.
    Asked { by: String, reason: Option<String> },
    /// The job failed so many times in a row.
    Failures { count: u32 },
    /// `scheduler.enabled` is false in the settings; it ends when that is true again.
    SwitchedOff,
}

impl Pause {
    /// A switched-off scheduler still does what it is told; a pause holds what waits, too.
    pub fn holds_runs(&self) -> bool {
        self.cause != PauseCause::SwitchedOff
    }
}

impl PauseCause {
    /// Who paused, in one word.
    pub fn by(&self) -> &str {
        match self {
            Self::Asked { by, .. } => by,
            Self::Failures { .. } => "failures",
            Self::SwitchedOff => "settings",
        }
    }

    /// Why, as a sentence for people.
    pub fn sentence(&self) -> String {
        match self {
            Self::Asked { by, reason: None } => format!("paused by {by}"),
            Self::Asked { by, reason: Some(reason) } => format!("paused by {by}: {reason}"),
            Self::Failures { count: 1 } => "paused after a failure".into(),
            Self::Failures { count } => format!("paused after {count} failures in a row"),
            Self::SwitchedOff => "switched off by `scheduler.enabled`".into(),
        }
    }
}
