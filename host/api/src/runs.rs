//! Runs: single attempts at jobs.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Event;

/// `GET /runs`, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Runs {
    pub runs: Vec<Run>,
}

/// A run, as lists show it.
/// The answer to the wish to end a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunStopped {
    pub run_id: String,
    /// False where it had ended before.
    pub stopping: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    pub id: String,
    /// The job that it is an attempt at; a spawned session has none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub slug: Option<String>,
    /// `gating`, `queued`, `judging`, `stepping`, `starting`, `running`, `waiting`, `finished` or `skipped`.
    pub status: String,
    pub trigger: Trigger,
    /// Which attempt it is: 1, and more for a retry.
    #[serde(default = "first_attempt")]
    pub attempt: u32,
    /// The due time, of a run that the schedule asked for, and of its retries.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(format = DateTime)]
    pub scheduled_at: Option<String>,
    #[schema(format = DateTime)]
    pub requested_at: String,
    /// When its first command was launched, or its execute type began to work itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(format = DateTime)]
    pub started_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(format = DateTime)]
    pub ended_at: Option<String>,
    /// `succeeded`, `failed`, `timed-out`, `stopped`, `lost` or `needs-attention`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub outcome: Option<String>,
    /// Why the outcome is what it is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cause: Option<String>,
    /// `success`, `failure` or `timeout`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub result: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub exit_status: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signal: Option<String>,
    /// From the start of the command to its end.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub duration_ms: Option<u64>,
    /// The last lines of the output.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tail: Option<String>,
    /// The name of its newest session.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub session: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub session_id: Option<String>,
    /// Why it was not started, in one word.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub skipped: Option<String>,
    /// The same in a sentence.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub detail: Option<String>,
    pub execute_type: String,
    pub model: String,
    pub priority: String,
    /// What it took, where the agent said so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub usage: Option<Usage>,
    /// What its gate said, if it has one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub gate: Option<GateEnd>,
}

/// What the gate of a run said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GateEnd {
    /// `go`, `nothing` or `error`.
    pub answer: String,
    /// Why it gave no answer.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cause: Option<String>,
    pub duration_ms: u64,
    /// The last of what it printed.
    pub output: String,
}

fn first_attempt() -> u32 {
    1
}

/// The whole story of a run. `GET /runs/{id}`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunStory {
    #[serde(flatten)]
    pub run: Run,
    /// What happened, oldest first; the newest 1,000 of it. Older events may have been removed.
    pub timeline: Vec<Event>,
    /// One for each command that it launched, oldest first. `GET /sessions/{name}/output` shows what one printed.
    pub sessions: Vec<RunSession>,
    /// The notes that it left for the next run of its job.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub handoff: Option<String>,
    /// What the job's supervision says of it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub supervision: Option<RunOpinion>,
}

/// A second opinion on a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunOpinion {
    /// `fine`, `doubtful`, `bad` or `not-supervised`; `pending` while nobody has answered.
    pub verdict: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
}

/// One command of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunSession {
    pub id: String,
    pub name: String,
    pub status: String,
    #[schema(format = DateTime)]
    pub started_at: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(format = DateTime)]
    pub ended_at: Option<String>,
    /// What it was given to read, cut at 64 KiB; absent where it read nothing, or a person's typing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub prompt: Option<String>,
}

/// What a run took, as far as its agent said.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// How the agent names its conversation: `instar session resume` goes on with it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub agent_session: Option<String>,
    /// The model that really answered.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub model: Option<String>,
    /// Tokens that the model read, cached ones included.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub input_tokens: Option<u64>,
    /// Tokens that the model wrote.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub output_tokens: Option<u64>,
    /// In US dollars.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cost_usd: Option<f64>,
}

/// Why a run was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Trigger {
    /// The schedule said so, for this due time.
    Scheduled {
        #[schema(format = DateTime)]
        at: String,
        /// Nobody was awake when it was due, and this run makes up for it.
        #[serde(skip_serializing_if = "std::ops::Not::not", default)]
        missed: bool,
    },
    /// The run before it ended badly, and the job wants it tried again.
    Retry { after: String, attempt: u32 },
    /// A person or an agent asked.
    Manual { reason: String, force: bool },
    /// A person or an agent wanted a session of this name.
    Spawned { name: String, by: String },
}
