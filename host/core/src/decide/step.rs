//! What an execute type answered, and what follows for its run.

use crate::decide::end::Ended;
use crate::decide::wait::Wait;
use crate::decide::{Draft, StepFault, end, start, talk, wait};
use crate::id::RunId;
use crate::plan::{Action, Stdin, StepEvent, StepResult};
use crate::run::{Outcome, Phase, Run};

pub(super) fn stepped(draft: &mut Draft<'_>, id: RunId, result: Result<StepResult, StepFault>) {
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
                wait.get_or_insert(Wait::Millis(millis));
            }
            Action::HandOver => {
                wait.get_or_insert(Wait::Recorded);
            }
            Action::Finish { verdict, message } => return end::judged(draft, run, verdict, message, ended),
        }
    }
    let fault = match (launch, wait) {
        (Some(launch), None) if messages.is_empty() || matches!(launch.stdin, Stdin::Terminal(_)) => {
            return start::begin_session(draft, run, launch, state, messages);
        }
        (None, Some(asked)) if messages.is_empty() => return wait::begin(draft, run, asked, state),
        (Some(_), None) => "has a message for a command that takes none",
        (None, Some(_)) => "has a message for a command, and waits without one",
        (Some(_), Some(_)) => "asked for a launch and for a wait at once",
        (None, None) => "asked for neither a launch, a wait nor an end",
    };
    let cause = format!("execute type `{}` {fault}", run.request.execute_type);
    end::finish(draft, run, Outcome::NeedsAttention { cause }, ended);
}
