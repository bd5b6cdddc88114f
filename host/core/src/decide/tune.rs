//! The pace of jobs: proposals from what their runs tell, and what the operator says to them.

use crate::decide::{Draft, due, notices};
use crate::event::Fact;
use crate::id::JobSlug;
use crate::job::Job;
use crate::jobs_file::JobsFile;
use crate::schedule::Schedule;
use crate::tune::{self, AUTO, TuneWish, Tuned};
use crate::workload::Workload;

/// A run told of its work: with those before it, it may say something about the schedule.
pub(super) fn workload_told(draft: &mut Draft<'_>, workload: Box<Workload>) {
    let slug = workload.slug.clone();
    let told = workload.clone();
    draft.event(Fact::WorkloadReported { workload });
    let Some(entry) = draft.state.job(&slug).filter(|entry| entry.job.enabled) else { return };
    let Some((base, written)) = written(&entry.job) else { return };
    let signals = std::iter::once(&*told).chain(draft.state.signals(&slug));
    let Some((schedule, reason)) = tune::advise(&base, &entry.job.schedule, signals) else { return };
    let known = draft.state.tuning(&slug);
    let is_old = known.is_some_and(|tuning| {
        tuning.refused.contains(&schedule) || tuning.proposed.as_ref().is_some_and(|one| one.schedule == schedule)
    });
    if is_old {
        return;
    }
    if entry.job.auto_tune {
        apply(draft, &entry.job, Tuned::Applied { base: written, schedule, reason, by: AUTO.into() });
    } else {
        draft.event(Fact::Tuned { slug, tuned: Box::new(Tuned::Proposed { base: written, schedule, reason }) });
    }
}

/// What there is nothing to take, refuse or reset of changes nothing.
pub(super) fn asked(draft: &mut Draft<'_>, slug: &JobSlug, wish: TuneWish, by: String) {
    let (Some(entry), Some(tuning)) = (draft.state.job(slug), draft.state.tuning(slug)) else { return };
    let base = tuning.base.clone();
    match (wish, tuning.proposed.clone(), &tuning.applied) {
        (TuneWish::Take, Some(proposal), _) => {
            let (schedule, reason) = (proposal.schedule, proposal.reason);
            apply(draft, &entry.job, Tuned::Applied { base, schedule, reason, by });
        }
        (TuneWish::Refuse, Some(proposal), _) => {
            let tuned = Box::new(Tuned::Refused { schedule: proposal.schedule, by });
            draft.event(Fact::Tuned { slug: slug.clone(), tuned });
        }
        (TuneWish::Reset, _, Some(_)) => apply(draft, &entry.job, Tuned::Reset { by }),
        (TuneWish::Take | TuneWish::Refuse, None, _) | (TuneWish::Reset, _, None) => {}
    }
}

/// The jobs file has the last word: another schedule voids what was made of the one before, and a job that no longer
/// wants to be tuned by itself goes back. What comes back are the jobs that are due otherwise by it.
pub(super) fn follow_file(draft: &mut Draft<'_>, file: &JobsFile) -> Vec<JobSlug> {
    let mut changed = Vec::new();
    for job in &file.jobs {
        let Some(tuning) = draft.state.tuning(&job.slug) else { continue };
        let is_auto = tuning.applied.as_ref().is_some_and(|applied| applied.by == AUTO);
        let tuned = match written(job) {
            Some((_, base)) if base != tuning.base => Tuned::Voided,
            _ if is_auto && !job.auto_tune => Tuned::Reset { by: "jobs file".into() },
            _ => continue,
        };
        changed.extend((tuning.applied.is_some() && job.enabled).then(|| job.slug.clone()));
        draft.event(Fact::Tuned { slug: job.slug.clone(), tuned: Box::new(tuned) });
    }
    changed
}

/// The job begins anew with its other schedule: nothing of the past is due by it.
fn apply(draft: &mut Draft<'_>, job: &Job, tuned: Tuned) {
    notices::job_tuned(draft, job, &tuned);
    draft.event(Fact::Tuned { slug: job.slug.clone(), tuned: Box::new(tuned) });
    if job.enabled {
        due::begin(draft, vec![job.slug.clone()]);
    }
}

/// The schedule that stands in the file.
fn written(job: &Job) -> Option<(Schedule, String)> {
    let text = job.definition.schedule()?;
    Some((Schedule::parse(&text).ok()?, text))
}
