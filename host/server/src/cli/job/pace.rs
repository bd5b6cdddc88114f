//! The pace of a job, as the operator decides it; and its name.

use clap::ValueEnum;
use instar_api::{Job, JobPace, JobRenameRequest, TuneAction, TuneRequest, paths};
use instar_core::id::JobSlug;

use crate::cli::exit::{Exit, Failure};
use crate::cli::output::one_line;
use crate::cli::{Context, examples};

/// Show what is proposed for the schedule of a job, and take it, refuse it or go back to the jobs file
#[derive(Debug, clap::Args)]
#[command(after_help = examples(&[
    "instar job tune check-email",
    "instar job tune check-email take",
    "instar job tune check-email reset --json",
]))]
pub(crate) struct Tune {
    /// The job's slug
    slug: String,
    /// What to do; only shown without
    #[arg(value_enum)]
    action: Option<Action>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Action {
    /// Run by what is proposed; the jobs file stays as it is
    Take,
    /// Never propose that again
    Refuse,
    /// Run by the schedule of the jobs file again
    Reset,
}

pub(super) fn tune(context: &Context, tune: &Tune) -> Result<Exit, Failure> {
    let slug = super::parsed(&tune.slug)?;
    let client = context.client()?;
    let ask = |action| client.post(&paths::job_tune(slug.as_str()), &TuneRequest { action });
    let answer = match tune.action {
        None => client.get(&paths::job(slug.as_str()))?,
        Some(Action::Take) => ask(TuneAction::Take)?,
        Some(Action::Refuse) => ask(TuneAction::Refuse)?,
        Some(Action::Reset) => ask(TuneAction::Reset)?,
    };
    let answer = answer.success()?;
    if context.out.json {
        context.out.line(answer.text())?;
        return Ok(Exit::Ok);
    }
    context.out.line(told(&answer.read()?))?;
    Ok(Exit::Ok)
}

/// By what it runs, and what is proposed, a line each.
fn told(job: &Job) -> String {
    let slug = &job.state.slug;
    let tuning = job.state.tuning.as_ref();
    let line = |pace: &JobPace| format!("`{}`: {}", one_line(&pace.schedule), one_line(&pace.reason));
    let runs_by = match tuning.and_then(|tuning| tuning.applied.as_ref()) {
        Some(pace) => format!("{slug} runs at {}; `instar job tune {slug} reset` goes back.", line(pace)),
        None => format!("{slug} runs by the schedule of the jobs file."),
    };
    match tuning.and_then(|tuning| tuning.proposed.as_ref()) {
        Some(pace) => format!("{runs_by}\nProposed is {}; `instar job tune {slug} take|refuse`.", line(pace)),
        None => runs_by,
    }
}

pub(super) fn rename(context: &Context, from: &JobSlug, to: &JobSlug) -> Result<Exit, Failure> {
    let request = JobRenameRequest { slug: to.to_string() };
    let answer = context.client()?.post(&paths::job_rename(from.as_str()), &request)?.success()?;
    if context.out.json {
        context.out.line(answer.text())?;
        return Ok(Exit::Ok);
    }
    context.out.line(format!("{from} is called {to} now, and so is all that is kept of it."))?;
    Ok(Exit::Ok)
}
