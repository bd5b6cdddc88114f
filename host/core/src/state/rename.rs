//! A job that gets another name: what it has been through goes with it.

use jiff::Timestamp;

use crate::id::JobSlug;
use crate::state::{State, attention};

impl State {
    /// Whether nothing is under way under either name, so that what is known of the one can become the other's.
    pub fn may_rename(&self, from: &JobSlug, to: &JobSlug) -> bool {
        let is_quiet = |slug| !self.is_busy(slug) && self.retry_of(slug).is_none();
        from != to && is_quiet(from) && is_quiet(to)
    }

    /// The jobs file says itself which jobs there are.
    pub(super) fn rename(&mut self, from: &JobSlug, to: &JobSlug, now: Timestamp) {
        if let Some(state) = self.job_states.remove(from) {
            self.job_states.insert(to.clone(), state);
        }
        if let Some(pause) = self.pauses.remove(&Some(from.clone())) {
            self.pauses.insert(Some(to.clone()), pause);
        }
        self.take_from_agenda(from);
        self.take_from_agenda(to);
        self.tunings.rename(from, to);
        self.standing.rename(from, to);
        self.conversations.rename_job(from, to);
        attention::rename_job(&mut self.attention, from, to);
        for slug in [from, to] {
            if let Some(job) = self.jobs.get(slug).map(|entry| entry.job.clone()) {
                let job = self.tuned(&job);
                self.jobs.entry(slug.clone()).and_modify(|entry| entry.job = job);
                self.find_next(slug, now);
            }
        }
    }
}
