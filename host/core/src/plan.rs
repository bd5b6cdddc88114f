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
    /// The command prints one JSON object, and people are shown only the text in this field of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<String>,
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
    /// A terminal of its own, for programs that draw on a screen and talk with people.
    Terminal(Marks),
}

/// How to tell by its screen what a program is doing: regular expressions, looked for in each line of the screen.
///
/// `asking` wins over `busy`, and that over `ready`. Without marks a program waits whenever its screen is at rest.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Marks {
    /// It waits at its prompt.
    pub ready: Vec<String>,
    /// It works, even if its prompt can be seen.
    pub busy: Vec<String>,
    /// It asks a person something, and would take a message for the answer.
    pub asking: Vec<String>,
}

/// What a run of an execute type would begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beginning {
    Launch(Launch),
    /// No command: its plugin works itself. What it would do, in one sentence.
    Work(String),
}

/// What an execute type wants done next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    Launch(Launch),
    /// A sentence on how far the run is.
    Progress(String),
    /// A message to be typed when the program waits, behind earlier ones.
    SendText(String),
    NoteUsage(Usage),
    /// To be asked again after so many milliseconds; no process waits meanwhile.
    Wait(u64),
    /// To be asked again once what was answered is recorded: another execute type has its turn.
    HandOver,
    Finish {
        verdict: FinishVerdict,
        message: String,
    },
}

/// What a run took, as far as its program told.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Usage {
    /// How the agent names its conversation, so that it can be taken up again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_session: Option<String>,
    /// The model that really answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Tokens that the model read, cached ones included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<u64>,
    /// Tokens that the model wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u64>,
    /// Millionths of a US dollar.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_micro_usd: Option<u64>,
}

impl Usage {
    /// Takes over what `later` knows.
    pub fn update(&mut self, later: Self) {
        self.agent_session = later.agent_session.or(self.agent_session.take());
        self.model = later.model.or(self.model.take());
        self.input_tokens = later.input_tokens.or(self.input_tokens);
        self.output_tokens = later.output_tokens.or(self.output_tokens);
        self.cost_micro_usd = later.cost_micro_usd.or(self.cost_micro_usd);
    }
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
    /// The launched program waits at its prompt: it has come up, or has answered.
    Ready,
    /// The wait that it asked for is over.
    Woke,
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
    /// The JSON object that the command printed, without the field that people were shown; 64 KiB at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
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
