//! The rules: what follows from a state and an input.
//!
//! `decide` is synchronous and total. It reads the state and never changes it: the engine records the events of a
//! decision, applies them, and only then starts its effects. So whatever was begun is known to the next process.

mod admit;
mod end;
mod keep;
mod tell;

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::decide::end::Ended;
use crate::event::{Event, Fact};
use crate::id::{Ids, JobSlug, NoticeId, PluginId, RunId, SessionName};
use crate::jobs_file::JobsFile;
use crate::notice::Notice;
use crate::plan::{Action, End, EndCause, FinishVerdict, Launch, Stdin, StepEvent, StepResult};
use crate::retention::Cleared;
use crate::run::{Outcome, Phase, Run, StopCause};
use crate::session::{Session, SessionStatus};
use crate::state::State;
use crate::verdict::{Answer, Verdict};

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
    },
    StopAsked {
        run: RunId,
        by: String,
    },
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
    /// A session could not be stopped; the reason.
    NotStopped {
        run: RunId,
        reason: String,
    },
    Stopped,
    /// The store already has a run for this due time.
    OccurrenceTaken {
        slug: JobSlug,
        due: Timestamp,
    },
    Delivered {
        notice: NoticeId,
        notifier: PluginId,
        receipt: String,
    },
    NotDelivered {
        notice: NoticeId,
        notifier: PluginId,
        error: String,
        retryable: bool,
    },
    /// What housekeeping took away, or why it did not.
    HouseKept {
        result: Result<Cleared, String>,
    },
    HostStopping,
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

/// Something to be done once the events are durable. Each reports back as exactly one input.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
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
    Deliver {
        notice: Arc<Notice>,
        notifier: PluginId,
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
}

impl Draft<'_> {
    fn event(&mut self, fact: Fact) {
        self.decision.events.push(Event { at: self.now, fact });
    }

    fn effect(&mut self, effect: Effect) {
        self.decision.effects.push(effect);
    }
}

pub fn decide(state: &State, input: Input) -> Decision {
    let Input { now, nonce, what } = input;
    let ids = Ids::new(now, nonce);
    let mut draft = Draft {
        state,
        now,
        ids,
        decision: Decision::default(),
        free_places: state.free_places(),
        begun: BTreeSet::new(),
    };
    match what {
        What::Booted { version } => boot(&mut draft, version),
        What::Ticked => tick(&mut draft),
        What::JobsRead(file) => draft.event(Fact::JobsRead { file }),
        What::TriggerAsked { slug, reason, force } => admit::trigger(&mut draft, &slug, reason, force),
        What::StopAsked { run, by } => end::stop_asked(&mut draft, run, StopCause::Asked { by }),
        What::Judged { run, verdict } => judged(&mut draft, run, verdict),
        What::Stepped { run, result } => stepped(&mut draft, run, result),
        What::Started { run } => started(&mut draft, run),
        What::NotStarted { run, reason } => end::not_started(&mut draft, run, reason),
        What::SessionEnded { run, end } => end::session_ended(&mut draft, run, end),
        What::NotStopped { run, reason } => end::not_stopped(&mut draft, run, reason),
        What::Stopped => {}
        What::OccurrenceTaken { slug, due } => draft.event(Fact::OccurrencePassed { slug, due }),
        What::Delivered { notice, notifier, receipt } => {
            draft.event(Fact::NoticeDelivered { notice, notifier, receipt })
        }
        What::NotDelivered { notice, notifier, error, retryable } => {
            tell::not_delivered(&mut draft, notice, notifier, error, retryable);
        }
        What::HouseKept { result } => keep::house_kept(&mut draft, result),
        What::HostStopping => draft.event(Fact::HostStopped),
    }
    draft.decision
}

/// Every open run goes on from its phase: this is the whole of crash recovery.
fn boot(draft: &mut Draft<'_>, version: String) {
    draft.event(Fact::HostStarted { version });
    for run in draft.state.open_runs() {
        let id = run.id;
        match &run.phase {
            Phase::Queued => {}
            Phase::Judging => draft.effect(Effect::Judge { run: id }),
            Phase::Stepping { .. } => draft.effect(Effect::Step { run: id }),
            Phase::Starting { .. } => draft.effect(Effect::Start { run: id }),
            Phase::Running { .. } => {
                draft.effect(Effect::Watch { run: id });
                if run.stopping.is_some() {
                    draft.effect(Effect::Stop { run: id });
                }
            }
        }
    }
}

fn tick(draft: &mut Draft<'_>) {
    for run in draft.state.overdue_runs(draft.now) {
        end::stop_asked(draft, run.id, StopCause::Timeout);
    }
    admit::drain_queue(draft);
    admit::fire_due_jobs(draft);
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
            draft.effect(Effect::Step { run: id });
        }
        // Nobody can answer an `ask` for an unattended run, so it denies.
        Answer::Ask | Answer::Deny => admit::denied(draft, run, &verdict),
    }
}

fn stepped(draft: &mut Draft<'_>, id: RunId, result: Result<StepResult, StepFault>) {
    let Some(run) = draft.state.run(id) else { return };
    let Phase::Stepping { event, session } = &run.phase else { return };
    let ended = match (event, session) {
        (StepEvent::Exited(end), Some(session)) => Some(Ended { session: (**session).clone(), end: end.clone() }),
        (StepEvent::Exited(_) | StepEvent::Requested(_), _) => None,
    };
    if end::ended_by_stop(draft, run, ended.clone()) {
        return;
    }
    match result {
        Ok(result) => act(draft, run, result, ended),
        Err(fault) if fault.refused => end::finish(draft, run, Outcome::Failed { cause: fault.message }, ended),
        Err(fault) => {
            let cause = format!("{} ({})", fault.message, fault.code);
            end::finish(draft, run, Outcome::NeedsAttention { cause }, ended);
        }
    }
}

/// Carries out what the execute type asked for, in its order, up to the first launch or finish.
fn act(draft: &mut Draft<'_>, run: &Run, result: StepResult, ended: Option<Ended>) {
    for action in result.actions {
        match action {
            Action::Progress(message) => {
                draft.event(Fact::RunProgressed { run: run.id, slug: run.slug.clone(), message })
            }
            Action::Launch(launch) => return begin_session(draft, run, launch, result.state),
            Action::Finish { verdict, message } => {
                let outcome = match verdict {
                    FinishVerdict::Succeeded => Outcome::Succeeded,
                    FinishVerdict::Failed => Outcome::Failed { cause: message },
                    FinishVerdict::NeedsAttention => Outcome::NeedsAttention {
                        cause: format!("execute type `{}`: {message}", run.request.execute_type),
                    },
                };
                return end::finish(draft, run, outcome, ended);
            }
        }
    }
    let cause = format!("execute type `{}` asked for neither a launch nor an end", run.request.execute_type);
    end::finish(draft, run, Outcome::NeedsAttention { cause }, ended);
}

fn begin_session(draft: &mut Draft<'_>, run: &Run, launch: Launch, plugin_state: Vec<u8>) {
    let session = Session {
        id: draft.ids.session(),
        name: session_name(&run.slug, draft.now),
        run: run.id,
        job: run.slug.clone(),
        model: run.request.step.model.clone(),
        triggered_by: run.trigger.label(),
        takes_input: !matches!(launch.stdin, Stdin::Bytes(_)),
        status: SessionStatus::Starting,
        started_at: draft.now,
        ended_at: None,
    };
    draft.event(Fact::RunStarting { session: Box::new(session), launch: Box::new(launch), plugin_state });
    draft.effect(Effect::Start { run: run.id });
}

fn started(draft: &mut Draft<'_>, id: RunId) {
    let Some(run) = draft.state.run(id) else { return };
    let Phase::Starting { session, .. } = &run.phase else { return };
    let limit = i64::try_from(run.request.timeout_ms).unwrap_or(i64::MAX);
    let deadline = draft.now.checked_add(SignedDuration::from_millis(limit)).unwrap_or(Timestamp::MAX);
    draft.event(Fact::RunStarted { run: id, slug: run.slug.clone(), session: session.id, deadline });
    draft.effect(Effect::Watch { run: id });
    if run.stopping.is_some() {
        draft.effect(Effect::Stop { run: id });
    }
}

/// `job-<slug>-<milliseconds in base 36>`: readable, and its own for each start.
fn session_name(slug: &JobSlug, now: Timestamp) -> SessionName {
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
