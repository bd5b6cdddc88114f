//! The handle that the rest of the host holds: ask for a change, read the view, read what sessions print.

use std::sync::{Arc, RwLockReadGuard};

use instar_core::attention::{Item, ItemStatus, MOST_OPEN, Wanted};
use instar_core::conversation::{Offer, Place, Question};
use instar_core::decide::{SpawnRequest, What};
use instar_core::event::{Event, Fact, PluginFact};
use instar_core::id::{JobSlug, PluginId, RunId, SessionId, SessionName};
use instar_core::jobs_file::JobsFile;
use instar_core::notice::Address;
use instar_core::quota::QuotaReading;
use instar_core::run::SkipReason;
use instar_core::session::Session;
use instar_core::tune::TuneWish;
use instar_core::users::Users;
use instar_core::verdict::Severity;
use instar_core::workload::Workload;
use instar_plugin::{Asker, CallContext, Live};
use instar_session::{SessionError, Sessions};
use instar_store::{Store, StoreError};
use tokio::sync::{mpsc, oneshot, watch};

use crate::act::chain;
use crate::clock;
use crate::ears::{self, Ears};
use crate::view::{SharedView, View};

/// Cheap to clone; all clones speak to the one loop.
#[derive(Debug, Clone)]
pub struct Engine {
    pub(crate) view: SharedView,
    pub(crate) inputs: mpsc::Sender<Ask>,
    pub(crate) changes: watch::Receiver<i64>,
    pub(crate) store: Store,
    pub(crate) sessions: Sessions,
    pub(crate) plugins: Live,
    pub(crate) ears: Arc<dyn Ears>,
}

/// An input from outside, with where its recorded events go.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) what: What,
    pub(crate) answer: oneshot::Sender<Result<Vec<Event>, Arc<StoreError>>>,
}

/// Why a wish was not carried out. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    #[error("there is no job `{0}`")]
    UnknownJob(JobSlug),
    #[error("the scheduler is switched off by `scheduler.enabled` in the settings")]
    SwitchedOff,
    #[error("there is no item {0:?}")]
    UnknownItem(String),
    #[error("{MOST_OPEN} items are open: close some before more are raised")]
    TooManyItems,
    #[error("{0}")]
    NothingToTune(String),
    #[error("`{0}` or `{1}` has a run under way or is about to be tried again: wait for its end, or stop it")]
    Busy(JobSlug, JobSlug),
    #[error("there is no session `{0}`")]
    UnknownSession(SessionId),
    #[error("a session named `{0}` is already running")]
    NameTaken(SessionName),
    #[error("all {most} places for sessions are taken (`sessions.maxSessions`): wait until one ends, or end one")]
    NoPlace { most: usize },
    #[error("session `{0}` was not started: {1}")]
    NotStarted(SessionName, String),
    #[error("session {0} has as many messages waiting as it can hold")]
    TooManyMessages(SessionName),
    #[error("session {0} has ended, and takes no input any more")]
    Ended(SessionName),
    #[error("nothing is kept under the number {0}")]
    NothingKept(u64),
    #[error("what was heard cannot be read now: {0}")]
    NotRead(String),
    #[error("what was heard cannot be read: {0}")]
    Unreadable(String),
    #[error("no thread was opened: {0}")]
    NotOpened(String),
    #[error("the host is shutting down")]
    ShuttingDown,
    #[error("it could not be recorded")]
    NotRecorded(#[source] Arc<StoreError>),
}

/// What became of a trigger, once it is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TriggerAnswer {
    /// Its gate, or guards and execute type, come next.
    Triggered(RunId),
    Queued(RunId),
    Skipped(RunId, SkipReason),
}

/// What became of the wish to stop a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopAnswer {
    /// Recorded; its signals follow.
    Stopping,
    AlreadyEnded,
}

impl Engine {
    /// # Panics
    /// When the loop panicked while it wrote the view; the process is ending then.
    pub fn view(&self) -> RwLockReadGuard<'_, View> {
        self.view.read().expect("the loop does not panic while it holds the view")
    }

    /// Says "look again": the number of the newest event.
    pub fn changes(&self) -> watch::Receiver<i64> {
        self.changes.clone()
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// Asks for a run of a job; answers once the run is recorded, whatever became of it.
    pub async fn trigger(&self, slug: JobSlug, reason: String, force: bool) -> Result<TriggerAnswer, AskError> {
        self.trigger_from(slug, reason, force, 0).await
    }

    /// The same for a plugin; `depth` is how many starts by plugins lead to this one, itself included.
    pub async fn trigger_from(
        &self,
        slug: JobSlug,
        reason: String,
        force: bool,
        depth: u32,
    ) -> Result<TriggerAnswer, AskError> {
        self.check_job(Some(&slug))?;
        let events = self.ask(What::TriggerAsked { slug: slug.clone(), reason, force, depth }).await?;
        events.iter().find_map(|event| trigger_answer(&event.fact)).ok_or(AskError::UnknownJob(slug))
    }

    /// Lets a job, or all of them, fire nothing by itself until it is resumed; true when it was not paused before.
    pub async fn pause(&self, slug: Option<JobSlug>, by: String, reason: Option<String>) -> Result<bool, AskError> {
        self.check_job(slug.as_ref())?;
        let events = self.ask(What::PauseAsked { slug, by, reason }).await?;
        Ok(events.iter().any(|event| matches!(event.fact, Fact::Paused { .. })))
    }

    /// Ends a pause; true when there was one.
    pub async fn resume(&self, slug: Option<JobSlug>, by: String) -> Result<bool, AskError> {
        self.check_job(slug.as_ref())?;
        if slug.is_none() && !self.view().state().limits.scheduling {
            return Err(AskError::SwitchedOff);
        }
        let events = self.ask(What::ResumeAsked { slug, by }).await?;
        Ok(events.iter().any(|event| matches!(event.fact, Fact::Resumed { .. })))
    }

    fn check_job(&self, slug: Option<&JobSlug>) -> Result<(), AskError> {
        match slug {
            Some(slug) if self.view().state().job(slug).is_none() => Err(AskError::UnknownJob(slug.clone())),
            Some(_) | None => Ok(()),
        }
    }

    /// Asks for a session with an agent; answers once it runs, or is known not to.
    ///
    /// A caller that goes away leaves the session as it is.
    pub async fn spawn(&self, request: SpawnRequest) -> Result<Session, AskError> {
        let name = request.name.clone();
        let events = self.ask(What::SpawnAsked(Box::new(request))).await?;
        let Some(run) = events.iter().find_map(|event| event.fact.run()) else {
            let view = self.view();
            let most = view.state().limits.max_sessions;
            let is_taken = view.state().is_name_taken(&name);
            return Err(if is_taken { AskError::NameTaken(name) } else { AskError::NoPlace { most } });
        };
        let mut changes = self.changes();
        loop {
            changes.borrow_and_update();
            if let Some(begun) = self.view().beginning_of(run) {
                return begun.map_err(|reason| AskError::NotStarted(name, reason));
            }
            changes.changed().await.map_err(|_| AskError::ShuttingDown)?;
        }
    }

    /// Has a message typed into a session that talks, when its program waits; answers once that is recorded.
    pub async fn say(&self, session: &Session, text: String) -> Result<(), AskError> {
        let events = self.ask(What::MessageAsked { run: session.run, text }).await?;
        if !events.is_empty() {
            return Ok(());
        }
        let lives = self.view().session(session.id).is_some_and(|session| session.status.is_live());
        let name = session.name.clone();
        Err(if lives { AskError::TooManyMessages(name) } else { AskError::Ended(name) })
    }

    /// Takes over what another process heard and kept under this number, and answers the keys of it. Once it answers
    /// that is durable, and is not taken twice.
    pub async fn take_over(&self, notifier: PluginId, number: u64) -> Result<Vec<String>, AskError> {
        let kept = self.ears.kept(&notifier, Some(number)).map_err(|error| AskError::NotRead(error.to_string()))?;
        let kept = kept.ok_or(AskError::NothingKept(number))?;
        let cursor = self.view().state().poll_cursor(&notifier).cloned();
        let read = ears::read(&self.plugins.now(), &notifier, cursor.as_deref(), kept).await;
        let batch = read.map_err(|error| {
            let is_unreadable = ears::is_unreadable(&error);
            if is_unreadable { AskError::Unreadable(chain(&error)) } else { AskError::NotRead(chain(&error)) }
        })?;
        let keys = batch.events.iter().map(|event| event.key.clone()).collect();
        self.ask(What::Heard { notifier, inbound: batch.events, cursor: batch.cursor }).await?;
        Ok(keys)
    }

    /// Writes to people: in the name of a session, or of the host. It is durable when this answers. A second text with the
    /// same key is taken for the first one, tried again.
    pub async fn reply(
        &self,
        place: Place,
        text: String,
        session: Option<SessionName>,
        key: Option<String>,
    ) -> Result<(), AskError> {
        self.ask(What::ReplyAsked { place, text, session, key }).await.map(|_| ())
    }

    /// Lets whoever shows this code in a chat speak there.
    pub async fn offer_code(&self, offer: Offer) -> Result<(), AskError> {
        self.ask(What::CodeMade(offer)).await.map(|_| ())
    }

    /// Opens a thread in a chat of a notifier that has them, and remembers its name.
    pub async fn open_thread(
        &self,
        notifier: PluginId,
        conversation: String,
        name: String,
        severity: Severity,
    ) -> Result<Place, AskError> {
        let call = CallContext::new(Asker::Api, clock::now());
        let plugins = self.plugins.now();
        let opened = plugins.open_thread(&notifier, &call, &conversation, &name, severity).await;
        let thread = opened.map_err(|error| AskError::NotOpened(chain(&error)))?;
        let place = Place { notifier, address: Address { conversation, thread: Some(thread) } };
        self.ask(What::ThreadOpened { place: place.clone(), name }).await?;
        Ok(place)
    }

    /// Hands over all that guards ask just now.
    pub async fn guards_ask(&self, open: Vec<Question>) -> Result<(), AskError> {
        self.ask(What::GuardsAsk(open)).await.map(|_| ())
    }

    /// Hands over what was read of the file of users.
    pub async fn read_users(&self, users: Users) -> Result<(), AskError> {
        self.ask(What::UsersRead(Arc::new(users))).await.map(|_| ())
    }

    /// Records what a plugin has to say.
    pub async fn note_for_plugin(&self, fact: PluginFact) -> Result<(), AskError> {
        self.ask(What::PluginTold(Box::new(fact))).await.map(|_| ())
    }

    /// Hands over what was read of the quota file.
    pub async fn read_quota(&self, reading: QuotaReading) -> Result<(), AskError> {
        self.ask(What::QuotaRead(reading)).await.map(|_| ())
    }

    /// Hands over how much of the machine's memory is used, in percent.
    pub async fn read_memory(&self, used_percent: f64) -> Result<(), AskError> {
        self.ask(What::MemoryRead { used_percent }).await.map(|_| ())
    }

    /// Takes or refuses what is proposed for the schedule of a job, or goes back to that of the jobs file.
    pub async fn tune(&self, slug: JobSlug, wish: TuneWish, by: String) -> Result<(), AskError> {
        self.check_job(Some(&slug))?;
        let events = self.ask(What::TuneAsked { slug: slug.clone(), wish, by }).await?;
        let nothing = match wish {
            TuneWish::Take | TuneWish::Refuse => format!("no other schedule is proposed for job `{slug}`"),
            TuneWish::Reset => format!("job `{slug}` runs by the schedule of the jobs file"),
        };
        if events.is_empty() { Err(AskError::NothingToTune(nothing)) } else { Ok(()) }
    }

    /// Has people look at something; the item as it stands, and whether it is new.
    pub async fn raise_attention(&self, wanted: Wanted) -> Result<(Item, bool), AskError> {
        let id = wanted.id.clone();
        let events = self.ask(What::AttentionAsked(Box::new(wanted))).await?;
        let item = self.view().state().attention_item(&id).cloned().ok_or(AskError::TooManyItems)?;
        Ok((item, !events.is_empty()))
    }

    /// Says how far somebody is with an item.
    pub async fn turn_attention(&self, id: String, status: ItemStatus, by: String) -> Result<Item, AskError> {
        let unknown = || AskError::UnknownItem(id.chars().take(60).collect());
        if self.view().state().attention_item(&id).is_none() {
            return Err(unknown());
        }
        self.ask(What::AttentionTurnAsked { id: id.clone(), status, by }).await?;
        self.view().state().attention_item(&id).cloned().ok_or_else(unknown)
    }

    /// Whether nothing is under way under either name.
    pub fn check_rename(&self, from: &JobSlug, to: &JobSlug) -> Result<(), AskError> {
        let may_rename = self.view().state().may_rename(from, to);
        if may_rename { Ok(()) } else { Err(AskError::Busy(from.clone(), to.clone())) }
    }

    /// Lets all that a job has been through be found under another name.
    pub async fn rename(&self, from: JobSlug, to: JobSlug) -> Result<(), AskError> {
        let events = self.ask(What::RenameAsked { from: from.clone(), to: to.clone() }).await?;
        if events.is_empty() { Err(AskError::Busy(from, to)) } else { Ok(()) }
    }

    /// Records what an agent says of its work.
    pub async fn report_workload(&self, workload: Workload) -> Result<(), AskError> {
        self.ask(What::WorkloadTold(Box::new(workload))).await.map(|_| ())
    }

    /// Hands over what was read of the jobs file.
    pub async fn read_jobs(&self, file: JobsFile) -> Result<(), AskError> {
        self.ask(What::JobsRead(Arc::new(file))).await.map(|_| ())
    }

    /// Asks for the end of a session's run; answers once the wish is recorded.
    pub async fn stop_session(&self, id: SessionId, by: String) -> Result<StopAnswer, AskError> {
        let session = self.view().session(id).map(|session| (session.run, session.status));
        let (run, status) = session.ok_or(AskError::UnknownSession(id))?;
        if !status.is_live() {
            return Ok(StopAnswer::AlreadyEnded);
        }
        self.ask(What::StopAsked { run, by }).await?;
        Ok(StopAnswer::Stopping)
    }

    /// Asks for the end of a run, whether it has a session or not; answers once the wish is recorded.
    pub async fn stop_run(&self, run: RunId, by: String) -> Result<StopAnswer, AskError> {
        if self.view().state().run(run).is_none() {
            return Ok(StopAnswer::AlreadyEnded);
        }
        self.ask(What::StopAsked { run, by }).await?;
        Ok(StopAnswer::Stopping)
    }

    /// Exactly the last `lines` lines of what a session printed.
    pub async fn output(&self, id: SessionId, lines: usize) -> Result<String, SessionError> {
        self.sessions.output(id, lines).await
    }

    pub(crate) async fn ask(&self, what: What) -> Result<Vec<Event>, AskError> {
        let (answer, answered) = oneshot::channel();
        self.inputs.send(Ask { what, answer }).await.map_err(|_| AskError::ShuttingDown)?;
        answered.await.map_err(|_| AskError::ShuttingDown)?.map_err(AskError::NotRecorded)
    }
}

fn trigger_answer(fact: &Fact) -> Option<TriggerAnswer> {
    match fact {
        Fact::RunAdmitted { run, .. } | Fact::GateBegun { run, .. } => Some(TriggerAnswer::Triggered(*run)),
        Fact::RunQueued { run, .. } => Some(TriggerAnswer::Queued(*run)),
        Fact::RunSkipped { run, reason, .. } => Some(TriggerAnswer::Skipped(*run, reason.clone())),
        _ => None,
    }
}
