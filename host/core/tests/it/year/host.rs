//! A host in a simulated year: decides and applies as the engine does, keeps one run for a due time as the store does,
//! and can be ended and started again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use instar_core::decide::{Input, What, decide};
use instar_core::event::{Event, Fact};
use instar_core::id::{JobSlug, RunId};
use instar_core::jobs_file::JobsFile;
use instar_core::missed::PassReason;
use instar_core::run::{SkipReason, Trigger};
use instar_core::state::{Limits, Restored, State};
use instar_core::verdict::{Answer, Finding, Severity, Verdict};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

/// What the host said of the due times of one job, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// In minutes since 1970, from the first to the last.
    Passed(i64, i64, PassReason),
    Runs {
        due: i64,
        late: bool,
        overlaps: bool,
    },
}

pub(super) struct Host {
    pub(super) state: State,
    jobs: Vec<Value>,
    nonce: u64,
    latest: Option<Timestamp>,
    /// The due times that have their run: what the store keeps unique.
    taken: BTreeSet<(JobSlug, Timestamp)>,
    said: BTreeMap<JobSlug, Vec<Said>>,
}

impl Host {
    pub(super) fn new(jobs: Vec<Value>, now: i64) -> Self {
        let state = State::new(limits(), TimeZone::UTC, Vec::new(), Restored::default(), time(now));
        let (taken, said) = (BTreeSet::new(), BTreeMap::new());
        let mut host = Self { state, jobs, nonce: 0, latest: None, taken, said };
        host.read_jobs(now);
        host.take(What::Booted { version: "0".into() }, now);
        host
    }

    pub(super) fn edit(&mut self, index: usize, changes: [(&str, Value); 2], now: i64) {
        for (key, value) in changes {
            self.jobs[index][key] = value;
        }
        self.read_jobs(now);
    }

    /// As after `kill -9`: what was recorded is all there is.
    pub(super) fn restart(&mut self, now: i64) {
        let slugs: Vec<JobSlug> = self.state.jobs().map(|entry| entry.job.slug.clone()).collect();
        let state = &self.state;
        let with = |slug: &JobSlug| Some((slug.clone(), state.job_state(slug)?.clone()));
        let paused = |slug: Option<&JobSlug>| Some((slug.cloned(), state.own_pause(slug)?.clone()));
        let restored = Restored {
            jobs: JobsFile { jobs: state.jobs().map(|entry| entry.job.clone()).collect(), ..JobsFile::default() },
            job_states: slugs.iter().filter_map(with).collect(),
            runs: state.open_runs().cloned().collect(),
            latest: self.latest,
            pauses: slugs.iter().map(Some).chain([None]).filter_map(paused).collect(),
            zone: Some("UTC".into()),
            ..Restored::default()
        };
        self.state = State::new(limits(), TimeZone::UTC, Vec::new(), restored, time(now));
        self.read_jobs(now);
        self.take(What::Booted { version: "0".into() }, now);
        if self.wakes(now).is_some_and(|wake| wake <= now) {
            self.take(What::Ticked, now);
        }
    }

    /// When it wants to look again, in milliseconds.
    pub(super) fn wakes(&self, now: i64) -> Option<i64> {
        self.state.next_wake(time(now)).map(|wake| wake.as_millisecond())
    }

    /// Decide, record, apply. A due time that has its run already refuses the whole transaction.
    pub(super) fn take(&mut self, what: What, now: i64) {
        let mut what = what;
        loop {
            let events = self.decide(what.clone(), now);
            let Some((slug, due)) = self.first_taken(&events) else { return self.record(&events) };
            let passed = self.decide(What::OccurrenceTaken { slug, due }, now);
            self.record(&passed);
            what = What::Ticked;
        }
    }

    /// Ends the open runs of these jobs; that a guard objects is the shortest way.
    pub(super) fn end_runs(&mut self, of: &[JobSlug], now: i64) {
        let runs: Vec<RunId> = of.iter().flat_map(|slug| self.state.runs_of(slug)).map(|run| run.id).collect();
        for run in runs {
            self.take(What::Judged { run, verdict: objection() }, now);
        }
    }

    /// What was said since this was asked last.
    pub(super) fn said(&mut self) -> BTreeMap<JobSlug, Vec<Said>> {
        std::mem::take(&mut self.said)
    }

    fn read_jobs(&mut self, now: i64) {
        let file = JobsFile::from_entries(&self.jobs);
        assert!(file.problems.is_empty(), "{:?}", file.problems);
        self.take(What::JobsRead(Arc::new(file)), now);
    }

    fn decide(&mut self, what: What, now: i64) -> Vec<Event> {
        self.nonce += 1;
        decide(&self.state, Input { now: time(now), nonce: self.nonce, what }).events
    }

    fn first_taken(&self, events: &[Event]) -> Option<(JobSlug, Timestamp)> {
        let due = events.iter().filter_map(|event| due_of(&event.fact));
        due.map(|(slug, due, _)| (slug.clone(), due)).find(|key| self.taken.contains(key))
    }

    fn record(&mut self, events: &[Event]) {
        for event in events {
            self.latest = Some(event.at);
            self.note(&event.fact);
            self.state.apply(event);
        }
    }

    fn note(&mut self, fact: &Fact) {
        if let Some((slug, due, late)) = due_of(fact) {
            self.taken.insert((slug.clone(), due));
            let said = Said::Runs { due: minute(due), late, overlaps: false };
            self.said.entry(slug.clone()).or_default().push(said);
        }
        match fact {
            Fact::OccurrencesPassed { slug, first, last, reason } => {
                let said = Said::Passed(minute(*first), minute(*last), *reason);
                self.said.entry(slug.clone()).or_default().push(said);
            }
            // It follows its request at once.
            Fact::RunSkipped { slug: Some(slug), reason: SkipReason::Overlap, .. } => {
                if let Some(Said::Runs { overlaps, .. }) = self.said.get_mut(slug).and_then(|said| said.last_mut()) {
                    *overlaps = true;
                }
            }
            _ => {}
        }
    }
}

fn due_of(fact: &Fact) -> Option<(&JobSlug, Timestamp, bool)> {
    match fact {
        Fact::RunRequested { slug: Some(slug), trigger: Trigger::Scheduled { at, missed }, .. } => {
            Some((slug, *at, *missed))
        }
        _ => None,
    }
}

/// Places for all, so that nothing but the schedule decides.
fn limits() -> Limits {
    Limits { max_parallel_jobs: 100_000, max_sessions: 100_000, ..crate::world::limits() }
}

fn objection() -> Verdict {
    let (rule, detail) = ("r".to_owned(), "no".to_owned());
    Verdict::deny(Finding { rule, answer: Answer::Deny, severity: Severity::High, detail, remedy: None, command: None })
}

fn time(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).expect("it is near")
}

fn minute(time: Timestamp) -> i64 {
    time.as_second() / 60
}
