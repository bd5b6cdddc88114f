//! Who may start, and when: requests, triggers, the queue and the guards' answer.
//!
//! A request passes what costs nothing first: enabled, pauses, overlap, quota and budget. Then its gate is asked, if it
//! has one, and only then it takes a place or waits for one; quota and budget are looked at again at that moment.

use crate::decide::{Draft, Effect, end, gate, quota};
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

/// `depth` is how many starts by plugins led to this one.
pub(super) fn trigger(draft: &mut Draft<'_>, slug: &JobSlug, reason: String, force: bool, depth: u32) {
    if let Some(entry) = draft.state.job(slug) {
        request(draft, &entry.job, Trigger::Manual { reason, force, depth }, Company::Alone);
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
        if draft.state.is_its_turn(run) && !follows_another && has_free_tags(draft, &run.request) {
            leave_queue(draft, run);
        }
    }
}

/// Quota and budget may have changed while it waited.
fn leave_queue(draft: &mut Draft<'_>, run: &Run) {
    let Some(slug) = &run.slug else { return begin(draft, run.id, None) };
    match quota::refusal(draft, slug, &run.request) {
        Some(reason) => skip(draft, run.id, slug.clone(), reason),
        None => take_place(draft, run.id, slug.clone(), &run.request),
    }
}

pub(super) fn denied(draft: &mut Draft<'_>, run: &Run, verdict: &Verdict) {
    let details: Vec<_> = verdict.reasons().map(|finding| format!("{}: {}", finding.rule, finding.detail)).collect();
    let reason = SkipReason::Denied { detail: details.join("; ") };
    draft.event(Fact::RunSkipped { run: run.id, slug: run.slug.clone(), reason });
}

/// Admission, up to the gate or to a place. What does not pass is recorded as well.
pub(super) fn request(draft: &mut Draft<'_>, job: &Job, trigger: Trigger, company: Company) {
    let run = draft.ids.run();
    let slug = job.slug.clone();
    let mut request = RunRequest::of(job, draft.state.limits.default_timeout_ms);
    request.step.model = quota::model(draft, job.model).as_str().into();
    let forced = trigger.is_forced();
    draft.event(Fact::RunRequested { run, slug: Some(slug.clone()), trigger, request: Box::new(request.clone()) });
    if !job.enabled && !forced {
        return skip(draft, run, slug, SkipReason::Disabled);
    }
    if draft.state.pause_of(&slug).is_some_and(Pause::holds_runs) && !forced {
        return skip(draft, run, slug, SkipReason::Paused);
    }
    let is_busy = draft.state.is_busy(&slug) || draft.begun.contains(&slug);
    if is_busy && job.overlap == Overlap::Skip && company == Company::Alone {
        return skip(draft, run, slug, SkipReason::Overlap);
    }
    if request.admission.gate.is_none() {
        return place(draft, run, slug, &request, company);
    }
    if is_crowded(draft, &slug, company) {
        return skip(draft, run, slug, SkipReason::Overlap);
    }
    match quota::refusal(draft, &slug, &request) {
        Some(reason) => skip(draft, run, slug, reason),
        None => gate::begin(draft, run, slug),
    }
}

/// A run with nothing left to ask takes a place, or waits for one.
pub(super) fn place(draft: &mut Draft<'_>, run: RunId, slug: JobSlug, request: &RunRequest, company: Company) {
    if let Some(reason) = quota::refusal(draft, &slug, request) {
        return skip(draft, run, slug, reason);
    }
    let has_others = draft.state.runs_of(&slug).any(|other| other.id != run) || draft.begun.contains(&slug);
    // While its gate was asked, its job may have been paused.
    let is_held = draft.state.run(run).is_some_and(|run| !draft.state.is_its_turn(run));
    match request.overlap {
        Overlap::Replace if has_others && company == Company::Alone => {
            end::replace_runs(draft, &slug, run);
            draft.event(Fact::RunQueued { run, slug: Some(slug) });
        }
        overlap if is_held || (has_others && overlap.waits_its_turn()) => wait(draft, run, slug, company),
        Overlap::Skip | Overlap::Queue | Overlap::Replace | Overlap::Allow => {
            if draft.free_places > 0 && has_free_tags(draft, request) {
                take_place(draft, run, slug, request);
            } else {
                wait(draft, run, slug, company);
            }
        }
    }
}

/// Whether none of its tags is at its limit.
fn has_free_tags(draft: &Draft<'_>, request: &RunRequest) -> bool {
    let begun = |tag: &String| draft.begun_tags.get(tag).copied().unwrap_or(0);
    request.admission.tags.iter().all(|tag| draft.state.free_places_of_tag(tag).is_none_or(|free| begun(tag) < free))
}

fn take_place(draft: &mut Draft<'_>, run: RunId, slug: JobSlug, request: &RunRequest) {
    draft.free_places -= 1;
    for tag in &request.admission.tags {
        *draft.begun_tags.entry(tag.clone()).or_default() += 1;
    }
    begin(draft, run, Some(slug));
}

/// A job that is due faster than it ends must not fill the queue. A run whose gate was asked has been counted before.
fn wait(draft: &mut Draft<'_>, run: RunId, slug: JobSlug, company: Company) {
    let is_new = draft.state.run(run).is_none();
    if is_new && is_crowded(draft, &slug, company) {
        return skip(draft, run, slug, SkipReason::Overlap);
    }
    draft.event(Fact::RunQueued { run, slug: Some(slug) });
}

/// Whether as many runs of the job wait, for a place or for their gate, as may.
fn is_crowded(draft: &Draft<'_>, slug: &JobSlug, company: Company) -> bool {
    let waiting = draft.state.runs_of(slug).filter(|run| !run.is_active()).count();
    let most = match company {
        Company::Alone => MOST_WAITING_OF_A_JOB,
        Company::Many => MOST_CAUGHT_UP,
    };
    waiting >= most
}

pub(super) fn skip(draft: &mut Draft<'_>, run: RunId, slug: JobSlug, reason: SkipReason) {
    draft.event(Fact::RunSkipped { run, slug: Some(slug), reason });
}

pub(super) fn begin(draft: &mut Draft<'_>, run: RunId, slug: Option<JobSlug>) {
    draft.begun.extend(slug.clone());
    draft.begun_runs.push(slug.clone());
    draft.event(Fact::RunAdmitted { run, slug });
    draft.effect(Effect::Judge { run });
}

/// A run that is stopped before it began leaves as skipped: nothing was done.
pub(super) fn withdrawn(draft: &mut Draft<'_>, run: &Run, by: String) {
    draft.event(Fact::RunSkipped { run: run.id, slug: run.slug.clone(), reason: SkipReason::Stopped { by } });
}
