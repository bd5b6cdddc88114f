//! What guards decided: `POST /guards/check`, `GET /guards/decisions`, and the lines of the decisions' log.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// What would be done. Nothing of it is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GuardCheckRequest {
    /// `Bash` unless it is said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tool: Option<String>,
    /// A shell command; the same as `input` with the one key `command`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub command: Option<String>,
    /// What the tool would be given.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub input: Option<Value>,
    /// Where it would happen; the project's folder unless it is said.
    #[schema(pattern = "^/")]
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cwd: Option<String>,
    /// Nobody is there to answer a question.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub unattended: Option<bool>,
}

/// One decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GuardDecision {
    /// RFC 3339.
    pub at: String,
    /// What asked: `pre-tool-use`, `post-tool-use`, `check`, `process` (a command of a plugin, which `tool` names).
    pub event: String,
    pub tool: String,
    /// The command, or what the tool was given; cut, and without secrets.
    pub subject: String,
    /// `pass`, `ask` or `deny`.
    pub answer: String,
    pub findings: Vec<GuardFinding>,
    pub guards: Vec<GuardTime>,
    /// The item that a person may approve, or that was used up.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub approval: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub session: Option<String>,
    pub unattended: bool,
    /// All of it, in microseconds.
    pub took_us: u64,
}

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GuardFinding {
    /// The guard and its rule: `guard-command/rm-outside-project`.
    pub rule: String,
    /// What the guard wanted.
    pub answer: String,
    pub severity: String,
    pub detail: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub remedy: Option<String>,
    /// Why it does not count: `allowed`, `shadow`, `level`, `approved`; absent where it does.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub set_aside: Option<String>,
}

/// How long one guard took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GuardTime {
    pub id: String,
    pub took_us: u64,
}

/// The newest decisions, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GuardDecisions {
    pub decisions: Vec<GuardDecision>,
}
