//! When jobs are due: from when on each is looked after, and which due times are settled.
//!
//! A job's due times are settled up to the later of two: when it began, and the last one that got its run or was passed
//! over. Both are recorded, so what comes after them is owed, however long nobody was awake.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::id::JobSlug;
use crate::job::Job;
use crate::jobs_file::JobsFile;
use crate::pause::{Pause, PauseCause};
use crate::run::Trigger;
use crate::schedule::jitter;
use crate::state::{JobEntry, State};

/// A settled due time that lies further ahead was recorded under a wrong clock.
const MOST_AHEAD: SignedDuration = SignedDuration::from_hours(24);

impl State {
    /// The jobs that are due, each with the oldest due time that is not settled, earliest first.
    pub fn due_jobs(&self, now: Timestamp) -> impl Iterator<Item = (Timestamp, &JobEntry)> {
        let scheduling = self.limits.scheduling;
        let due = self.agenda.iter().take_while(move |(at, _)| scheduling && *at <= now);
        due.filter_map(|(_, slug)| self.jobs.get(slug)).filter_map(|entry| Some((entry.next?, entry)))
    }

    /// The pause of the job, or else that of the scheduler.
    pub fn pause_of(&self, slug: &JobSlug) -> Option<&Pause> {
        self.pauses.get(&Some(slug.clone())).or_else(|| self.pauses.get(&None))
    }

    /// The pause of this very job, or of the scheduler where no job is named.
    pub fn own_pause(&self, slug: Option<&JobSlug>) -> Option<&Pause> {
        self.pauses.get(&slug.cloned())
    }

    /// Whether a host before this one was told not to let jobs fire.
    pub(crate) fn was_switched_off(&self) -> bool {
        self.pauses.get(&None).is_some_and(|pause| pause.cause == PauseCause::SwitchedOff)
    }

    /// The zone of the host by its name, when another one is recorded, or none; true when it was another.
    pub(crate) fn zone_to_record(&self) -> Option<(String, bool)> {
        let zone = self.zone.iana_name().map_or_else(|| format!("{:?}", self.zone), str::to_owned);
        let was = self.recorded_zone.as_ref();
        (was != Some(&zone)).then_some((zone, was.is_some()))
    }

    /// The jobs that would begin with this file: those that are new, enabled again, or due otherwise than before.
    pub(crate) fn beginners(&self, file: &JobsFile) -> Vec<JobSlug> {
        if self.keeps_last_good(file) {
            return Vec::new();
        }
        let begins = |job: &Arc<Job>| {
            let goes_on = self.jobs.get(&job.slug).is_some_and(|entry| is_due_alike(&entry.job, &self.tuned(job)));
            job.enabled && !(goes_on && self.has_begun(&job.slug))
        };
        file.jobs.iter().filter(|job| begins(job)).map(|job| job.slug.clone()).collect()
    }

    pub(crate) fn keeps_last_good(&self, file: &JobsFile) -> bool {
        file.refused && !self.jobs.is_empty()
    }

    /// Replaces the set of jobs; one that is due as before keeps its next due time.
    pub(super) fn take_jobs(&mut self, file: &JobsFile, now: Timestamp) {
        let mut before = std::mem::take(&mut self.jobs);
        self.agenda.clear();
        self.order = file.jobs.iter().map(|job| job.slug.clone()).collect();
        for job in &file.jobs {
            let job = self.tuned(job);
            let alike = before.remove(&job.slug).filter(|entry| is_due_alike(&entry.job, &job));
            let next = match alike {
                Some(entry) if job.enabled => entry.next,
                _ => self.next_due(&job, now),
            };
            self.agenda.extend(next.map(|due| (self.starts_at(&job, due), job.slug.clone())));
            self.jobs.insert(job.slug.clone(), JobEntry { job, next });
        }
    }

    pub(super) fn begin_jobs(&mut self, slugs: &[JobSlug], now: Timestamp) {
        for slug in slugs {
            self.job_states.entry(slug.clone()).or_default().begun_at = Some(now);
            self.find_next(slug, now);
        }
    }

    pub(super) fn apply_request(&mut self, slug: Option<&JobSlug>, trigger: &Trigger, now: Timestamp) {
        match (trigger, slug) {
            (Trigger::Scheduled { at, .. }, Some(slug)) => self.settle(slug, *at, now),
            (Trigger::Retry { after, .. }, _) => self.retries.settle(*after),
            (Trigger::Scheduled { .. } | Trigger::Manual { .. } | Trigger::Spawned { .. }, _) => {}
        }
    }

    /// Up to this due time nothing is owed any more.
    pub(super) fn settle(&mut self, slug: &JobSlug, due: Timestamp, now: Timestamp) {
        self.job_states.entry(slug.clone()).or_default().last_scheduled = Some(due);
        self.find_next(slug, now);
    }

    /// Due times are found anew; what was due under the old time and has its run keeps it.
    pub(super) fn set_back(&mut self, by: SignedDuration, now: Timestamp) {
        self.outbox.set_back(by);
        self.retries.set_back(by);
        for state in self.job_states.values_mut() {
            if state.last_scheduled.is_some_and(|last| last.duration_since(now) >= MOST_AHEAD) {
                (state.last_scheduled, state.begun_at) = (None, Some(now));
            }
            state.begun_at = state.begun_at.map(|begun| begun.min(now));
        }
        for slug in self.order.clone() {
            self.find_next(&slug, now);
        }
    }

    /// For as long as it takes to change what its place depends on; `find_next` gives it another.
    pub(super) fn take_from_agenda(&mut self, slug: &JobSlug) {
        let Some(entry) = self.jobs.get_mut(slug) else { return };
        let (job, next) = (entry.job.clone(), entry.next.take());
        if let Some(due) = next {
            self.agenda.remove(&(self.starts_at(&job, due), slug.clone()));
        }
    }

    pub(super) fn find_next(&mut self, slug: &JobSlug, now: Timestamp) {
        self.take_from_agenda(slug);
        let Some(job) = self.jobs.get(slug).map(|entry| entry.job.clone()) else { return };
        let next = self.next_due(&job, now);
        let Some(entry) = self.jobs.get_mut(slug) else { return };
        entry.next = next;
        self.agenda.extend(next.map(|due| (self.starts_at(&job, due), slug.clone())));
    }

    /// By how much a job starts after this due time of its own: at most half the way to the next one.
    pub(crate) fn jitter_of(&self, job: &Job, due: Timestamp) -> SignedDuration {
        let most = job.jitter.unwrap_or(self.limits.admission.jitter);
        if most.is_zero() {
            return most;
        }
        let until_next = job.next_after(due, &self.zone).map_or(most, |next| next.duration_since(due) / 2);
        jitter(&job.slug, due, most.min(until_next))
    }

    fn starts_at(&self, job: &Job, due: Timestamp) -> Timestamp {
        due.checked_add(self.jitter_of(job, due)).unwrap_or(due)
    }

    /// The oldest due time that is not settled; it may have passed.
    fn next_due(&self, job: &Job, now: Timestamp) -> Option<Timestamp> {
        let settled = self.settled(&job.slug, now).unwrap_or(now);
        if job.enabled { job.next_after(settled, &self.zone) } else { None }
    }

    fn settled(&self, slug: &JobSlug, now: Timestamp) -> Option<Timestamp> {
        let state = self.job_states.get(slug)?;
        let begun = state.begun_at.map(|begun| begun.min(now));
        let last = state.last_scheduled.filter(|last| last.duration_since(now) < MOST_AHEAD);
        begun.max(last)
    }

    fn has_begun(&self, slug: &JobSlug) -> bool {
        self.job_states.get(slug).is_some_and(|state| state.begun_at.or(state.last_scheduled).is_some())
    }
}

/// Whether the two are due at the same times.
fn is_due_alike(before: &Job, job: &Job) -> bool {
    before.schedule == job.schedule && before.timezone == job.timezone && before.enabled == job.enabled
}
