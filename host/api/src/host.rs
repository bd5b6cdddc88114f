//! How the host is: `GET /health` and `GET /status`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `GET /health`. Without a token it shows the first three fields only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    pub status: HealthStatus,
    /// In milliseconds.
    pub uptime: u64,
    /// The two largest units, such as `1m 30s`.
    pub uptime_human: String,
    #[serde(flatten, skip_serializing_if = "Option::is_none", default)]
    pub detail: Option<HealthDetail>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum HealthStatus {
    Ok,
    /// No session is free, or jobs fail again and again.
    Degraded,
}

/// What a caller with the token sees beside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HealthDetail {
    pub version: String,
    pub project: String,
    pub sessions: SessionCounts,
    /// Whether jobs fire by themselves.
    pub scheduler_running: bool,
    /// The sum over all jobs.
    pub consecutive_job_failures: u64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub memory: Option<Memory>,
    /// Of the machine; absent where the system does not say.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub system_memory: Option<SystemMemory>,
    pub jobs: JobCounts,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionCounts {
    pub current: usize,
    pub max: usize,
}

/// Of the host itself, in MB.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Memory {
    pub rss: u64,
}

/// With one decimal each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SystemMemory {
    #[serde(rename = "totalGB")]
    pub total_gb: f64,
    /// What programs could still get.
    #[serde(rename = "freeGB")]
    pub free_gb: f64,
    pub used_percent: f64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobCounts {
    pub total: usize,
    pub enabled: usize,
    pub failing: Vec<FailingJob>,
}

/// A job whose last runs failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FailingJob {
    pub slug: String,
    pub failures: u32,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_error: Option<String>,
}

/// `GET /status`: what is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Status {
    pub sessions: SessionSummary,
    pub scheduler: Scheduler,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionSummary {
    pub running: usize,
    pub max: usize,
    pub list: Vec<ListedSession>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListedSession {
    pub id: String,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub job_slug: Option<String>,
}

/// What the scheduler is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Scheduler {
    /// Whether jobs fire by themselves; triggers work either way.
    pub running: bool,
    pub paused: bool,
    /// Since when, and why.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pause: Option<Pause>,
    pub job_count: usize,
    pub enabled_jobs: usize,
    pub queue_length: usize,
    /// Runs between admission and end.
    pub active_job_sessions: usize,
}

/// A pause that lasts until somebody ends it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pause {
    #[schema(format = DateTime)]
    pub at: String,
    /// `api`, or `failures` of a job that failed too often.
    pub by: String,
    /// Why, in a sentence.
    pub detail: String,
}

/// The body of `POST /scheduler/pause` and `POST /jobs/{slug}/pause`; it may be absent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct PauseRequest {
    /// Shown with the pause, cut at 500 characters.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
}
