//! Quota and budgets: who may not start, though there is a place.

use crate::decide::Draft;
use crate::event::Fact;
use crate::id::JobSlug;
use crate::job::Model;
use crate::quota::QuotaReading;
use crate::run::{RunRequest, SkipReason};

/// What the quota file says now; said again only when it changed.
pub(super) fn read(draft: &mut Draft<'_>, reading: QuotaReading) {
    if draft.state.quota_reading() != &reading {
        draft.event(Fact::QuotaRead { reading });
    }
}

/// Data that nobody renews is ignored, and people are told so once.
pub(super) fn warn_when_stale(draft: &mut Draft<'_>) {
    if draft.state.is_quota_newly_stale(draft.now)
        && let QuotaReading::Data(quota) = draft.state.quota_reading()
    {
        draft.event(Fact::QuotaStale { last_updated: quota.last_updated });
    }
}

/// Why a run may not start now, whatever places there are.
pub(super) fn refusal(draft: &Draft<'_>, slug: &JobSlug, request: &RunRequest) -> Option<SkipReason> {
    let state = draft.state;
    if let (Some(rules), Some(quota)) = (&state.limits.admission.quota, state.quota_in_force(draft.now))
        && let Some(detail) = rules.refusal(quota, request.priority)
    {
        return Some(SkipReason::Quota { detail });
    }
    let mut of_job = state.taken_by(slug, draft.now);
    let mut of_all = state.taken_by_all(draft.now);
    of_job.runs += draft.begun_runs.iter().filter(|begun| begun.as_ref() == Some(slug)).count() as u64;
    of_all.runs += draft.begun_runs.len() as u64;
    let of_job = request.admission.budget.used_up(&of_job).map(|used| format!("the job took {used} today"));
    let of_all = state.limits.admission.budget.used_up(&of_all).map(|used| format!("all jobs took {used} today"));
    of_job.or(of_all).map(|detail| SkipReason::Budget { detail })
}

/// The model that a run gets whose job asks for this one.
pub(super) fn model(draft: &Draft<'_>, asked: Model) -> Model {
    let rules = draft.state.limits.admission.quota.as_ref();
    let in_force = rules.zip(draft.state.quota_in_force(draft.now));
    in_force.map_or(asked, |(rules, quota)| rules.model(quota, asked))
}
