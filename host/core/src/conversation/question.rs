//! What guards ask of people who are not at the terminal.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{JobSlug, SessionName};

/// One question of a guard, bound to exactly what it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Question {
    pub id: String,
    /// Of all that it is about.
    pub hash: String,
    pub tool: String,
    pub subject: String,
    pub cwd: String,
    pub rules: Vec<String>,
    pub until: Timestamp,
    /// The job for which it would be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobSlug>,
    /// The session in which it would be done: people who talk with it are asked in their conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<SessionName>,
    /// It is about a run of that job as a whole, and no hook waits for the answer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_of_run: bool,
}

/// A question that people were shown, with what its buttons send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenQuestion {
    pub question: Question,
    pub yes: String,
    pub no: String,
    /// What somebody said to it. It is not carried out yet, and nobody can say otherwise.
    pub said: Option<Said>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Said {
    pub yes: bool,
    /// Who, as people see it.
    pub by: String,
}

impl OpenQuestion {
    /// What a button says; `None` if it is none of this question.
    pub fn pressed(&self, token: &str) -> Option<bool> {
        match token {
            _ if token == self.yes => Some(true),
            _ if token == self.no => Some(false),
            _ => None,
        }
    }
}

impl Question {
    pub fn text(&self) -> String {
        let rules = self.rules.join(", ");
        if self.is_of_run {
            return format!("{}\n\n{rules}. A yes is good for one run. Number `{}`.", self.subject, self.id);
        }
        format!(
            "A guard asks before `{}` does this in `{}`:\n\n```\n{}\n```\n\n{rules}. Number `{}`.",
            self.tool, self.cwd, self.subject, self.id
        )
    }
}
