//! Showing jobs and their runs: from the server, and jobs also from the file alone.

use instar_api::{Job, JobPace, JobProblem, JobRuns, JobState, Jobs, Run, Scheduler, Trigger, paths};
use instar_core::id::JobSlug;
use instar_core::jobs_file::JobsFile;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::cli::client::ClientError;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{Output, Shown, Tone, duration, one_line, printable, shortened};
use crate::cli::{Context, client_of};
use crate::jobs::JobsFolder;

pub(super) fn list(context: &Context) -> Result<Exit, Failure> {
    let project = context.project()?;
    let jobs = match client_of(&project)?.get(paths::JOBS) {
        Ok(answer) => {
            let answer = answer.success()?;
            if context.out.json {
                context.out.line(answer.text())?;
                return Ok(Exit::Ok);
            }
            answer.read()?
        }
        Err(ClientError::NotRunning { .. }) => {
            context.out.note("The server is not running, so this is the jobs file without what happened.");
            offline(context)?
        }
        Err(error) => return Err(error.into()),
    };
    if context.out.json {
        context.out.line(json(&jobs)?)?;
        return Ok(Exit::Ok);
    }
    if jobs.jobs.is_empty() {
        context.out.line("No jobs. `instar job add --help` shows how to add one.")?;
    } else {
        context.out.table(&HEADER, jobs.jobs.iter().map(|job| row(&context.out, job)).collect())?;
    }
    show_problems(&context.out, &jobs.problems)?;
    Ok(Exit::Ok)
}

pub(super) fn show(context: &Context, slug: &JobSlug) -> Result<Exit, Failure> {
    let project = context.project()?;
    let job = match client_of(&project)?.get(&paths::job(slug.as_str())) {
        Ok(answer) => {
            let answer = answer.success()?;
            if context.out.json {
                context.out.line(answer.text())?;
                return Ok(Exit::Ok);
            }
            answer.read()?
        }
        Err(ClientError::NotRunning { .. }) => {
            context.out.note("The server is not running, so this is the jobs file without what happened.");
            let found = offline(context)?.jobs.into_iter().find(|job| job.state.slug == slug.as_str());
            found.ok_or_else(|| {
                Failure::not_found(format!("there is no job `{slug}`; `instar job list` shows those that exist"))
            })?
        }
        Err(error) => return Err(error.into()),
    };
    context.out.line(if context.out.json { json(&job)? } else { in_full(&context.out, &job) })?;
    Ok(Exit::Ok)
}

pub(super) fn runs(context: &Context, slug: &JobSlug, limit: u32) -> Result<Exit, Failure> {
    let path = format!("{}?limit={limit}", paths::job_runs(slug.as_str()));
    let answer = context.client()?.get(&path)?.success()?;
    if context.out.json {
        context.out.line(answer.text())?;
        return Ok(Exit::Ok);
    }
    let JobRuns { runs, .. } = answer.read()?;
    if runs.is_empty() {
        context.out.line(format!("{slug} has not run yet."))?;
        return Ok(Exit::Ok);
    }
    context.out.table(&RUNS_HEADER, runs.iter().map(|run| run_row(&context.out, run)).collect())?;
    Ok(Exit::Ok)
}

/// The jobs and their next runs, for a summary of the project.
pub(crate) fn short_rows(out: &Output, jobs: &[Job]) -> Vec<Vec<Shown>> {
    jobs.iter().map(|job| vec![Shown::plain(&job.state.slug), next_run(out, job), last_result(job)]).collect()
}

/// Names every problem below a list of jobs; says nothing when there is none.
pub(crate) fn show_problems(out: &Output, problems: &[JobProblem]) -> Result<(), Failure> {
    if problems.is_empty() {
        return Ok(());
    }
    out.line("\nProblems in the jobs file:")?;
    problems.iter().try_for_each(|one| out.line(format!("  {}", problem(one))))
}

/// One problem as a line.
pub(super) fn problem(problem: &JobProblem) -> String {
    let core = instar_core::job::JobProblem {
        index: problem.index,
        slug: problem.slug.as_deref().map(one_line),
        field: None,
        message: one_line(&problem.message),
    };
    core.to_string()
}

/// What the file alone tells, in the shape of `GET /jobs`.
fn offline(context: &Context) -> Result<Jobs, Failure> {
    let project = context.project()?;
    let config = context.config(&project)?;
    let file = JobsFolder::of(&config, &project).parsed()?;
    Ok(of_file(context.out.now, &config.scheduler.zone(), &file))
}

fn of_file(now: Timestamp, zone: &TimeZone, file: &JobsFile) -> Jobs {
    let problem = |problem: &instar_core::job::JobProblem| JobProblem {
        index: problem.index,
        slug: problem.slug.clone(),
        field: problem.field.clone(),
        message: problem.message.clone(),
    };
    Jobs {
        jobs: file.jobs.iter().map(|job| of_definition(now, zone, job)).collect(),
        queue: Vec::new(),
        problems: file.problems.iter().map(problem).collect(),
        scheduler: Scheduler {
            running: false,
            paused: false,
            pause: None,
            job_count: file.jobs.len(),
            enabled_jobs: file.jobs.iter().filter(|job| job.enabled).count(),
            queue_length: 0,
            active_job_sessions: 0,
        },
    }
}

fn of_definition(now: Timestamp, zone: &TimeZone, job: &instar_core::job::Job) -> Job {
    let mut definition = job.definition.object();
    definition.insert("priority".into(), job.priority.as_str().into());
    definition.insert("model".into(), job.model.as_str().into());
    definition.insert("enabled".into(), job.enabled.into());
    definition.remove("state");
    let next = if job.enabled { job.next_after(now, zone) } else { None };
    let state = JobState {
        slug: job.slug.to_string(),
        last_run: None,
        last_result: None,
        last_error: None,
        last_handoff: None,
        next_scheduled: next.map(|next| format!("{next:.3}")),
        consecutive_failures: 0,
        retry_at: None,
        paused: None,
        tuning: None,
    };
    Job { definition, state }
}

const HEADER: [&str; 8] = ["SLUG", "SCHEDULE", "NEXT RUN", "PRIORITY", "MODEL", "ENABLED", "LAST RESULT", "FAILURES"];

fn row(out: &Output, job: &Job) -> Vec<Shown> {
    let failures = job.state.consecutive_failures;
    vec![
        Shown::plain(&job.state.slug),
        match state_pace(job) {
            Some(pace) => Shown::new(format!("{} (tuned)", one_line(&pace.schedule)), Tone::Warn),
            None => Shown::plain(text(job, "schedule")),
        },
        next_run(out, job),
        Shown::plain(text(job, "priority")),
        Shown::plain(text(job, "model")),
        match (is_enabled(job), &job.state.paused) {
            (false, _) => Shown::new("no", Tone::Dim),
            (true, None) => Shown::new("yes", Tone::Good),
            (true, Some(_)) => Shown::new("paused", Tone::Warn),
        },
        last_result(job),
        Shown::new(failures.to_string(), if failures > 0 { Tone::Bad } else { Tone::Plain }),
    ]
}

fn state_pace(job: &Job) -> Option<&JobPace> {
    job.state.tuning.as_ref()?.applied.as_ref()
}

fn next_run(out: &Output, job: &Job) -> Shown {
    match &job.state.next_scheduled {
        Some(next) => Shown::plain(time(out, next)),
        None => Shown::new("-", Tone::Dim),
    }
}

fn last_result(job: &Job) -> Shown {
    match job.state.last_result.as_deref() {
        None => Shown::new("-", Tone::Dim),
        Some(result @ "success") => Shown::new(result, Tone::Good),
        Some(result @ "pending") => Shown::new(result, Tone::Warn),
        Some(result) => Shown::new(result, Tone::Bad),
    }
}

/// All of a job, one key a line; what is long stands below.
fn in_full(out: &Output, job: &Job) -> String {
    let mut lines = Vec::new();
    for (key, value) in &job.definition {
        match value {
            Value::Object(map) if key == "execute" => {
                lines.extend(map.iter().map(|(part, value)| line(&format!("execute.{part}"), value)));
            }
            value => lines.push(line(key, value)),
        }
    }
    let state = &job.state;
    let shown = [("next run", &state.next_scheduled), ("tried again", &state.retry_at), ("last run", &state.last_run)];
    lines.extend(shown.iter().filter_map(|(key, at)| Some(format!("{key:<14} {}", time(out, at.as_ref()?)))));
    if let Some(result) = &state.last_result {
        lines.push(format!("{:<14} {}", "last result", one_line(result)));
    }
    if let Some(error) = &state.last_error {
        lines.push(format!("{:<14} {}", "last error", one_line(error)));
    }
    if let Some(pause) = &state.paused {
        lines.push(format!("{:<14} {}: {}", "paused", time(out, &pause.at), one_line(&pause.detail)));
    }
    for (key, pace) in tuned(state) {
        lines.push(format!("{key:<14} `{}`: {}", one_line(&pace.schedule), one_line(&pace.reason)));
    }
    lines.push(format!("{:<14} {} in a row", "failures", state.consecutive_failures));
    lines.join("\n")
}

/// What the job runs by instead of the schedule of its file, and what is proposed.
fn tuned(state: &JobState) -> impl Iterator<Item = (&'static str, &JobPace)> {
    let tuning = state.tuning.iter();
    tuning.flat_map(|tuning| {
        let applied = tuning.applied.iter().map(|pace| ("runs at", pace));
        applied.chain(tuning.proposed.iter().map(|pace| ("proposed", pace)))
    })
}

fn line(key: &str, value: &Value) -> String {
    let key = one_line(key);
    match value {
        Value::String(text) if text.contains('\n') => {
            format!("{key}:\n  {}", printable(text).trim_end().replace('\n', "\n  "))
        }
        Value::String(text) => format!("{key:<14} {}", one_line(text)),
        other => format!("{key:<14} {other}"),
    }
}

const RUNS_HEADER: [&str; 7] = ["REQUESTED", "RESULT", "TOOK", "EXIT", "TRIGGER", "CAUSE", "RUN"];

fn run_row(out: &Output, run: &Run) -> Vec<Shown> {
    let took = run
        .duration_ms
        .map(|millis| duration(jiff::SignedDuration::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))));
    let exit = run.exit_status.map(|status| status.to_string()).or_else(|| run.signal.clone());
    let cause = run.cause.as_ref().or(run.detail.as_ref());
    let trigger = match &run.trigger {
        Trigger::Scheduled { missed: false, .. } => "schedule".to_owned(),
        Trigger::Scheduled { missed: true, .. } => "missed".to_owned(),
        Trigger::Retry { attempt, .. } => format!("attempt {attempt}"),
        Trigger::Manual { reason, .. } => reason.clone(),
        Trigger::Spawned { by, .. } => by.clone(),
    };
    vec![
        Shown::plain(time(out, &run.requested_at)),
        result(run),
        Shown::plain(took.unwrap_or_else(|| "-".to_owned())),
        Shown::plain(exit.unwrap_or_else(|| "-".to_owned())),
        Shown::plain(shortened(&one_line(&trigger), 24)),
        Shown::plain(cause.map_or_else(|| "-".to_owned(), |cause| shortened(&one_line(cause), 60))),
        Shown::new(&run.id, Tone::Dim),
    ]
}

fn result(run: &Run) -> Shown {
    match (run.outcome.as_deref(), run.skipped.as_deref()) {
        (Some(outcome @ "succeeded"), _) => Shown::new(outcome, Tone::Good),
        (Some(outcome), _) => Shown::new(outcome, Tone::Bad),
        (None, Some(_)) => Shown::new("skipped", Tone::Warn),
        (None, None) => Shown::new(&run.status, Tone::Warn),
    }
}

fn time(out: &Output, text: &str) -> String {
    text.parse().map_or_else(|_| one_line(text), |at| out.time(at))
}

fn text<'a>(job: &'a Job, key: &str) -> &'a str {
    job.definition.get(key).and_then(Value::as_str).unwrap_or("-")
}

fn is_enabled(job: &Job) -> bool {
    job.definition.get("enabled").and_then(Value::as_bool).unwrap_or(true)
}

fn json(shape: &impl serde::Serialize) -> Result<String, Failure> {
    serde_json::to_string(shape).map_err(|error| Failure::failed(format!("failed to write JSON: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output;
    use serde_json::json;

    const FILE: &str = r#"[
        {"slug": "check-email", "name": "Email", "schedule": "0 */2 * * *", "priority": "medium", "mine": 1,
         "execute": {"type": "prompt", "value": "Check.\nThen tell.\u001b[2J"}},
        {"slug": "off", "name": "Off", "schedule": "@daily", "enabled": false, "execute": {"type": "script", "value": "x"}},
        {"slug": "bad", "name": "Bad", "schedule": "nope", "execute": {"type": "script", "value": "x"}}
    ]"#;

    fn jobs(out: &Output) -> Jobs {
        of_file(out.now, &out.zone, &JobsFile::parse("jobs.json", FILE))
    }

    #[test]
    fn a_list_without_a_server_shows_the_file() {
        let out = output::for_tests("2026-01-01T12:30:00Z");
        let jobs = jobs(&out);
        insta::assert_snapshot!(out.render(&HEADER, jobs.jobs.iter().map(|job| row(&out, job)).collect()), @r"
        SLUG         SCHEDULE     NEXT RUN                         PRIORITY  MODEL   ENABLED  LAST RESULT  FAILURES
        check-email  0 */2 * * *  2026-01-01 14:00:00 (in 1h 30m)  normal    sonnet  yes      -            0
        off          @daily       -                                normal    sonnet  no       -            0
        ");
        let problems: Vec<_> = jobs.problems.iter().map(problem).collect();
        assert!(problems[0].starts_with("Job[2] `bad`: invalid cron expression"), "{problems:?}");
    }

    #[test]
    fn the_json_without_a_server_has_the_shape_of_the_api() {
        let out = output::for_tests("2026-01-01T12:30:00Z");
        let value = serde_json::to_value(jobs(&out)).unwrap();
        assert_eq!(value["jobs"][0]["mine"], json!(1));
        assert_eq!(value["jobs"][0]["priority"], json!("normal"));
        assert_eq!(value["jobs"][0]["state"]["nextScheduled"], json!("2026-01-01T14:00:00.000Z"));
        assert_eq!(value["problems"][0]["slug"], json!("bad"));
    }

    #[test]
    fn one_job_is_shown_in_full_and_harmless() {
        let out = output::for_tests("2026-01-01T12:30:00Z");
        insta::assert_snapshot!(in_full(&out, &jobs(&out).jobs[0]), @r"
        slug           check-email
        name           Email
        schedule       0 */2 * * *
        priority       normal
        mine           1
        execute.type   prompt
        execute.value:
          Check.
          Then tell.
        model          sonnet
        enabled        true
        next run       2026-01-01 14:00:00 (in 1h 30m)
        failures       0 in a row
        ");
    }

    #[test]
    fn runs_are_shown_with_their_ends() {
        let out = output::for_tests("2026-01-01T12:30:00Z");
        let run = |more: Value| -> Run {
            let mut run = json!({
                "id": "0197", "slug": "tidy", "status": "finished", "trigger": {"kind": "scheduled", "at": "x"},
                "requestedAt": "2026-01-01T12:00:00.000Z", "executeType": "script", "model": "sonnet", "priority": "normal"
            });
            for (key, value) in more.as_object().unwrap() {
                run[key] = value.clone();
            }
            serde_json::from_value(run).unwrap()
        };
        let runs = [
            run(json!({"status": "running", "trigger": {"kind": "manual", "reason": "cli", "force": false}})),
            run(json!({"outcome": "failed", "cause": "exit status 7", "exitStatus": 7, "durationMs": 61_500})),
            run(json!({"status": "skipped", "skipped": "denied", "detail": "guard said no"})),
        ];
        insta::assert_snapshot!(out.render(&RUNS_HEADER, runs.iter().map(|run| run_row(&out, run)).collect()), @r"
        REQUESTED                      RESULT   TOOK   EXIT  TRIGGER   CAUSE          RUN
        2026-01-01 12:00:00 (30m ago)  running  -      -     cli       -              0197
        2026-01-01 12:00:00 (30m ago)  failed   1m 1s  7     schedule  exit status 7  0197
        2026-01-01 12:00:00 (30m ago)  skipped  -      -     schedule  guard said no  0197
        ");
    }
}
