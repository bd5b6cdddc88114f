//! What an execute type asks for: a launch, and how it judges the end of one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A command to be started in a session. Described by a plugin, carried out by the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Launch {
    /// Program and arguments; the program is looked up on the PATH of the session.
    pub argv: Vec<String>,
    /// Added to the environment that the host's allow-list lets through.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Relative to the project; `None` is the project itself.
    #[serde(default)]
    pub cwd: Option<String>,
    pub stdin: Stdin,
}

/// Where the command reads from, and with it what it prints to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stdin {
    /// These bytes and then the end: such a session takes no input from people.
    Bytes(Vec<u8>),
    /// What people type into the session, so that a question of the command can be answered. Its output is captured
    /// by a pipe, as under cron: nothing waits in a pager.
    Typed,
    /// The same, and its output goes to a terminal too: for programs that draw on a screen.
    Terminal,
}

/// What an execute type wants done next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    Launch(Launch),
    /// A sentence on how far the run is.
    Progress(String),
    Finish {
        verdict: FinishVerdict,
        message: String,
    },
}

/// How an execute type judges a run whose command ended by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FinishVerdict {
    Succeeded,
    Failed,
    /// A person has to look.
    NeedsAttention,
}

/// What happened to a run, told to its execute type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum StepEvent {
    /// The run was admitted; the job's `execute` object and model.
    Requested(StepRequest),
    /// The launched command ended.
    Exited(End),
}

/// What a job asks of its execute type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRequest {
    /// The job's `execute` object as JSON, `type` included.
    pub execute_json: String,
    pub model: String,
    /// How the step before ended, when this is a step of a longer run.
    #[serde(default)]
    pub previous: Option<End>,
}

/// What one step of an execute type answers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StepResult {
    /// Kept by the host beside the run and handed to the next step.
    pub state: Vec<u8>,
    pub actions: Vec<Action>,
}

/// How a launched command ended: facts that the host stamps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    pub cause: EndCause,
    /// Milliseconds from the start of the command to its end.
    pub duration_ms: u64,
    /// The last lines of the output, 4 KiB at most.
    pub tail: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndCause {
    /// The command ended by itself with this status.
    Exit(i32),
    /// A signal that the host did not send ended it.
    Signal(String),
    /// The host stopped it; why is known to the run.
    Killed,
    /// The command could not be started; the reason.
    NotStarted(String),
    /// Started, gone, and no trace of how.
    Lost,
}
