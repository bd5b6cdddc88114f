//! The loop: one input at a time is decided, recorded, applied to the view, and acted upon.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use instar_core::decide::{Decision, Input, What, decide};
use instar_core::event::{Event, LoadedPlugins};
use instar_core::jobs_file::JobsFile;
use instar_core::quota::QuotaReading;
use instar_core::retention::Retention;
use instar_core::state::{Limits, State};
use instar_core::users::Users;
use instar_plugin::Live;
use instar_session::Sessions;
use instar_store::{Store, StoreError};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::act::{Actor, World};
use crate::agent_env::AgentEnv;
use crate::ask::{Ask, Engine};
use crate::clock::{self, Alarm};
use crate::converse::Desk;
use crate::crash_point::{self, Moment};
use crate::ears::Ears;
use crate::gate::GATES_AT_ONCE;
use crate::ground::ContextFiles;
use crate::helper::Helper;
use crate::keep::Keeper;
use crate::plugins::{self, KeptPlugins};
use crate::steps::StepLog;
use crate::view::{SharedView, View};

/// What an engine is made of; built by the wiring.
#[derive(Debug)]
pub struct Parts {
    pub store: Store,
    pub sessions: Sessions,
    pub plugins: Live,
    pub limits: Limits,
    pub retention: Retention,
    pub agent_env: AgentEnv,
    pub context_files: ContextFiles,
    pub supervisor: Helper,
    pub desk: Desk,
    pub ears: Arc<dyn Ears>,
    /// Keeps what execute types were asked and answered.
    pub steps: Arc<dyn StepLog>,
    /// The zone in which schedules are read.
    pub zone: TimeZone,
    pub version: String,
    /// What was read of the jobs file just now.
    pub jobs: JobsFile,
    /// What was read of the quota file just now.
    pub quota: QuotaReading,
    /// What was read of the file of users just now.
    pub users: Users,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the host's records could not be read")]
    Restore(#[source] StoreError),
    #[error("the start could not be recorded")]
    Record(#[source] StoreError),
    #[error("the clock gives no timer")]
    Clock(#[source] io::Error),
}

/// The loop's task. Dropping it leaves the loop running; stop it to end in order.
#[derive(Debug)]
pub struct RunningLoop {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl RunningLoop {
    /// Ends the loop. Sessions live on; the next start finds them.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the engine's loop did not end in order");
        }
    }

    /// Returns only when the loop ended by itself, which is a fault of ours: the host must end too.
    pub async fn ended(&mut self) {
        let _ = (&mut self.task).await;
    }
}

/// Inputs that wait for the loop; more make the asker wait.
const MOST_WAITING: usize = 256;
/// A clock may be set back to any of these days, and finds what was taken on it.
const REMEMBERED_DAYS: SignedDuration = SignedDuration::from_hours(8 * 24);
/// How long a stop waits for answers to what is being delivered.
const LAST_DELIVERIES: Duration = Duration::from_secs(3);
const FIRST_RECORD_RETRY: SignedDuration = SignedDuration::from_millis(200);
const LONGEST_RECORD_RETRY: SignedDuration = SignedDuration::from_secs(5);

/// Restores the state, records the start and lets open runs go on.
pub async fn start(parts: Parts) -> Result<(Engine, RunningLoop), StartError> {
    let loaded = plugins::loaded(&parts.plugins.now());
    let hearing = loaded.hearing.clone();
    let restored = restored(&parts, loaded).await?;
    let (changed, changes) = watch::channel(restored.last_seq());
    let view = Arc::new(RwLock::new(restored));
    let (inputs, asks) = mpsc::channel(MOST_WAITING);
    let (reports, reported) = mpsc::channel(MOST_WAITING);
    let world = World {
        sessions: parts.sessions.clone(),
        plugins: parts.plugins.clone(),
        view: view.clone(),
        keeper: Keeper { store: parts.store.clone(), retention: parts.retention },
        agent_env: parts.agent_env,
        context_files: parts.context_files,
        changes: changes.clone(),
        gates: Semaphore::new(GATES_AT_ONCE),
        starts: Semaphore::new(std::thread::available_parallelism().map_or(2, usize::from).max(2)),
        supervisor: parts.supervisor,
        desk: parts.desk,
        ears: parts.ears.clone(),
        steps: parts.steps,
        taken_over: Mutex::default(),
        kept: KeptPlugins::default(),
    };
    let actor = Actor::new(world, reports);
    let engine = Engine {
        view: view.clone(),
        inputs,
        changes,
        store: parts.store.clone(),
        sessions: parts.sessions,
        plugins: parts.plugins,
        ears: parts.ears,
    };
    let alarm = Alarm::new().map_err(StartError::Clock)?;
    let mut main = Main {
        store: parts.store,
        view,
        actor,
        alarm,
        changed,
        unrecorded: VecDeque::new(),
        retry: None,
        retry_wait: FIRST_RECORD_RETRY,
    };
    let read = [
        What::JobsRead(Arc::new(parts.jobs)),
        What::QuotaRead(parts.quota),
        // Before anybody is listened to: who is not known yet would be refused, and what they say is not kept.
        What::UsersRead(Arc::new(parts.users)),
        What::Booted { version: parts.version },
    ];
    for what in read {
        main.take(what).await.map_err(StartError::Record)?;
    }
    main.take(What::ListeningBegun { notifiers: hearing }).await.map_err(StartError::Record)?;
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(main.run(asks, reported, stopped));
    Ok((engine, RunningLoop { stop, task }))
}

/// What was recorded, as the host goes on from it.
async fn restored(parts: &Parts, loaded: LoadedPlugins) -> Result<View, StartError> {
    let now = clock::now();
    let mut snapshot = parts.store.restore_beside(&parts.jobs).await.map_err(StartError::Restore)?;
    let since = now.checked_sub(REMEMBERED_DAYS).unwrap_or(now);
    snapshot.restored.begun = parts.store.begun_since(since).await.map_err(StartError::Restore)?;
    let mut state = State::new(parts.limits.clone(), parts.zone.clone(), loaded.notifiers, snapshot.restored, now);
    state.threaded = loaded.threaded;
    state.listen_to(&loaded.hearing);
    Ok(View::new(state, now, snapshot.sessions, snapshot.events, snapshot.last_seq))
}

struct Main {
    store: Store,
    view: SharedView,
    actor: Actor,
    alarm: Alarm,
    changed: watch::Sender<i64>,
    /// Reports of effects that could not be recorded yet, oldest first. They are facts: none may be dropped.
    unrecorded: VecDeque<What>,
    /// When to try the store again.
    retry: Option<Timestamp>,
    retry_wait: SignedDuration,
}

impl Main {
    async fn run(
        mut self,
        mut asks: mpsc::Receiver<Ask>,
        mut reports: mpsc::Receiver<What>,
        mut stop: oneshot::Receiver<()>,
    ) {
        loop {
            let wake = self.next_wake();
            // In no fixed order: neither a burst of reports nor one of questions keeps the others waiting.
            tokio::select! {
                _ = &mut stop => break,
                Some(report) = reports.recv() => self.take_report(report).await,
                Some(ask) = asks.recv() => self.take_ask(ask).await,
                woken = self.alarm.wait(wake) => self.take_alarm(woken).await,
            }
        }
        self.see_deliveries_through(&mut reports).await;
        if let Err(error) = self.take(What::HostStopping).await {
            tracing::warn!(%error, "the stop of the host could not be recorded");
        }
        self.actor.stop().await;
    }

    /// What was sent and is not known to be would be sent again by the next start.
    async fn see_deliveries_through(&mut self, reports: &mut mpsc::Receiver<What>) {
        let patience = tokio::time::sleep(LAST_DELIVERIES);
        tokio::pin!(patience);
        while self.actor.is_delivering() {
            tokio::select! {
                () = &mut patience => return,
                Some(report) = reports.recv() => self.take_report(report).await,
                // The count goes down after the report has come.
                () = tokio::time::sleep(Duration::from_millis(20)) => {}
            }
        }
        while let Ok(report) = reports.try_recv() {
            self.take_report(report).await;
        }
    }

    fn next_wake(&self) -> Option<Timestamp> {
        let due = self.view.read().unwrap_or_else(PoisonError::into_inner).state().next_wake(clock::now());
        match self.retry {
            // While the store fails, what is due waits for the retry: no busy loop.
            Some(retry) => Some(due.map_or(retry, |due| due.max(retry)).min(retry)),
            None => due,
        }
    }

    async fn take_ask(&mut self, ask: Ask) {
        let answer = self.take(ask.what).await.map_err(Arc::new);
        // The asker may have gone; what was recorded stands.
        let _ = ask.answer.send(answer);
    }

    async fn take_report(&mut self, report: What) {
        self.unrecorded.push_back(report);
        if self.retry.is_none() {
            self.record_waiting().await;
        }
    }

    async fn take_alarm(&mut self, woken: io::Result<()>) {
        if let Err(error) = woken {
            tracing::error!(%error, "the timer failed; the clock is looked at every second");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        self.retry = None;
        self.record_waiting().await;
        if self.retry.is_none()
            && let Err(error) = self.take(What::Ticked).await
        {
            self.store_failed(&error);
        }
    }

    async fn record_waiting(&mut self) {
        while let Some(report) = self.unrecorded.front().cloned() {
            if let Err(error) = self.take(report).await {
                return self.store_failed(&error);
            }
            self.unrecorded.pop_front();
        }
    }

    fn store_failed(&mut self, error: &StoreError) {
        let error = error as &dyn std::error::Error;
        tracing::error!(error, "nothing can be recorded; it is tried again in {:#}", self.retry_wait);
        self.retry = clock::now().checked_add(self.retry_wait).ok();
        self.retry_wait = self.retry_wait.saturating_mul(2).min(LONGEST_RECORD_RETRY);
    }

    /// Decide, record, apply, act. On an error nothing was changed and nothing is done.
    async fn take(&mut self, what: What) -> Result<Vec<Event>, StoreError> {
        let mut what = what;
        loop {
            let decision = self.decide(what.clone());
            match self.record(&decision).await {
                Ok(()) => {
                    self.retry_wait = FIRST_RECORD_RETRY;
                    for effect in decision.effects {
                        self.actor.start(effect);
                    }
                    return Ok(decision.events);
                }
                // The clock went back to a due time that has its run: pass over it, then look again.
                Err(StoreError::OccurrenceTaken { slug, due }) => {
                    let passed = self.decide(What::OccurrenceTaken { slug, due });
                    self.record(&passed).await?;
                    what = What::Ticked;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn decide(&self, what: What) -> Decision {
        let input = Input { now: clock::now(), nonce: clock::nonce(), what };
        decide(self.view.read().unwrap_or_else(PoisonError::into_inner).state(), input)
    }

    async fn record(&mut self, decision: &Decision) -> Result<(), StoreError> {
        if decision.events.is_empty() {
            return Ok(());
        }
        crash_point::pass(Moment::Before, &decision.events);
        let first_seq = self.store.record(&decision.events).await?;
        crash_point::pass(Moment::After, &decision.events);
        let mut view = self.view.write().unwrap_or_else(PoisonError::into_inner);
        view.apply(&decision.events, first_seq);
        self.changed.send_replace(view.last_seq());
        Ok(())
    }
}
