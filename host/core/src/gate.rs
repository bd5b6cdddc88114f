//! A gate: a command that says before a run whether there is anything to do.

use serde::{Deserialize, Serialize};

/// What a gate said, and what it printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GateEnd {
    #[serde(flatten)]
    pub answer: GateAnswer,
    pub duration_ms: u64,
    /// The last of what it printed, 4 KiB at most.
    pub output: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "answer")]
pub enum GateAnswer {
    Go,
    /// There is nothing to do.
    Nothing,
    /// It did not answer, or not in words that are known; why.
    Error {
        cause: String,
    },
}

impl GateAnswer {
    /// What an exit status says.
    pub fn of_status(status: i32) -> Self {
        match status {
            0 => Self::Go,
            1 => Self::Nothing,
            status => Self::Error { cause: format!("exit status {status}") },
        }
    }

    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Go => "go",
            Self::Nothing => "nothing",
            Self::Error { .. } => "error",
        }
    }

    pub fn cause(&self) -> Option<&str> {
        match self {
            Self::Go | Self::Nothing => None,
            Self::Error { cause } => Some(cause),
        }
    }
}
