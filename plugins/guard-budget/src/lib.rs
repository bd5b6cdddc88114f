//! A guard of runs: none starts once a budget of runs, minutes, tokens or cost is used up.
//!
//! Days are those of the scheduler's zone, as the host counts them, and a week begins on Monday. A run counts on the
//! day on which it began. What an agent does not report costs nothing here.

mod config;

use instar_plugin_sdk::guard::{Answer, Finding, Rule, RunGuard, Verdict};
use instar_plugin_sdk::job::{Day, Job, Taken};
use instar_plugin_sdk::{CallCtx, Plugin, Severity, register_run_guard};
use jiff::ToSpan as _;
use jiff::civil::Date;

use config::{Budgets, Config};

struct Budget;

impl Plugin for Budget {
    type Config = Config;

    fn rules(config: &Config) -> Vec<Rule> {
        let rule = |id: &str, what: &str| Rule {
            id: id.to_owned(),
            pack: "runs".to_owned(),
            answer: Answer::Deny,
            severity: Severity::Low,
            what: what.to_owned(),
        };
        if config.is_empty() {
            return Vec::new();
        }
        vec![
            rule("job-budget", "a run would start although the budget of its job is used up"),
            rule("budget", "a run would start although the budget of all runs is used up"),
        ]
    }
}

impl RunGuard for Budget {
    fn check(_: &CallCtx, config: &Config, job_json: &str, _history_json: &str) -> Verdict {
        let job = Job::read(job_json);
        let [today, ..] = job.taken.as_slice() else { return Verdict::pass() };
        let Ok(date) = today.date.parse::<Date>() else { return Verdict::pass() };
        if config.except.holds(&job) {
            return Verdict::pass();
        }
        let week = this_week(&job.taken, date);
        let own = config.of_job(job.slug.as_deref().unwrap_or_default());
        let of_job = used_up(own, date, &today.job, &sum(week, |day| day.job));
        let of_all = used_up(&config.all, date, &today.all, &sum(week, |day| day.all));
        let mut findings = Vec::new();
        findings.extend(of_job.map(|what| finding("job-budget", format!("the budget of this job {what}"))));
        findings.extend(of_all.map(|what| finding("budget", format!("the budget of all runs {what}"))));
        findings.into()
    }
}

fn finding(rule: &str, detail: String) -> Finding {
    Finding::new(rule, Severity::Low, detail)
        .with_answer(Answer::Deny)
        .with_remedy("raise it in `plugins.guard-budget.config`, or make the job an exception there")
}

/// Which budget is used up, and when there is a new one. That of the week comes first, since it lasts longer.
fn used_up(budgets: &Budgets, today: Date, day: &Taken, week: &Taken) -> Option<String> {
    let next_week = today.checked_add((7 - since_monday(today)).days()).unwrap_or(today);
    let tomorrow = today.checked_add(1.day()).unwrap_or(today);
    if let Some(what) = budgets.week.used_up(week) {
        return Some(format!("for this week is used up ({what}); there is a new one from {next_week}"));
    }
    let what = budgets.day.used_up(day)?;
    Some(format!("for today is used up ({what}); there is a new one from {tomorrow}"))
}

/// Today and the days before it, down to Monday.
fn this_week(days: &[Day], today: Date) -> &[Day] {
    let most = usize::from(since_monday(today).unsigned_abs()) + 1;
    &days[..most.min(days.len())]
}

fn since_monday(date: Date) -> i8 {
    date.weekday().to_monday_zero_offset()
}

fn sum(days: &[Day], of: impl Fn(&Day) -> Taken) -> Taken {
    days.iter().map(of).fold(Taken::default(), |sum, day| Taken {
        runs: sum.runs.saturating_add(day.runs),
        duration_ms: sum.duration_ms.saturating_add(day.duration_ms),
        tokens: sum.tokens.saturating_add(day.tokens),
        cost_micro_usd: sum.cost_micro_usd.saturating_add(day.cost_micro_usd),
    })
}

register_run_guard!(Budget);

#[cfg(test)]
mod tests;
