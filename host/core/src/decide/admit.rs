//! Who may start, and when: due jobs, triggers, the queue and the guards' answer.
//!
//! A request passes what costs nothing first: enabled, overlap, quota and budget. Then its gate is asked, if it has
//! one, and only then it takes a place or waits for one; quota and budget are looked at again at that moment.

use crate::decide::{Draft, Effect, end, gate, quota};
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
fn request(draft: &mut Draft<'_>, job: &Job, trigger: Trigger) {
    let run = draft.ids.run();
    let slug = job.slug.clone();
    let mut request = RunRequest::of(job, draft.state.limits.default_timeout_ms);
    request.step.model = quota::model(draft, job.model).as_str().into();
    let forced = matches!(trigger, Trigger::Manual { force: true, .. });
    draft.event(Fact::RunRequested { run, slug: Some(slug.clone()), trigger, request: Box::new(request.clone()) });
    if !job.enabled && !forced {
        return skip(draft, run, slug, SkipReason::Disabled);
    }
    if job.overlap == Overlap::Skip && (draft.state.is_busy(&slug) || draft.begun.contains(&slug)) {
        return skip(draft, run, slug, SkipReason::Overlap);
    }
    if request.admission.gate.is_none() {
        return place(draft, run, slug, &request);
    }
    if is_crowded(draft, run, &slug) {
        return skip(draft, run, slug, SkipReason::Overlap);
    }
    match quota::refusal(draft, &slug, &request) {
        Some(reason) => skip(draft, run, slug, reason),
        None => gate::begin(draft, run, slug),
    }
}

/// A run with nothing left to ask takes a place, or waits for one.
pub(super) fn place(draft: &mut Draft<'_>, run: RunId, slug: JobSlug, request: &RunRequest) {
    if let Some(reason) = quota::refusal(draft, &slug, request) {
        return skip(draft, run, slug, reason);
    }
    let has_others = draft.state.runs_of(&slug).any(|other| other.id != run) || draft.begun.contains(&slug);
    match request.overlap {
        Overlap::Skip if has_others => skip(draft, run, slug, SkipReason::Overlap),
        Overlap::Queue if has_others => wait(draft, run, slug),
        Overlap::Replace if has_others => {
            end::replace_runs(draft, &slug, run);
            draft.event(Fact::RunQueued { run, slug: Some(slug) });
        }
        Overlap::Skip | Overlap::Queue | Overlap::Replace | Overlap::Allow => {
            if draft.free_places > 0 && has_free_tags(draft, request) {
                take_place(draft, run, slug, request);
            } else {
                wait(draft, run, slug);
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

/// A job that is due faster than it ends must not fill the queue.
fn wait(draft: &mut Draft<'_>, run: RunId, slug: JobSlug) {
    if is_crowded(draft, run, &slug) {
        return skip(draft, run, slug, SkipReason::Overlap);
    }
    draft.event(Fact::RunQueued { run, slug: Some(slug) });
}

/// Whether as many others of the job wait, for a place or for their gate, as may.
fn is_crowded(draft: &Draft<'_>, run: RunId, slug: &JobSlug) -> bool {
    let waiting = draft.state.runs_of(slug).filter(|other| other.id != run && !other.is_active()).count();
    waiting >= MOST_WAITING_OF_A_JOB
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
