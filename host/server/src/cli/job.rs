//! `instar job`: what is to run, when, and what became of it.

mod change;
mod check;
mod next;
mod options;
mod pace;
mod show;
mod skips;
mod trigger;

use std::str::FromStr as _;

use clap::Subcommand;
use instar_core::id::JobSlug;
use instar_core::job::fields;

use super::exit::{Exit, Failure};
use super::{Context, examples, scheduler};

pub(crate) use show::{short_rows, show_problems};

#[derive(Debug, Subcommand)]
pub(crate) enum JobCommand {
    /// Show all jobs with their next runs, and what is wrong with the jobs file
    #[command(after_help = examples(&["instar job list", "instar job list --json"]))]
    List,
    /// Show one job in full
    #[command(after_help = examples(&["instar job show check-email"]))]
    Show {
        slug: String,
    },
    Add(change::Add),
    Edit(change::Change),
    /// Print the JSON Schema of the jobs file, for editors
    #[command(after_help = examples(&["instar job schema > .instar/jobs.schema.json"]))]
    Schema,
    Next(next::Next),
    /// Check the jobs file; ends with 5 when an entry would not be taken
    #[command(after_help = examples(&["instar job validate", "instar job validate --json"]))]
    Validate,
    /// Let a job run by its schedule again
    #[command(after_help = examples(&["instar job enable check-email"]))]
    Enable {
        slug: String,
    },
    /// Keep a job, but do not let it run by its schedule
    #[command(after_help = examples(&["instar job disable check-email"]))]
    Disable {
        slug: String,
    },
    /// Take a job out of the jobs file; its runs stay in the history
    #[command(after_help = examples(&["instar job remove check-email"]))]
    Remove {
        slug: String,
    },
    /// Let a job fire nothing by itself until `resume`, also over restarts; the jobs file stays as it is
    #[command(after_help = examples(&["instar job pause check-email", "instar job pause check-email --reason holiday"]))]
    Pause {
        slug: String,
        /// Why; shown with the pause
        #[arg(long, allow_hyphen_values = true)]
        reason: Option<String>,
    },
    /// End the pause of a job; what was due meanwhile is not made up for
    #[command(after_help = examples(&["instar job resume check-email"]))]
    Resume {
        slug: String,
    },
    Tune(pace::Tune),
    /// Give a job another name, in the jobs file and in all that is kept of it; needs the server
    #[command(after_help = examples(&["instar job rename check-email mail"]))]
    Rename {
        old: String,
        new: String,
    },
    Trigger(trigger::Trigger),
    Skips(skips::Skips),
    /// Show the runs of a job, newest first
    #[command(after_help = examples(&["instar job runs check-email", "instar job runs check-email --limit 5 --json"]))]
    Runs {
        /// The job's slug
        slug: String,
        /// How many
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=500))]
        limit: u32,
    },
}

pub(crate) fn run(context: &Context, command: JobCommand) -> Result<Exit, Failure> {
    match command {
        JobCommand::List => show::list(context),
        JobCommand::Show { slug } => show::show(context, &parsed(&slug)?),
        JobCommand::Add(add) => change::add(context, add),
        JobCommand::Edit(change) => change::edit(context, change),
        JobCommand::Schema => schema(context),
        JobCommand::Next(next) => next::run(context, &next),
        JobCommand::Validate => check::validate(context),
        JobCommand::Enable { slug } => change::set_enabled(context, parsed(&slug)?, true),
        JobCommand::Disable { slug } => change::set_enabled(context, parsed(&slug)?, false),
        JobCommand::Remove { slug } => change::remove(context, parsed(&slug)?),
        JobCommand::Pause { slug, reason } => scheduler::pause_job(context, &parsed(&slug)?, reason),
        JobCommand::Resume { slug } => scheduler::resume_job(context, &parsed(&slug)?),
        JobCommand::Tune(tune) => pace::tune(context, &tune),
        JobCommand::Rename { old, new } => pace::rename(context, &parsed(&old)?, &parsed(&new)?),
        JobCommand::Trigger(trigger) => trigger::run(context, &trigger),
        JobCommand::Skips(skips) => skips::run(context, &skips),
        JobCommand::Runs { slug, limit } => show::runs(context, &parsed(&slug)?, limit),
    }
}

fn schema(context: &Context) -> Result<Exit, Failure> {
    context.out.line(format!("{:#}", fields::schema()))?;
    Ok(Exit::Ok)
}

/// A text that is no slug names no job.
fn parsed(slug: &str) -> Result<JobSlug, Failure> {
    JobSlug::from_str(slug).map_err(|error| Failure::usage(error.to_string()))
}
