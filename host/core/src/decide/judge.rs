//! What the guards of runs said.

use crate::decide::{Draft, Effect, admit, attention, end, question};
use crate::event::Fact;
use crate::id::RunId;
use crate::run::Phase;
use crate::verdict::{Answer, Verdict};

pub(super) fn judged(draft: &mut Draft<'_>, id: RunId, verdict: Verdict) {
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
