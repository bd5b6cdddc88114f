//! By which schedule each job runs, where that is another than its file says; and what its runs told of their work.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;

use crate::id::JobSlug;
use crate::job::Job;
use crate::schedule::Schedule;
use crate::state::State;
use crate::tune::{Tuned, Tuning};
use crate::workload::{TREND_WINDOW, Workload};

#[derive(Debug, Default)]
pub(super) struct Tunings {
    tunings: BTreeMap<JobSlug, Tuning>,
    /// Of each job the newest since its tuning changed, newest first.
    signals: BTreeMap<JobSlug, VecDeque<Workload>>,
}

impl Tunings {
    /// `signals` are the newest of each job, newest first.
    pub(super) fn restored(tunings: BTreeMap<JobSlug, Tuning>, signals: BTreeMap<JobSlug, Vec<Workload>>) -> Self {
        let is_new = |signal: &Workload| tunings.get(&signal.slug).is_none_or(|one| signal.timestamp > one.since);
        let signals = signals.into_iter().map(|(slug, signals)| (slug, signals.into_iter().filter(&is_new).collect()));
        let signals = signals.collect();
        Self { tunings, signals }
    }

    pub(super) fn note(&mut self, workload: &Workload) {
        let signals = self.signals.entry(workload.slug.clone()).or_default();
        signals.push_front(workload.clone());
        signals.truncate(TREND_WINDOW);
    }

    pub(super) fn rename(&mut self, from: &JobSlug, to: &JobSlug) {
        self.tunings.remove(to);
        self.signals.remove(to);
        if let Some(tuning) = self.tunings.remove(from) {
            self.tunings.insert(to.clone(), tuning);
        }
        if let Some(mut signals) = self.signals.remove(from) {
            signals.iter_mut().for_each(|signal| signal.slug = to.clone());
            self.signals.insert(to.clone(), signals);
        }
    }

    fn change(&mut self, slug: &JobSlug, tuned: &Tuned, at: Timestamp) {
        self.signals.remove(slug);
        if let Some(tuning) = Tuning::after(self.tunings.remove(slug), tuned, at) {
            self.tunings.insert(slug.clone(), tuning);
        }
    }
}

impl State {
    /// What is proposed for a job, or was made of its schedule.
    pub fn tuning(&self, slug: &JobSlug) -> Option<&Tuning> {
        self.tunings.tunings.get(slug)
    }

    /// What the runs of a job told since its tuning changed, newest first.
    pub fn signals(&self, slug: &JobSlug) -> impl Iterator<Item = &Workload> {
        self.tunings.signals.get(slug).into_iter().flatten()
    }

    /// The job as it is due: by its tuning, where that is about the schedule that the job has.
    pub(crate) fn tuned(&self, job: &Arc<Job>) -> Arc<Job> {
        let written = job.definition.schedule().unwrap_or_default();
        let wanted = self.tuning(&job.slug).and_then(|tuning| tuning.schedule_for(&written)).unwrap_or(&written);
        if wanted == job.schedule.as_str() {
            return job.clone();
        }
        let schedule = Schedule::parse(wanted);
        schedule.map_or_else(|_| job.clone(), |schedule| Arc::new(Job { schedule, ..(**job).clone() }))
    }

    /// Changes the schedule of a job in place; its next due time follows.
    pub(super) fn apply_tuned(&mut self, slug: &JobSlug, tuned: &Tuned, now: Timestamp) {
        self.tunings.change(slug, tuned, now);
        let Some(before) = self.jobs.get(slug).map(|entry| entry.job.clone()) else { return };
        // Where it stands in the agenda depends on the schedule that it had.
        self.take_from_agenda(slug);
        let job = self.tuned(&before);
        if let Some(entry) = self.jobs.get_mut(slug) {
            entry.job = job;
        }
        self.find_next(slug, now);
    }
}
