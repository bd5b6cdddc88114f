//! Quota, memory and budgets: who may not start, though there is a place.

use crate::decide::{Draft, notices};
use crate::event::Fact;
use crate::id::JobSlug;
use crate::job::Model;
use crate::memory;
use crate::quota::level::QuotaWindow;
use crate::quota::{Quota, QuotaReading};
use crate::run::{RunRequest, SkipReason};

/// What the quota file says now; said again only when it changed.
pub(super) fn read(draft: &mut Draft<'_>, reading: QuotaReading) {
    if draft.state.quota_reading() != &reading {
        if let (QuotaReading::Data(quota), Some(rules)) = (&reading, &draft.state.limits.admission.quota)
            && !rules.is_stale(quota, draft.now)
        {
            follow_levels(draft, quota);
        }
        draft.event(Fact::QuotaRead { reading });
    }
}

/// People are told of a level that is reached; one that is left is only noted, so that they are told of it again.
fn follow_levels(draft: &mut Draft<'_>, quota: &Quota) {
    for window in QuotaWindow::ALL {
        let told = draft.state.quota_levels().of(window);
        let level = window.level(window.used(quota), told);
        if level != told {
            draft.event(Fact::QuotaLevelChanged { window, level });
        }
        if level > told {
            notices::quota_level(draft, window, level, quota);
        }
    }
}

pub(super) fn memory_read(draft: &mut Draft<'_>, used_percent: f64) {
    let Some(rules) = draft.state.limits.admission.memory else { return };
    let before = draft.state.memory_pressure();
    let pressure = rules.pressure(used_percent, before);
    if pressure != before {
        draft.event(Fact::MemoryPressed { pressure, used_percent });
    }
    if pressure > before {
        notices::memory_pressure(draft, pressure, used_percent);
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
    if let Some(detail) = memory::refusal(state.memory_pressure(), request.priority) {
        return Some(SkipReason::Memory { detail });
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
