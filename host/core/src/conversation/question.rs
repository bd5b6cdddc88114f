//! What guards ask of people who are not at the terminal.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

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
        format!(
            "A guard asks before `{}` does this in `{}`:\n\n```\n{}\n```\n\n{rules}. Number `{}`.",
            self.tool, self.cwd, self.subject, self.id
        )
    }
}
