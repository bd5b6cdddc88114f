//! Gates: asked before a run takes a place, while everything else goes on.

use crate::decide::admit::Company;
use crate::decide::{Draft, Effect, admit, end};
use crate::event::Fact;
use crate::gate::{GateAnswer, GateEnd};
use crate::id::{JobSlug, RunId};
use crate::run::{Outcome, Phase, SkipReason, Trigger};

pub(super) fn begin(draft: &mut Draft<'_>, run: RunId, slug: JobSlug) {
    draft.begun.insert(slug.clone());
    draft.event(Fact::GateBegun { run, slug: Some(slug) });
    draft.effect(Effect::AskGate { run });
}

/// What follows from a gate's answer. A gate that fails says nothing of what there is to do: that is a failed run.
pub(super) fn ended(draft: &mut Draft<'_>, id: RunId, end: GateEnd) {
    let Some(run) = draft.state.run(id).filter(|run| run.phase == Phase::Gating) else { return };
    let Some(slug) = run.slug.clone() else { return };
    let answer = end.answer.clone();
    draft.event(Fact::GateEnded { run: id, slug: Some(slug.clone()), end: Box::new(end) });
    match answer {
        GateAnswer::Go => admit::place(draft, id, slug, &run.request, company_of(&run.trigger)),
        GateAnswer::Nothing => admit::skip(draft, id, slug, SkipReason::NothingToDo),
        GateAnswer::Error { cause } => {
            let cause = format!("its gate gave no answer: {cause}");
            end::finish(draft, run, Outcome::Failed { cause }, None);
        }
    }
}

/// A run that makes up for a missed due time may have others beside it that do.
fn company_of(trigger: &Trigger) -> Company {
    match trigger {
        Trigger::Scheduled { missed: true, .. } => Company::Many,
        _ => Company::Alone,
    }
}
