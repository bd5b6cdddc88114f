//! How runs end. All outcomes are made here, so that none can be overwritten by another.

use crate::decide::{Draft, Effect, admit, attention, due, notices, supervise, talk};
use crate::event::{Fact, RunFinished};
use crate::grounding::Handoff;
use crate::id::{JobSlug, RunId};
use crate::pause::PauseCause;
use crate::plan::{End, EndCause, FinishVerdict};
use crate::run::{Outcome, Phase, Run, StopCause};
use crate::session::{Session, SessionStatus};

/// A session that is over, and how it ended.
#[derive(Debug, Clone)]
pub(super) struct Ended {
    pub(super) session: Session,
    pub(super) end: End,
}

/// A person, the API or the time limit wants the run to end. The wish is recorded before anything is signalled:
/// whatever the command does from here on, the run was stopped.
pub(super) fn stop_asked(draft: &mut Draft<'_>, id: RunId, cause: StopCause) {
    let Some(run) = draft.state.run(id).filter(|run| run.stopping.is_none()) else { return };
    // Its time may be over at the very moment at which a newer one takes its place.
    if !draft.stopped.insert(id) {
        return;
    }
    match (&run.phase, cause) {
        (Phase::Gating | Phase::Queued, StopCause::Asked { by }) => admit::withdrawn(draft, run, by),
        (_, cause) => {
            draft.event(Fact::RunStopping { run: id, slug: run.slug.clone(), cause: cause.clone() });
            match &run.phase {
                Phase::Running { .. } => draft.effect(Effect::Stop { run: id }),
                // Nothing of it runs, so that nobody has to report first.
                Phase::Waiting { .. } => finish(draft, run, stop_outcome(cause), None),
                // Whoever reports next finds that it is over.
                Phase::Gating | Phase::Queued | Phase::Judging | Phase::Stepping { .. } | Phase::Starting { .. } => {}
            }
        }
    }
}

/// A newer run takes the place of all others that its job has open.
pub(super) fn replace_runs(draft: &mut Draft<'_>, slug: &JobSlug, newer: RunId) {
    for run in draft.state.runs_of(slug).filter(|run| run.id != newer) {
        stop_asked(draft, run.id, StopCause::Asked { by: "overlap".into() });
    }
}

/// Ends a run whose stop was asked for while a plugin was thinking; tells whether it did.
pub(super) fn ended_by_stop(draft: &mut Draft<'_>, run: &Run, ended: Option<Ended>) -> bool {
    let Some(cause) = run.stopping.clone() else { return false };
    finish(draft, run, stop_outcome(cause), ended);
    true
}

pub(super) fn not_started(draft: &mut Draft<'_>, id: RunId, reason: String) {
    let Some(run) = draft.state.run(id) else { return };
    if !matches!(run.phase, Phase::Starting { .. }) {
        return;
    }
    let end = End { cause: EndCause::NotStarted(reason), duration_ms: 0, tail: String::new(), report: None };
    let outcome = match run.stopping.clone() {
        Some(cause) => stop_outcome(cause),
        None => Outcome::Failed { cause: cause_of(&end) },
    };
    let ended = end_session(draft, run, end, Some(&outcome));
    finish(draft, run, outcome, ended);
}

/// Host facts decide by themselves; only a normal exit is judged by the execute type.
pub(super) fn session_ended(draft: &mut Draft<'_>, id: RunId, end: End) {
    let Some(run) = draft.state.run(id).filter(|run| run.session().is_some()) else { return };
    let outcome = match (run.stopping.clone(), &end.cause) {
        (Some(cause), _) => Some(stop_outcome(cause)),
        (None, EndCause::Exit(_)) => None,
        (None, EndCause::Killed) => Some(Outcome::Stopped { by: "signal".into() }),
        (None, EndCause::Lost) => Some(Outcome::Lost),
        (None, EndCause::Signal(_) | EndCause::NotStarted(_)) => Some(Outcome::Failed { cause: cause_of(&end) }),
    };
    let ended = end_session(draft, run, end, outcome.as_ref());
    match outcome {
        Some(outcome) => finish(draft, run, outcome, ended),
        None => draft.effect(Effect::Step { run: id }),
    }
}

pub(super) fn session_ended_with_notes(draft: &mut Draft<'_>, run: RunId, end: End, notes: String) {
    notes_left(draft, run, notes);
    session_ended(draft, run, end);
}

/// However the run is judged afterwards: what failed has the most to tell.
fn notes_left(draft: &mut Draft<'_>, id: RunId, notes: String) {
    let Some(run) = draft.state.run(id).filter(|run| run.session().is_some() && run.slug.is_some()) else { return };
    let handoff = Box::new(Handoff { run: id, at: draft.now, text: notes });
    draft.event(Fact::HandoffLeft { run: id, slug: run.slug.clone(), handoff });
}

/// The session outlived every signal. The watch goes on, so its true end will still be recorded.
pub(super) fn not_stopped(draft: &mut Draft<'_>, id: RunId, reason: String) {
    let Some(run) = draft.state.run(id) else { return };
    let message = format!("could not be stopped: {reason}");
    draft.event(Fact::RunProgressed { run: id, slug: run.slug.clone(), message });
}

/// The execute type says that the run is over.
pub(super) fn judged(draft: &mut Draft<'_>, run: &Run, verdict: FinishVerdict, message: String, ended: Option<Ended>) {
    // What a command printed says more than a sentence about it.
    let said = (ended.is_none() && verdict == FinishVerdict::Succeeded && !message.is_empty()).then(|| message.clone());
    finish_saying(draft, run, talk::judged(run, verdict, message), ended, said);
}

pub(super) fn finish(draft: &mut Draft<'_>, run: &Run, outcome: Outcome, ended: Option<Ended>) {
    finish_saying(draft, run, outcome, ended, None);
}

fn finish_saying(draft: &mut Draft<'_>, run: &Run, outcome: Outcome, ended: Option<Ended>, message: Option<String>) {
    let worked_since = run.admitted_at.filter(|_| ended.is_none() && was_judged(&outcome));
    let (end, session) = ended.map(|ended| (ended.end, ended.session)).unzip();
    let status = outcome.session_status();
    let job_state = run.slug.as_ref().and_then(|slug| draft.state.job_state(slug));
    let before = job_state.map_or(0, |state| state.consecutive_failures);
    let retry = run.request.retry.as_ref();
    let retry_at = retry.and_then(|retry| retry.due(&outcome, run.trigger.attempt(), run.id, draft.now));
    let finished = RunFinished {
        run: run.id,
        slug: run.slug.clone(),
        job_name: run.request.job_name.clone(),
        trigger: run.trigger.clone(),
        session: session.map(|session| Session { status: status.unwrap_or(session.status), ..session }),
        consecutive_failures: failures_after(before, &outcome, retry_at.is_some()),
        retry_at,
        plugin_state: run.plugin_state.clone(),
        outcome,
        end,
        worked_since,
        message,
    };
    draft.event(Fact::RunFinished(Box::new(finished.clone())));
    supervise::ask(draft, run, &finished);
    let was_told = notices::run_ended(draft, run, before, &finished);
    attention::run_ended(draft, run, &finished, was_told);
    if finished.consecutive_failures > before {
        pause_after_failures(draft, run, finished.consecutive_failures);
    }
}

/// Whether the run did, or tried, what it was for.
fn was_judged(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Succeeded | Outcome::Failed { .. } | Outcome::TimedOut | Outcome::NeedsAttention { .. } => true,
        Outcome::Stopped { .. } | Outcome::Lost => false,
    }
}

/// Only real outcomes count: what somebody stopped proves nothing, and of retries the last one speaks for all.
fn failures_after(before: u32, outcome: &Outcome, is_tried_again: bool) -> u32 {
    match outcome {
        Outcome::Succeeded => 0,
        Outcome::Stopped { .. } => before,
        Outcome::Failed { .. } | Outcome::TimedOut | Outcome::Lost | Outcome::NeedsAttention { .. } => {
            if is_tried_again { before } else { before.saturating_add(1) }
        }
    }
}

fn pause_after_failures(draft: &mut Draft<'_>, run: &Run, count: u32) {
    let Some(slug) = &run.slug else { return };
    let Some(entry) = draft.state.job(slug) else { return };
    let most = entry.job.pause_after_failures.unwrap_or(draft.state.limits.pause_after_failures);
    if most > 0 && count >= most && draft.state.own_pause(run.slug.as_ref()).is_none() {
        let cause = PauseCause::Failures { count };
        notices::job_paused(draft, run, &cause);
        attention::job_paused(draft, run, slug, &cause);
        due::pause(draft, run.slug.clone(), cause);
    }
}

fn end_session(draft: &mut Draft<'_>, run: &Run, end: End, outcome: Option<&Outcome>) -> Option<Ended> {
    let by_end = if end.cause == EndCause::Exit(0) { SessionStatus::Completed } else { SessionStatus::Error };
    let status = outcome.and_then(Outcome::session_status).unwrap_or(by_end);
    let session = Session { status, question: None, ended_at: Some(draft.now), ..run.session()?.clone() };
    let ended = Ended { session: session.clone(), end: end.clone() };
    draft.event(Fact::SessionEnded { run: run.id, slug: run.slug.clone(), session: Box::new(session), end });
    Some(ended)
}

fn stop_outcome(cause: StopCause) -> Outcome {
    match cause {
        StopCause::Timeout => Outcome::TimedOut,
        StopCause::Asked { by } => Outcome::Stopped { by },
        // Whoever wanted something of it had the time to say so: its work is done.
        StopCause::Idle => Outcome::Succeeded,
        StopCause::Judged { outcome } => *outcome,
    }
}

/// The signal or status that ended a command, as a cause for people.
pub(super) fn cause_of(end: &End) -> String {
    match &end.cause {
        EndCause::Exit(status) => format!("exit status {status}"),
        EndCause::Signal(signal) => format!("ended by {signal}"),
        EndCause::Killed => "killed".into(),
        EndCause::NotStarted(reason) => format!("not started: {reason}"),
        EndCause::Lost => "lost".into(),
    }
}
