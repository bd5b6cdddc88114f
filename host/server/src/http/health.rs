//! How the host is: for monitors, for people, and for the CLI.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::{Extension, Json};
use instar_api::paths;
use instar_api::{
    FailingJob, Health, HealthDetail, HealthStatus, JobCounts, ListedSession, Memory, SessionCounts, SessionSummary,
    Status, SystemMemory,
};
use instar_core::id::JobSlug;
use instar_core::state::State as HostState;

use super::App;
use super::auth::Caller;
use super::view;
use crate::machine_memory::MachineMemory;

/// From here on so many failures in a row, over all jobs, are more than bad luck.
const DEGRADED_FAILURES: u64 = 5;

/// Shows whether the host is well: to everybody in short, with the token in full.
#[utoipa::path(
    get, path = paths::HEALTH, operation_id = "health",
    security((), ("token" = [])),
    responses((status = 200, body = Health)),
)]
pub(super) async fn health(State(app): State<Arc<App>>, Extension(caller): Extension<Caller>) -> Json<Health> {
    let uptime = app.started.elapsed();
    let detail = app.health.detail(&app);
    let is_full = detail.sessions.current >= detail.sessions.max;
    let is_failing = detail.consecutive_job_failures >= DEGRADED_FAILURES;
    Json(Health {
        status: if is_full || is_failing { HealthStatus::Degraded } else { HealthStatus::Ok },
        uptime: u64::try_from(uptime.as_millis()).unwrap_or(u64::MAX),
        uptime_human: human(uptime),
        detail: (caller == Caller::Trusted).then(|| HealthDetail::clone(&detail)),
    })
}

/// The detail is made anew when something happened, and once a second for the memory; monitors ask far more often.
#[derive(Debug, Default)]
pub(crate) struct KeptHealth(Mutex<Option<Kept>>);

#[derive(Debug)]
struct Kept {
    seq: i64,
    made: Instant,
    detail: Arc<HealthDetail>,
}

const LONGEST_KEPT: Duration = Duration::from_secs(1);

impl KeptHealth {
    fn detail(&self, app: &App) -> Arc<HealthDetail> {
        let seq = app.engine.view().last_seq();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = kept.as_ref().filter(|kept| kept.seq == seq && kept.made.elapsed() < LONGEST_KEPT) {
            return kept.detail.clone();
        }
        let detail = Arc::new(detail(app));
        *kept = Some(Kept { seq, made: Instant::now(), detail: detail.clone() });
        detail
    }
}

fn detail(app: &App) -> HealthDetail {
    let view = app.engine.view();
    let state = view.state();
    let jobs = job_counts(state);
    HealthDetail {
        version: app.version.clone(),
        project: app.project_name.clone(),
        sessions: SessionCounts { current: view.live_sessions().count(), max: state.limits.max_sessions },
        scheduler_running: state.limits.scheduling,
        consecutive_job_failures: jobs.failing.iter().map(|job| u64::from(job.failures)).sum(),
        memory: memory(),
        system_memory: MachineMemory::read().map(system_memory),
        jobs,
    }
}

fn job_counts(state: &HostState) -> JobCounts {
    let failing = state.jobs().filter_map(|entry| {
        let slug = &entry.job.slug;
        let job_state = state.job_state(slug).filter(|job_state| job_state.consecutive_failures > 0)?;
        let failures = job_state.consecutive_failures;
        Some(FailingJob { slug: slug.to_string(), failures, last_error: job_state.last_error.clone() })
    });
    JobCounts {
        total: state.jobs().count(),
        enabled: state.jobs().filter(|entry| entry.job.enabled).count(),
        failing: failing.collect(),
    }
}

/// Shows what is under way.
#[utoipa::path(
    get, path = paths::STATUS, operation_id = "status",
    responses((status = 200, body = Status)),
)]
pub(super) async fn status(State(app): State<Arc<App>>) -> Json<Status> {
    let view = app.engine.view();
    let list: Vec<_> = view
        .live_sessions()
        .map(|session| ListedSession {
            id: session.id.to_string(),
            name: session.name.to_string(),
            job_slug: session.job.as_ref().map(JobSlug::to_string),
        })
        .collect();
    let sessions = SessionSummary { running: list.len(), max: view.state().limits.max_sessions, list };
    Json(Status { sessions, scheduler: view::scheduler(view.state()) })
}

/// The two largest units.
fn human(uptime: Duration) -> String {
    let seconds = uptime.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, minutes) => format!("{minutes}m {}s", seconds % 60),
        (0, hours, minutes) => format!("{hours}h {minutes}m"),
        (days, hours, _) => format!("{days}d {hours}h"),
    }
}

fn memory() -> Option<Memory> {
    resident_bytes().map(|bytes| Memory { rss: bytes.div_ceil(1024 * 1024) })
}

fn system_memory(memory: MachineMemory) -> SystemMemory {
    let one_decimal = |value: f64| (value * 10.0).round() / 10.0;
    SystemMemory {
        total_gb: one_decimal(memory.total_gb()),
        free_gb: one_decimal(memory.available_gb()),
        used_percent: one_decimal(memory.used_percent()),
    }
}

/// What this process keeps in memory; the kernel says it on Linux only.
pub(super) fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim_end().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_uptime_shows_its_two_largest_units() {
        for (seconds, expected) in [
            (0, "0s"),
            (5, "5s"),
            (60, "1m 0s"),
            (90, "1m 30s"),
            (3600, "1h 0m"),
            (86_399, "23h 59m"),
            (2 * 86_400 + 2 * 3600 + 59, "2d 2h"),
        ] {
            assert_eq!(human(Duration::from_secs(seconds)), expected);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_takes_some_memory() {
        assert!(memory().is_some_and(|memory| memory.rss > 0));
    }
}
