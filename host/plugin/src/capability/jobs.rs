//! Jobs of the project, read and started. Who has them is the wiring's: this file checks the grant, how often, and how
//! deep one plugin starts another.

use std::fmt;

use instar_core::id::PluginId;

use super::{Answered, failure, no_server, take_turn};
use crate::capability::rights::Rights;
use crate::state::CallState;
use crate::text;
use crate::wit::imports::jobs;
use crate::wit::imports::types::Failure;

/// A run that a plugin started may start one, and that one another; more is a circle.
const DEEPEST: u32 = 3;
const LONGEST_REASON: usize = 200;

/// Where the jobs are.
pub trait Jobs: fmt::Debug + Send + Sync {
    /// In the order of their file.
    fn jobs(&self) -> Answered<'_, Vec<JobStanding>>;
    /// Starts one.
    fn trigger(&self, order: TriggerOrder) -> Answered<'_, Triggered>;
}

/// A job and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobStanding {
    pub slug: String,
    pub name: String,
    pub schedule: String,
    pub execute_type: String,
    pub enabled: bool,
    pub paused: bool,
    pub running: bool,
    pub last_result: Option<String>,
    pub last_run_ms: Option<u64>,
    pub next_run_ms: Option<u64>,
}

/// The wish of a plugin to start a job, which was found to be allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriggerOrder {
    pub plugin: PluginId,
    pub slug: String,
    /// For people.
    pub reason: String,
    /// How many starts by plugins lie before and with this one.
    pub depth: u32,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Triggered {
    Begun(String),
    Queued(String),
    Skipped(String),
}

impl jobs::Host for CallState {
    async fn list(&mut self) -> Result<Vec<jobs::Job>, Failure> {
        let (_, jobs) = self.jobs()?;
        Ok(jobs.jobs().await?.into_iter().map(told).collect())
    }

    async fn get(&mut self, slug: String) -> Result<Option<jobs::Job>, Failure> {
        let (_, jobs) = self.jobs()?;
        Ok(jobs.jobs().await?.into_iter().find(|job| job.slug == slug).map(told))
    }

    async fn trigger(&mut self, slug: String, reason: String) -> Result<jobs::Triggered, Failure> {
        let depth = self.depth + 1;
        let (rights, jobs) = self.jobs()?;
        if !rights.grants.jobs.as_ref().is_some_and(|asked| asked.may_trigger(&slug)) {
            rights.counter.note_denied();
            let slug = text::clean_up_to(&slug, 100);
            return Err(failure("not-allowed", format!("this plugin was not granted to start job `{slug}`")));
        }
        if depth > DEEPEST {
            rights.counter.note_denied();
            let words = format!("plugins started {DEEPEST} runs one from the other, and no more are");
            return Err(failure("too-deep", words));
        }
        take_turn(&rights.jobs_bucket)?;
        let reason = text::clean_up_to(&reason, LONGEST_REASON).replace(['\n', '\t'], " ");
        let order = TriggerOrder { plugin: rights.plugin.clone(), slug, reason, depth };
        Ok(match jobs.trigger(order).await? {
            Triggered::Begun(run) => jobs::Triggered::Begun(run),
            Triggered::Queued(run) => jobs::Triggered::Queued(run),
            Triggered::Skipped(reason) => jobs::Triggered::Skipped(reason),
        })
    }
}

impl CallState {
    fn jobs(&self) -> Result<(&Rights, &dyn Jobs), Failure> {
        let granted = self.rights.as_deref().filter(|rights| rights.grants.jobs.is_some());
        let Some(rights) = granted else {
            return Err(failure("not-allowed", "jobs are not this plugin's business"));
        };
        let jobs = rights.means.jobs.as_deref().ok_or_else(|| no_server("jobs"))?;
        Ok((rights, jobs))
    }
}

fn told(job: JobStanding) -> jobs::Job {
    jobs::Job {
        slug: job.slug,
        name: job.name,
        schedule: job.schedule,
        execute_type: job.execute_type,
        enabled: job.enabled,
        paused: job.paused,
        running: job.running,
        last_result: job.last_result,
        last_run_ms: job.last_run_ms,
        next_run_ms: job.next_run_ms,
    }
}
