//! A guard that denies every job with the word `deny-me`.

use instar_plugin_sdk::guard::{Finding, RunGuard, Verdict};
use instar_plugin_sdk::{CallCtx, NoConfig, Plugin, Severity, register_run_guard};

struct Marked;

impl Plugin for Marked {
    type Config = NoConfig;
}

impl RunGuard for Marked {
    fn check(_: &CallCtx, _: &NoConfig, job_json: &str, _: &str) -> Verdict {
        if job_json.contains("deny-me") {
            return Verdict::deny(Finding::new("marked", Severity::Medium, "the job is marked"));
        }
        Verdict::pass()
    }
}

register_run_guard!(Marked);
