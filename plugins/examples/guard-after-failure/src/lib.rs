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

#[cfg(test)]
mod tests {
    use instar_plugin_test::{Answer, Plugin};
    use serde_json::json;

    /// What `instar plugin build` made: the component itself is tested, in the host's engine.
    fn built() -> Plugin {
        Plugin::built(env!("CARGO_MANIFEST_DIR")).expect("a component")
    }

    #[test]
    fn any_tag_can_be_looked_after() {
        let guard = built().with_config(json!({ "tag": "fragile" })).load().expect("it takes the configuration");
        let job = json!({ "slug": "deploy", "tags": ["fragile"], "trigger": { "kind": "scheduled" } });
        let judged = guard.judge_run(&job, &json!([{ "outcome": "failed" }]));
        assert_eq!((judged.answer(), judged.rules()), (Answer::Deny, vec!["after-failure"]));
    }

    #[test]
    fn it_keeps_its_cases_and_withstands_an_attack() {
        let outcomes = built().try_cases("cases").expect("cases");
        assert!(!outcomes.is_empty() && outcomes.iter().all(|outcome| outcome.problems.is_empty()), "{outcomes:?}");
        assert_eq!(built().attack().expect("it takes an empty configuration").faults, [""; 0]);
    }
}
