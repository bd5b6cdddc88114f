//! The sections of the settings, each with its defaults.

use std::path::PathBuf;
use std::time::Duration;

use instar_core::retention::Retention;
use instar_plugin::OperatorSays;
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

/// `sessions`: how many sessions may live, and what they get.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SessionsConfig {
    /// `sessions.maxSessions`: how many may live at once, 3. At 0 every run waits.
    pub(crate) max_sessions: usize,
    /// `sessions.protectedSessions`: names of sessions that the API does not end.
    pub(crate) protected: Vec<String>,
    /// `sessions.passEnv`: variables of the host that sessions get beside the usual ones; `NAME*` for a family.
    pub(crate) pass_env: Vec<String>,
    /// `sessions.tmuxPath`: a tmux other than the one on the PATH.
    pub(crate) tmux_path: Option<PathBuf>,
    /// `sessions.defaultTimeoutMinutes`: the time limit of a run whose job names none, 240.
    pub(crate) default_timeout_ms: u64,
    /// `sessions.idleTimeoutMinutes`: how long a session that talks may wait before it is ended, 60.
    pub(crate) idle_timeout: SignedDuration,
}

impl Default for SessionsConfig {
    fn default() -> Self {
        Self {
            max_sessions: 3,
            protected: Vec::new(),
            pass_env: Vec::new(),
            tmux_path: None,
            default_timeout_ms: 240 * 60_000,
            idle_timeout: SignedDuration::from_mins(60),
        }
    }
}

/// `scheduler`: what runs by itself.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SchedulerConfig {
    /// `scheduler.enabled`: whether jobs fire by themselves, false; `init` writes true.
    pub(crate) enabled: bool,
    /// `scheduler.jobsFile`: the jobs, `.instar/jobs.json`; a relative path begins at the project.
    pub(crate) jobs_file: PathBuf,
    /// `scheduler.timezone`: the zone of jobs that name none, the machine's.
    pub(crate) timezone: Option<TimeZone>,
    /// `scheduler.maxParallelJobs`: how many runs may be under way, 2. At 0 every run waits.
    pub(crate) max_parallel_jobs: usize,
    /// `scheduler.pauseAfterFailures`: a job is paused after so many failures in a row, 0: never.
    pub(crate) pause_after_failures: u32,
}

impl SchedulerConfig {
    /// In which schedules are read whose job names no zone.
    pub(crate) fn zone(&self) -> TimeZone {
        self.timezone.clone().unwrap_or_else(TimeZone::system)
    }
}

/// `retention`: what is kept where the operator says nothing. A count or an age of 0 keeps nothing that has ended.
pub(super) const RETENTION: Retention = Retention {
    // `retention.runsDays`: ended runs with their sessions, 90.
    runs_days: 90,
    // `retention.eventsDays`: events, and deliveries that were settled, 30.
    events_days: 30,
    // `retention.outputDays`: what ended sessions printed, 14.
    output_days: 14,
    // `retention.maxRuns`: the newest so many runs, 50000.
    max_runs: 50_000,
    // `retention.maxEvents`: the newest so many events, 200000.
    max_events: 200_000,
    // `retention.maxOutputMegabytes`: the output of all sessions together, 1024.
    max_output_bytes: 1024 << 20,
    // `retention.messagesDays`: what people and agents said to each other, 365.
    messages_days: 365,
};

/// `http`: who may talk to the API beside this machine's own names.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct HttpConfig {
    /// `http.allowedHosts`: further names under which the API is reached, with or without a port.
    pub(crate) allowed_hosts: Vec<String>,
    /// `http.allowedOrigins`: web pages that may call the API, such as `https://dash.example.com`.
    pub(crate) allowed_origins: Vec<String>,
}

/// `intelligence`: a command that reads a question and prints an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct IntelligenceConfig {
    /// `intelligence.command`: program and arguments, none.
    pub(crate) command: Vec<String>,
    /// `intelligence.timeoutSeconds`: how long an answer may take, 120.
    pub(crate) timeout: Duration,
}

/// `lifeline`: how the server is looked after.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LifelineConfig {
    /// `lifeline.startSeconds`: how long a server may take to its first answer, 120.
    pub(crate) start_limit: Duration,
}

/// `telemetry.otlpEndpoint`, taken apart: a collector of traces that is reached without TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Collector {
    /// Host and port.
    pub(crate) authority: String,
    /// Where it takes spans.
    pub(crate) path: String,
}

impl Collector {
    /// `None` for what is no address of the kind `http://host:4318`.
    pub(crate) fn parse(url: &str) -> Option<Self> {
        let uri: hyper::Uri = url.parse().ok()?;
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'))?;
        if uri.scheme_str() != Some("http") || uri.query().is_some() {
            return None;
        }
        let port = authority.port_u16().unwrap_or(80);
        let path = uri.path().trim_end_matches('/');
        let path = if path.ends_with("/v1/traces") { path.to_owned() } else { format!("{path}/v1/traces") };
        Some(Self { authority: format!("{}:{port}", authority.host()), path })
    }
}

/// Whose plugins may be installed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct PluginTrust {
    /// `plugins.requireSignature`: only what a trusted key signed, false.
    pub(crate) required: bool,
    /// `plugins.trustedKeys`: public keys of authors.
    pub(crate) keys: Vec<String>,
}

/// `plugins.<id>`: the settings of one plugin.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PluginConfig {
    /// `plugins.<id>.enabled`: false leaves the plugin out, true.
    pub(crate) enabled: bool,
    /// `plugins.<id>.config`: handed to the plugin as it stands, `{}`.
    pub(crate) config: Map<String, Value>,
    /// `plugins.<id>.http.hosts`, `plugins.<id>.grants`: what it may do beyond what everybody may.
    pub(crate) operator: OperatorSays,
}

impl Default for PluginConfig {
    fn default() -> Self {
        Self { enabled: true, config: Map::new(), operator: OperatorSays::default() }
    }
}
