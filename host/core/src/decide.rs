//! The rules: what follows from a state and an input.
//!
//! `decide` is synchronous and total. It reads the state and never changes it: the engine records the events of a
//! decision, applies them, and only then starts its effects. So whatever was begun is known to the next process.

mod admit;
mod attention;
mod digest;
mod due;
mod end;
mod gate;
mod inbound;
mod keep;
mod notices;
mod poll;
mod question;
mod quota;
mod supervise;
mod talk;
mod tell;
mod threads;
mod tune;
mod wait;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::attention::{ItemStatus, Wanted};
use crate::conversation::{Course, Offer, Place, Question};
use crate::decide::end::Ended;
use crate::event::{Event, Fact, LoadedPlugins, PluginFact};
use crate::gate::GateEnd;
use crate::id::{Ids, JobSlug, NoticeId, PluginId, RunId, SessionName};
use crate::inbound::{Inbound, Mark};
use crate::jobs_file::JobsFile;
use crate::notice::{self, Address};
use crate::plan::{Action, End, EndCause, Launch, Stdin, StepEvent, StepRequest, StepResult};
use crate::poll::{PollFault, Polled};
use crate::quota::QuotaReading;
use crate::retention::Cleared;
use crate::run::{Outcome, Phase, Run, StopCause, Trigger};
use crate::session::{Session, SessionStatus};
use crate::state::State;
use crate::talk::{Activity, Message};
use crate::thread::{ThreadChange, ThreadFault, ThreadState, Topic};
use crate::tune::TuneWish;
use crate::users::Users;
use crate::verdict::{Answer, Severity, Verdict};
use crate::workload::Workload;

/// Something the engine was told, with the time and the randomness of that moment.
#[derive(Debug, Clone)]
pub struct Input {
    pub now: Timestamp,
    pub nonce: u64,
    pub what: What,
}

#[derive(Debug, Clone)]
pub enum What {
    /// The host is up and the store was read; open runs go on.
    Booted {
        version: String,
    },
    /// The time that `State::next_wake` named has come, or the clock was set.
    Ticked,
    JobsRead(Arc<JobsFile>),
    TriggerAsked {
        slug: JobSlug,
        reason: String,
        force: bool,
        /// How many starts by plugins led to this, one from the other.
        depth: u32,
    },
    /// A plugin notes a fact of its own.
    PluginTold(Box<PluginFact>),
    /// Nothing is to fire by itself any more: of the job, or of all where none is named.
    PauseAsked {
        slug: Option<JobSlug>,
        by: String,
        reason: Option<String>,
    },
    ResumeAsked {
        slug: Option<JobSlug>,
        by: String,
    },
    StopAsked {
        run: RunId,
        by: String,
    },
    SpawnAsked(Box<SpawnRequest>),
    /// Somebody has something to say to the program of a session.
    MessageAsked {
        run: RunId,
        text: String,
    },
    /// The program of a session does something else than before.
    SessionTurned {
        run: RunId,
        activity: Activity,
    },
    /// A message could not be handed to its session; the reason. It stays pending.
    NotTold {
        run: RunId,
        reason: String,
    },
    /// An effect was done, and there is nothing to tell of it.
    Done,
    /// A gate answered, or is known not to.
    GateEnded {
        run: RunId,
        end: GateEnd,
    },
    /// The quota file was read.
    QuotaRead(QuotaReading),
    /// So much of the machine's memory is used, in percent.
    MemoryRead {
        used_percent: f64,
    },
    /// The operator's word on the pace of a job.
    TuneAsked {
        slug: JobSlug,
        wish: TuneWish,
        by: String,
    },
    /// Somebody wants people to look at something.
    AttentionAsked(Box<Wanted>),
    AttentionTurnAsked {
        id: String,
        status: ItemStatus,
        by: String,
    },
    /// What a job has been through is to go with it to another name.
    RenameAsked {
        from: JobSlug,
        to: JobSlug,
    },
    /// An agent says how much a run of a job had to do.
    WorkloadTold(Box<Workload>),
    Judged {
        run: RunId,
        verdict: Verdict,
    },
    Stepped {
        run: RunId,
        result: Result<StepResult, StepFault>,
    },
    Started {
        run: RunId,
    },
    NotStarted {
        run: RunId,
        reason: String,
    },
    SessionEnded {
        run: RunId,
        end: End,
    },
    /// The same, and its program left these notes for the next run of the job.
    SessionEndedWithNotes {
        run: RunId,
        end: End,
        notes: String,
    },
    /// A session could not be stopped; the reason.
    NotStopped {
        run: RunId,
        reason: String,
    },
    /// The store already has a run for this due time.
    OccurrenceTaken {
        slug: JobSlug,
        due: Timestamp,
    },
    Delivered {
        notice: NoticeId,
        notifier: PluginId,
        receipt: String,
        /// The message has further parts.
        more: bool,
    },
    NotDelivered {
        notice: NoticeId,
        notifier: PluginId,
        error: String,
        /// `None` when trying again does not help; else how many milliseconds to wait at least.
        retry: Option<u64>,
        /// What is wrong with its thread, if that is why.
        thread: Option<ThreadState>,
    },
    /// A thread was opened: what the notifier calls it, or why it was not.
    ThreadAnswered {
        notifier: PluginId,
        conversation: String,
        topic: Topic,
        /// The notice that waits for it.
        notice: Option<NoticeId>,
        result: Result<String, ThreadFault>,
    },
    /// What housekeeping took away, or why it did not.
    HouseKept {
        result: Result<Cleared, String>,
    },
    /// What the supervisor said to the question about a run, or why it said nothing.
    Supervised {
        run: RunId,
        answer: Result<String, String>,
    },
    /// Who is known to the host.
    UsersRead(Arc<Users>),
    /// These notifiers are to be listened to from now on.
    ListeningBegun {
        notifiers: Vec<PluginId>,
    },
    /// Other plugins are loaded than before.
    PluginsChanged(LoadedPlugins),
    /// A poll is over, which had so many failures in a row before it.
    Polled {
        notifier: PluginId,
        failures: u32,
        result: Result<Polled, PollFault>,
    },
    /// A notifier heard people in a process that is not the server's, and goes on there.
    Heard {
        notifier: PluginId,
        inbound: Vec<Inbound>,
        cursor: Option<String>,
    },
    /// What something that was said leads to.
    Routed {
        place: Place,
        key: String,
        course: Box<Course>,
    },
    /// A text for people: of the program of this session, or of the host.
    ReplyAsked {
        place: Place,
        text: String,
        session: Option<SessionName>,
        /// The same at each attempt to have it taken.
        key: Option<String>,
    },
    /// A thread was opened for somebody.
    ThreadOpened {
        place: Place,
        name: String,
    },
    /// Somebody wants to pair a chat, and was given this code.
    CodeMade(Offer),
    /// All that guards ask just now and nobody has answered.
    GuardsAsk(Vec<Question>),
    /// What somebody said to a question is carried out, or could not be.
    CarriedOut {
        id: String,
        error: Option<String>,
    },
    HostStopping,
}

/// A session with an agent, wanted by a person or another agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpawnRequest {
    pub name: SessionName,
    /// The job that it is said to work for.
    pub works_for: Option<JobSlug>,
    pub step: StepRequest,
    /// Who wants it, as `triggeredBy` shows it.
    pub by: String,
}

/// Why an execute type gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepFault {
    /// The stable code of the cause, such as `trap` or `unknown-execute-type`.
    pub code: String,
    /// A sentence that names the plugin.
    pub message: String,
    /// True when the plugin worked and refused the job; false when the plugin itself is at fault.
    pub refused: bool,
}

impl StepFault {
    fn sentence(&self) -> String {
        format!("{} ({})", self.message, self.code)
    }
}

/// Something to be done once the events are durable. Each reports back as exactly one input.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Runs the gate of a run, by its deadline.
    AskGate {
        run: RunId,
    },
    Judge {
        run: RunId,
    },
    Step {
        run: RunId,
    },
    /// Starts the session, or finds it when it was started before a crash.
    Start {
        run: RunId,
    },
    /// Waits for the end of the session.
    Watch {
        run: RunId,
    },
    Stop {
        run: RunId,
    },
    /// Waits until the program of the session does something else than at this number.
    Listen {
        run: RunId,
        after: u64,
    },
    /// Hands a pending message to the session, which types it when its program waits.
    Tell {
        run: RunId,
        number: u64,
    },
    Deliver {
        notice: Arc<notice::Message>,
        notifier: PluginId,
        /// The first one is 0; those before it were delivered.
        part: u32,
    },
    /// Asks for an opinion on a run that has ended.
    Supervise {
        run: RunId,
    },
    /// Finds out what the first thing that waits at a place leads to.
    Route {
        place: Place,
        key: String,
    },
    /// Shows people how the host got on with what they said.
    Mark {
        notifier: PluginId,
        address: Address,
        handle: String,
        mark: Mark,
        /// For those who pressed a button.
        note: Option<String>,
    },
    /// Lets a guard know what somebody said to its question.
    CarryOut {
        id: String,
        hash: String,
        yes: bool,
    },
    /// Opens a thread for something.
    OpenThread {
        notifier: PluginId,
        conversation: String,
        topic: Topic,
        severity: Severity,
        /// The notice that waits for it.
        notice: Option<NoticeId>,
    },
    /// A sign to people; it is worth one try.
    ChangeThread {
        notifier: PluginId,
        address: Address,
        change: ThreadChange,
    },
    /// Presses Escape in a session.
    Interrupt {
        session: SessionName,
    },
    /// Waits so long, then asks the other side of a notifier what is new.
    Poll {
        notifier: PluginId,
        after_ms: u64,
        /// Failures in a row before this one.
        failures: u32,
    },
    /// Removes what is older, or more, than the operator wants to keep.
    KeepHouse,
}

#[derive(Debug, Default, PartialEq)]
pub struct Decision {
    pub events: Vec<Event>,
    pub effects: Vec<Effect>,
}

/// A decision in the making.
struct Draft<'a> {
    state: &'a State,
    now: Timestamp,
    ids: Ids,
    decision: Decision,
    /// How many runs this decision may still admit.
    free_places: usize,
    /// The jobs of which this decision admitted a run.
    begun: BTreeSet<JobSlug>,
    /// The same, run by run.
    begun_runs: Vec<Option<JobSlug>>,
    /// How many of them have each tag.
    begun_tags: BTreeMap<String, usize>,
}

impl<'a> Draft<'a> {
    fn new(state: &'a State, now: Timestamp, nonce: u64) -> Self {
        Self {
            state,
            now,
            ids: Ids::new(now, nonce),
            decision: Decision::default(),
            free_places: state.free_places(),
            begun: BTreeSet::new(),
            begun_runs: Vec::new(),
            begun_tags: BTreeMap::new(),
        }
    }

    fn event(&mut self, fact: Fact) {
        self.decision.events.push(Event { at: self.now, fact });
    }

    fn effect(&mut self, effect: Effect) {
        self.decision.effects.push(effect);
    }
}

pub fn decide(state: &State, input: Input) -> Decision {
    let Input { now, nonce, what } = input;
    let mut draft = Draft::new(state, now, nonce);
    look_at_clock(&mut draft);
    match what {
        What::Booted { version } => boot(&mut draft, version),
        What::Ticked => tick(&mut draft),
        What::JobsRead(file) => due::jobs_read(&mut draft, file),
        What::TriggerAsked { slug, reason, force, depth } => {
            let trigger = Trigger::Manual { reason, force, depth };
            admit::trigger_as(&mut draft, &slug, trigger);
        }
        What::PluginTold(fact) => draft.event(Fact::PluginNoted(fact)),
        What::PauseAsked { slug, by, reason } => due::pause_asked(&mut draft, slug, by, reason),
        What::ResumeAsked { slug, by } => due::resume_asked(&mut draft, slug, by),
        What::StopAsked { run, by } => end::stop_asked(&mut draft, run, StopCause::Asked { by }),
        What::GateEnded { run, end } => gate::ended(&mut draft, run, end),
        What::QuotaRead(reading) => quota::read(&mut draft, reading),
        What::MemoryRead { used_percent } => quota::memory_read(&mut draft, used_percent),
        What::TuneAsked { slug, wish, by } => tune::asked(&mut draft, &slug, wish, by),
        What::AttentionAsked(wanted) => attention::raise_asked(&mut draft, *wanted),
        What::AttentionTurnAsked { id, status, by } => attention::turn_asked(&mut draft, &id, status, by),
        What::RenameAsked { from, to } => due::rename_asked(&mut draft, from, to),
        What::WorkloadTold(workload) => tune::workload_told(&mut draft, workload),
        What::Judged { run, verdict } => judged(&mut draft, run, verdict),
        What::Stepped { run, result } => stepped(&mut draft, run, result),
        What::Started { run } => started(&mut draft, run),
        What::NotStarted { run, reason } => end::not_started(&mut draft, run, reason),
        What::SessionEnded { run, end } => end::session_ended(&mut draft, run, end),
        What::SessionEndedWithNotes { run, end, notes } => end::session_ended_with_notes(&mut draft, run, end, notes),
        What::NotStopped { run, reason } => end::not_stopped(&mut draft, run, reason),
        What::SpawnAsked(request) => drop(talk::spawn_asked(&mut draft, *request)),
        What::MessageAsked { run, text } => drop(talk::message_asked(&mut draft, run, text)),
        What::SessionTurned { run, activity } => talk::turned(&mut draft, run, activity),
        What::NotTold { run, reason } => talk::not_told(&mut draft, run, reason),
        What::Done => {}
        What::OccurrenceTaken { slug, due } => due::taken(&mut draft, slug, due),
        What::Delivered { notice, notifier, receipt, more } => {
            tell::delivered(&mut draft, notice, notifier, receipt, more);
        }
        What::NotDelivered { notice, notifier, error, retry, thread } => {
            tell::not_delivered(&mut draft, notice, notifier, error, retry, thread);
        }
        What::ThreadAnswered { notifier, conversation, topic, notice, result } => {
            threads::answered(&mut draft, notifier, conversation, topic, notice, result);
        }
        What::Supervised { run, answer } => supervise::supervised(&mut draft, run, answer),
        What::HouseKept { result } => keep::house_kept(&mut draft, result),
        What::UsersRead(users) => inbound::users_read(&mut draft, users),
        What::ListeningBegun { notifiers } => poll::begun(&mut draft, notifiers),
        What::PluginsChanged(loaded) => poll::plugins_changed(&mut draft, loaded),
        What::Polled { notifier, failures, result } => poll::polled(&mut draft, notifier, failures, result),
        What::Heard { notifier, inbound, cursor } => poll::keep(&mut draft, &notifier, inbound, cursor),
        What::Routed { place, key, course } => inbound::routed(&mut draft, place, key, *course),
        What::ReplyAsked { place, text, session, key } => inbound::reply_asked(&mut draft, place, text, session, key),
        What::ThreadOpened { place, name } => inbound::thread_opened(&mut draft, place, name),
        What::CodeMade(offer) => inbound::code_made(&mut draft, offer),
        What::GuardsAsk(open) => question::asked(&mut draft, open),
        What::CarriedOut { id, error } => question::carried_out(&mut draft, id, error),
        What::HostStopping => draft.event(Fact::HostStopped),
    }
    inbound::look_again(&mut draft);
    draft.decision
}

fn look_at_clock(draft: &mut Draft<'_>) {
    if let Some(by) = draft.state.clock_set_back(draft.now) {
        draft.event(Fact::ClockSetBack { by_ms: i64::try_from(by.as_millis()).unwrap_or(i64::MAX) });
    }
}

/// Every open run goes on from its phase: this is the whole of crash recovery.
fn boot(draft: &mut Draft<'_>, version: String) {
    draft.event(Fact::HostStarted { version });
    due::follow_zone(draft);
    for question in draft.state.questions() {
        draft.effect(Effect::Supervise { run: question.run });
    }
    due::follow_switch(draft);
    inbound::go_on(draft);
    question::go_on(draft);
    for run in draft.state.open_runs() {
        let id = run.id;
        match &run.phase {
            // A gate asks a question and changes nothing: it is asked anew.
            Phase::Gating => draft.effect(Effect::AskGate { run: id }),
            Phase::Queued => {}
            Phase::Judging => draft.effect(Effect::Judge { run: id }),
            Phase::Stepping { .. } => draft.effect(Effect::Step { run: id }),
            Phase::Starting { .. } => draft.effect(Effect::Start { run: id }),
            Phase::Running { .. } => {
                draft.effect(Effect::Watch { run: id });
                talk::go_on(draft, run);
                if run.stopping.is_some() {
                    draft.effect(Effect::Stop { run: id });
                }
            }
            // The clock wakes it, at once if that time has passed meanwhile.
            Phase::Waiting { .. } => {}
        }
    }
}

fn tick(draft: &mut Draft<'_>) {
    for (run, cause) in draft.state.overdue_runs(draft.now) {
        end::stop_asked(draft, run.id, cause);
    }
    wait::wake_due(draft);
    quota::warn_when_stale(draft);
    admit::drain_queue(draft);
    due::fire(draft);
    inbound::tell_of_stalls(draft);
    tell::deliver_due(draft);
    keep::keep_house_when_due(draft);
}

fn judged(draft: &mut Draft<'_>, id: RunId, verdict: Verdict) {
    let Some(run) = draft.state.run(id).filter(|run| run.phase == Phase::Judging) else { return };
    if end::ended_by_stop(draft, run, None) {
        return;
    }
    match verdict.answer() {
        Answer::Pass => {
            draft.event(Fact::RunPassed { run: id, slug: run.slug.clone() });
            attention::guards_passed(draft, run);
            draft.effect(Effect::Step { run: id });
        }
        Answer::Ask if question::uses_up_yes(draft, run, &verdict) => {
            draft.event(Fact::RunPassed { run: id, slug: run.slug.clone() });
            attention::guards_passed(draft, run);
            draft.effect(Effect::Step { run: id });
        }
        // Nobody is there to answer, so it denies; a yes that is said later lets the next one pass.
        Answer::Ask => {
            admit::denied(draft, run, &verdict);
            attention::guard_asks(draft, run, &verdict);
            question::ask_for_run(draft, run, &verdict);
        }
        Answer::Deny => admit::denied(draft, run, &verdict),
    }
}

fn stepped(draft: &mut Draft<'_>, id: RunId, result: Result<StepResult, StepFault>) {
    let Some(run) = draft.state.run(id) else { return };
    let ended = match &run.phase {
        Phase::Stepping { event: StepEvent::Exited(end), session: Some(session) } => {
            Some(Ended { session: (**session).clone(), end: end.clone() })
        }
        Phase::Stepping { .. } => None,
        Phase::Running { .. } => return stepped_while_running(draft, run, result),
        Phase::Gating | Phase::Queued | Phase::Judging | Phase::Starting { .. } | Phase::Waiting { .. } => return,
    };
    if end::ended_by_stop(draft, run, ended.clone()) {
        return;
    }
    match result {
        Ok(result) => act(draft, run, result, ended),
        Err(fault) if fault.refused => end::finish(draft, run, Outcome::Failed { cause: fault.message }, ended),
        Err(fault) => end::finish(draft, run, Outcome::NeedsAttention { cause: fault.sentence() }, ended),
    }
}

/// The session lives, and goes on living when its execute type is at a loss.
fn stepped_while_running(draft: &mut Draft<'_>, run: &Run, result: Result<StepResult, StepFault>) {
    match result {
        Ok(_) if run.stopping.is_some() => {}
        Ok(result) => talk::answered(draft, run, result),
        Err(fault) => talk::progress(draft, run, fault.sentence()),
    }
}

/// Carries out what the execute type asked for, in its order, up to the end if it asked for one.
fn act(draft: &mut Draft<'_>, run: &Run, result: StepResult, ended: Option<Ended>) {
    let StepResult { state, actions } = result;
    let (mut launch, mut wait) = (None, None);
    let mut messages = Vec::new();
    for action in actions {
        match action {
            Action::Progress(message) => talk::progress(draft, run, message),
            Action::NoteUsage(usage) => talk::note_usage(draft, run, usage),
            Action::SendText(text) => messages.push(text),
            Action::Launch(asked) => {
                launch.get_or_insert(asked);
            }
            Action::Wait(millis) => {
                wait.get_or_insert(millis);
            }
            Action::Finish { verdict, message } => return end::judged(draft, run, verdict, message, ended),
        }
    }
    let fault = match (launch, wait) {
        (Some(launch), None) if messages.is_empty() || matches!(launch.stdin, Stdin::Terminal(_)) => {
            return begin_session(draft, run, launch, state, messages);
        }
        (None, Some(millis)) if messages.is_empty() => return wait::begin(draft, run, millis, state),
        (Some(_), None) => "has a message for a command that takes none",
        (None, Some(_)) => "has a message for a command, and waits without one",
        (Some(_), Some(_)) => "asked for a launch and for a wait at once",
        (None, None) => "asked for neither a launch, a wait nor an end",
    };
    let cause = format!("execute type `{}` {fault}", run.request.execute_type);
    end::finish(draft, run, Outcome::NeedsAttention { cause }, ended);
}

fn begin_session(draft: &mut Draft<'_>, run: &Run, launch: Launch, plugin_state: Vec<u8>, messages: Vec<String>) {
    let id = draft.ids.session();
    let session = Session {
        id,
        name: session_name(run, draft.now),
        run: run.id,
        job: run.slug.clone().or_else(|| run.request.works_for.clone()),
        model: run.request.step.model.clone(),
        triggered_by: run.trigger.label(),
        takes_input: !matches!(launch.stdin, Stdin::Bytes(_)),
        interactive: matches!(launch.stdin, Stdin::Terminal(_)),
        question: None,
        status: SessionStatus::Starting,
        started_at: draft.now,
        ended_at: None,
    };
    let (session, launch) = (Box::new(session), Box::new(launch));
    draft.event(Fact::RunStarting { slug: run.slug.clone(), session, launch, plugin_state });
    for (number, text) in (1..).zip(messages) {
        talk::accept(draft, run, id, Message { number, text });
    }
    draft.effect(Effect::Start { run: run.id });
}

fn started(draft: &mut Draft<'_>, id: RunId) {
    let Some(run) = draft.state.run(id) else { return };
    let Phase::Starting { session, .. } = &run.phase else { return };
    let limit = run.request.timeout_ms.and_then(|millis| i64::try_from(millis).ok()).map(SignedDuration::from_millis);
    let deadline = limit.and_then(|limit| draft.now.checked_add(limit).ok());
    draft.event(Fact::RunStarted { run: id, slug: run.slug.clone(), session: session.id, deadline });
    notices::run_started(draft, run, session);
    draft.effect(Effect::Watch { run: id });
    talk::go_on(draft, run);
    if run.stopping.is_some() {
        draft.effect(Effect::Stop { run: id });
    }
}

/// The name that was asked for, or `job-<slug>-<milliseconds in base 36>`: readable, and its own for each start.
fn session_name(run: &Run, now: Timestamp) -> SessionName {
    let slug = match (&run.trigger, &run.slug) {
        (Trigger::Spawned { name, .. }, _) => return name.clone(),
        (Trigger::Scheduled { .. } | Trigger::Retry { .. } | Trigger::Manual { .. }, slug) => {
            slug.as_ref().map_or("", JobSlug::as_str)
        }
    };
    let mut millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
    let mut digits = Vec::new();
    while millis > 0 {
        let digit = u32::try_from(millis % 36).expect("a remainder of 36 fits");
        digits.push(char::from_digit(digit, 36).expect("it is a digit of base 36"));
        millis /= 36;
    }
    let suffix: String = digits.iter().rev().collect();
    format!("job-{slug}-{suffix}").parse().expect("a slug and digits make a session name")
}

/// The signal or status that ended a command, as a cause for people.
fn cause_of(end: &End) -> String {
    match &end.cause {
        EndCause::Exit(status) => format!("exit status {status}"),
        EndCause::Signal(signal) => format!("ended by {signal}"),
        EndCause::Killed => "killed".into(),
        EndCause::NotStarted(reason) => format!("not started: {reason}"),
        EndCause::Lost => "lost".into(),
    }
}
