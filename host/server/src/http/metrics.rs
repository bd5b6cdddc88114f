//! The host in figures, in the text format of Prometheus.
//!
//! Counters begin at 0 with each start of the server, as Prometheus expects of them.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use instar_api::paths;
use instar_core::run::{Phase, RunStatus};
use instar_engine::View;

use super::{App, health};

/// Shows the host in figures, for Prometheus.
#[utoipa::path(
    get, path = paths::METRICS, operation_id = "metrics",
    responses((status = 200, content_type = "text/plain", body = String)),
)]
pub(super) async fn show(State(app): State<Arc<App>>) -> Response {
    let mut text = of_view(&app.engine.view());
    of_process(&mut text, &app.version, app.started.elapsed(), health::resident_bytes());
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text.0).into_response()
}

fn of_view(view: &View) -> Text {
    let state = view.state();
    let mut text = Text::default();
    text.family("instar_runs_finished_total", "counter", "Runs that finished since the start, by outcome.");
    for (outcome, count) in view.counters().outcomes() {
        text.labelled("instar_runs_finished_total", "outcome", outcome, count);
    }
    text.family("instar_runs_skipped_total", "counter", "Runs that were skipped since the start, by reason.");
    for (reason, count) in view.counters().skips() {
        text.labelled("instar_runs_skipped_total", "reason", reason, count);
    }
    let mut phases: BTreeMap<&str, usize> = PHASES.map(|phase| (phase.as_str(), 0)).into();
    for run in state.open_runs() {
        *phases.entry(status_of(&run.phase).as_str()).or_default() += 1;
    }
    text.family("instar_runs_open", "gauge", "Runs that have not ended, by phase.");
    for (phase, count) in phases {
        text.labelled("instar_runs_open", "phase", phase, count);
    }
    text.gauge("instar_queue_length", "Runs that wait for a free place.", state.queue().count());
    text.gauge("instar_sessions_live", "Sessions that have not ended.", view.live_sessions().count());
    text.gauge("instar_events_seq", "The number of the newest event.", view.last_seq());
    if let Some(lag) = view.counters().last_fire_lag() {
        let help = "How long after its due time the last scheduled run was requested.";
        text.gauge("instar_scheduler_lag_seconds", help, lag.as_secs_f64());
    }
    text
}

fn of_process(text: &mut Text, version: &str, uptime: Duration, resident: Option<u64>) {
    text.family("instar_build_info", "gauge", "Which version this is.");
    text.labelled("instar_build_info", "version", version, 1);
    text.gauge("instar_uptime_seconds", "How long the server has been up.", uptime.as_secs_f64());
    if let Some(bytes) = resident {
        text.gauge("process_resident_memory_bytes", "What this process keeps in memory.", bytes);
    }
}

const PHASES: [RunStatus; 7] = [
    RunStatus::Gating,
    RunStatus::Queued,
    RunStatus::Judging,
    RunStatus::Stepping,
    RunStatus::Starting,
    RunStatus::Running,
    RunStatus::Waiting,
];

fn status_of(phase: &Phase) -> RunStatus {
    match phase {
        Phase::Gating => RunStatus::Gating,
        Phase::Queued => RunStatus::Queued,
        Phase::Judging => RunStatus::Judging,
        Phase::Stepping { .. } => RunStatus::Stepping,
        Phase::Starting { .. } => RunStatus::Starting,
        Phase::Running { .. } => RunStatus::Running,
        Phase::Waiting { .. } => RunStatus::Waiting,
    }
}

/// The format: names and helps are ours, and hold nothing to escape; values of labels are words.
#[derive(Debug, Default)]
struct Text(String);

impl Text {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn labelled(&mut self, name: &str, label: &str, value: &str, figure: impl Display) {
        let _ = writeln!(self.0, "{name}{{{label}=\"{value}\"}} {figure}");
    }

    fn gauge(&mut self, name: &str, help: &str, figure: impl Display) {
        self.family(name, "gauge", help);
        let _ = writeln!(self.0, "{name} {figure}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use instar_core::state::{Limits, Restored, State};
    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    #[test]
    fn a_host_at_rest_shows_all_its_figures() {
        let limits = Limits {
            scheduling: true,
            max_parallel_jobs: 1,
            max_sessions: 1,
            default_timeout_ms: 1,
            idle_timeout: jiff::SignedDuration::ZERO,
            admission: Default::default(),
            pause_after_failures: 0,
            conversations: Default::default(),
        };
        let now = Timestamp::UNIX_EPOCH;
        let state = State::new(limits, TimeZone::UTC, Vec::new(), Restored::default(), now);
        let mut text = of_view(&View::new(state, now, Vec::new(), Vec::new(), 7));
        of_process(&mut text, "1.2.3", Duration::from_millis(1500), Some(4096));
        let figures: Vec<&str> = text.0.lines().filter(|line| !line.starts_with('#')).collect();
        insta::assert_snapshot!(figures.join("\n"), @r#"
        instar_runs_open{phase="gating"} 0
        instar_runs_open{phase="judging"} 0
        instar_runs_open{phase="queued"} 0
        instar_runs_open{phase="running"} 0
        instar_runs_open{phase="starting"} 0
        instar_runs_open{phase="stepping"} 0
        instar_runs_open{phase="waiting"} 0
        instar_queue_length 0
        instar_sessions_live 0
        instar_events_seq 7
        instar_build_info{version="1.2.3"} 1
        instar_uptime_seconds 1.5
        process_resident_memory_bytes 4096
        "#);
    }
}
