//! `instar job next`: when an expression, or a job of the file, is due. It needs no server, and for an expression no
//! project.

use hyper::StatusCode;
use instar_api::{Job, paths};
use instar_core::id::JobSlug;
use instar_core::schedule::Schedule;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde_json::json;

use crate::cli::client::ClientError;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::one_line;
use crate::cli::{Context, client_of, examples};
use crate::config::Project;
use crate::jobs::JobsFolder;

/// Show the next due times of a cron expression or of a job
#[derive(Debug, clap::Args)]
#[command(after_help = examples(&[
    "instar job next '30 2 * * *' --timezone America/New_York --from 2026-03-07T00:00:00Z --count 3",
    "instar job next check-email",
]))]
pub(crate) struct Next {
    /// A cron expression of five fields, a nickname such as @daily, or the slug of a job
    #[arg(value_name = "EXPR|SLUG", allow_hyphen_values = true)]
    what: String,
    /// The IANA name of a zone; the job's, else that of the settings, else the machine's
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// Show the times after this one: RFC 3339, or a local time of the zone; now when left out
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// How many
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
    count: u16,
}

pub(super) fn run(context: &Context, next: &Next) -> Result<Exit, Failure> {
    let asked_zone = next.timezone.as_deref().map(zone_named).transpose()?;
    let is_expression = next.what.trim().contains(char::is_whitespace) || next.what.starts_with('@');
    let subject = match next.what.parse() {
        Ok(slug) if !is_expression => Subject::of_job(context, &slug, asked_zone)?,
        _ => Subject::of_expression(context, &next.what, asked_zone)?,
    };
    let from = next.from.as_deref().map(|text| time(text, &subject.zone)).transpose()?.unwrap_or(context.out.now);
    let due = subject.due_after(from, next.count.into());
    show(context, &subject, &due)
}

/// What is due, and on which clock.
struct Subject {
    slug: Option<JobSlug>,
    schedule: Schedule,
    zone: TimeZone,
}

impl Subject {
    fn of_job(context: &Context, slug: &JobSlug, asked_zone: Option<TimeZone>) -> Result<Self, Failure> {
        let project = context.project()?;
        let config = context.config(&project)?;
        let file = JobsFolder::of(&config, &project).parsed()?;
        let job = file.jobs.iter().find(|job| job.slug == *slug).ok_or_else(|| {
            let problem = file.problems.iter().find(|problem| problem.slug.as_deref() == Some(slug.as_str()));
            match problem {
                Some(problem) => Failure::refused(problem.to_string()),
                None => {
                    Failure::not_found(format!("there is no job `{slug}`; `instar job list` shows those that exist"))
                }
            }
        })?;
        let zone = asked_zone.or_else(|| job.timezone.clone()).unwrap_or_else(|| config.scheduler.zone());
        let schedule = tuned(&project, slug)?.unwrap_or_else(|| job.schedule.clone());
        Ok(Self { slug: Some(slug.clone()), schedule, zone })
    }

    fn of_expression(context: &Context, text: &str, asked_zone: Option<TimeZone>) -> Result<Self, Failure> {
        let schedule = Schedule::parse(text).map_err(|error| Failure::usage(error.to_string()))?;
        let zone = asked_zone.map_or_else(|| zone_of_settings(context), Ok)?;
        Ok(Self { slug: None, schedule, zone })
    }

    fn due_after(&self, from: Timestamp, count: usize) -> Vec<Zoned> {
        let next = |after: Timestamp| self.schedule.next_after(after, &self.zone);
        let due = std::iter::successors(next(from), |due| next(*due));
        due.take(count).map(|due| due.to_zoned(self.zone.clone())).collect()
    }
}

/// What a job runs by where that is not the schedule of the file; only a server that runs can tell.
fn tuned(project: &Project, slug: &JobSlug) -> Result<Option<Schedule>, Failure> {
    let job: Job = match client_of(project)?.get(&paths::job(slug.as_str())) {
        Ok(answer) if answer.status == StatusCode::NOT_FOUND => return Ok(None),
        Ok(answer) => answer.success()?.read()?,
        Err(ClientError::NotRunning { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let Some(pace) = job.state.tuning.and_then(|tuning| tuning.applied) else { return Ok(None) };
    Schedule::parse(&pace.schedule).map(Some).map_err(|error| Failure::failed(error.to_string()))
}

/// The settings' zone inside a project, the machine's outside of any.
fn zone_of_settings(context: &Context) -> Result<TimeZone, Failure> {
    match context.project() {
        Ok(project) => Ok(context.config(&project)?.scheduler.zone()),
        Err(_) => Ok(TimeZone::system()),
    }
}

fn zone_named(name: &str) -> Result<TimeZone, Failure> {
    TimeZone::get(name).map_err(|_| {
        Failure::usage(format!("{} is not the IANA name of a time zone, such as Europe/Berlin", quoted(name)))
    })
}

fn time(text: &str, zone: &TimeZone) -> Result<Timestamp, Failure> {
    let refused = || Failure::usage(format!("{} is not a time such as 2026-03-07T00:00:00Z", quoted(text)));
    if let Ok(at) = text.parse() {
        return Ok(at);
    }
    let local: DateTime = text.parse().map_err(|_| refused())?;
    zone.to_timestamp(local).map_err(|_| refused())
}

fn quoted(text: &str) -> String {
    format!("`{}`", one_line(&text.chars().take(60).collect::<String>()))
}

fn show(context: &Context, subject: &Subject, due: &[Zoned]) -> Result<Exit, Failure> {
    let local = |due: &Zoned| due.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
    if context.out.json {
        let mut body = json!({
            "expression": subject.schedule.as_str(),
            "timezone": name_of(&subject.zone),
            "next": due.iter().map(|due| due.timestamp().to_string()).collect::<Vec<_>>(),
            "local": due.iter().map(local).collect::<Vec<_>>(),
        });
        if let Some(slug) = &subject.slug {
            body["slug"] = slug.as_str().into();
        }
        context.out.value(&body)?;
        return Ok(Exit::Ok);
    }
    if due.is_empty() {
        context.out.line(format!("`{}` is never due.", subject.schedule))?;
    }
    for due in due {
        let shown = due.strftime("%a %Y-%m-%d %H:%M:%S %:z");
        context.out.line(format!("{}  {shown} {}", due.timestamp(), name_of(&subject.zone)))?;
    }
    Ok(Exit::Ok)
}

/// A machine's zone may have no name.
fn name_of(zone: &TimeZone) -> &str {
    match zone.iana_name() {
        Some(name) => name,
        None if zone.is_unknown() => "UTC",
        None => "local",
    }
}
