//! What should happen, told for each due time on its own: it is met at the first look of the host at a clock that shows
//! it or a later time, and what the host sees in that look decides.

use std::collections::{BTreeMap, BTreeSet};

use super::calendar::{DAY, Plan};

/// Why a due time has no run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    Missed,
    Paused,
    /// It had its run under another clock, or a newer one met with it had; that is the last of them.
    AlreadyRan {
        last: bool,
    },
    /// Its run was requested while another one was open.
    Overlap {
        late: bool,
    },
}

/// What becomes of one due time, in minutes since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Runs { late: bool },
    None(Why),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Policy {
    Default,
    Skip,
    RunOnce,
    RunAll,
}

/// A job as the model sees it.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) plan: &'static Plan,
    pub(super) policy: Policy,
    pub(super) enabled: bool,
    /// In milliseconds.
    pub(super) begun: i64,
    /// The newest due time that has met its fate.
    pub(super) met: Option<i64>,
    pub(super) paused: bool,
    /// Its run is open.
    pub(super) busy: bool,
    ran: BTreeSet<i64>,
}

#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) jobs: Vec<Known>,
    pub(super) paused: bool,
    /// The next due time of each job that has one.
    next: BTreeSet<(i64, usize)>,
    next_of: BTreeMap<usize, i64>,
    /// How many due times met which fate, for the test of the test.
    pub(super) tally: BTreeMap<&'static str, usize>,
}

const MINUTE_MS: i64 = 60_000;

impl Known {
    pub(super) fn new(plan: &'static Plan, policy: Policy, begun: i64) -> Self {
        Self { plan, policy, enabled: true, begun, met: None, paused: false, busy: false, ran: BTreeSet::new() }
    }

    /// The due times that have not met their fate, up to this time in milliseconds.
    fn unmet(&self, now: i64) -> &'static [i64] {
        let due = &self.plan.due;
        let after = |due: i64| due * MINUTE_MS > self.begun && self.met.is_none_or(|met| due > met);
        let first = due.partition_point(|due| !after(*due));
        let end = due.partition_point(|due| due * MINUTE_MS <= now);
        if self.enabled && first < end { &due[first..end] } else { &[] }
    }

    fn next(&self) -> Option<i64> {
        let due = self.unmet(i64::MAX);
        due.first().copied()
    }

    /// What this look means for each of them.
    fn fates(&self, now: i64, paused: bool) -> Vec<(i64, Fate)> {
        let unmet = self.unmet(now);
        let many = match (self.policy, self.plan.is_daily_at_most) {
            (Policy::RunAll, _) => 24,
            (Policy::RunOnce, _) | (Policy::Default, true) => 1,
            (Policy::Skip, _) | (Policy::Default, false) => 0,
        };
        let fate = |(index, due): (usize, &i64)| {
            let newer = unmet.len() - 1 - index;
            let punctual = newer == 0 && now - due * MINUTE_MS < 5 * MINUTE_MS;
            let fate = match (paused, punctual) {
                (true, _) => Fate::None(Why::Paused),
                (false, true) => Fate::Runs { late: false },
                (false, false) if newer < many => Fate::Runs { late: true },
                (false, false) => Fate::None(Why::Missed),
            };
            (*due, fate)
        };
        unmet.iter().enumerate().map(fate).collect()
    }
}

impl Model {
    pub(super) fn new(jobs: Vec<Known>) -> Self {
        let mut model = Self { jobs, ..Self::default() };
        (0..model.jobs.len()).for_each(|index| model.plan_next(index));
        model
    }

    pub(super) fn plan_next(&mut self, index: usize) {
        if let Some(before) = self.next_of.remove(&index) {
            self.next.remove(&(before, index));
        }
        if let Some(next) = self.jobs[index].next() {
            self.next_of.insert(index, next);
            self.next.insert((next, index));
        }
    }

    /// When the host must look at the latest, in milliseconds.
    pub(super) fn next_due(&self) -> Option<i64> {
        self.next.first().map(|(due, _)| due * MINUTE_MS)
    }

    /// The host looks at a clock that shows this time.
    pub(super) fn look(&mut self, now: i64) -> BTreeMap<usize, Vec<(i64, Fate)>> {
        let due: Vec<_> = self.next.iter().take_while(|(due, _)| due * MINUTE_MS <= now).map(|(_, job)| *job).collect();
        due.into_iter().map(|job| (job, self.meet(job, now))).collect()
    }

    /// The same for the jobs that are paused, right before they are not.
    pub(super) fn look_at_paused(&mut self, now: i64) -> BTreeMap<usize, Vec<(i64, Fate)>> {
        let paused: Vec<_> = (0..self.jobs.len()).filter(|job| self.paused || self.jobs[*job].paused).collect();
        let met = paused.into_iter().map(|job| (job, self.meet(job, now)));
        met.filter(|(_, fates)| !fates.is_empty()).collect()
    }

    fn meet(&mut self, index: usize, now: i64) -> Vec<(i64, Fate)> {
        let paused = self.paused || self.jobs[index].paused;
        let job = &mut self.jobs[index];
        let mut fates = Vec::new();
        // One due time has one run for ever: the newest that had it under another clock takes the older ones along.
        loop {
            let now_fates = job.fates(now, paused);
            let again = now_fates.iter().find(|(due, fate)| matches!(fate, Fate::Runs { .. }) && job.ran.contains(due));
            let Some((taken, _)) = again.copied() else {
                fates.extend(now_fates);
                break;
            };
            let with_it = now_fates.iter().filter(|(due, _)| *due <= taken);
            fates.extend(with_it.map(|(due, _)| (*due, Fate::None(Why::AlreadyRan { last: *due == taken }))));
            job.met = Some(taken);
        }
        for (due, fate) in &mut fates {
            if let Fate::Runs { late } = *fate {
                job.ran.insert(*due);
                // Jobs that make up for all allow overlap, the others do not.
                if job.busy && job.policy != Policy::RunAll {
                    *fate = Fate::None(Why::Overlap { late });
                }
                job.busy = true;
            }
            *self.tally.entry(word(*fate)).or_default() += 1;
        }
        job.met = fates.last().map(|(due, _)| *due).or(job.met);
        self.plan_next(index);
        fates
    }

    /// What was met or begun later than this clock shows. A day ahead is a wrong clock, and counts for nothing.
    pub(super) fn clock_went_back(&mut self, now: i64) {
        for index in 0..self.jobs.len() {
            let job = &mut self.jobs[index];
            if job.met.is_some_and(|met| met * MINUTE_MS - now >= DAY * MINUTE_MS) {
                (job.met, job.begun) = (None, now);
            }
            job.begun = job.begun.min(now);
            self.plan_next(index);
        }
    }
}

fn word(fate: Fate) -> &'static str {
    match fate {
        Fate::Runs { late: false } => "runs",
        Fate::Runs { late: true } => "made up for",
        Fate::None(Why::Missed) => "missed",
        Fate::None(Why::Paused) => "paused",
        Fate::None(Why::AlreadyRan { .. }) => "already ran",
        Fate::None(Why::Overlap { .. }) => "overlap",
    }
}
