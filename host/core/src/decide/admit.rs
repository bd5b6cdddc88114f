//! Who may start, and when: requests, triggers, the queue and the guards' answer.

use crate::decide::{Draft, Effect, end};
use crate::event::Fact;
use crate::id::{JobSlug, RunId};
use crate::job::{Job, Overlap};
use crate::missed::MOST_CAUGHT_UP;
use crate::pause::Pause;
use crate::run::{Run, RunRequest, SkipReason, Trigger};
use crate::verdict::Verdict;

/// More runs of one job than these do not wait.
const MOST_WAITING_OF_A_JOB: usize = 10;

/// Whether a run is requested alone, or with others of its job that are made up for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Company {
    Alone,
    /// They wait for one another, whatever the job says of overlap.
    Many,
}

pub(super) fn trigger(draft: &mut Draft<'_>, slug: &JobSlug, reason: String, force: bool) {
    if let Some(entry) = draft.state.job(slug) {
        request(draft, &entry.job, Trigger::Manual { reason, force }, Company::Alone);
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
pub(super) fn request(draft: &mut Draft<'_>, job: &Job, trigger: Trigger, company: Company) {
    let run = draft.ids.run();
    let slug = job.slug.clone();
    let request = Box::new(RunRequest::of(job, draft.state.limits.default_timeout_ms));
    let forced = trigger.is_forced();
    draft.event(Fact::RunRequested { run, slug: Some(slug.clone()), trigger, request });
    if !job.enabled && !forced {
        return skip(draft, run, slug, SkipReason::Disabled);
    }
    if draft.state.pause_of(&slug).is_some_and(Pause::holds_runs) && !forced {
        return skip(draft, run, slug, SkipReason::Paused);
    }
    let is_busy = draft.state.is_busy(&slug) || draft.begun.contains(&slug);
    match job.overlap {
        Overlap::Skip | Overlap::Queue | Overlap::Replace if is_busy && company == Company::Many => {
            wait(draft, run, slug, company);
        }
        Overlap::Skip if is_busy => skip(draft, run, slug, SkipReason::Overlap),
        Overlap::Queue if is_busy => wait(draft, run, slug, company),
        Overlap::Replace if is_busy => {
            end::replace_runs(draft, &slug);
            draft.event(Fact::RunQueued { run, slug: Some(slug) });
        }
        Overlap::Skip | Overlap::Queue | Overlap::Replace | Overlap::Allow if draft.free_places == 0 => {
            wait(draft, run, slug, company);
        }
        Overlap::Skip | Overlap::Queue | Overlap::Replace | Overlap::Allow => {
            draft.free_places -= 1;
            begin(draft, run, Some(slug));
        }
    }
}

/// A job that is due faster than it ends must not fill the queue.
fn wait(draft: &mut Draft<'_>, run: RunId, slug: JobSlug, company: Company) {
    let waiting = draft.state.runs_of(&slug).filter(|run| !run.is_active()).count();
    let most = match company {
        Company::Alone => MOST_WAITING_OF_A_JOB,
        Company::Many => MOST_CAUGHT_UP,
    };
    if waiting >= most {
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
