//! What is due: which due times get a run, which are passed over, and when jobs begin.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use crate::decide::admit::Company;
use crate::decide::{Draft, admit, attention, tune};
use crate::event::Fact;
use crate::id::JobSlug;
use crate::job::Job;
use crate::jobs_file::JobsFile;
use crate::missed::PassReason;
use crate::pause::{Pause, PauseCause};
use crate::run::Trigger;

/// A job that is new, or due otherwise than before, begins at this moment.
pub(super) fn jobs_read(draft: &mut Draft<'_>, file: Arc<JobsFile>) {
    let mut slugs = draft.state.beginners(&file);
    if !draft.state.keeps_last_good(&file) {
        slugs.extend(tune::follow_file(draft, &file));
        slugs.sort_unstable();
        slugs.dedup();
    }
    draft.event(Fact::JobsRead { file });
    begin(draft, slugs);
}

/// While something is under way under either name, nothing is renamed.
pub(super) fn rename_asked(draft: &mut Draft<'_>, from: JobSlug, to: JobSlug) {
    if draft.state.may_rename(&from, &to) {
        draft.event(Fact::JobRenamed { from, to });
    }
}

/// What the clock shows elsewhere is no debt: jobs that are read in the host's zone begin anew in another one.
pub(super) fn follow_zone(draft: &mut Draft<'_>) {
    let Some((zone, is_another)) = draft.state.zone_to_record() else { return };
    draft.event(Fact::ZoneSet { zone });
    let follows = |job: &Job| is_another && job.enabled && job.timezone.is_none();
    let jobs = draft.state.jobs().map(|entry| &entry.job);
    begin(draft, jobs.filter(|job| follows(job)).map(|job| job.slug.clone()).collect());
}

/// While `scheduler.enabled` was false nothing was due: what that host leaves to this one owes nothing.
pub(super) fn follow_switch(draft: &mut Draft<'_>) {
    let on = draft.state.limits.scheduling;
    if on && draft.state.was_switched_off() {
        let slugs = draft.state.jobs().filter(|entry| entry.job.enabled).map(|entry| entry.job.slug.clone()).collect();
        draft.event(Fact::Resumed { slug: None, by: PauseCause::SwitchedOff.by().to_owned() });
        begin(draft, slugs);
    } else if !on && draft.state.own_pause(None).is_none() {
        let pause = Pause { at: draft.now, cause: PauseCause::SwitchedOff };
        draft.event(Fact::Paused { slug: None, pause });
    }
}

pub(super) fn fire(draft: &mut Draft<'_>) {
    let mut fired = BTreeSet::new();
    for (first, entry) in draft.state.due_jobs(draft.now) {
        fired.insert(&entry.job.slug);
        match draft.state.pause_of(&entry.job.slug) {
            Some(_) => pass_all(draft, &entry.job, first),
            None => fire_job(draft, &entry.job, first),
        }
    }
    for retry in draft.state.due_retries(draft.now) {
        match draft.state.job(&retry.slug) {
            // What overlap says of two at once needs the one to be known before the other: the next tick has it.
            Some(_) if !fired.insert(&retry.slug) => {}
            Some(entry) => admit::request(draft, &entry.job, retry.trigger.clone(), Company::Alone),
            None => draft.event(Fact::RetryDropped { after: retry.after, slug: retry.slug.clone() }),
        }
    }
}

/// What is older and not settled was met with it under the other clock.
pub(super) fn taken(draft: &mut Draft<'_>, slug: JobSlug, due: Timestamp) {
    let oldest = draft.state.job(&slug).and_then(|entry| entry.next);
    let first = oldest.map_or(due, |oldest| oldest.min(due));
    draft.event(Fact::OccurrencesPassed { slug, first, last: due, reason: PassReason::AlreadyRan });
}

/// Whoever is paused already stays so, under the name of whom it was.
pub(super) fn pause_asked(draft: &mut Draft<'_>, slug: Option<JobSlug>, by: String, reason: Option<String>) {
    let paused = draft.state.own_pause(slug.as_ref());
    if paused.is_none_or(|pause| pause.cause == PauseCause::SwitchedOff) {
        pause(draft, slug, PauseCause::Asked { by, reason });
    }
}

pub(super) fn pause(draft: &mut Draft<'_>, slug: Option<JobSlug>, cause: PauseCause) {
    let pause = Pause { at: draft.now, cause };
    draft.event(Fact::Paused { slug, pause });
}

/// What was due until now was due during the pause, also when nobody was awake to see it.
pub(super) fn resume_asked(draft: &mut Draft<'_>, slug: Option<JobSlug>, by: String) {
    let paused = draft.state.own_pause(slug.as_ref());
    if paused.is_none_or(|pause| pause.cause == PauseCause::SwitchedOff) {
        return;
    }
    for (first, entry) in draft.state.due_jobs(draft.now) {
        if draft.state.pause_of(&entry.job.slug).is_some() {
            pass_all(draft, &entry.job, first);
        }
    }
    if let Some(slug) = &slug {
        attention::job_resumed(draft, slug);
    }
    draft.event(Fact::Resumed { slug, by });
}

pub(super) fn begin(draft: &mut Draft<'_>, slugs: Vec<JobSlug>) {
    if !slugs.is_empty() {
        draft.event(Fact::JobsBegun { slugs });
    }
}

fn fire_job(draft: &mut Draft<'_>, job: &Job, first: Timestamp) {
    // What is put off by its jitter is not late.
    let met = draft.now.checked_sub(draft.state.jitter_of(job, first)).unwrap_or(draft.now).max(first);
    let owed = job.owed(first, met, &draft.state.zone);
    if let Some((first, last)) = owed.passed {
        pass(draft, job, first, last, PassReason::Missed);
    }
    let company = if owed.runs.len() > 1 { Company::Many } else { Company::Alone };
    for (at, missed) in owed.runs {
        admit::request(draft, job, Trigger::Scheduled { at, missed }, company);
    }
}

fn pass_all(draft: &mut Draft<'_>, job: &Job, first: Timestamp) {
    let last = job.newest_due(first, draft.now, &draft.state.zone);
    pass(draft, job, first, last, PassReason::Paused);
}

fn pass(draft: &mut Draft<'_>, job: &Job, first: Timestamp, last: Timestamp, reason: PassReason) {
    draft.event(Fact::OccurrencesPassed { slug: job.slug.clone(), first, last, reason });
}
