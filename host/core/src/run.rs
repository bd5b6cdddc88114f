//! A run: one attempt at a job, from its request to its outcome.

mod outcome;
mod record;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::admission::Admission;
use crate::grounding::Grounding;
use crate::id::{JobSlug, RunId, SessionName};
use crate::job::{Job, Overlap, Priority};
use crate::notice::Notify;
use crate::plan::{End, Launch, StepEvent, StepRequest, Usage};
use crate::retry::Retry;
use crate::session::{Session, SessionStatus};
use crate::supervision::Supervision;
use crate::talk::{Activity, Message, Talk};

pub use self::outcome::{Outcome, SkipReason, StopCause};
pub use self::record::{RunRecord, RunStatus};

/// Why a run was requested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Trigger {
    /// The schedule said so, for this due time.
    Scheduled {
        at: Timestamp,
        /// Nobody was awake when it was due, and this run makes up for it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        missed: bool,
    },
    /// The attempt before ended badly, and the job wants it tried again.
    Retry {
        after: RunId,
        /// 2 for the first retry.
        attempt: u32,
        /// What requested the first attempt.
        first: Box<Trigger>,
    },
    /// A person or an agent asked.
    Manual {
        reason: String,
        force: bool,
        /// How many starts by plugins led to it, one from the other; 0 where none did.
        #[serde(default, skip_serializing_if = "is_zero")]
        depth: u32,
    },
    /// A person or an agent wanted a session of this name; no job is behind it.
    Spawned { name: SessionName, by: String },
}

impl Trigger {
    /// How `triggeredBy` has always been written.
    pub fn label(&self) -> String {
        match self {
            Self::Scheduled { missed: false, .. } => "scheduler:scheduled".into(),
            Self::Scheduled { missed: true, .. } => "scheduler:missed".into(),
            Self::Retry { .. } => "scheduler:retry".into(),
            Self::Manual { reason, .. } => format!("scheduler:{reason}"),
            Self::Spawned { by, .. } => by.clone(),
        }
    }

    /// Which attempt a run is that was requested so.
    pub fn attempt(&self) -> u32 {
        match self {
            Self::Retry { attempt, .. } => *attempt,
            Self::Scheduled { .. } | Self::Manual { .. } | Self::Spawned { .. } => 1,
        }
    }

    /// What requested the first attempt.
    pub fn first(&self) -> &Self {
        match self {
            Self::Retry { first, .. } => first,
            Self::Scheduled { .. } | Self::Manual { .. } | Self::Spawned { .. } => self,
        }
    }

    /// How many starts by plugins led to it.
    pub fn depth(&self) -> u32 {
        match self.first() {
            Self::Manual { depth, .. } => *depth,
            Self::Scheduled { .. } | Self::Retry { .. } | Self::Spawned { .. } => 0,
        }
    }

    /// Whether it goes ahead though the job is disabled or paused.
    pub fn is_forced(&self) -> bool {
        matches!(self.first(), Self::Manual { force: true, .. })
    }

    /// What requests the attempt after this run.
    pub fn retry_after(&self, run: RunId) -> Self {
        Self::Retry { after: run, attempt: self.attempt().saturating_add(1), first: Box::new(self.first().clone()) }
    }
}

pub(crate) fn is_zero(depth: &u32) -> bool {
    *depth == 0
}

/// The execute type of spawned sessions.
const SPAWNED_TYPE: &str = "prompt";

/// What a run needs of its job, kept with the run: the job may be edited or removed meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunRequest {
    pub job_name: String,
    pub priority: Priority,
    pub execute_type: String,
    pub step: StepRequest,
    /// The hard limit, in milliseconds from the start of the command; a spawned session has none.
    pub timeout_ms: Option<u64>,
    pub notify: bool,
    #[serde(default)]
    pub notices: Notify,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    #[serde(default)]
    pub overlap: Overlap,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grounding: Option<Grounding>,
    #[serde(default)]
    pub supervision: Supervision,
    /// The job that a spawned session is said to work for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub works_for: Option<JobSlug>,
    #[serde(default)]
    pub admission: Admission,
}

impl RunRequest {
    pub fn of(job: &Job, default_timeout_ms: u64) -> Self {
        let execute = job.definition.object().shift_remove("execute").unwrap_or_default();
        Self {
            job_name: job.name.clone(),
            priority: job.priority,
            execute_type: job.execute_type.clone(),
            step: StepRequest { execute_json: execute.to_string(), model: job.model.as_str().into(), previous: None },
            timeout_ms: Some(job.timeout_ms.unwrap_or(default_timeout_ms)),
            notify: job.notify,
            notices: job.notices.clone(),
            retry: job.retry.clone(),
            overlap: job.overlap,
            grounding: job.grounding.clone(),
            supervision: job.supervision,
            works_for: None,
            admission: job.admission.clone(),
        }
    }

    /// A session with an agent that nobody's schedule wants. It ends by itself, or when it has been idle for long.
    pub fn spawned(name: &SessionName, works_for: Option<JobSlug>, step: StepRequest) -> Self {
        Self {
            job_name: name.to_string(),
            priority: Priority::Normal,
            execute_type: SPAWNED_TYPE.to_owned(),
            step,
            timeout_ms: None,
            notify: false,
            notices: Notify::default(),
            retry: None,
            overlap: Overlap::Allow,
            grounding: None,
            supervision: Supervision::Tier0,
            works_for,
            admission: Admission::default(),
        }
    }
}

/// A run that has not ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    pub id: RunId,
    /// The job that it is an attempt at; a spawned session has none.
    pub slug: Option<JobSlug>,
    pub trigger: Trigger,
    pub request: RunRequest,
    pub requested_at: Timestamp,
    /// When it got its place.
    pub admitted_at: Option<Timestamp>,
    pub phase: Phase,
    /// Set once somebody asked for its end; nothing that comes later can undo it.
    pub stopping: Option<StopCause>,
    /// By when a run that has waited must end, whatever it waits for next; a command that it launches has a limit of
    /// its own.
    pub limit: Option<Timestamp>,
    /// What the execute type wants to remember.
    pub plugin_state: Vec<u8>,
    /// The talk with its session, if that is one that talks.
    pub talk: Option<Box<Talk>>,
    pub usage: Usage,
}

/// How far an open run is. Each phase holds what a restarted host needs to go on from it.
#[derive(Debug, Clone, PartialEq)]
pub enum Phase {
    /// Its gate is asked whether there is anything to do; it holds no place meanwhile.
    Gating,
    /// Waits for a free place.
    Queued,
    /// The guards are asked whether it may start.
    Judging,
    /// The execute type is asked what to do next; the session is the one that ended, if any.
    Stepping {
        event: StepEvent,
        session: Option<Box<Session>>,
    },
    /// The launch is recorded; the session may or may not be there yet.
    Starting {
        session: Box<Session>,
        launch: Box<Launch>,
    },
    Running {
        session: Box<Session>,
        deadline: Option<Timestamp>,
    },
    /// Its execute type wants to be asked again at this time; nothing of it runs meanwhile.
    Waiting {
        until: Timestamp,
    },
}

impl Run {
    /// A run that holds one of the places of `maxParallelJobs`.
    pub fn is_active(&self) -> bool {
        !matches!(self.phase, Phase::Gating | Phase::Queued)
    }

    /// The session that lives, or is about to.
    pub fn session(&self) -> Option<&Session> {
        match &self.phase {
            Phase::Starting { session, .. } | Phase::Running { session, .. } => Some(session),
            Phase::Gating | Phase::Queued | Phase::Judging | Phase::Stepping { .. } | Phase::Waiting { .. } => None,
        }
    }

    /// When it is to be asked again, of one that waits.
    pub fn wakes_at(&self) -> Option<Timestamp> {
        match &self.phase {
            Phase::Waiting { until } => Some(*until),
            Phase::Gating
            | Phase::Queued
            | Phase::Judging
            | Phase::Stepping { .. }
            | Phase::Starting { .. }
            | Phase::Running { .. } => None,
        }
    }

    /// The name of the session that lives, is about to, or was asked for.
    pub fn session_name(&self) -> Option<&SessionName> {
        match &self.trigger {
            Trigger::Spawned { name, .. } => Some(name),
            Trigger::Scheduled { .. } | Trigger::Retry { .. } | Trigger::Manual { .. } => {
                self.session().map(|session| &session.name)
            }
        }
    }
}

/// What recorded events make of a run.
impl Run {
    pub(crate) fn requested(
        id: RunId,
        slug: Option<JobSlug>,
        trigger: Trigger,
        request: RunRequest,
        requested_at: Timestamp,
    ) -> Self {
        Self {
            id,
            slug,
            trigger,
            request,
            requested_at,
            admitted_at: None,
            phase: Phase::Queued,
            stopping: None,
            limit: None,
            plugin_state: Vec::new(),
            talk: None,
            usage: Usage::default(),
        }
    }

    pub(crate) fn admit(&mut self, at: Timestamp) {
        self.admitted_at = Some(at);
        self.phase = Phase::Judging;
    }

    pub(crate) fn pass(&mut self) {
        let event = StepEvent::Requested(self.request.step.clone());
        self.phase = Phase::Stepping { event, session: None };
    }

    pub(crate) fn launch(&mut self, session: &Session, launch: &Launch, plugin_state: &[u8]) {
        self.plugin_state = plugin_state.to_vec();
        self.limit = None;
        self.talk = session.interactive.then(Box::<Talk>::default);
        self.phase = Phase::Starting { session: Box::new(session.clone()), launch: Box::new(launch.clone()) };
    }

    pub(crate) fn start(&mut self, deadline: Option<Timestamp>) {
        if let Phase::Starting { session, .. } = &self.phase {
            let session = Session { status: SessionStatus::Running, ..(**session).clone() };
            self.phase = Phase::Running { session: Box::new(session), deadline };
        }
    }

    pub(crate) fn wait(&mut self, until: Timestamp, limit: Option<Timestamp>, plugin_state: &[u8]) {
        self.plugin_state = plugin_state.to_vec();
        self.limit = limit;
        self.phase = Phase::Waiting { until };
    }

    pub(crate) fn wake(&mut self) {
        self.phase = Phase::Stepping { event: StepEvent::Woke, session: None };
    }

    pub(crate) fn answer(&mut self, activity: u64, plugin_state: &[u8]) {
        self.plugin_state = plugin_state.to_vec();
        if let Some(talk) = &mut self.talk {
            talk.answered = activity;
        }
    }

    pub(crate) fn hear(&mut self, message: &Message) {
        if let Some(talk) = &mut self.talk {
            talk.take(message.clone());
        }
        self.set_session(SessionStatus::Running, None);
    }

    pub(crate) fn turn(&mut self, status: SessionStatus, activity: &Activity, at: Timestamp) {
        if let Some(talk) = &mut self.talk {
            talk.see(activity.clone(), at);
        }
        self.set_session(status, activity.question.clone());
    }

    pub(crate) fn end_session(&mut self, session: &Session, end: &End) {
        self.talk = None;
        self.phase =
            Phase::Stepping { event: StepEvent::Exited(end.clone()), session: Some(Box::new(session.clone())) };
    }

    /// Limits count the time that passed, whatever the clock says of it; so does waiting for a place.
    pub(crate) fn set_back(&mut self, by: SignedDuration) {
        if self.phase == Phase::Queued {
            self.requested_at = self.requested_at.checked_sub(by).unwrap_or(self.requested_at);
        }
        if let Phase::Running { deadline: Some(at), .. } | Phase::Waiting { until: at } = &mut self.phase {
            *at = at.checked_sub(by).unwrap_or(*at);
        }
        if let Some(limit) = &mut self.limit {
            *limit = limit.checked_sub(by).unwrap_or(*limit);
        }
        if let Some(since) = self.talk.as_mut().and_then(|talk| talk.idle_since.as_mut()) {
            *since = since.checked_sub(by).unwrap_or(*since);
        }
    }

    /// What its program does; one that is only about to be started is not doing anything yet.
    fn set_session(&mut self, status: SessionStatus, question: Option<String>) {
        if let Phase::Running { session, .. } = &mut self.phase {
            session.status = status;
            session.question = question;
        }
    }
}
