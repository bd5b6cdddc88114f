//! Further attempts that wait for their time.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::event::RunFinished;
use crate::id::{JobSlug, RunId};
use crate::retry::PlannedRetry;

#[derive(Debug, Default)]
pub(super) struct Retries {
    /// By the run that they follow.
    planned: BTreeMap<RunId, PlannedRetry>,
    by_due: BTreeSet<(Timestamp, RunId)>,
    by_job: BTreeSet<(JobSlug, Timestamp, RunId)>,
}

impl Retries {
    pub(super) fn restored(planned: Vec<PlannedRetry>) -> Self {
        let mut retries = Self::default();
        planned.into_iter().for_each(|retry| retries.put(retry));
        retries
    }

    pub(super) fn due(&self, now: Timestamp) -> impl Iterator<Item = &PlannedRetry> {
        self.by_due.iter().take_while(move |(at, _)| *at <= now).filter_map(|(_, after)| self.planned.get(after))
    }

    /// When the job is tried again next.
    pub(super) fn next_of(&self, slug: &JobSlug) -> Option<Timestamp> {
        let from = (slug.clone(), Timestamp::MIN, RunId::MIN);
        self.by_job.range(from..).next().filter(|(job, _, _)| job == slug).map(|(_, due, _)| *due)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &PlannedRetry> {
        self.planned.values()
    }

    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.by_due.first().map(|(at, _)| *at)
    }

    pub(super) fn plan(&mut self, finished: &RunFinished) {
        if let (Some(slug), Some(due)) = (&finished.slug, finished.retry_at) {
            let (slug, after) = (slug.clone(), finished.run);
            self.put(PlannedRetry { slug, after, trigger: finished.trigger.retry_after(after), due });
        }
    }

    /// It was requested, or is given up.
    pub(super) fn settle(&mut self, after: RunId) {
        if let Some(retry) = self.planned.remove(&after) {
            self.by_due.remove(&(retry.due, after));
            self.by_job.remove(&(retry.slug, retry.due, after));
        }
    }

    /// The clock went back: what waits goes on waiting as long as it would have.
    pub(super) fn set_back(&mut self, by: SignedDuration) {
        self.by_due.clear();
        self.by_job.clear();
        for (_, retry) in std::mem::take(&mut self.planned) {
            self.put(PlannedRetry { due: retry.due.checked_sub(by).unwrap_or(retry.due), ..retry });
        }
    }

    fn put(&mut self, retry: PlannedRetry) {
        self.by_due.insert((retry.due, retry.after));
        self.by_job.insert((retry.slug.clone(), retry.due, retry.after));
        self.planned.insert(retry.after, retry);
    }
}
