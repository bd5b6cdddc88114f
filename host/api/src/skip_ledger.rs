//! What was not started and why, and what agents said of their work.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `GET /skip-ledger`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SkipLedger {
    pub since_hours: u32,
    /// By slug.
    pub summary: BTreeMap<String, SkipSummary>,
    /// Newest first; only where a job is asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub events: Option<Vec<SkipEvent>>,
    /// Of the job that is asked for, or of all.
    pub total_skips: u64,
}

/// How often one job was not started.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SkipSummary {
    pub total: u64,
    pub by_reason: BTreeMap<String, u64>,
}

/// Something that was due or asked for, and was not started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SkipEvent {
    pub slug: String,
    #[schema(format = DateTime)]
    pub timestamp: String,
    /// Such as `quota`, `overlap` or `nothing-to-do`.
    pub reason: String,
    /// The reason in a sentence, where it has one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub detail: Option<String>,
    /// The due time, of what the schedule asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(format = DateTime)]
    pub scheduled_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub run_id: Option<String>,
}

/// `GET /skip-ledger/workloads`: of the job that is asked for, or the trends of all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Workloads {
    OfJob(JobWorkloads),
    All { trends: BTreeMap<String, WorkloadTrend> },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobWorkloads {
    pub slug: String,
    pub trend: WorkloadTrend,
    /// The newest 20, newest first.
    pub recent_signals: Vec<Workload>,
}

/// What the newest ten signals of a job have in common; all zero where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkloadTrend {
    pub avg_saturation: f64,
    pub skip_fast_rate: f64,
    pub avg_duration: f64,
    pub run_count: usize,
}

/// What an agent said of its work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Workload {
    pub slug: String,
    #[schema(format = DateTime)]
    pub timestamp: String,
    /// In seconds.
    pub duration: f64,
    pub skip_fast: bool,
    pub items_found: f64,
    pub items_processed: f64,
    pub saturation: f64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub notes: Option<String>,
}

/// The body of `POST /skip-ledger/workload`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkloadRequest {
    /// The job; it need not exist any more.
    #[schema(pattern = "^(?!(?:__proto__|constructor|prototype)$)[A-Za-z0-9_-]{1,100}$")]
    pub slug: String,
    /// In seconds.
    #[schema(minimum = 0, maximum = 1e15)]
    pub duration: f64,
    #[schema(minimum = -1e15, maximum = 1e15)]
    pub items_found: f64,
    #[schema(minimum = -1e15, maximum = 1e15)]
    pub items_processed: f64,
    /// There was nothing to do, and that was seen at once.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub skip_fast: Option<bool>,
    /// How much of what was found was done, where it is not the share of the two numbers.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(minimum = -1e15, maximum = 1e15)]
    pub saturation: Option<f64>,
    /// Cut at 500 characters.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub notes: Option<String>,
}

/// The answer to `POST /skip-ledger/workload`: it is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WorkloadAnswer {
    pub recorded: bool,
    pub slug: String,
}
