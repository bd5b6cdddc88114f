//! Questions of guards: shown with buttons, and decided once.

use std::sync::Arc;

use crate::conversation::{Conversed, OpenQuestion, Question, Said};
use crate::decide::{Draft, Effect};
use crate::event::Fact;
use crate::notice::{Choice, Message};
use crate::state::Pending;
use crate::verdict::Severity;

/// All that stand open. New ones are shown; what is open no longer was decided elsewhere.
pub(super) fn asked(draft: &mut Draft<'_>, open: Vec<Question>) {
    let gone: Vec<String> = {
        let known = draft.state.conversations().questions();
        let is_gone = |known: &&OpenQuestion| known.said.is_none() && !open.contains(&known.question);
        known.filter(is_gone).map(|known| known.question.id.clone()).collect()
    };
    for id in gone {
        converse(draft, Conversed::Closed { id });
    }
    for question in open {
        let known = draft.state.conversations().question(&question.id);
        if known.is_none_or(|known| known.question != question) && draft.now < question.until {
            show(draft, question);
        }
    }
}

fn show(draft: &mut Draft<'_>, question: Question) {
    let (yes, no) = (draft.ids.notice().to_string(), draft.ids.notice().to_string());
    let choices =
        [("Approve", &yes), ("Deny", &no)].map(|(label, token)| Choice { label: label.into(), token: token.clone() });
    let title = "A guard asks".to_owned();
    let notice = Message::notice(draft.ids.notice(), Severity::High, title, question.text());
    let notice = Message { choices: choices.into(), ..notice };
    converse(draft, Conversed::Asked { question: OpenQuestion { question, yes, no, said: None } });
    super::tell::raise(draft, notice);
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
    let (id, hash) = (open.question.id.clone(), open.question.hash.clone());
    converse(draft, Conversed::Answered { id: id.clone(), said: Said { yes, by } });
    draft.effect(Effect::CarryOut { id, hash, yes });
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
    converse(draft, Conversed::Closed { id });
}

/// After a start: what was said is carried out, whether it was before or not.
pub(super) fn go_on(draft: &mut Draft<'_>) {
    for open in draft.state.conversations().questions() {
        if let Some(said) = &open.said {
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
