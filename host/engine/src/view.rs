//! The in-memory view that hot reads use: the state, the newest sessions and the newest events.
//!
//! The loop alone writes it, after the store recorded, in the order of the transactions: a write that was
//! answered is visible to the next read.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, RwLock};

use instar_core::event::{Event, EventRecord, Fact};
use instar_core::id::{RunId, SessionId, SessionName};
use instar_core::session::{Session, SessionStatus};
use instar_core::state::State;
use jiff::Timestamp;

use crate::counters::Counters;

/// Shared by the loop (writer) and all readers; locked for a few lines without `await`.
pub type SharedView = Arc<RwLock<View>>;

/// Older events are in the store.
const MOST_EVENTS: usize = 2_000;
/// Ended sessions beyond these are in the store.
const MOST_ENDED_SESSIONS: usize = 500;

#[derive(Debug)]
pub struct View {
    state: State,
    started_at: Timestamp,
    sessions: BTreeMap<SessionId, Session>,
    events: VecDeque<EventRecord>,
    last_seq: i64,
    counters: Counters,
}

impl View {
    /// `events` oldest first, `sessions` in any order; both as the store restored them.
    pub fn new(
        state: State,
        started_at: Timestamp,
        sessions: Vec<Session>,
        events: Vec<EventRecord>,
        last_seq: i64,
    ) -> Self {
        let sessions = sessions.into_iter().map(|session| (session.id, session)).collect();
        Self { state, started_at, sessions, events: events.into(), last_seq, counters: Counters::default() }
    }

    pub fn state(&self) -> &State {
        &self.state
    }

    pub fn started_at(&self) -> Timestamp {
        self.started_at
    }

    /// What was counted since the start.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The number of the newest event; it grows with every recorded change.
    pub fn last_seq(&self) -> i64 {
        self.last_seq
    }

    /// Live sessions and the newest ended ones, newest first.
    pub fn sessions(&self) -> impl Iterator<Item = &Session> {
        self.sessions.values().rev()
    }

    pub fn live_sessions(&self) -> impl Iterator<Item = &Session> {
        self.sessions().filter(|session| session.status.is_live())
    }

    pub fn session(&self, id: SessionId) -> Option<&Session> {
        self.sessions.get(&id)
    }

    /// The newest session of that name.
    pub fn session_named(&self, name: &SessionName) -> Option<&Session> {
        self.sessions().find(|session| session.name == *name)
    }

    /// How a run that was just asked for began: its session, or why there is none. `None` while it is not known.
    pub(crate) fn beginning_of(&self, run: RunId) -> Option<Result<Session, String>> {
        let has_started = self.events().any(|event| event.run == Some(run) && event.kind == "session_started");
        let session = self.sessions.values().rev().find(|session| session.run == run);
        match (session, self.state.run(run)) {
            (Some(session), _) if has_started => Some(Ok(session.clone())),
            (_, Some(_)) => None,
            (_, None) => Some(Err(self.end_of(run).unwrap_or_else(|| "nothing is known of its end".into()))),
        }
    }

    /// What the log says about the end of a run.
    fn end_of(&self, run: RunId) -> Option<String> {
        let is_end = |event: &&EventRecord| matches!(event.kind.as_str(), "job_completed" | "job_skipped");
        let end = self.events().filter(|event| event.run == Some(run)).find(is_end)?;
        let detail = ["cause", "detail"].iter().find_map(|key| end.metadata[key].as_str());
        Some(detail.map_or_else(|| end.summary.clone(), str::to_owned))
    }

    /// The newest events, newest first.
    pub fn events(&self) -> impl Iterator<Item = &EventRecord> {
        self.events.iter().rev()
    }

    /// The number of the oldest event held here; older ones are in the store. 1 means that all are here.
    pub fn oldest_seq(&self) -> i64 {
        self.events.front().map_or(self.last_seq + 1, |event| event.seq)
    }

    /// The events that follow the one of this number, oldest first; `None` when they begin before this view does.
    pub fn events_after(&self, seq: i64, limit: usize) -> Option<Vec<EventRecord>> {
        if seq + 1 < self.oldest_seq() {
            return None;
        }
        let start = self.events.partition_point(|event| event.seq <= seq);
        Some(self.events.range(start..).take(limit).cloned().collect())
    }

    pub(crate) fn apply(&mut self, events: &[Event], first_seq: i64) {
        for (event, seq) in events.iter().zip(first_seq..) {
            self.state.apply(event);
            self.counters.apply(event);
            self.apply_session(&event.fact);
            self.events.push_back(event.record(seq));
            self.last_seq = seq;
        }
        while self.events.len() > MOST_EVENTS {
            self.events.pop_front();
        }
        self.forget_old_sessions();
    }

    fn apply_session(&mut self, fact: &Fact) {
        match fact {
            Fact::RunStarting { session, .. } | Fact::SessionEnded { session, .. } => {
                self.sessions.insert(session.id, (**session).clone());
            }
            Fact::RunStarted { session, .. } => {
                if let Some(session) = self.sessions.get_mut(session) {
                    session.status = SessionStatus::Running;
                }
            }
            Fact::MessageAccepted { session, .. } => {
                let session = self.sessions.get_mut(session);
                if let Some(session) = session.filter(|session| session.status != SessionStatus::Starting) {
                    session.status = SessionStatus::Running;
                    session.question = None;
                }
            }
            Fact::SessionTurned { session, status, activity, .. } => {
                if let Some(session) = self.sessions.get_mut(session) {
                    session.status = *status;
                    session.question.clone_from(&activity.question);
                }
            }
            Fact::JobRenamed { from, to } => {
                let jobs = self.sessions.values_mut().filter_map(|session| session.job.as_mut());
                jobs.filter(|job| *job == from).for_each(|job| *job = to.clone());
            }
            Fact::RunFinished(finished) => {
                if let Some(session) = &finished.session {
                    self.sessions.insert(session.id, session.clone());
                }
            }
            _ => {}
        }
    }

    fn forget_old_sessions(&mut self) {
        let most = MOST_ENDED_SESSIONS + self.state.limits.max_sessions;
        while self.sessions.len() > most {
            let oldest = self.sessions.values().find(|session| !session.status.is_live()).map(|session| session.id);
            match oldest {
                Some(id) => self.sessions.remove(&id),
                None => return,
            };
        }
    }
}
