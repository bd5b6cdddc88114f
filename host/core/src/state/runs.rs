//! The runs that have not ended, found by job, by turn and by the time at which they must end.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::event::{Event, Fact};
use crate::id::{JobSlug, RunId, SessionName};
use crate::job::Priority;
use crate::run::{Phase, Run, StopCause};

/// Where a run stands in the queue.
///
/// `critical` goes first. Of the others each step of priority is worth a quarter of an hour of waiting, so that nobody
/// waits for ever: a run of `low` goes before one of `normal` that came so much later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    is_patient: bool,
    /// When it was requested, and its handicap.
    at: Timestamp,
    priority: Priority,
    id: RunId,
}

const STEP_OF_PRIORITY: SignedDuration = SignedDuration::from_mins(15);

impl Turn {
    fn of(run: &Run) -> Self {
        let priority = run.request.priority;
        let steps = match priority {
            Priority::Critical | Priority::High => 0,
            Priority::Normal => 1,
            Priority::Low => 2,
        };
        let at = run.requested_at.checked_add(STEP_OF_PRIORITY * steps).unwrap_or(run.requested_at);
        Self { is_patient: priority != Priority::Critical, at, priority, id: run.id }
    }
}

#[derive(Debug)]
pub(super) struct Runs {
    /// How long a talk may be idle.
    idle_limit: SignedDuration,
    runs: BTreeMap<RunId, Run>,
    /// The open runs of each job; jobs without any are absent.
    of_jobs: BTreeMap<JobSlug, BTreeSet<RunId>>,
    queue: BTreeSet<Turn>,
    /// How many hold no place.
    placeless: usize,
    /// How many of each tag hold a place; tags without any are absent.
    active_tags: BTreeMap<String, usize>,
    ends: BTreeSet<(Timestamp, RunId)>,
    /// The ends of waits.
    wakes: BTreeSet<(Timestamp, RunId)>,
    /// How many have no job behind them.
    spawned: usize,
}

impl Runs {
    pub(super) fn new(idle_limit: SignedDuration) -> Self {
        Self {
            idle_limit,
            runs: BTreeMap::new(),
            of_jobs: BTreeMap::new(),
            queue: BTreeSet::new(),
            placeless: 0,
            active_tags: BTreeMap::new(),
            ends: BTreeSet::new(),
            wakes: BTreeSet::new(),
            spawned: 0,
        }
    }

    pub(super) fn get(&self, id: RunId) -> Option<&Run> {
        self.runs.get(&id)
    }

    /// Oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Run> {
        self.runs.values()
    }

    /// The waiting ones, next first.
    pub(super) fn queue(&self) -> impl Iterator<Item = &Run> {
        self.queue.iter().filter_map(|turn| self.runs.get(&turn.id))
    }

    pub(super) fn active(&self) -> usize {
        self.runs.len() - self.placeless
    }

    pub(super) fn active_with_tag(&self, tag: &str) -> usize {
        self.active_tags.get(tag).copied().unwrap_or(0)
    }

    pub(super) fn active_of_jobs(&self) -> usize {
        self.active() - self.spawned
    }

    pub(super) fn is_busy(&self, slug: &JobSlug) -> bool {
        self.of_jobs.contains_key(slug)
    }

    pub(super) fn of_job(&self, slug: &JobSlug) -> impl Iterator<Item = &Run> {
        self.of_jobs.get(slug).into_iter().flatten().filter_map(|id| self.runs.get(id))
    }

    /// Whether a session of this name lives, or is about to.
    pub(super) fn is_name_taken(&self, name: &SessionName) -> bool {
        self.runs.values().any(|run| run.session_name() == Some(name))
    }

    /// The runs whose time is over, and by which limit.
    pub(super) fn overdue(&self, now: Timestamp) -> impl Iterator<Item = (&Run, StopCause)> {
        let overdue = self.ends.iter().take_while(move |(at, _)| *at <= now);
        let runs = overdue.filter_map(|(_, id)| self.runs.get(id)).filter(|run| run.stopping.is_none());
        runs.filter_map(|run| Some((run, self.end_of(run)?.1)))
    }

    pub(super) fn next_end(&self) -> Option<Timestamp> {
        let is_stopping = |id: &RunId| self.runs.get(id).is_some_and(|run| run.stopping.is_some());
        self.ends.iter().find(|(_, id)| !is_stopping(id)).map(|(at, _)| *at)
    }

    /// The runs whose wait is over, and whose time is not.
    pub(super) fn due_wakes(&self, now: Timestamp) -> impl Iterator<Item = &Run> {
        let due = self.wakes.iter().take_while(move |(at, _)| *at <= now);
        let runs = due.filter_map(|(_, id)| self.runs.get(id));
        runs.filter(move |run| self.end_of(run).is_none_or(|(at, _)| at > now))
    }

    pub(super) fn next_wake(&self) -> Option<Timestamp> {
        self.wakes.first().map(|(at, _)| *at)
    }

    /// What events make of the runs.
    pub(super) fn apply(&mut self, event: &Event) {
        match &event.fact {
            Fact::RunRequested { run, slug, trigger, request } => {
                self.insert(Run::requested(*run, slug.clone(), trigger.clone(), (**request).clone(), event.at));
            }
            Fact::RunSkipped { run, .. } => self.remove(*run),
            Fact::GateBegun { run, .. } => self.change(*run, |run| run.phase = Phase::Gating),
            Fact::GateEnded { run, .. } => self.change(*run, |run| run.phase = Phase::Queued),
            Fact::RunAdmitted { run, .. } => self.change(*run, |run| run.admit(event.at)),
            Fact::RunPassed { run, .. } => self.change(*run, Run::pass),
            Fact::RunStarting { session, launch, plugin_state, .. } => {
                self.change(session.run, |run| run.launch(session, launch, plugin_state));
            }
            Fact::RunStarted { run, deadline, .. } => self.change(*run, |run| run.start(*deadline)),
            Fact::RunWaiting { run, until, limit, plugin_state, .. } => {
                self.change(*run, |run| run.wait(*until, *limit, plugin_state));
            }
            Fact::RunWoke { run, .. } => self.change(*run, Run::wake),
            Fact::RunUsed { run, usage, .. } => self.change(*run, |run| run.usage.clone_from(usage)),
            Fact::RunAnswered { run, activity, plugin_state, .. } => {
                self.change(*run, |run| run.answer(*activity, plugin_state));
            }
            Fact::MessageAccepted { run, message, .. } => self.change(*run, |run| run.hear(message)),
            Fact::SessionTurned { run, status, activity, .. } => {
                self.change(*run, |run| run.turn(*status, activity, event.at));
            }
            Fact::RunStopping { run, cause, .. } => self.change(*run, |run| run.stopping = Some(cause.clone())),
            Fact::SessionEnded { run, session, end, .. } => self.change(*run, |run| run.end_session(session, end)),
            Fact::RunFinished(finished) => self.remove(finished.run),
            Fact::ClockSetBack { by_ms } => {
                let ids: Vec<RunId> = self.runs.keys().copied().collect();
                ids.into_iter().for_each(|id| self.change(id, |run| run.set_back(SignedDuration::from_millis(*by_ms))));
            }
            // What is not about a run changes none: `Fact::run` names those that are, variant by variant.
            _ => {}
        }
    }

    pub(super) fn insert(&mut self, run: Run) {
        match &run.slug {
            Some(slug) => {
                self.of_jobs.entry(slug.clone()).or_default().insert(run.id);
            }
            None => self.spawned += 1,
        }
        self.index(&run);
        self.runs.insert(run.id, run);
    }

    fn remove(&mut self, id: RunId) {
        let Some(run) = self.runs.remove(&id) else { return };
        self.unindex(&run);
        let Some(slug) = &run.slug else {
            self.spawned -= 1;
            return;
        };
        if let Some(open) = self.of_jobs.get_mut(slug) {
            open.remove(&id);
            if open.is_empty() {
                self.of_jobs.remove(slug);
            }
        }
    }

    /// Changes a run and finds it again by what it has become.
    fn change(&mut self, id: RunId, change: impl FnOnce(&mut Run)) {
        let Some(mut run) = self.runs.remove(&id) else { return };
        self.unindex(&run);
        change(&mut run);
        self.index(&run);
        self.runs.insert(id, run);
    }

    fn index(&mut self, run: &Run) {
        if run.phase == Phase::Queued {
            self.queue.insert(Turn::of(run));
        }
        if !run.is_active() {
            self.placeless += 1;
        } else {
            for tag in &run.request.admission.tags {
                *self.active_tags.entry(tag.clone()).or_default() += 1;
            }
        }
        if let Some((at, _)) = self.end_of(run) {
            self.ends.insert((at, run.id));
        }
        if let Some(at) = run.wakes_at() {
            self.wakes.insert((at, run.id));
        }
    }

    fn unindex(&mut self, run: &Run) {
        if run.phase == Phase::Queued {
            self.queue.remove(&Turn::of(run));
        }
        if run.is_active() {
            self.unindex_tags(run);
        } else {
            self.placeless -= 1;
        }
        if let Some((at, _)) = self.end_of(run) {
            self.ends.remove(&(at, run.id));
        }
        if let Some(at) = run.wakes_at() {
            self.wakes.remove(&(at, run.id));
        }
    }

    fn unindex_tags(&mut self, run: &Run) {
        for tag in &run.request.admission.tags {
            if let Some(count) = self.active_tags.get_mut(tag) {
                *count -= 1;
                if *count == 0 {
                    self.active_tags.remove(tag);
                }
            }
        }
    }

    /// When a run must end, and why: its own limit, or that of a talk in which nobody speaks.
    fn end_of(&self, run: &Run) -> Option<(Timestamp, StopCause)> {
        let deadline = match &run.phase {
            Phase::Running { deadline, .. } => deadline,
            Phase::Waiting { .. } => &run.limit,
            Phase::Gating | Phase::Queued | Phase::Judging | Phase::Stepping { .. } | Phase::Starting { .. } => {
                return None;
            }
        };
        let limit = deadline.map(|at| (at, StopCause::Timeout));
        let idle = run.talk.as_ref().and_then(|talk| talk.idle_until(self.idle_limit));
        let idle = idle.map(|at| (at, StopCause::Idle));
        [limit, idle].into_iter().flatten().min_by_key(|(at, _)| *at)
    }
}
