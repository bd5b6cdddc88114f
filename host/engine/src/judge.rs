//! Asking the guards of runs whether one may start, and what they are told of it.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use instar_core::budget::{DayTaken, Taken};
use instar_core::decide::What;
use instar_core::id::RunId;
use instar_core::run::{Run, RunRecord};
use instar_core::verdict::{Answer, Finding, Severity, Verdict};
use serde_json::{Value, json};

use crate::act::{World, chain, context};
use crate::clock;

const DEADLINE: Duration = Duration::from_secs(5);
/// Runs of the job that a guard hears of, the newest first.
const LATEST_RUNS: u32 = 20;
/// A week, and the day that a jump of the clock may add.
const DAYS: usize = 8;

impl World {
    pub(crate) async fn judge(self: Arc<Self>, id: RunId) -> What {
        let plugins = self.plugins.now();
        let run = self.run(id).filter(|_| plugins.has_run_guards());
        let Some(run) = run else { return What::Judged { run: id, verdict: Verdict::pass() } };
        let asked = async {
            let (job, history) = (self.job_of(&run).to_string(), self.history_of(&run).await.to_string());
            tokio::task::spawn_blocking(move || plugins.judge_run(&context(&run), &job, &history)).await
        };
        let verdict = match tokio::time::timeout(DEADLINE, asked).await {
            Ok(Ok(verdict)) => verdict,
            // A guard that gives no answer denies.
            Ok(Err(_)) | Err(_) => Verdict::deny(Finding {
                rule: "instar/no-answer".into(),
                answer: Answer::Deny,
                severity: Severity::Critical,
                detail: "the guards gave no answer in time".into(),
                remedy: None,
                command: None,
            }),
        };
        What::Judged { run: id, verdict }
    }

    /// What a guard needs of the job, with what it and all runs took on the latest days, this run not counted.
    fn job_of(&self, run: &Run) -> Value {
        let view = self.view.read().unwrap_or_else(PoisonError::into_inner);
        let state = view.state();
        let now = clock::now();
        let mut days = run.slug.as_ref().map(|slug| state.taken_on_days(slug, now, DAYS)).unwrap_or_default();
        // It holds a place already, and so is one of the runs of the day on which it got it.
        let begun_on = run.admitted_at.map(|at| at.to_zoned(state.zone.clone()).date());
        if let Some(day) = days.iter_mut().find(|day| Some(day.date) == begun_on) {
            day.by_job.runs = day.by_job.runs.saturating_sub(1);
            day.by_all.runs = day.by_all.runs.saturating_sub(1);
        }
        json!({
            "slug": run.slug, "name": run.request.job_name, "priority": run.request.priority,
            "model": run.request.step.model, "trigger": run.trigger, "tags": run.request.admission.tags,
            "execute": serde_json::from_str::<Value>(&run.request.step.execute_json).ok(),
            "zone": state.zone.iana_name(),
            "taken": days.iter().map(day).collect::<Vec<_>>(),
        })
    }

    /// The latest runs of the job. Where they cannot be read, guards hear of none, and the log says so.
    async fn history_of(&self, run: &Run) -> Value {
        let Some(slug) = &run.slug else { return json!([]) };
        match self.keeper.store.runs_of(slug, LATEST_RUNS + 1).await {
            Ok(runs) => runs.iter().filter(|record| record.id != run.id).take(LATEST_RUNS as usize).map(past).collect(),
            Err(error) => {
                tracing::warn!(%slug, error = chain(&error), "guards hear nothing of the runs of a job");
                json!([])
            }
        }
    }
}

fn day(day: &DayTaken) -> Value {
    json!({ "date": day.date, "job": taken(day.by_job), "all": taken(day.by_all) })
}

fn taken(taken: Taken) -> Value {
    json!({
        "runs": taken.runs, "durationMs": taken.duration_ms, "tokens": taken.tokens,
        "costMicroUsd": taken.cost_micro_usd,
    })
}

fn past(record: &RunRecord) -> Value {
    json!({
        "id": record.id, "status": record.status, "outcome": record.outcome.as_ref().map(|outcome| outcome.as_str()),
        "trigger": record.trigger, "requestedAt": record.requested_at, "startedAt": record.started_at,
        "endedAt": record.ended_at, "usage": record.usage,
    })
}
