//! Jobs and what becomes of them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{Pause, Run, Scheduler};

/// `GET /jobs`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Jobs {
    /// In the order of the jobs file.
    pub jobs: Vec<Job>,
    /// The waiting runs, next first.
    pub queue: Vec<QueuedRun>,
    /// What is wrong with the jobs file.
    pub problems: Vec<JobProblem>,
    pub scheduler: Scheduler,
}

/// One job: the object of the jobs file with its unknown keys, and its state. `GET /jobs/{slug}`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Job {
    /// `priority`, `model` and `enabled` are always there.
    #[serde(flatten)]
    #[schema(value_type = JobDefinition)]
    pub definition: Map<String, Value>,
    pub state: JobState,
}

/// What the object of each job has for certain; other keys stand as in the jobs file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobDefinition {
    pub slug: String,
    pub name: String,
    /// Five fields, or a nickname such as `@daily`.
    pub schedule: String,
    /// The IANA name of the zone that the schedule is read in, where the job names one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub timezone: Option<String>,
    /// Its `type` says which plugin executes the job; the other keys are for that plugin.
    pub execute: Map<String, Value>,
    /// `critical`, `high`, `normal` or `low`.
    pub priority: String,
    /// `opus`, `sonnet` or `haiku`.
    pub model: String,
    pub enabled: bool,
}

/// What a job has been through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobState {
    pub slug: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(format = DateTime)]
    pub last_run: Option<String>,
    /// `pending`, `success`, `failure` or `timeout`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_result: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_error: Option<String>,
    /// The notes that a run left for the next one: claims, not facts.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_handoff: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(format = DateTime)]
    pub next_scheduled: Option<String>,
    pub consecutive_failures: u32,
    /// When a run that failed is tried again.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(format = DateTime)]
    pub retry_at: Option<String>,
    /// The job's own pause; it fires nothing by itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub paused: Option<Pause>,
    /// What is proposed for its schedule, and what it runs by where that is not the schedule of the jobs file.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tuning: Option<JobTuning>,
}

/// What the work of its runs says of a job's schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobTuning {
    /// Waits for somebody to take or refuse it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub proposed: Option<JobPace>,
    /// The job runs by this.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub applied: Option<JobPace>,
}

/// Another schedule than that of the jobs file, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobPace {
    pub schedule: String,
    /// A sentence for people.
    pub reason: String,
    #[schema(format = DateTime)]
    pub at: String,
    /// Who took it: `auto-tune` or `api`; absent of a proposal.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub by: Option<String>,
}

/// The body of `POST /jobs/{slug}/tune`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TuneRequest {
    pub action: TuneAction,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TuneAction {
    /// Run by what is proposed.
    Take,
    /// Never propose that again.
    Refuse,
    /// Run by the schedule of the jobs file again.
    Reset,
}

/// The body of `POST /jobs/{slug}/rename`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobRenameRequest {
    /// The new name.
    #[schema(pattern = "^(?!(?:__proto__|constructor|prototype)$)[A-Za-z0-9_-]{1,100}$")]
    pub slug: String,
}

/// A run that waits for a free place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueuedRun {
    pub slug: String,
    pub reason: String,
    #[schema(format = DateTime)]
    pub queued_at: String,
    pub run_id: String,
}

/// One thing that is wrong with the jobs file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobProblem {
    /// The place in the file; absent when the file itself is the problem.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub slug: Option<String>,
    /// The key that is wrong.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub field: Option<String>,
    pub message: String,
}

/// The body of `POST /jobs`: the object as it is to stand in the jobs file. Its fields are those of `GET /schemas/jobs`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobAddRequest {
    #[serde(flatten)]
    pub definition: Map<String, Value>,
}

/// The body of `PATCH /jobs/{slug}`: the keys to set; `null` takes one away, and an object changes the one that is
/// there, as in RFC 7396.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobChangeRequest {
    #[serde(flatten)]
    pub patch: Map<String, Value>,
}

/// The answer to `POST /jobs`, `PATCH /jobs/{slug}` and `DELETE /jobs/{slug}`: the jobs file says so now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobChanged {
    /// False when the file said so already.
    pub changed: bool,
    /// The server has taken the file. Without that it goes on with the jobs that it had.
    pub live: bool,
    /// Why it has not.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// The job as the file has it; after a removal, as the file had it.
    #[schema(value_type = Object)]
    pub job: Map<String, Value>,
}

/// The body of `POST /jobs/{slug}/trigger`; it may be absent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct TriggerRequest {
    /// Shown with the run, cut at 500 characters; `manual` when absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// Also when the job is disabled or paused.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub force: Option<bool>,
}

/// The answer to a trigger: the run is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TriggerAnswer {
    pub slug: String,
    pub result: TriggerResult,
    pub run_id: String,
    /// Why it was skipped.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TriggerResult {
    Triggered,
    Queued,
    Skipped,
}

/// The answer to `POST /jobs/reload`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReloadAnswer {
    /// The file was taken, and nothing in it is wrong.
    pub ok: bool,
    /// The jobs that stand now.
    pub jobs: usize,
    pub enabled: usize,
    pub problems: Vec<JobProblem>,
    /// The file was not taken: the last good set of jobs stands.
    pub refused: bool,
}

/// `GET /jobs/{slug}/runs`, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JobRuns {
    pub slug: String,
    pub runs: Vec<Run>,
}
