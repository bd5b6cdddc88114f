//! `instar scheduler`: whether jobs fire by themselves; and the same of single jobs, for `instar job pause`.

use clap::Subcommand;
use instar_api::{Job, PauseRequest, Scheduler, paths};
use instar_core::id::JobSlug;
use serde_json::json;

use super::exit::{Exit, Failure};
use super::output::one_line;
use super::{Context, examples};

#[derive(Debug, Subcommand)]
pub(crate) enum SchedulerCommand {
    /// Let no job fire by itself until `resume`, also over restarts; what runs goes on
    #[command(after_help = examples(&["instar scheduler pause", "instar scheduler pause --reason \"on holiday\""]))]
    Pause {
        /// Why; shown with the pause
        #[arg(long, allow_hyphen_values = true)]
        reason: Option<String>,
    },
    /// End the pause; what was due meanwhile is not made up for
    #[command(after_help = examples(&["instar scheduler resume"]))]
    Resume,
    /// Show whether jobs fire by themselves, and what is under way
    #[command(after_help = examples(&["instar scheduler status", "instar scheduler status --json"]))]
    Status,
}

pub(crate) fn run(context: &Context, command: SchedulerCommand) -> Result<Exit, Failure> {
    let client = context.client()?;
    let answer = match command {
        SchedulerCommand::Pause { reason } => client.post(paths::SCHEDULER_PAUSE, &PauseRequest { reason })?,
        SchedulerCommand::Resume => client.post(paths::SCHEDULER_RESUME, &json!({}))?,
        SchedulerCommand::Status => client.get(paths::SCHEDULER_STATUS)?,
    };
    let answer = answer.success()?;
    if context.out.json {
        context.out.line(answer.text())?;
        return Ok(Exit::Ok);
    }
    context.out.line(sentence(&answer.read()?))?;
    Ok(Exit::Ok)
}

/// How it is, in one line.
pub(super) fn sentence(scheduler: &Scheduler) -> String {
    let state = match (scheduler.running, &scheduler.pause) {
        (false, _) => "off: jobs run only when they are triggered".to_owned(),
        (true, Some(pause)) => format!("{}; `instar scheduler resume` ends it", one_line(&pause.detail)),
        (true, None) => "on".to_owned(),
    };
    let (jobs, enabled) = (scheduler.job_count, scheduler.enabled_jobs);
    let noun = if jobs == 1 { "job" } else { "jobs" };
    let (queued, active) = (scheduler.queue_length, scheduler.active_job_sessions);
    format!("Schedule  {state}; {jobs} {noun}, {enabled} enabled; {active} under way, {queued} queued")
}

pub(super) fn pause_job(context: &Context, slug: &JobSlug, reason: Option<String>) -> Result<Exit, Failure> {
    let answer = context.client()?.post(&paths::job_pause(slug.as_str()), &PauseRequest { reason })?.success()?;
    if context.out.json {
        context.out.line(answer.text())?;
        return Ok(Exit::Ok);
    }
    let job: Job = answer.read()?;
    let detail = job.state.paused.map(|pause| one_line(&pause.detail)).unwrap_or_default();
    context.out.line(format!("{slug} is {detail}; `instar job resume {slug}` ends it."))?;
    Ok(Exit::Ok)
}

pub(super) fn resume_job(context: &Context, slug: &JobSlug) -> Result<Exit, Failure> {
    let answer = context.client()?.post(&paths::job_resume(slug.as_str()), &json!({}))?.success()?;
    if context.out.json {
        context.out.line(answer.text())?;
        return Ok(Exit::Ok);
    }
    context.out.line(format!("{slug} runs by its schedule again."))?;
    Ok(Exit::Ok)
}
