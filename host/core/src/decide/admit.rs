//! Who may start, and when: due jobs, triggers, the queue and the guards' answer.

use crate::decide::{Draft, Effect, end};
use crate::event::Fact;
use crate::id::{JobSlug, RunId};
use crate::job::{Job, Overlap};
use crate::run::{Run, RunRequest, SkipReason, Trigger};
use crate::verdict::Verdict;

/// More runs of one job than these do not wait.
const MOST_WAITING_OF_A_JOB: usize = 10;

pub(super) fn fire_due_jobs(draft: &mut Draft<'_>) {
    for (due, entry) in draft.state.due_jobs(draft.now) {
        request(draft, &entry.job, Trigger::Scheduled { at: due });
    }
}

pub(super) fn trigger(draft: &mut Draft<'_>, slug: &JobSlug, reason: String, force: bool) {
    if let Some(entry) = draft.state.job(slug) {
        request(draft, &entry.job, Trigger::Manual { reason, force });
    }
}

/// The waiting runs move up while there are places, each when it is its turn.
pub(super) fn drain_queue(draft: &mut Draft<'_>) {
    for run in draft.state.queue() {
        if draft.free_places == 0 {
            return;
        }
        let has_begun = run.slug.as_ref().is_some_and(|slug| draft.begun.contains(slug));
        let follows_another = run.request.overlap.waits_its_turn() && has_begun;
        if draft.state.is_its_turn(run) && !follows_another {
            draft.free_places -= 1;
            begin(draft, run.id, run.slug.clone());
        }
    }
}

pub(super) fn denied(draft: &mut Draft<'_>, run: &Run, verdict: &Verdict) {
    let details: Vec<_> = verdict.reasons().map(|finding| format!("{}: {}", finding.rule, finding.detail)).collect();
    let reason = SkipReason::Denied { detail: details.join("; ") };
    draft.event(Fact::RunSkipped { run: run.id, slug: run.slug.clone(), reason });
}

/// Admission: enabled, overlap, places. What does not pass is recorded as well.
fn request(draft: &mut Draft<'_>, job: &Job, trigger: Trigger) {
    let run = draft.ids.run();
    let slug = job.slug.clone();
    let request = Box::new(RunRequest::of(job, draft.state.limits.default_timeout_ms));
    let forced = matches!(trigger, Trigger::Manual { force: true, .. });
    draft.event(Fact::RunRequested { run, slug: Some(slug.clone()), trigger, request });
    if !job.enabled && !forced {
        return skip(draft, run, slug, SkipReason::Disabled);
    }
    let is_busy = draft.state.is_busy(&slug) || draft.begun.contains(&slug);
    match job.overlap {
        Overlap::Skip if is_busy => skip(draft, run, slug, SkipReason::Overlap),
        Overlap::Queue if is_busy => wait(draft, run, slug),
        Overlap::Replace if is_busy => {
            end::replace_runs(draft, &slug);
            draft.event(Fact::RunQueued { run, slug: Some(slug) });
        }
        Overlap::Skip | Overlap::Queue | Overlap::Replace | Overlap::Allow if draft.free_places == 0 => {
            wait(draft, run, slug);
        }
        Overlap::Skip | Overlap::Queue | Overlap::Replace | Overlap::Allow => {
            draft.free_places -= 1;
            begin(draft, run, Some(slug));
        }
    }
}

/// A job that is due faster than it ends must not fill the queue.
fn wait(draft: &mut Draft<'_>, run: RunId, slug: JobSlug) {
    let waiting = draft.state.runs_of(&slug).filter(|run| !run.is_active()).count();
    if waiting >= MOST_WAITING_OF_A_JOB {
        return skip(draft, run, slug, SkipReason::Overlap);
    }
    draft.event(Fact::RunQueued { run, slug: Some(slug) });
}

fn skip(draft: &mut Draft<'_>, run: RunId, slug: JobSlug, reason: SkipReason) {
    draft.event(Fact::RunSkipped { run, slug: Some(slug), reason });
}

pub(super) fn begin(draft: &mut Draft<'_>, run: RunId, slug: Option<JobSlug>) {
    draft.begun.extend(slug.clone());
    draft.event(Fact::RunAdmitted { run, slug });
    draft.effect(Effect::Judge { run });
}

/// A run that is stopped before it began leaves as skipped: nothing was done.
pub(super) fn withdrawn(draft: &mut Draft<'_>, run: &Run, by: String) {
    draft.event(Fact::RunSkipped { run: run.id, slug: run.slug.clone(), reason: SkipReason::Stopped { by } });
}
