//! Who may start, and when: due jobs, triggers, the queue and the guards' answer.

use crate::decide::{Draft, Effect};
use crate::event::Fact;
use crate::id::{JobSlug, RunId};
use crate::job::Job;
use crate::run::{Run, RunRequest, SkipReason, Trigger};
use crate::verdict::Finding;

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

/// The waiting runs move up while there are places.
pub(super) fn drain_queue(draft: &mut Draft<'_>) {
    for run in draft.state.queue() {
        if draft.free_places == 0 {
            return;
        }
        begin(draft, run.id, &run.slug);
    }
}

pub(super) fn denied(draft: &mut Draft<'_>, run: &Run, findings: &[Finding]) {
    let details: Vec<_> = findings.iter().map(|finding| format!("{}: {}", finding.rule, finding.detail)).collect();
    let reason = SkipReason::Denied { detail: details.join("; ") };
    draft.event(Fact::RunSkipped { run: run.id, slug: run.slug.clone(), reason });
}

/// Admission: enabled, overlap, places. What does not pass is recorded as well.
fn request(draft: &mut Draft<'_>, job: &Job, trigger: Trigger) {
    let run = draft.ids.run();
    let slug = job.slug.clone();
    let request = Box::new(RunRequest::of(job, draft.state.limits.default_timeout_ms));
    let forced = matches!(trigger, Trigger::Manual { force: true, .. });
    draft.event(Fact::RunRequested { run, slug: slug.clone(), trigger, request });
    if !job.enabled && !forced {
        draft.event(Fact::RunSkipped { run, slug, reason: SkipReason::Disabled });
    } else if draft.state.is_busy(&job.slug) {
        draft.event(Fact::RunSkipped { run, slug, reason: SkipReason::Overlap });
    } else if draft.free_places == 0 {
        draft.event(Fact::RunQueued { run, slug });
    } else {
        begin(draft, run, &job.slug);
    }
}

fn begin(draft: &mut Draft<'_>, run: RunId, slug: &JobSlug) {
    draft.free_places -= 1;
    draft.event(Fact::RunAdmitted { run, slug: slug.clone() });
    draft.effect(Effect::Judge { run });
}

/// A run that is stopped before it began leaves as skipped: nothing was done.
pub(super) fn withdrawn(draft: &mut Draft<'_>, run: &Run, by: String) {
    draft.event(Fact::RunSkipped { run: run.id, slug: run.slug.clone(), reason: SkipReason::Stopped { by } });
}
