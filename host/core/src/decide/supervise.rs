//! Second opinions on runs that have ended: asked for with the end itself, and recorded when they come.

use crate::decide::{Draft, Effect, notices, tell};
use crate::event::{Fact, RunFinished};
use crate::id::RunId;
use crate::notice::Message;
use crate::run::{Outcome, Run};
use crate::supervision::{Opinion, OpinionVerdict, Question, Supervision};
use crate::verdict::Severity;

/// A run that somebody stopped, or that left no trace, has shown nothing to judge.
pub(super) fn ask(draft: &mut Draft<'_>, run: &Run, finished: &RunFinished) {
    let tier = run.request.supervision;
    let is_judged = match &finished.outcome {
        Outcome::Succeeded | Outcome::Failed { .. } | Outcome::TimedOut | Outcome::NeedsAttention { .. } => true,
        Outcome::Stopped { .. } | Outcome::Lost => false,
    };
    let Some(end) = finished.end.as_ref().filter(|_| is_judged && tier != Supervision::Tier0) else { return };
    let question = Question {
        run: run.id,
        slug: run.slug.clone(),
        job_name: run.request.job_name.clone(),
        tier,
        notify: run.request.notify,
        task: run.request.step.execute_json.clone(),
        outcome: finished.outcome.sentence(),
        tail: end.tail.clone(),
        depth: run.trigger.depth(),
    };
    draft.event(Fact::SupervisionAsked { question: Box::new(question) });
    draft.effect(Effect::Supervise { run: run.id });
}

pub(super) fn supervised(draft: &mut Draft<'_>, run: RunId, answer: Result<String, String>) {
    let Some(question) = draft.state.question(run) else { return };
    let opinion = answer.map_or_else(Opinion::none, |answer| Opinion::read(&answer));
    let notice = match (question.tier, opinion.verdict) {
        (Supervision::Tier2, OpinionVerdict::Bad) => Some(Severity::High),
        (Supervision::Tier2, OpinionVerdict::Doubtful | OpinionVerdict::NotSupervised) => Some(Severity::Medium),
        (Supervision::Tier2, OpinionVerdict::Fine) | (Supervision::Tier0 | Supervision::Tier1, _) => None,
    };
    if let Some(severity) = notice.filter(|_| question.notify) {
        let id = draft.ids.notice();
        let (name, verdict) = (&question.job_name, opinion.verdict.as_str());
        let title = format!("{name}: supervision says {verdict}");
        let body_markdown = format!("**{name}** {}\n\nSupervision: {verdict}. {}", question.outcome, opinion.reason);
        let about = question.slug.as_ref().map(|slug| notices::of_job(slug, name));
        tell::raise(
            draft,
            Message { about, depth: question.depth, ..Message::notice(id, severity, title, body_markdown) },
        );
    }
    draft.event(Fact::RunSupervised { run, slug: question.slug.clone(), opinion });
}
