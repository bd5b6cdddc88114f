//! What travels over the HTTP API: request and response shapes, and the paths they belong to.
//!
//! Nothing in here does anything: the server fills these shapes and the CLI reads them. Times are RFC 3339
//! in UTC with milliseconds; an optional field that is unset is left out, never `null`.

mod error;
mod events;
mod guards;
mod host;
mod jobs;
pub mod paths;
mod plugins;
mod runs;
mod sessions;
mod socket;

pub use error::ErrorBody;
pub use events::Event;
pub use guards::{GuardCheck, GuardDecision, GuardDecisions, GuardFinding, GuardTime};
pub use host::{
    FailingJob, Health, HealthDetail, HealthStatus, JobCounts, ListedSession, Memory, Scheduler, SessionCounts,
    SessionSummary, Status,
};
pub use jobs::{
    Job, JobProblem, JobRuns, JobState, Jobs, QueuedRun, ReloadAnswer, TriggerAnswer, TriggerRequest, TriggerResult,
};
pub use plugins::{Plugin, PluginProblem, Plugins};
pub use runs::{Run, Runs, Trigger};
pub use sessions::{Done, InputRequest, Killed, Session, SessionOutput, TmuxSession, TmuxSessions};
pub use socket::{SocketMessage, SocketSession};
