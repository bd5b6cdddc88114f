//! A guard of runs: a job with a certain tag that failed last does not start by its schedule again.

use instar_plugin_sdk::guard::{Finding, RunGuard, Verdict};
use instar_plugin_sdk::job::Job;
use instar_plugin_sdk::{CallCtx, Plugin, Severity, register_run_guard};
use serde::Deserialize;

struct AfterFailure;

/// `plugins.guard-after-failure.config` in the settings of a project.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Config {
    /// Jobs with this tag are looked after.
    tag: String,
}

impl Default for Config {
    fn default() -> Self {
        Self { tag: "careful".to_owned() }
    }
}

/// A run of the past, as far as it matters here.
#[derive(Debug, Deserialize)]
struct Run {
    outcome: Option<String>,
}

impl Plugin for AfterFailure {
    type Config = Config;
}

impl RunGuard for AfterFailure {
    fn check(_: &CallCtx, config: &Config, job_json: &str, history_json: &str) -> Verdict {
        let job = Job::read(job_json);
        let is_wanted = job.trigger["kind"] == "manual";
        if is_wanted || !job.tags.contains(&config.tag) {
            return Verdict::pass();
        }
        let history: Vec<Run> = serde_json::from_str(history_json).unwrap_or_default();
        match history.into_iter().find_map(|run| run.outcome).as_deref() {
            None | Some("succeeded") => Verdict::pass(),
            Some(outcome) => Verdict::deny(
                Finding::new("after-failure", Severity::Low, format!("its last run ended as {outcome}"))
                    .with_remedy("look into it, and trigger the job by hand"),
            ),
        }
    }
}

register_run_guard!(AfterFailure);
