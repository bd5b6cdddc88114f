//! Sessions that talk with people: how they come to be, what they are told, and what follows when they wait.

use crate::decide::{Draft, Effect, SpawnRequest, admit, end};
use crate::event::Fact;
use crate::id::{RunId, SessionId};
use crate::plan::{Action, FinishVerdict, StepResult, Usage};
use crate::run::{Outcome, Phase, Run, RunRequest, StopCause, Trigger};
use crate::session::SessionStatus;
use crate::talk::{Activity, Doing, Message};

/// More messages of one session than these do not wait.
const MOST_PENDING: usize = 100;

/// A session that somebody wants. One whose name is taken, or for which there is no place, leaves no trace: false.
pub(super) fn spawn_asked(draft: &mut Draft<'_>, request: SpawnRequest) -> bool {
    let SpawnRequest { name, works_for, step, by } = request;
    if draft.state.is_name_taken(&name) || draft.state.free_sessions() == 0 {
        return false;
    }
    let run = draft.ids.run();
    let request = Box::new(RunRequest::spawned(&name, works_for, step));
    draft.event(Fact::RunRequested { run, slug: None, trigger: Trigger::Spawned { name, by }, request });
    admit::begin(draft, run, None);
    true
}

/// A message that somebody wants to be typed; more than a session can take leave no trace: false.
pub(super) fn message_asked(draft: &mut Draft<'_>, id: RunId, text: String) -> bool {
    let Some(run) = draft.state.run(id).filter(|run| run.stopping.is_none()) else { return false };
    let (Some(talk), Some(session)) = (&run.talk, run.session()) else { return false };
    if talk.pending.len() >= MOST_PENDING {
        return false;
    }
    let number = talk.given + 1;
    accept(draft, run, session.id, Message { number, text });
    if matches!(run.phase, Phase::Running { .. }) {
        draft.effect(Effect::Tell { run: id, number });
    }
    true
}

/// From here on the program is listened to, and told what it was to be told. Done again after a restart: telling a
/// message twice types it once.
pub(super) fn go_on(draft: &mut Draft<'_>, run: &Run) {
    let Some(talk) = &run.talk else { return };
    draft.effect(Effect::Listen { run: run.id, after: talk.activity.number });
    for message in &talk.pending {
        draft.effect(Effect::Tell { run: run.id, number: message.number });
    }
    if talk.is_idle() && talk.answered < talk.activity.number {
        draft.effect(Effect::Step { run: run.id });
    }
}

pub(super) fn turned(draft: &mut Draft<'_>, id: RunId, activity: Activity) {
    let Some(run) = draft.state.run(id) else { return };
    let (Some(talk), Phase::Running { session, .. }) = (&run.talk, &run.phase) else { return };
    draft.effect(Effect::Listen { run: id, after: activity.number.max(talk.activity.number) });
    if activity.number <= talk.activity.number {
        return;
    }
    let is_idle = activity.doing == Doing::Ready && activity.typed >= talk.given;
    let status = if is_idle { SessionStatus::Idle } else { SessionStatus::Running };
    draft.event(Fact::SessionTurned {
        run: id,
        slug: run.slug.clone(),
        session: session.id,
        status,
        activity: Box::new(activity),
    });
    if is_idle && run.stopping.is_none() {
        draft.effect(Effect::Step { run: id });
    }
}

/// The listening ended without news: the session's end is told by its watch.
pub(super) fn not_told(draft: &mut Draft<'_>, id: RunId, reason: String) {
    let Some(run) = draft.state.run(id) else { return };
    draft.event(Fact::RunProgressed { run: id, slug: run.slug.clone(), message: reason });
}

/// The execute type was told that the program waits.
pub(super) fn answered(draft: &mut Draft<'_>, run: &Run, result: StepResult) {
    let (Some(talk), Phase::Running { session, .. }) = (&run.talk, &run.phase) else { return };
    let StepResult { state, actions } = result;
    if actions.is_empty() && state == run.plugin_state {
        return;
    }
    draft.event(Fact::RunAnswered {
        run: run.id,
        slug: run.slug.clone(),
        activity: talk.activity.number,
        plugin_state: state,
    });
    let mut number = talk.given;
    for action in actions {
        match action {
            Action::Progress(message) => progress(draft, run, message),
            Action::NoteUsage(usage) => note_usage(draft, run, usage),
            Action::SendText(text) => {
                number += 1;
                accept(draft, run, session.id, Message { number, text });
                draft.effect(Effect::Tell { run: run.id, number });
            }
            Action::Finish { verdict, message } => {
                let outcome = Box::new(judged(run, verdict, message));
                return end::stop_asked(draft, run.id, StopCause::Judged { outcome });
            }
            Action::Launch(_) | Action::Wait(_) | Action::HandOver => {
                let what = if matches!(action, Action::Launch(_)) { "for a second session" } else { "to wait" };
                let execute_type = &run.request.execute_type;
                let sentence = format!("execute type `{execute_type}` asked {what} while its session lives");
                let outcome = Box::new(Outcome::NeedsAttention { cause: sentence });
                return end::stop_asked(draft, run.id, StopCause::Judged { outcome });
            }
        }
    }
}

pub(super) fn accept(draft: &mut Draft<'_>, run: &Run, session: SessionId, message: Message) {
    let message = Box::new(message);
    draft.event(Fact::MessageAccepted { run: run.id, slug: run.slug.clone(), session, message });
}

pub(super) fn progress(draft: &mut Draft<'_>, run: &Run, message: String) {
    draft.event(Fact::RunProgressed { run: run.id, slug: run.slug.clone(), message });
}

/// What is known grows; a later step may know more than an earlier one.
pub(super) fn note_usage(draft: &mut Draft<'_>, run: &Run, later: Usage) {
    let mut usage = Box::new(run.usage.clone());
    usage.update(later);
    draft.event(Fact::RunUsed { run: run.id, slug: run.slug.clone(), usage });
}

pub(super) fn judged(run: &Run, verdict: FinishVerdict, message: String) -> Outcome {
    match verdict {
        FinishVerdict::Succeeded => Outcome::Succeeded,
        FinishVerdict::Failed => Outcome::Failed { cause: message },
        FinishVerdict::NeedsAttention => {
            Outcome::NeedsAttention { cause: format!("execute type `{}`: {message}", run.request.execute_type) }
        }
    }
}
