//! What the host knows: the one value that `decide` reads and that recorded events change.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::event::{Event, Fact, RunFinished};
use crate::id::{JobSlug, NoticeId, PluginId, RunId};
use crate::job::{Job, JobProblem, JobState, LastResult, Priority};
use crate::jobs_file::JobsFile;
use crate::notice::Notice;
use crate::plan::StepEvent;
use crate::run::{Phase, Run, Trigger};
use crate::session::SessionStatus;

/// The operator's settings that decisions depend on.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// False: nothing fires by itself; triggers still work.
    pub scheduling: bool,
    /// How many runs may be between admission and end.
    pub max_parallel_jobs: usize,
    /// How many sessions may live at once.
    pub max_sessions: usize,
    /// The time limit of a run whose job names none.
    pub default_timeout_ms: u64,
}

/// A job with what it has been through.
#[derive(Debug, Clone)]
pub struct JobEntry {
    pub job: Arc<Job>,
    pub next: Option<Timestamp>,
}

/// A notice on its way to one notifier.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    pub notice: Arc<Notice>,
    pub attempt: u32,
    /// `None` while an attempt is under way.
    pub due: Option<Timestamp>,
}

/// What survives a restart, as the store hands it over.
#[derive(Debug, Default)]
pub struct Restored {
    /// The last good set of jobs.
    pub jobs: JobsFile,
    pub job_states: BTreeMap<JobSlug, JobState>,
    pub runs: Vec<Run>,
    pub outbox: Vec<((NoticeId, PluginId), Delivery)>,
}

#[derive(Debug)]
pub struct State {
    pub limits: Limits,
    pub zone: TimeZone,
    pub notifiers: Vec<PluginId>,
    jobs: BTreeMap<JobSlug, JobEntry>,
    /// The slugs in the order of the file.
    order: Vec<JobSlug>,
    job_states: BTreeMap<JobSlug, JobState>,
    problems: Vec<JobProblem>,
    agenda: BTreeSet<(Timestamp, JobSlug)>,
    runs: BTreeMap<RunId, Run>,
    /// The open runs of each job; jobs without any are absent.
    busy: BTreeMap<JobSlug, BTreeSet<RunId>>,
    queue: BTreeSet<(Priority, Timestamp, RunId)>,
    deadlines: BTreeSet<(Timestamp, RunId)>,
    outbox: BTreeMap<(NoticeId, PluginId), Delivery>,
    retries: BTreeSet<(Timestamp, NoticeId, PluginId)>,
    /// When to keep house next; `None` until the host has started.
    house_due: Option<Timestamp>,
}

/// A start has other things to do first.
const FIRST_HOUSEKEEPING: SignedDuration = SignedDuration::from_secs(5);
const BETWEEN_HOUSEKEEPINGS: SignedDuration = SignedDuration::from_hours(24);
const AFTER_FAILED_HOUSEKEEPING: SignedDuration = SignedDuration::from_hours(1);

impl State {
    pub fn new(limits: Limits, zone: TimeZone, notifiers: Vec<PluginId>, restored: Restored, now: Timestamp) -> Self {
        let mut state = Self {
            limits,
            zone,
            notifiers,
            jobs: BTreeMap::new(),
            order: Vec::new(),
            job_states: restored.job_states,
            problems: Vec::new(),
            agenda: BTreeSet::new(),
            runs: BTreeMap::new(),
            busy: BTreeMap::new(),
            queue: BTreeSet::new(),
            deadlines: BTreeSet::new(),
            outbox: BTreeMap::new(),
            retries: BTreeSet::new(),
            house_due: None,
        };
        state.take_jobs(&restored.jobs, now);
        for run in restored.runs {
            state.insert(run);
        }
        for ((notice, notifier), mut delivery) in restored.outbox {
            let due = delivery.due.unwrap_or(now);
            delivery.due = Some(due);
            state.retries.insert((due, notice, notifier.clone()));
            state.outbox.insert((notice, notifier), delivery);
        }
        state
    }

    pub fn job(&self, slug: &JobSlug) -> Option<&JobEntry> {
        self.jobs.get(slug)
    }

    /// All jobs, in the order of their file.
    pub fn jobs(&self) -> impl Iterator<Item = &JobEntry> {
        self.order.iter().filter_map(|slug| self.jobs.get(slug))
    }

    pub fn job_state(&self, slug: &JobSlug) -> Option<&JobState> {
        self.job_states.get(slug)
    }

    pub fn problems(&self) -> &[JobProblem] {
        &self.problems
    }

    pub fn run(&self, id: RunId) -> Option<&Run> {
        self.runs.get(&id)
    }

    /// The runs that have not ended, oldest first.
    pub fn open_runs(&self) -> impl Iterator<Item = &Run> {
        self.runs.values()
    }

    /// The waiting runs, next first.
    pub fn queue(&self) -> impl Iterator<Item = &Run> {
        self.queue.iter().filter_map(|(_, _, id)| self.runs.get(id))
    }

    /// How many more runs may be admitted now.
    pub fn free_places(&self) -> usize {
        let active = self.runs.len() - self.queue.len();
        self.limits.max_parallel_jobs.min(self.limits.max_sessions).saturating_sub(active)
    }

    /// Whether a run of this job has not ended.
    pub fn is_busy(&self, slug: &JobSlug) -> bool {
        self.busy.contains_key(slug)
    }

    /// The jobs that are due, each with its due time, earliest first.
    pub fn due_jobs(&self, now: Timestamp) -> impl Iterator<Item = (Timestamp, &JobEntry)> {
        let scheduling = self.limits.scheduling;
        let due = self.agenda.iter().take_while(move |(at, _)| scheduling && *at <= now);
        due.filter_map(|(at, slug)| Some((*at, self.jobs.get(slug)?)))
    }

    /// The running runs whose time limit has passed.
    pub fn overdue_runs(&self, now: Timestamp) -> impl Iterator<Item = &Run> {
        let overdue = self.deadlines.iter().take_while(move |(at, _)| *at <= now);
        overdue.filter_map(|(_, id)| self.runs.get(id)).filter(|run| run.stopping.is_none())
    }

    /// The deliveries to try now.
    pub fn due_deliveries(&self, now: Timestamp) -> impl Iterator<Item = (&PluginId, &Delivery)> {
        let due = self.retries.iter().take_while(move |(at, _, _)| *at <= now);
        due.filter_map(|(_, notice, notifier)| Some((notifier, self.delivery(*notice, notifier)?)))
    }

    pub fn delivery(&self, notice: NoticeId, notifier: &PluginId) -> Option<&Delivery> {
        self.outbox.get(&(notice, notifier.clone()))
    }

    /// The runs of a job that have not ended.
    pub fn runs_of(&self, slug: &JobSlug) -> impl Iterator<Item = &Run> {
        self.busy.get(slug).into_iter().flatten().filter_map(|id| self.runs.get(id))
    }

    /// Whether a waiting run could start if there were a place: no other run of its job is in its way.
    pub fn is_its_turn(&self, run: &Run) -> bool {
        !run.request.overlap.waits_its_turn() || !self.runs_of(&run.slug).any(Run::is_active)
    }

    /// When to keep house next. A time more than a day ahead was set under a wrong clock: it is now.
    pub fn house_due(&self, now: Timestamp) -> Option<Timestamp> {
        self.house_due.map(|due| if due.duration_since(now) > BETWEEN_HOUSEKEEPINGS { now } else { due })
    }

    /// When the host has to look again though nothing happens: the earliest due job, deadline, retry or
    /// housekeeping.
    /// A queue that can move is due at once.
    pub fn next_wake(&self, now: Timestamp) -> Option<Timestamp> {
        if self.free_places() > 0 && self.queue().any(|run| self.is_its_turn(run)) {
            return Some(now);
        }
        let job = self.agenda.first().map(|(at, _)| *at).filter(|_| self.limits.scheduling);
        let stopping = |id: &RunId| self.runs.get(id).is_some_and(|run| run.stopping.is_some());
        let deadline = self.deadlines.iter().find(|(_, id)| !stopping(id)).map(|(at, _)| *at);
        let retry = self.retries.first().map(|(at, _, _)| *at);
        [job, deadline, retry, self.house_due(now)].into_iter().flatten().min()
    }

    /// Changes the state by a recorded event. Events that do not concern it leave it as it is.
    pub fn apply(&mut self, event: &Event) {
        match &event.fact {
            Fact::JobsRead { file } => self.apply_jobs(file, event.at),
            Fact::RunRequested { run, slug, trigger, request } => {
                self.apply_occurrence(slug, trigger, event.at);
                let run = Run {
                    id: *run,
                    slug: slug.clone(),
                    trigger: trigger.clone(),
                    request: (**request).clone(),
                    requested_at: event.at,
                    phase: Phase::Queued,
                    stopping: None,
                    plugin_state: Vec::new(),
                };
                self.insert(run);
            }
            Fact::RunQueued { .. } | Fact::RunProgressed { .. } => {}
            Fact::RunSkipped { run, .. } => self.remove(*run),
            Fact::RunAdmitted { run, .. } => self.set_phase(*run, Phase::Judging),
            Fact::RunPassed { run, .. } => {
                if let Some(step) = self.runs.get(run).map(|run| run.request.step.clone()) {
                    self.set_phase(*run, Phase::Stepping { event: StepEvent::Requested(step), session: None });
                }
            }
            Fact::RunStarting { session, launch, plugin_state } => {
                if let Some(run) = self.runs.get_mut(&session.run) {
                    run.plugin_state.clone_from(plugin_state);
                }
                let phase = Phase::Starting { session: session.clone(), launch: launch.clone() };
                self.set_phase(session.run, phase);
                let state = self.job_states.entry(session.job.clone()).or_default();
                state.last_run = Some(event.at);
                state.last_result = Some(LastResult::Pending);
            }
            Fact::RunStarted { run, deadline, .. } => self.apply_start(*run, *deadline),
            Fact::RunStopping { run, cause, .. } => {
                if let Some(run) = self.runs.get_mut(run) {
                    run.stopping = Some(cause.clone());
                }
            }
            Fact::SessionEnded { run, session, end, .. } => {
                let event = StepEvent::Exited(end.clone());
                self.set_phase(*run, Phase::Stepping { event, session: Some(session.clone()) });
            }
            Fact::RunFinished(finished) => self.apply_finish(finished),
            Fact::OccurrencePassed { slug, due } => self.advance(slug, *due, event.at),
            Fact::NoticeRaised { notice, notifiers } => self.apply_notice(notice, notifiers, event.at),
            Fact::NoticeTried { notice, notifier, attempt } => self.try_delivery(*notice, notifier, *attempt),
            Fact::NoticeDelivered { notice, notifier, .. } => self.settle(*notice, notifier, None),
            Fact::NoticeFailed { notice, notifier, retry_at, .. } => self.settle(*notice, notifier, *retry_at),
            Fact::HostStarted { .. } => self.keep_house_in(event.at, FIRST_HOUSEKEEPING),
            Fact::HousekeepingBegun => self.keep_house_in(event.at, BETWEEN_HOUSEKEEPINGS),
            Fact::HousekeepingFailed { .. } => self.keep_house_in(event.at, AFTER_FAILED_HOUSEKEEPING),
            Fact::HousekeepingDone { .. } | Fact::PredecessorImported { .. } | Fact::HostStopped => {}
        }
    }

    fn keep_house_in(&mut self, now: Timestamp, wait: SignedDuration) {
        self.house_due = now.checked_add(wait).ok();
    }

    fn apply_jobs(&mut self, file: &JobsFile, now: Timestamp) {
        let keeps_last_good = file.refused && !self.jobs.is_empty();
        if !keeps_last_good {
            self.take_jobs(file, now);
        }
        self.problems.clone_from(&file.problems);
    }

    /// Replaces the set of jobs; one that did not change keeps its next due time.
    fn take_jobs(&mut self, file: &JobsFile, now: Timestamp) {
        let mut before = std::mem::take(&mut self.jobs);
        self.agenda.clear();
        self.order = file.jobs.iter().map(|job| job.slug.clone()).collect();
        for job in &file.jobs {
            let unchanged =
                before.remove(&job.slug).filter(|entry| entry.job.schedule == job.schedule && entry.job.enabled);
            let next = match unchanged {
                Some(entry) if job.enabled => entry.next,
                _ => self.next_due(job, now),
            };
            if let Some(at) = next {
                self.agenda.insert((at, job.slug.clone()));
            }
            self.jobs.insert(job.slug.clone(), JobEntry { job: job.clone(), next });
        }
    }

    /// The next due time after now and after the last one that got its run.
    ///
    /// A last one that lies more than a day ahead was recorded under a wrong clock and counts for nothing.
    fn next_due(&self, job: &Job, now: Timestamp) -> Option<Timestamp> {
        if !job.enabled {
            return None;
        }
        let last = self.job_states.get(&job.slug).and_then(|state| state.last_scheduled);
        let ahead = last.filter(|last| *last > now && last.duration_since(now) < SignedDuration::from_hours(24));
        job.schedule.next_after(ahead.unwrap_or(now), &self.zone)
    }

    fn apply_occurrence(&mut self, slug: &JobSlug, trigger: &Trigger, now: Timestamp) {
        match trigger {
            Trigger::Scheduled { at } => self.advance(slug, *at, now),
            Trigger::Manual { .. } => {}
        }
    }

    fn advance(&mut self, slug: &JobSlug, due: Timestamp, now: Timestamp) {
        self.job_states.entry(slug.clone()).or_default().last_scheduled = Some(due);
        let Some(job) = self.jobs.get(slug).map(|entry| entry.job.clone()) else { return };
        let next = if job.enabled { job.schedule.next_after(now.max(due), &self.zone) } else { None };
        let Some(entry) = self.jobs.get_mut(slug) else { return };
        if let Some(before) = std::mem::replace(&mut entry.next, next) {
            self.agenda.remove(&(before, slug.clone()));
        }
        if let Some(at) = next {
            self.agenda.insert((at, slug.clone()));
        }
    }

    fn apply_start(&mut self, id: RunId, deadline: Timestamp) {
        let Some(run) = self.runs.get(&id) else { return };
        let Phase::Starting { session, .. } = &run.phase else { return };
        let mut session = session.clone();
        session.status = SessionStatus::Running;
        self.set_phase(id, Phase::Running { session, deadline });
    }

    fn apply_finish(&mut self, finished: &RunFinished) {
        self.remove(finished.run);
        let state = self.job_states.entry(finished.slug.clone()).or_default();
        state.last_result = Some(finished.outcome.last_result());
        state.consecutive_failures = finished.consecutive_failures;
        let failed = finished.outcome.last_result() != LastResult::Success;
        state.last_error = failed.then(|| finished.outcome.sentence());
    }

    fn apply_notice(&mut self, notice: &Arc<Notice>, notifiers: &[PluginId], now: Timestamp) {
        for notifier in notifiers {
            let delivery = Delivery { notice: notice.clone(), attempt: 0, due: Some(now) };
            self.retries.insert((now, notice.id, notifier.clone()));
            self.outbox.insert((notice.id, notifier.clone()), delivery);
        }
    }

    fn try_delivery(&mut self, notice: NoticeId, notifier: &PluginId, attempt: u32) {
        let Some(delivery) = self.outbox.get_mut(&(notice, notifier.clone())) else { return };
        delivery.attempt = attempt;
        if let Some(due) = delivery.due.take() {
            self.retries.remove(&(due, notice, notifier.clone()));
        }
    }

    fn settle(&mut self, notice: NoticeId, notifier: &PluginId, retry_at: Option<Timestamp>) {
        let key = (notice, notifier.clone());
        let Some(delivery) = self.outbox.get_mut(&key) else { return };
        if let Some(due) = delivery.due.take() {
            self.retries.remove(&(due, notice, notifier.clone()));
        }
        match retry_at {
            Some(at) => {
                delivery.due = Some(at);
                self.retries.insert((at, notice, notifier.clone()));
            }
            None => {
                self.outbox.remove(&key);
            }
        }
    }

    fn set_phase(&mut self, id: RunId, phase: Phase) {
        let Some(mut run) = self.runs.remove(&id) else { return };
        self.unindex(&run);
        run.phase = phase;
        self.index(&run);
        self.runs.insert(id, run);
    }

    fn insert(&mut self, run: Run) {
        self.busy.entry(run.slug.clone()).or_default().insert(run.id);
        self.index(&run);
        self.runs.insert(run.id, run);
    }

    fn remove(&mut self, id: RunId) {
        let Some(run) = self.runs.remove(&id) else { return };
        self.unindex(&run);
        if let Some(open) = self.busy.get_mut(&run.slug) {
            open.remove(&id);
            if open.is_empty() {
                self.busy.remove(&run.slug);
            }
        }
    }

    fn index(&mut self, run: &Run) {
        match &run.phase {
            Phase::Queued => {
                self.queue.insert((run.request.priority, run.requested_at, run.id));
            }
            Phase::Running { deadline, .. } => {
                self.deadlines.insert((*deadline, run.id));
            }
            Phase::Judging | Phase::Stepping { .. } | Phase::Starting { .. } => {}
        }
    }

    fn unindex(&mut self, run: &Run) {
        match &run.phase {
            Phase::Queued => {
                self.queue.remove(&(run.request.priority, run.requested_at, run.id));
            }
            Phase::Running { deadline, .. } => {
                self.deadlines.remove(&(*deadline, run.id));
            }
            Phase::Judging | Phase::Stepping { .. } | Phase::Starting { .. } => {}
        }
    }
}
