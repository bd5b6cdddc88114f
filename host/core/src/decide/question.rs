//! Questions of guards: shown with buttons, and decided once.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::conversation::{Conversed, OpenQuestion, Question, Said};
use crate::decide::{Draft, Effect, admit, attention, notices};
use crate::event::Fact;
use crate::id::JobSlug;
use crate::notice::{Choice, Message};
use crate::run::Run;
use crate::state::Pending;
use crate::verdict::{Severity, Verdict};

/// Neither a question about a run nor a yes to it is good for longer.
const GOOD_FOR: SignedDuration = SignedDuration::from_hours(24);
/// As many characters as people type into a phone.
const ID_LENGTH: usize = 10;

/// All that stand open. New ones are shown; what is open no longer was decided elsewhere.
pub(super) fn asked(draft: &mut Draft<'_>, open: Vec<Question>) {
    let gone: Vec<String> = {
        let known = draft.state.conversations().questions();
        let is_gone = |known: &&OpenQuestion| {
            let question = &known.question;
            match question.is_of_run {
                true => question.until <= draft.now,
                false => known.said.is_none() && !open.contains(question),
            }
        };
        known.filter(is_gone).map(|known| known.question.id.clone()).collect()
    };
    for id in gone {
        close(draft, id);
    }
    for question in open {
        let known = draft.state.conversations().question(&question.id);
        if known.is_none_or(|known| known.question != question) && draft.now < question.until {
            attention::approval_asked(draft, &question);
            show(draft, question, 0);
        }
    }
}

/// A guard wants a person's word on a run, which is skipped: a yes runs its job again.
pub(super) fn ask_for_run(draft: &mut Draft<'_>, run: &Run, verdict: &Verdict) {
    let (Some(slug), Some(hash)) = (&run.slug, fingerprint(run, verdict)) else { return };
    let is_asked = draft.state.conversations().questions().any(|open| is_about(open, slug, &hash, draft.now));
    if is_asked {
        return;
    }
    let id: String = draft.ids.notice().to_string().chars().rev().take(ID_LENGTH).collect();
    let details: Vec<_> = verdict.reasons().map(|finding| format!("{}: {}", finding.rule, finding.detail)).collect();
    let subject = format!("May **{}** run? It was not begun, since nobody was there to say so.", run.request.job_name);
    let until = draft.now.saturating_add(GOOD_FOR).unwrap_or(draft.now);
    let (tool, cwd) = ("run".to_owned(), String::new());
    let question = Question {
        id,
        hash,
        tool,
        subject,
        cwd,
        rules: details,
        until,
        job: Some(slug.clone()),
        within: None,
        is_of_run: true,
    };
    show(draft, question, run.trigger.depth());
}

/// Whether somebody said yes to exactly this run; it is good for one.
pub(super) fn uses_up_yes(draft: &mut Draft<'_>, run: &Run, verdict: &Verdict) -> bool {
    let (Some(slug), Some(hash)) = (&run.slug, fingerprint(run, verdict)) else { return false };
    let mut open = draft.state.conversations().questions();
    let said =
        open.find(|open| is_about(open, slug, &hash, draft.now) && open.said.as_ref().is_some_and(|said| said.yes));
    let Some(id) = said.map(|open| open.question.id.clone()) else { return false };
    close(draft, id);
    true
}

fn is_about(open: &OpenQuestion, slug: &JobSlug, hash: &str, now: Timestamp) -> bool {
    let question = &open.question;
    question.is_of_run && question.job.as_ref() == Some(slug) && question.hash == hash && now < question.until
}

/// All that a yes is bound to: what is run, how, and which rules ask; `None` for what is no job's.
fn fingerprint(run: &Run, verdict: &Verdict) -> Option<String> {
    run.slug.as_ref()?;
    let step = &run.request.step;
    let rules: BTreeSet<&str> = verdict.reasons().map(|finding| finding.rule.as_str()).collect();
    Some(serde_json::json!([step.execute_json, step.model, rules]).to_string())
}

fn close(draft: &mut Draft<'_>, id: String) {
    attention::approval_closed(draft, &id);
    converse(draft, Conversed::Closed { id });
}

/// `depth` is how many starts by plugins led to the run that it is about.
fn show(draft: &mut Draft<'_>, question: Question, depth: u32) {
    let (yes, no) = (draft.ids.notice().to_string(), draft.ids.notice().to_string());
    let choices =
        [("Approve", &yes), ("Deny", &no)].map(|(label, token)| Choice { label: label.into(), token: token.clone() });
    let title = "A guard asks".to_owned();
    let notice = Message { depth, ..Message::notice(draft.ids.notice(), Severity::High, title, question.text()) };
    let about = question.job.as_ref().map(|slug| {
        let name = draft.state.job(slug).map_or_else(|| slug.as_str(), |entry| entry.job.name.as_str());
        notices::of_job(slug, name)
    });
    let conversations = draft.state.conversations();
    let asked_in = question.within.as_ref().and_then(|session| conversations.place_of(session)).cloned();
    converse(draft, Conversed::Asked { question: OpenQuestion { question, yes, no, said: None } });
    match asked_in {
        Some(place) => {
            let notice = Message { to: Some(place.address), choices: choices.into(), ..notice };
            draft.event(Fact::NoticeRaised { notice: Arc::new(notice), notifiers: vec![place.notifier] });
        }
        None => super::tell::raise(draft, Message { choices: choices.into(), about, ..notice }),
    }
}

/// Somebody says yes or no; the sentence is for them. The first word stands.
pub(super) fn answered(draft: &mut Draft<'_>, pending: &Pending, id: &str, yes: bool) -> String {
    let Some(open) = draft.state.conversations().question(id).cloned() else {
        return "This question stands no more.".into();
    };
    if let Some(said) = &open.said {
        return format!("It was {} by {} before.", verb(said.yes), said.by);
    }
    if open.question.until <= draft.now {
        return "This question is too old.".into();
    }
    let by = format!("{} ({})", pending.inbound.sender.name, pending.speaker.user);
    let sentence = format!("{} by {by}.", if yes { "Approved" } else { "Denied" });
    let Question { id, hash, job, is_of_run, .. } = open.question;
    converse(draft, Conversed::Answered { id: id.clone(), said: Said { yes, by: by.clone() } });
    match (is_of_run, job, yes) {
        (true, Some(slug), true) => admit::trigger(draft, &slug, by, false, 0),
        (true, ..) => close(draft, id),
        (false, ..) => draft.effect(Effect::CarryOut { id, hash, yes }),
    }
    sentence
}

/// The message with the buttons says who decided, and has none any more.
pub(super) fn replace(draft: &mut Draft<'_>, pending: &Pending, question: &Question, sentence: &str) {
    let body = format!("{}\n\n**{sentence}**", question.text());
    let notice = Message::notice(draft.ids.notice(), Severity::Info, "A guard asked".to_owned(), body);
    let (to, edit_of) = (Some(pending.inbound.address.clone()), Some(pending.inbound.message_id.clone()));
    let notice = Message { to, edit_of, silent: true, ..notice };
    draft.event(Fact::NoticeRaised { notice: Arc::new(notice), notifiers: vec![pending.notifier.clone()] });
}

/// What was said is carried out, or could not be.
pub(super) fn carried_out(draft: &mut Draft<'_>, id: String, error: Option<String>) {
    if draft.state.conversations().question(&id).is_none() {
        return;
    }
    if let Some(error) = error {
        let body = format!("What was said to question `{id}` has no effect: {error}.");
        let notice = Message::notice(draft.ids.notice(), Severity::High, "A guard asked".to_owned(), body);
        super::tell::raise(draft, notice);
    }
    close(draft, id);
}

/// After a start: what was said is carried out, whether it was before or not.
pub(super) fn go_on(draft: &mut Draft<'_>) {
    for open in draft.state.conversations().questions() {
        if let Some(said) = open.said.as_ref().filter(|_| !open.question.is_of_run) {
            let (id, hash) = (open.question.id.clone(), open.question.hash.clone());
            draft.decision.effects.push(Effect::CarryOut { id, hash, yes: said.yes });
        }
    }
}

fn verb(yes: bool) -> &'static str {
    if yes { "approved" } else { "denied" }
}

fn converse(draft: &mut Draft<'_>, fact: Conversed) {
    draft.event(Fact::Conversed(Box::new(fact)));
}
