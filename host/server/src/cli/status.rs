//! `instar status`: the project, its server, and what is under way.

use instar_api::{Event, Health, Jobs, Status, paths};
use serde_json::{Value, json};

use super::client::{Answer, Client, ClientError};
use super::exit::{Exit, Failure};
use super::output::{Shown, Tone, one_line};
use super::server::url;
use super::{Context, client_of, job, scheduler};
use crate::config::{Config, Project};
use crate::wiring::lock::{self, Holder};

/// How many events are shown.
const EVENTS: usize = 5;

pub(crate) fn run(context: &Context) -> Result<Exit, Failure> {
    let project = context.project()?;
    let config = context.config(&project)?;
    let client = client_of(&project)?;
    match client.get(paths::HEALTH) {
        Ok(health) => running(context, &project, &config, &client, &health.success()?),
        Err(error @ (ClientError::NotRunning { .. } | ClientError::TimedOut(_))) => {
            not_running(context, &project, &config, &error)
        }
        Err(error) => Err(error.into()),
    }
}

fn not_running(context: &Context, project: &Project, config: &Config, error: &ClientError) -> Result<Exit, Failure> {
    let holder = lock::holder(&project.lock_file());
    let sentence = match holder {
        Some(holder) => format!("process {} holds the project, but does not answer: {error}", holder.pid),
        None => error.to_string(),
    };
    if context.out.json {
        let mut body = server(project, config, None);
        body["running"] = json!(false);
        body["error"] = json!(sentence);
        context.out.value(&body)?;
        return Ok(Exit::NotRunning);
    }
    context.out.line(format!("Project   {} ({})", one_line(&config.project_name), project.dir().display()))?;
    context.out.line("Server    not running")?;
    Err(Failure::new(Exit::NotRunning, sentence))
}

fn running(
    context: &Context,
    project: &Project,
    config: &Config,
    client: &Client,
    health: &Answer,
) -> Result<Exit, Failure> {
    let get = |path: &str| -> Result<Answer, Failure> { client.get(path)?.success() };
    let [status, jobs] = [get(paths::STATUS)?, get(paths::JOBS)?];
    let events = get(&format!("{}?limit={EVENTS}", paths::EVENTS))?;
    let holder = lock::holder(&project.lock_file());
    let mut server = server(project, config, holder);
    if context.out.json {
        for (key, answer) in [("health", health), ("status", &status), ("jobs", &jobs), ("events", &events)] {
            server[key] = answer.read()?;
        }
        context.out.value(&server)?;
        return Ok(Exit::Ok);
    }
    let health: Health = health.read()?;
    let process = holder.map(|holder| format!(", process {}", holder.pid)).unwrap_or_default();
    let url = url(config, port(config, holder));
    context.out.line(format!("Project   {} ({})", one_line(&config.project_name), project.dir().display()))?;
    context.out.line(format!("Server    running at {url}{process}, up {}", health.uptime_human))?;
    show_status(context, &status.read()?)?;
    show_jobs(context, &jobs.read()?)?;
    show_events(context, &events.read::<Vec<Event>>()?)?;
    Ok(Exit::Ok)
}

/// What the CLI itself knows of the server.
fn server(project: &Project, config: &Config, holder: Option<Holder>) -> Value {
    let port = port(config, holder);
    json!({
        "project": config.project_name,
        "dir": project.dir(),
        "running": true,
        "pid": holder.map(|holder| holder.pid),
        "port": port,
        "url": url(config, port),
    })
}

/// Where it listens; as long as it does not say so, where it should.
fn port(config: &Config, holder: Option<Holder>) -> u16 {
    holder.map(|holder| holder.port).filter(|port| *port != 0).unwrap_or(config.port)
}

fn show_status(context: &Context, status: &Status) -> Result<(), Failure> {
    let sessions = &status.sessions;
    context.out.line(format!("Sessions  {} of {}", sessions.running, sessions.max))?;
    for session in &sessions.list {
        let job = session.job_slug.as_ref().map(|slug| format!(" ({})", one_line(slug))).unwrap_or_default();
        context.out.line(format!("  {}{job}", one_line(&session.name)))?;
    }
    context.out.line(scheduler::sentence(&status.scheduler))
}

fn show_jobs(context: &Context, jobs: &Jobs) -> Result<(), Failure> {
    if !jobs.jobs.is_empty() {
        context.out.line("")?;
        context.out.table(&["JOB", "NEXT RUN", "LAST RESULT"], job::short_rows(&context.out, &jobs.jobs))?;
    }
    job::show_problems(&context.out, &jobs.problems)
}

fn show_events(context: &Context, events: &[Event]) -> Result<(), Failure> {
    if events.is_empty() {
        return Ok(());
    }
    let row = |event: &Event| {
        let age = event.timestamp.parse().map_or_else(|_| event.timestamp.clone(), |at| context.out.distance(at));
        vec![Shown::new(age, Tone::Dim), Shown::plain(&event.kind), Shown::plain(&event.summary)]
    };
    context.out.line("")?;
    context.out.table(&["WHEN", "EVENT", "WHAT HAPPENED"], events.iter().map(row).collect())
}
