//! The start of a host: what was begun goes on.

use crate::decide::{Draft, Effect, due, inbound, question, talk};
use crate::event::Fact;
use crate::run::Phase;

/// Every open run goes on from its phase: this is the whole of crash recovery.
pub(super) fn boot(draft: &mut Draft<'_>, version: String) {
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
