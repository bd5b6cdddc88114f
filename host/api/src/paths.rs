//! The paths of the API. Identities are letters, digits, `-` and `_` only, so that nothing needs escaping.

pub const HEALTH: &str = "/health";
pub const STATUS: &str = "/status";
pub const JOBS: &str = "/jobs";
pub const JOBS_RELOAD: &str = "/jobs/reload";
pub const JOB: &str = "/jobs/{slug}";
pub const JOB_TRIGGER: &str = "/jobs/{slug}/trigger";
pub const JOB_PAUSE: &str = "/jobs/{slug}/pause";
pub const JOB_RESUME: &str = "/jobs/{slug}/resume";
pub const JOB_TUNE: &str = "/jobs/{slug}/tune";
pub const JOB_RENAME: &str = "/jobs/{slug}/rename";
pub const JOB_RUNS: &str = "/jobs/{slug}/runs";
pub const SCHEDULER_STATUS: &str = "/scheduler/status";
pub const SCHEDULER_PAUSE: &str = "/scheduler/pause";
pub const SCHEDULER_RESUME: &str = "/scheduler/resume";
/// The JSON Schema of the jobs file.
pub const JOBS_SCHEMA: &str = "/schemas/jobs";
pub const RUNS: &str = "/runs";
pub const RUN: &str = "/runs/{id}";
pub const SESSIONS: &str = "/sessions";
pub const SESSIONS_TMUX: &str = "/sessions/tmux";
pub const SESSIONS_SPAWN: &str = "/sessions/spawn";
pub const SESSION: &str = "/sessions/{name}";
pub const SESSION_OUTPUT: &str = "/sessions/{name}/output";
pub const SESSION_INPUT: &str = "/sessions/{name}/input";
pub const SESSION_RESUME: &str = "/sessions/{name}/resume";
pub const EVENTS: &str = "/events";
pub const EVENTS_STREAM: &str = "/events/stream";
pub const ATTENTION: &str = "/attention";
/// The id is percent-encoded: it may hold anything.
pub const ATTENTION_ITEM: &str = "/attention/{item}";
pub const QUOTA: &str = "/quota";
pub const SKIP_LEDGER: &str = "/skip-ledger";
pub const SKIP_LEDGER_WORKLOADS: &str = "/skip-ledger/workloads";
pub const SKIP_LEDGER_WORKLOAD: &str = "/skip-ledger/workload";
/// Text, for Prometheus.
pub const METRICS: &str = "/metrics";
/// A WebSocket.
pub const WS: &str = "/ws";
pub const PLUGINS: &str = "/plugins";
pub const PLUGIN: &str = "/plugins/{plugin}";
pub const PLUGIN_STATS: &str = "/plugins/{plugin}/stats";
pub const PLUGINS_INSTALL: &str = "/plugins/install";
pub const PLUGIN_GRANT: &str = "/plugins/{plugin}/grant";
pub const PLUGIN_REVOKE: &str = "/plugins/{plugin}/revoke";
pub const PLUGIN_ENABLE: &str = "/plugins/{plugin}/enable";
pub const PLUGIN_DISABLE: &str = "/plugins/{plugin}/disable";
pub const PLUGIN_UPGRADE: &str = "/plugins/{plugin}/upgrade";
pub const PLUGIN_ROLLBACK: &str = "/plugins/{plugin}/rollback";
pub const PLUGIN_CONFIG: &str = "/plugins/{plugin}/config";
pub const PLUGIN_SECRETS: &str = "/plugins/{plugin}/secrets";
pub const PLUGIN_SECRET: &str = "/plugins/{plugin}/secrets/{slot}";
pub const PLUGIN_SHADOW: &str = "/plugins/{plugin}/shadow";
pub const PLUGIN_LOGS: &str = "/plugins/{plugin}/logs";
/// What this API is, as an OpenAPI document.
pub const OPENAPI: &str = "/openapi.json";
pub const GUARDS_CHECK: &str = "/guards/check";
pub const GUARDS_DECISIONS: &str = "/guards/decisions";

pub const TELEGRAM_TOPICS: &str = "/telegram/topics";
pub const TELEGRAM_REPLY: &str = "/telegram/reply/{topicId}";
pub const TELEGRAM_MESSAGES: &str = "/telegram/topics/{topicId}/messages";
pub const TELEGRAM_SEARCH: &str = "/telegram/search";
pub const TELEGRAM_LOG_STATS: &str = "/telegram/log-stats";
/// What the lifeline calls.
pub const INTERNAL_INBOUND: &str = "/internal/inbound";
pub const CONVERSATIONS: &str = "/conversations";
pub const CONVERSATIONS_REPLY: &str = "/conversations/reply";
pub const CONVERSATIONS_PAIR: &str = "/conversations/pair";

pub fn job(slug: &str) -> String {
    format!("/jobs/{slug}")
}

pub fn job_trigger(slug: &str) -> String {
    format!("/jobs/{slug}/trigger")
}

pub fn job_pause(slug: &str) -> String {
    format!("/jobs/{slug}/pause")
}

pub fn job_resume(slug: &str) -> String {
    format!("/jobs/{slug}/resume")
}

pub fn job_tune(slug: &str) -> String {
    format!("/jobs/{slug}/tune")
}

pub fn job_rename(slug: &str) -> String {
    format!("/jobs/{slug}/rename")
}

pub fn job_runs(slug: &str) -> String {
    format!("/jobs/{slug}/runs")
}

pub fn run(id: &str) -> String {
    format!("/runs/{id}")
}

/// `name`: the name of the session, its id, or its tmux name.
pub fn session(name: &str) -> String {
    format!("/sessions/{name}")
}

pub fn session_output(name: &str) -> String {
    format!("/sessions/{name}/output")
}

pub fn session_input(name: &str) -> String {
    format!("/sessions/{name}/input")
}

pub fn session_resume(name: &str) -> String {
    format!("/sessions/{name}/resume")
}
