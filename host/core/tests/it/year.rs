//! A simulated year: a host that sleeps, crashes, is paused and edited, and whose clock jumps, does with each due time
//! what an independent model says.
//!
//! The model (`year/model.rs`) counts due times minute by minute (`year/calendar.rs`) and shares no code with the
//! product. A due time must run, or there is the reason why it has no run; and the host must never sleep longer than
//! until the next one.

mod calendar;
mod dice;
mod host;
mod model;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use instar_core::decide::What;
use instar_core::id::JobSlug;
use instar_core::missed::PassReason;
use serde_json::{Value, json};

use self::calendar::{BEGIN, DAY, END, Plan};
use self::dice::Dice;
use self::host::{Host, Said};
use self::model::{Fate, Known, Model, Policy, Why};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

fn plans() -> &'static [Plan] {
    static PLANS: OnceLock<Vec<Plan>> = OnceLock::new();
    PLANS.get_or_init(|| calendar::plans(60))
}

/// Host and model, side by side.
struct Year {
    dice: Dice,
    host: Host,
    model: Model,
    slugs: Vec<JobSlug>,
    /// What the host's clock shows, in milliseconds.
    clock: i64,
    /// How far the clock is from the truth.
    wrong_by: i64,
    told: String,
}

impl Year {
    fn new(seed: u64, jobs: usize) -> Self {
        let mut dice = Dice::new(seed);
        let clock = BEGIN * MINUTE + 30_123;
        let policies = [Policy::Default, Policy::Default, Policy::Skip, Policy::RunOnce, Policy::RunAll];
        let known: Vec<_> = (0..jobs).map(|_| Known::new(dice.pick(plans()), *dice.pick(&policies), clock)).collect();
        let host = Host::new(known.iter().enumerate().map(|(index, job)| definition(index, job)).collect(), clock);
        let slugs = (0..jobs).map(|index| slug(index).parse().expect("it is a slug")).collect();
        let model = Model::new(known);
        Self { dice, host, model, slugs, clock, wrong_by: 0, told: format!("seed {seed}") }
    }

    /// One thing happens, and then the host lives for a while.
    fn live_on(&mut self) {
        let what = self.dice.below(10);
        self.told.push_str(&format!("; {what} at {}", self.clock));
        match what {
            0 | 1 => {
                // Asleep, or stopped by a signal.
                self.clock += self.some_time();
                self.wake();
            }
            2 | 3 => {
                self.clock += self.some_time();
                let clock = self.clock;
                self.host.restart(clock);
                self.compare_look();
            }
            4 => self.set_clock(),
            5 => self.end_runs(),
            6 => self.pause_or_resume(),
            7 => self.edit(),
            _ => {}
        }
        let until = self.clock + self.dice.between(HOUR, 4 * DAY * MINUTE);
        self.live_until(until);
    }

    /// From minutes to days; a short time is the likelier one.
    fn some_time(&mut self) -> i64 {
        match self.dice.below(3) {
            0 => self.dice.between(MINUTE, 10 * MINUTE),
            1 => self.dice.between(10 * MINUTE, 9 * HOUR),
            _ => self.dice.between(9 * HOUR, 12 * DAY * MINUTE),
        }
    }

    /// The host looks when it said it would, and a little late as timers are.
    fn live_until(&mut self, until: i64) {
        loop {
            let wake = self.host.wakes(self.clock).unwrap_or(i64::MAX);
            let due = self.model.next_due().unwrap_or(i64::MAX);
            assert!(wake <= due, "it sleeps until {wake}, and a job is due at {due}: {}", self.told);
            if wake > until {
                self.clock = until;
                return;
            }
            self.clock = self.clock.max(wake) + self.dice.between(0, 900);
            self.host.take(What::Ticked, self.clock);
            self.compare_look();
        }
    }

    fn wake(&mut self) {
        if self.host.wakes(self.clock).is_some_and(|wake| wake <= self.clock) {
            self.host.take(What::Ticked, self.clock);
        }
        self.compare_look();
    }

    /// By much in either direction, and back before it is all too wrong.
    fn set_clock(&mut self) {
        let by = match self.dice.below(4) {
            _ if self.wrong_by.abs() > 20 * DAY * MINUTE => -self.wrong_by,
            0 => self.dice.between(-3 * HOUR, -10 * MINUTE),
            1 => self.dice.between(MINUTE, 26 * HOUR),
            2 => self.dice.between(-15 * DAY * MINUTE, -DAY * MINUTE),
            _ => self.dice.between(DAY * MINUTE, 30 * DAY * MINUTE),
        };
        self.clock += by;
        self.wrong_by += by;
        self.host.take(What::Ticked, self.clock);
        if by < 0 {
            self.model.clock_went_back(self.clock);
        }
        self.compare_look();
    }

    /// Some runs take longer than others.
    fn end_runs(&mut self) {
        let chance = self.dice.below(100);
        let ended: Vec<_> = (0..self.slugs.len()).filter(|_| self.dice.below(100) < chance).collect();
        for index in &ended {
            self.model.jobs[*index].busy = false;
        }
        let slugs: Vec<_> = ended.iter().map(|index| self.slugs[*index].clone()).collect();
        self.host.end_runs(&slugs, self.clock);
    }

    fn pause_or_resume(&mut self) {
        let index = (self.dice.below(4) > 0).then(|| self.some_job());
        let slug = index.map(|index| self.slugs[index].clone());
        let by = "api".to_owned();
        let paused = match index {
            Some(index) => &mut self.model.jobs[index].paused,
            None => &mut self.model.paused,
        };
        let is_paused = std::mem::replace(paused, !*paused);
        if !is_paused {
            return self.host.take(What::PauseAsked { slug, by, reason: None }, self.clock);
        }
        // Asleep until right before it is resumed.
        self.clock += self.some_time();
        self.host.take(What::ResumeAsked { slug, by }, self.clock);
        self.set_paused(index, true);
        let expected = self.model.look_at_paused(self.clock);
        self.set_paused(index, false);
        self.compare(&expected);
    }

    fn set_paused(&mut self, index: Option<usize>, paused: bool) {
        match index {
            Some(index) => self.model.jobs[index].paused = paused,
            None => self.model.paused = paused,
        }
    }

    fn edit(&mut self) {
        let index = self.some_job();
        let job = &mut self.model.jobs[index];
        let mut is_new = true;
        let changes: [(&str, Value); 2] = if self.dice.below(2) == 0 {
            let before = std::mem::replace(&mut job.plan, self.dice.pick(plans()));
            is_new = (&before.expression, before.zone) != (&job.plan.expression, job.plan.zone);
            [("schedule", job.plan.expression.clone().into()), ("timezone", job.plan.zone.into())]
        } else {
            job.enabled = !job.enabled;
            [("enabled", job.enabled.into()), ("description", "it is on and off".into())]
        };
        if is_new {
            job.begun = self.clock;
        }
        self.model.plan_next(index);
        self.host.edit(index, changes, self.clock);
        self.compare(&BTreeMap::new());
    }

    fn some_job(&mut self) -> usize {
        usize::try_from(self.dice.throw() % self.slugs.len() as u64).expect("it is an index")
    }

    fn compare_look(&mut self) {
        let expected = self.model.look(self.clock);
        self.compare(&expected);
    }

    #[track_caller]
    fn compare(&mut self, expected: &BTreeMap<usize, Vec<(i64, Fate)>>) {
        let mut said = self.host.said();
        for (index, fates) in expected {
            let said = said.remove(&self.slugs[*index]).unwrap_or_default();
            let expected = summed_up(fates);
            let job = &self.model.jobs[*index];
            assert_eq!(said, expected, "job {index} at {}: {job:?}\n{}", self.clock, self.told);
        }
        assert!(said.is_empty(), "at {} nothing was due of {said:?}: {}", self.clock, self.told);
    }
}

/// As the host says it: one fact for due times in a row that have no run for one reason.
fn summed_up(fates: &[(i64, Fate)]) -> Vec<Said> {
    let mut said: Vec<Said> = Vec::new();
    let mut is_settled = false;
    for (due, fate) in fates {
        let begins_anew = std::mem::replace(&mut is_settled, *fate == Fate::None(Why::AlreadyRan { last: true }));
        let reason = match *fate {
            Fate::Runs { late } => {
                said.push(Said::Runs { due: *due, late, overlaps: false });
                continue;
            }
            Fate::None(Why::Overlap { late }) => {
                said.push(Said::Runs { due: *due, late, overlaps: true });
                continue;
            }
            Fate::None(Why::Missed) => PassReason::Missed,
            Fate::None(Why::Paused) => PassReason::Paused,
            Fate::None(Why::AlreadyRan { .. }) => PassReason::AlreadyRan,
        };
        match said.last_mut() {
            Some(Said::Passed(_, last, before)) if *before == reason && !begins_anew => *last = *due,
            _ => said.push(Said::Passed(*due, *due, reason)),
        }
    }
    said
}

fn slug(index: usize) -> String {
    format!("job-{index}")
}

fn definition(index: usize, job: &Known) -> Value {
    let mut definition = json!({"slug": slug(index), "name": "N", "schedule": job.plan.expression,
        "timezone": job.plan.zone, "execute": {"type": "script", "value": "x"}});
    match job.policy {
        Policy::Default => {}
        Policy::Skip => definition["missed"] = "skip".into(),
        Policy::RunOnce => definition["missed"] = "run-once".into(),
        Policy::RunAll => {
            definition["missed"] = "run-all".into();
            definition["overlap"] = "allow".into();
        }
    }
    definition
}

fn simulate(seed: u64, jobs: usize) -> BTreeMap<&'static str, usize> {
    let mut year = Year::new(seed, jobs);
    while year.clock - year.wrong_by < END * MINUTE {
        year.live_on();
    }
    year.model.tally
}

#[test]
fn model_and_host_agree_on_each_due_time_in_many_years() {
    let mut tally: BTreeMap<_, usize> = BTreeMap::new();
    for seed in 0..20 {
        for (word, count) in simulate(seed, 12) {
            *tally.entry(word).or_default() += count;
        }
    }
    assert!(tally.len() == 6 && tally.values().all(|count| *count > 100), "the years are not wild enough: {tally:?}");
}

#[test]
fn model_and_host_agree_on_a_year_of_500_jobs() {
    let tally = simulate(1_000, 500);
    assert!(tally.values().sum::<usize>() > 200_000, "{tally:?}");
}
