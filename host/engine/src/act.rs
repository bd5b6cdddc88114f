//! Effects: the only place where the engine does anything to the world. Each effect is one task that reports
//! back as exactly one input, by a deadline; waiting for the end of a session has none.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use instar_core::decide::{Effect, StepFault, What};
use instar_core::grounding::Handoff;
use instar_core::id::{PluginId, RunId, SessionId};
use instar_core::notice::Message;
use instar_core::plan::{Action, End, EndCause, Launch, StepEvent, StepResult};
use instar_core::run::{Phase, Run, Trigger};
use instar_core::session::Session;
use instar_plugin::{Asker, CallContext, Cause, LONGEST_DELIVERY, LONGEST_STEP, Live, PluginError, Tape};
use instar_session::{Found, Order, SessionError, Sessions};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;

use crate::agent_env::AgentEnv;
use crate::clock;
use crate::converse::Desk;
use crate::ears::Ears;
use crate::ground::ContextFiles;
use crate::helper::Helper;
use crate::keep::{KeepError, Keeper};
use crate::plugins::KeptPlugins;
use crate::steps::{self, KeptStep, StepLog};
use crate::threads::thread_state;
use crate::view::SharedView;

/// With what it waits for, and for those that it delegates to.
const STEP_DEADLINE: Duration = LONGEST_STEP.saturating_add(Duration::from_secs(60));
const START_DEADLINE: Duration = Duration::from_secs(30);
/// How long a start waits for the others. One that hangs must not keep the next from its own deadline.
const LONGEST_TURN: Duration = Duration::from_secs(2);
const STOP_DEADLINE: Duration = Duration::from_secs(60);
const TELL_DEADLINE: Duration = Duration::from_secs(30);
const DELIVER_DEADLINE: Duration = LONGEST_DELIVERY.saturating_add(Duration::from_secs(15));
const KEEP_DEADLINE: Duration = Duration::from_secs(30 * 60);

#[derive(Debug)]
pub(crate) struct Actor {
    world: Arc<World>,
    reports: mpsc::Sender<What>,
    tasks: JoinSet<()>,
    /// How many deliveries have begun and are not reported.
    delivering: Arc<AtomicUsize>,
}

/// What effects act upon.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) sessions: Sessions,
    pub(crate) plugins: Live,
    pub(crate) kept: KeptPlugins,
    pub(crate) view: SharedView,
    pub(crate) keeper: Keeper,
    pub(crate) agent_env: AgentEnv,
    pub(crate) context_files: ContextFiles,
    /// Says "look again".
    pub(crate) changes: watch::Receiver<i64>,
    /// The gates that may be asked at once.
    pub(crate) gates: Semaphore,
    /// The sessions that may be started at once: more would only take the processor from each other, and from those
    /// who ask the host meanwhile.
    pub(crate) starts: Semaphore,
    pub(crate) supervisor: Helper,
    pub(crate) desk: Desk,
    pub(crate) ears: Arc<dyn Ears>,
    pub(crate) steps: Arc<dyn StepLog>,
    /// Of each notifier the answer that was taken over last, until it is recorded.
    pub(crate) taken_over: Mutex<BTreeMap<PluginId, u64>>,
}

impl Actor {
    pub(crate) fn new(world: World, reports: mpsc::Sender<What>) -> Self {
        Self { world: Arc::new(world), reports, tasks: JoinSet::new(), delivering: Arc::default() }
    }

    pub(crate) fn is_delivering(&self) -> bool {
        self.delivering.load(Ordering::SeqCst) > 0
    }

    pub(crate) fn start(&mut self, effect: Effect) {
        while self.tasks.try_join_next().is_some() {}
        let world = self.world.clone();
        let reports = self.reports.clone();
        let delivering = matches!(effect, Effect::Deliver { .. }).then(|| self.delivering.clone());
        if let Some(delivering) = &delivering {
            delivering.fetch_add(1, Ordering::SeqCst);
        }
        self.tasks.spawn(async move {
            let report = world.act(effect).await;
            // The loop has ended: the next start finds what became of it.
            let _ = reports.send(report).await;
            if let Some(delivering) = delivering {
                delivering.fetch_sub(1, Ordering::SeqCst);
            }
        });
    }

    pub(crate) async fn stop(&mut self) {
        self.tasks.shutdown().await;
    }
}

impl World {
    async fn act(self: Arc<Self>, effect: Effect) -> What {
        match effect {
            Effect::AskGate { run } => self.ask_gate(run).await,
            Effect::Judge { run } => self.judge(run).await,
            Effect::Step { run } => self.step(run).await,
            Effect::Start { run } => self.start(run).await,
            Effect::Watch { run } => self.watch(run).await,
            Effect::Stop { run } => self.stop(run).await,
            Effect::Listen { run, after } => self.listen(run, after).await,
            Effect::Tell { run, number } => self.tell(run, number).await,
            Effect::Deliver { notice, notifier, part } => self.deliver(notice, notifier, part).await,
            Effect::Supervise { run } => self.supervise(run).await,
            Effect::Route { place, key } => self.route(place, key).await,
            Effect::Mark { notifier, address, handle, mark, note } => {
                self.mark(&notifier, &address, &handle, mark, note.as_deref()).await
            }
            Effect::CarryOut { id, hash, yes } => self.carry_out(id, hash, yes).await,
            Effect::Interrupt { session } => self.interrupt(session).await,
            Effect::OpenThread { notifier, conversation, topic, severity, notice, depth } => {
                let result = self.open_thread(&notifier, &conversation, &topic.name, severity, depth).await;
                What::ThreadAnswered { notifier, conversation, topic, notice, result }
            }
            Effect::ChangeThread { notifier, address, change, depth } => {
                self.change_thread(&notifier, &address, &change, depth).await
            }
            Effect::Poll { notifier, after_ms, failures } => self.poll(notifier, after_ms, failures).await,
            Effect::KeepHouse => self.keep_house().await,
        }
    }

    async fn step(&self, id: RunId) -> What {
        let Some(run) = self.run(id) else { return What::Done };
        let (event, state) = match &run.phase {
            Phase::Stepping { event: event @ StepEvent::Requested(_), .. } => (event.clone(), Vec::new()),
            Phase::Stepping { event, .. } => (event.clone(), run.plugin_state.clone()),
            Phase::Running { .. } => (StepEvent::Ready, run.plugin_state.clone()),
            Phase::Gating | Phase::Queued | Phase::Judging | Phase::Starting { .. } | Phase::Waiting { .. } => {
                return What::Done;
            }
        };
        // What is told again to the later steps of a run was remarked upon at the first.
        let is_first = matches!(event, StepEvent::Requested(_));
        let told = self.context_files.tell(&run, self.handoff(&run).as_ref()).await;
        let remarks = told.remarks.into_iter().filter(|_| is_first).map(Action::Progress);
        let call = CallContext { context: told.text, ..context(&run) };
        let plugins = self.plugins_of(&run, is_first);
        let (tape, execute_type) = (Tape::keeping(), run.request.execute_type);
        let step = plugins.step_by(&tape, &execute_type, &call, state.clone(), vec![event.clone()]);
        let answer = match tokio::time::timeout(STEP_DEADLINE, step).await {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(error)) => Err(step_fault(&error)),
            Err(_) => Err(StepFault {
                code: "timeout".into(),
                message: format!("execute type `{execute_type}` gave no answer in {STEP_DEADLINE:?}"),
                refused: false,
            }),
        };
        let (by, host) = (plugins.executor(&execute_type), tape.recorded());
        self.steps.keep(id, KeptStep { execute_type, by, call, state, event, answer: answer.clone(), host });
        let result = answer.map(|result| StepResult { actions: remarks.chain(result.actions).collect(), ..result });
        What::Stepped { run: id, result }
    }

    async fn start(&self, id: RunId) -> What {
        let _turn = within(LONGEST_TURN, self.starts.acquire()).await;
        let Some((run, session, launch)) = self.starting(id) else { return What::Done };
        let reason = match within(START_DEADLINE, self.start_session(&run, &session, &launch)).await {
            Some(Ok(())) => "its wrapper did not begin".to_owned(),
            Some(Err(error)) => chain(&error),
            None => format!("tmux did not start it in {START_DEADLINE:?}"),
        };
        // A slow tmux may still have started it: then it runs, whatever was answered.
        match self.sessions.survey(session.id).await {
            Found::NotStarted => self.give_up(id, session.id, reason).await,
            Found::Running(_) | Found::Ended(_) => What::Started { run: id },
        }
    }

    /// What is reported as not started must not start later.
    async fn give_up(&self, id: RunId, session: SessionId, reason: String) -> What {
        match self.sessions.withdraw(session, reason.clone()).await {
            Ok(false) => return What::Started { run: id },
            Ok(true) => {}
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, %session, "the start of a session could not be withdrawn");
            }
        }
        What::NotStarted { run: id, reason }
    }

    async fn start_session(&self, run: &Run, session: &Session, launch: &Launch) -> Result<(), SessionError> {
        match self.sessions.survey(session.id).await {
            Found::Running(_) | Found::Ended(_) => Ok(()),
            Found::NotStarted => {
                let mut env = self.agent_env.of(session);
                env.insert("INSTAR_RUN_ID".into(), run.id.to_string());
                env.insert("INSTAR_SESSION".into(), session.name.to_string());
                env.extend(session.job.as_ref().map(|job| ("INSTAR_JOB".into(), job.to_string())));
                env.extend(self.conversation_env(&session.name));
                // Only a run of a job has a next one.
                let notes = run.slug.as_ref().map(|_| self.sessions.notes_path(session.id).display().to_string());
                env.extend(notes.map(|path| ("INSTAR_HANDOFF".into(), path)));
                self.sessions.start(Order { id: session.id, name: &session.name, launch, env }).await.map(|_| ())
            }
        }
    }

    async fn watch(&self, id: RunId) -> What {
        let Some(run) = self.run(id) else { return What::Done };
        let Some(session) = run.session() else { return What::Done };
        let end = match self.sessions.survey(session.id).await {
            Found::Ended(end) => end,
            Found::Running(process) => self.sessions.watch(process).await,
            // It was started, so its folder has been taken away since.
            Found::NotStarted => End { cause: EndCause::Lost, duration_ms: 0, tail: String::new(), report: None },
        };
        let Some(slug) = &run.slug else { return What::SessionEnded { run: id, end } };
        match self.sessions.notes(session.id, slug, session.started_at).await {
            Some(notes) => What::SessionEndedWithNotes { run: id, end, notes },
            None => What::SessionEnded { run: id, end },
        }
    }

    async fn stop(&self, id: RunId) -> What {
        let Some(session) = self.session_of(id) else { return What::Done };
        match within(STOP_DEADLINE, self.sessions.stop(session)).await {
            Some(Ok(())) => What::Done,
            Some(Err(error)) => What::NotStopped { run: id, reason: chain(&error) },
            None => What::NotStopped { run: id, reason: format!("it did not end in {STOP_DEADLINE:?}") },
        }
    }

    /// Has no deadline: nothing happens while nobody speaks. The session's end is told by its watch.
    async fn listen(&self, id: RunId, after: u64) -> What {
        let Some(session) = self.session_of(id) else { return What::Done };
        match self.sessions.activity(session, after).await {
            Ok(activity) => What::SessionTurned { run: id, activity: activity.into() },
            Err(error) if error.is_over() => What::Done,
            Err(error) => What::NotTold { run: id, reason: format!("the session is not heard: {}", chain(&error)) },
        }
    }

    async fn tell(&self, id: RunId, number: u64) -> What {
        let Some(run) = self.run(id) else { return What::Done };
        let pending = run.talk.as_ref().and_then(|talk| talk.pending.iter().find(|message| message.number == number));
        let (Some(session), Some(message)) = (run.session(), pending) else { return What::Done };
        let why = match within(TELL_DEADLINE, self.sessions.tell(session.id, number, &message.text)).await {
            Some(Ok(())) => return What::Done,
            // One that ended meanwhile takes its messages with it.
            Some(Err(error)) if error.is_over() => return What::Done,
            Some(Err(error)) => chain(&error),
            None => format!("it took longer than {TELL_DEADLINE:?}"),
        };
        What::NotTold { run: id, reason: format!("message {number} was not handed over: {why}") }
    }

    async fn deliver(&self, notice: Arc<Message>, notifier: PluginId, part: u32) -> What {
        let call = CallContext {
            trace_id: notice.id.to_string(),
            depth: notice.depth,
            ..CallContext::new(Asker::Operator, clock::now())
        };
        let plugins = self.plugins.now();
        let delivery = plugins.deliver(&notifier, &call, &notice, part);
        let (error, retry, thread) = match within(DELIVER_DEADLINE, delivery).await {
            Some(Ok(receipt)) => {
                let (receipt, more) = (receipt.provider_id, receipt.more);
                return What::Delivered { notice: notice.id, notifier, receipt, more };
            }
            Some(Err(error)) => (chain(&error), error.retry(), thread_state(&error)),
            None => (format!("no answer in {DELIVER_DEADLINE:?}"), Some(0), None),
        };
        What::NotDelivered { notice: notice.id, notifier, error, retry, thread }
    }

    async fn supervise(&self, id: RunId) -> What {
        let question = self.view.read().unwrap_or_else(PoisonError::into_inner).state().question(id).cloned();
        let Some(question) = question else { return What::Done };
        What::Supervised { run: id, answer: self.supervisor.ask(question.text()).await }
    }

    async fn keep_house(&self) -> What {
        let kept = async {
            let cleared = self.keeper.keep(&self.sessions, clock::now()).await?;
            steps::clear(self.steps.clone(), &self.keeper.store).await?;
            Ok::<_, KeepError>(cleared)
        };
        let result = match within(KEEP_DEADLINE, kept).await {
            Some(kept) => kept.map_err(|error| chain(&error)),
            None => Err(format!("it was not done in {KEEP_DEADLINE:?}")),
        };
        What::HouseKept { result }
    }

    pub(crate) fn run(&self, id: RunId) -> Option<Run> {
        self.view.read().unwrap_or_else(PoisonError::into_inner).state().run(id).cloned()
    }

    /// What an earlier run of the same job left.
    fn handoff(&self, run: &Run) -> Option<Handoff> {
        let view = self.view.read().unwrap_or_else(PoisonError::into_inner);
        view.state().job_state(run.slug.as_ref()?)?.last_handoff.clone()
    }

    fn session_of(&self, id: RunId) -> Option<SessionId> {
        self.run(id)?.session().map(|session| session.id)
    }

    fn starting(&self, id: RunId) -> Option<(Run, Box<Session>, Box<Launch>)> {
        let run = self.run(id)?;
        match run.phase.clone() {
            Phase::Starting { session, launch } => Some((run, session, launch)),
            Phase::Gating
            | Phase::Queued
            | Phase::Judging
            | Phase::Stepping { .. }
            | Phase::Running { .. }
            | Phase::Waiting { .. } => None,
        }
    }
}

pub(crate) async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(limit, work).await.ok()
}

pub(crate) fn context(run: &Run) -> CallContext {
    let asker = match run.trigger.first() {
        Trigger::Scheduled { .. } => Asker::Cron,
        Trigger::Retry { .. } | Trigger::Manual { .. } | Trigger::Spawned { .. } => Asker::Api,
    };
    CallContext {
        trace_id: run.id.to_string(),
        job: run.slug.clone().map(|slug| (slug, run.id)),
        session: run.session_name().cloned(),
        depth: run.trigger.depth(),
        ..CallContext::new(asker, clock::now())
    }
}

fn step_fault(error: &PluginError) -> StepFault {
    let refused = matches!(error.cause, Cause::PluginFailed(_) | Cause::UnknownExecuteType(_));
    StepFault { code: error.code().to_owned(), message: chain(error), refused }
}

/// An error with its causes, as one sentence.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
