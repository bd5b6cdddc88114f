//! What travels over the HTTP API: request and response shapes, and the paths they belong to.
//!
//! Nothing in here does anything: the server fills these shapes and the CLI reads them. Times are RFC 3339
//! in UTC with milliseconds; an optional field that is unset is left out, never `null`. A shape that callers send is
//! called `…Request`, and takes `null` for unset where its schema does not say `nullable = false`. The derived schemas
//! make `/openapi.json`.

mod attention;
mod conversations;
mod error;
mod events;
mod guards;
mod host;
mod jobs;
pub mod paths;
mod plugins;
mod quota;
mod runs;
mod sessions;
mod skip_ledger;
mod socket;

pub use attention::{
    AttentionChange, AttentionItem, AttentionItems, AttentionPriority, AttentionRequest, AttentionStatus,
};
pub use conversations::{
    Conversation, Conversations, FoundMessages, InboundKept, InboundTaken, LoggedMessage, MessageLogStats, PairRequest,
    PairingCode, Replied, ReplyRequest, Topic, TopicMessages, TopicOpened, TopicReplied, TopicReplyRequest,
    TopicRequest, Topics,
};
pub use error::ErrorBody;
pub use events::{Event, StreamedEvent};
pub use guards::{GuardCheckRequest, GuardDecision, GuardDecisions, GuardFinding, GuardTime};
pub use host::{
    FailingJob, Health, HealthDetail, HealthStatus, JobCounts, ListedSession, Memory, Pause, PauseRequest, Scheduler,
    SessionCounts, SessionSummary, Status, SystemMemory,
};
pub use jobs::{
    Job, JobAddRequest, JobChangeRequest, JobChanged, JobDefinition, JobPace, JobProblem, JobRenameRequest, JobRuns,
    JobState, JobTuning, Jobs, QueuedRun, ReloadAnswer, TriggerAnswer, TriggerRequest, TriggerResult, TuneAction,
    TuneRequest,
};
pub use plugins::{
    InstalledPlugin, ListeningFault, Plugin, PluginConfig, PluginInstallRequest, PluginLogs, PluginProblem,
    PluginQuarantine, PluginRights, PluginSecret, PluginSecretRequest, PluginSecrets, PluginShadow,
    PluginShadowDifference, PluginShadowFinding, PluginShadowRequest, PluginShadowSaid, PluginStats, PluginSwitched,
    PluginUpgradeRequest, Plugins,
};
pub use quota::{Quota, QuotaAccount, QuotaRequest};
pub use runs::{GateEnd, Run, RunOpinion, RunSession, RunStopped, RunStory, Runs, Trigger, Usage};
pub use sessions::{
    Done, InputRequest, Killed, ResumeRequest, Session, SessionOutput, SpawnRequest, TmuxSession, TmuxSessions,
};
pub use skip_ledger::{
    JobWorkloads, SkipEvent, SkipLedger, SkipSummary, Workload, WorkloadAnswer, WorkloadRequest, WorkloadTrend,
    Workloads,
};
pub use socket::{SocketMessage, SocketSession};
