//! What the state knows of who may start: quota, budgets and tags.

use jiff::Timestamp;

use crate::budget::{Begun, DayTaken, Sums, Taken};
use crate::event::{Event, Fact};
use crate::id::JobSlug;
use crate::memory::Pressure;
use crate::quota::level::QuotaLevels;
use crate::quota::{Quota, QuotaReading};
use crate::run::Run;
use crate::state::State;
use crate::state::runs::Runs;

#[derive(Debug)]
pub(super) struct Standing {
    sums: Sums,
    quota: QuotaReading,
    /// People were told that the quota data is too old.
    is_stale_told: bool,
    /// What people were told of how much is used.
    levels: QuotaLevels,
    pressure: Pressure,
}

impl Standing {
    pub(super) fn restored(begun: &[Begun], levels: QuotaLevels, zone: &jiff::tz::TimeZone) -> Self {
        Self {
            sums: Sums::restored(begun, zone),
            quota: QuotaReading::None,
            is_stale_told: false,
            levels,
            pressure: Pressure::default(),
        }
    }

    pub(super) fn rename(&mut self, from: &JobSlug, to: &JobSlug) {
        self.sums.rename(from, to);
    }

    /// `runs` as they were before the event.
    pub(super) fn apply(&mut self, event: &Event, runs: &Runs, zone: &jiff::tz::TimeZone) {
        match &event.fact {
            Fact::RunAdmitted { slug, .. } => self.sums.begin(slug.as_ref(), event.at, zone),
            Fact::RunUsed { run, slug, usage } => {
                if let Some((run, begun_at)) = runs.get(*run).and_then(|run| Some((run, run.admitted_at?))) {
                    self.sums.note(slug.as_ref(), begun_at, &run.usage, usage, zone);
                }
            }
            Fact::RunFinished(finished) => {
                if let Some(begun_at) = runs.get(finished.run).and_then(|run| run.admitted_at) {
                    self.sums.end(finished.slug.as_ref(), begun_at, event.at, zone);
                }
            }
            Fact::RunSkipped { run, slug, .. } => {
                if let Some(begun_at) = runs.get(*run).and_then(|run| run.admitted_at) {
                    self.sums.take_back(slug.as_ref(), begun_at, zone);
                }
            }
            Fact::QuotaRead { reading } => {
                self.quota = reading.clone();
                self.is_stale_told = false;
            }
            Fact::QuotaStale { .. } => self.is_stale_told = true,
            Fact::QuotaLevelChanged { window, level } => self.levels.set(*window, *level),
            Fact::MemoryPressed { pressure, .. } => self.pressure = *pressure,
            _ => {}
        }
    }
}

impl State {
    /// What a job took on the day of `now`.
    pub fn taken_by(&self, slug: &JobSlug, now: Timestamp) -> Taken {
        self.standing.sums.of_job(slug, now, &self.zone)
    }

    /// What all runs took together on the day of `now`, spawned sessions included.
    pub fn taken_by_all(&self, now: Timestamp) -> Taken {
        self.standing.sums.of_all(now, &self.zone)
    }

    /// What a job and all runs took on the day of `now` and on the days before it, the latest first. The days are
    /// those of the scheduler's zone; what is older than a month is forgotten.
    pub fn taken_on_days(&self, slug: &JobSlug, now: Timestamp, most: usize) -> Vec<DayTaken> {
        self.standing.sums.days(slug, now, &self.zone, most)
    }

    /// What the quota file said last.
    pub fn quota_reading(&self) -> &QuotaReading {
        &self.standing.quota
    }

    /// What people were told last of how much of the quota is used.
    pub fn quota_levels(&self) -> QuotaLevels {
        self.standing.levels
    }

    /// How full the memory of the machine was when it was looked at last.
    pub fn memory_pressure(&self) -> Pressure {
        self.standing.pressure
    }

    /// The quota data that counts now; `None` when there is none, or it is too old, or nobody wants it to be heeded.
    pub fn quota_in_force(&self, now: Timestamp) -> Option<&Quota> {
        match (&self.standing.quota, &self.limits.admission.quota) {
            (QuotaReading::Data(quota), Some(rules)) if !rules.is_stale(quota, now) => Some(quota),
            _ => None,
        }
    }

    /// Whether the quota data is too old, and nobody has been told.
    pub(crate) fn is_quota_newly_stale(&self, now: Timestamp) -> bool {
        match (&self.standing.quota, &self.limits.admission.quota) {
            (QuotaReading::Data(quota), Some(rules)) => !self.standing.is_stale_told && rules.is_stale(quota, now),
            _ => false,
        }
    }

    /// How many more runs with this tag may be admitted now; `None` when it has no limit.
    pub fn free_places_of_tag(&self, tag: &str) -> Option<usize> {
        let most = self.limits.admission.tag_limits.get(tag)?;
        Some(most.saturating_sub(self.runs.active_with_tag(tag)))
    }

    /// Whether a waiting run could have a place: it is its turn, and none of its tags is at its limit.
    pub(super) fn could_start(&self, run: &Run) -> bool {
        let is_free = |tag: &String| self.free_places_of_tag(tag) != Some(0);
        self.is_its_turn(run) && run.request.admission.tags.iter().all(is_free)
    }
}
