//! People speak: who is listened to, and what follows. What a message means is read by `instar-messaging`, an effect
//! of the message; what it leads to is recorded here, with the message's end, in one transaction.

use std::sync::Arc;

use crate::conversation::{Conversed, Course, Deed, Offer, Pairing, Place, Refusal, Spoken, Voice, WaitsFor};
use crate::decide::{Draft, Effect, SpawnRequest, admit, attention, due, end, question, talk, tell};
use crate::event::Fact;
use crate::id::{PluginId, SessionName};
use crate::inbound::{Happening, Inbound, Mark};
use crate::notice::Address;
use crate::run::{Run, StopCause};
use crate::state::Pending;
use crate::thread::{Subject, Topic};
use crate::users::Users;
use crate::verdict::Severity;

/// How a chat shows the code that it was given.
const PAIR_COMMAND: &str = "/pair";

pub(super) fn users_read(draft: &mut Draft<'_>, users: Arc<Users>) {
    if *draft.state.conversations().users() != *users {
        converse(draft, Conversed::UsersRead { users });
    }
}

/// Something that a notifier heard. What was heard before is passed over.
pub(super) fn received(draft: &mut Draft<'_>, notifier: &PluginId, inbound: Inbound) {
    let heard_now = draft.decision.events.iter().any(|event| is_about(&event.fact, notifier, &inbound.key));
    if heard_now || draft.state.conversations().is_seen(notifier, &inbound.key) {
        return;
    }
    if let Some(code) = shown_code(&inbound) {
        return pair(draft, notifier, &inbound, &code);
    }
    let rules = &draft.state.limits.conversations;
    match draft.state.conversations().speaker(rules, notifier, &inbound) {
        Ok(speaker) => {
            let notifier = notifier.clone();
            let place = Place { notifier: notifier.clone(), address: inbound.address.clone() };
            // One after the other: the ones behind it are looked at when this one is settled.
            let is_first = draft.state.conversations().first_pending(&place).is_none()
                && !draft
                    .decision
                    .effects
                    .iter()
                    .any(|effect| matches!(effect, Effect::Route { place: other, .. } if *other == place));
            if is_first {
                draft.effect(Effect::Route { place, key: inbound.key.clone() });
            }
            converse(draft, Conversed::Received { notifier, speaker, inbound: Arc::new(inbound) });
        }
        Err(why) => refuse(draft, notifier, &inbound, why),
    }
}

fn is_about(fact: &Fact, notifier: &PluginId, key: &str) -> bool {
    let Fact::Conversed(conversed) = fact else { return false };
    match &**conversed {
        Conversed::Received { notifier: other, inbound, .. } => other == notifier && inbound.key == key,
        Conversed::Refused { notifier: other, key: known, .. } => other == notifier && known == key,
        _ => false,
    }
}

fn shown_code(inbound: &Inbound) -> Option<String> {
    let Happening::Said(said) = &inbound.happening else { return None };
    let rest = said.text.trim().strip_prefix(PAIR_COMMAND)?;
    let is_command = rest.is_empty() || rest.starts_with(char::is_whitespace);
    is_command.then(|| rest.split_whitespace().collect::<String>().to_uppercase())
}

/// The code that was made opens the door once; of a wrong one nobody learns more than of silence.
fn pair(draft: &mut Draft<'_>, notifier: &PluginId, inbound: &Inbound, code: &str) {
    let offer = draft.state.conversations().offer(notifier, draft.now).cloned();
    let given_now = draft.decision.events.iter().any(|event| {
        matches!(&event.fact, Fact::Conversed(fact) if matches!(**fact, Conversed::Paired { .. } | Conversed::CodeGuessed { .. }))
    });
    let is_right = offer.as_ref().is_some_and(|offer| offer.code == code) && !inbound.sender.is_bot && !given_now;
    let Some(offer) = offer.filter(|_| is_right) else {
        if draft.state.conversations().offer(notifier, draft.now).is_some() {
            converse(draft, Conversed::CodeGuessed { notifier: notifier.clone() });
        }
        return refuse(draft, notifier, inbound, Refusal::Code);
    };
    let speaker = crate::conversation::Speaker { user: offer.user.clone(), role: offer.role };
    let pairing = Pairing {
        notifier: notifier.clone(),
        sender: inbound.sender.id.clone(),
        conversation: inbound.address.conversation.clone(),
        user: offer.user,
        role: offer.role,
        at: draft.now,
    };
    let place = Place { notifier: notifier.clone(), address: inbound.address.clone() };
    let text = format!("Paired: you speak here as **{}** now. `/help` says what I understand.", pairing.user);
    converse(draft, Conversed::Received { notifier: notifier.clone(), speaker, inbound: Arc::new(inbound.clone()) });
    converse(draft, Conversed::Paired { pairing });
    converse(draft, Conversed::Settled { notifier: notifier.clone(), key: inbound.key.clone() });
    answer(draft, &place, Some(inbound.message_id.clone()), text);
}

fn refuse(draft: &mut Draft<'_>, notifier: &PluginId, inbound: &Inbound, why: Refusal) {
    if draft.state.conversations().notes_refusal(draft.now) {
        converse(
            draft,
            Conversed::Refused {
                notifier: notifier.clone(),
                key: inbound.key.clone(),
                sender: inbound.sender.id.clone(),
                conversation: inbound.address.conversation.clone(),
                why,
            },
        );
    }
}

pub(super) fn code_made(draft: &mut Draft<'_>, offer: Offer) {
    converse(draft, Conversed::CodeOffered { offer });
}

pub(super) fn thread_opened(draft: &mut Draft<'_>, place: Place, name: String) {
    converse(draft, Conversed::ThreadNamed { place, name });
}

/// After a start: what was not dealt with is.
pub(super) fn go_on(draft: &mut Draft<'_>) {
    let mut places: Vec<Place> = Vec::new();
    for pending in draft.state.conversations().pending() {
        let place = pending.place();
        if !places.contains(&place) {
            draft.effect(Effect::Route { place: place.clone(), key: pending.inbound.key.clone() });
            places.push(place);
        }
    }
}

/// The session of a conversation began or ended in this decision: what waits for that is looked at again.
pub(super) fn look_again(draft: &mut Draft<'_>) {
    let names: Vec<SessionName> = draft.decision.events.iter().filter_map(|event| changed(&event.fact)).collect();
    for name in names {
        let Some(place) = draft.state.conversations().place_of(&name).cloned() else { continue };
        if let Some(pending) = draft.state.conversations().first_pending(&place) {
            let effect = Effect::Route { place, key: pending.inbound.key.clone() };
            if !draft.decision.effects.contains(&effect) {
                draft.effect(effect);
            }
        }
    }
}

fn changed(fact: &Fact) -> Option<SessionName> {
    match fact {
        Fact::RunStarting { session, .. } => Some(session.name.clone()),
        Fact::RunFinished(finished) => match (&finished.session, &finished.trigger) {
            (Some(session), _) => Some(session.name.clone()),
            (None, crate::run::Trigger::Spawned { name, .. }) => Some(name.clone()),
            (None, _) => None,
        },
        _ => None,
    }
}

/// What a message leads to is known.
pub(super) fn routed(draft: &mut Draft<'_>, place: Place, key: String, course: Course) {
    let Some(pending) = draft.state.conversations().find_pending(&place.notifier, &key).cloned() else { return };
    let again = Effect::Route { place: place.clone(), key: key.clone() };
    if let Some(waits) = course.waits {
        // It may have happened while it was looked at.
        if !still_waits(draft, &place, &key, waits) {
            draft.effect(again);
            return;
        }
        for deed in course.deeds {
            carry_out(draft, &pending, deed);
        }
        return;
    }
    let mut text = course.answer;
    let there = course.deeds.iter().find_map(|deed| match deed {
        Deed::BeginThere { place, .. } => Some(place.clone()),
        _ => None,
    });
    for deed in course.deeds {
        match carry_out(draft, &pending, deed) {
            Done::Yes => {}
            Done::No(why) => text = Some(why),
            // What it was decided upon has changed since.
            Done::Again => return draft.effect(again),
        }
    }
    if course.is_talk {
        speak(draft, &pending, there.unwrap_or_else(|| place.clone()));
    }
    converse(draft, Conversed::Settled { notifier: place.notifier.clone(), key });
    let is_button = matches!(pending.inbound.happening, Happening::Chose(_));
    if let Some(mark) = course.mark {
        show(draft, &pending, mark, text.clone().filter(|_| is_button));
    }
    if let Some(text) = text.filter(|_| !is_button) {
        answer(draft, &place, Some(pending.inbound.message_id.clone()), text);
    }
    next(draft, &place, &pending);
}

/// The one behind it, if there is one.
fn next(draft: &mut Draft<'_>, place: &Place, settled: &Pending) {
    let conversations = draft.state.conversations();
    let mut waiting = conversations.pending().filter(|pending| pending.place() == *place);
    let behind = waiting.find(|pending| pending.inbound.key != settled.inbound.key);
    if let Some(pending) = behind {
        draft.effect(Effect::Route { place: place.clone(), key: pending.inbound.key.clone() });
    }
}

fn still_waits(draft: &Draft<'_>, place: &Place, key: &str, waits: WaitsFor) -> bool {
    if waits == WaitsFor::Thread {
        let wish = Subject::Wish(key.to_owned());
        return draft.state.conversations().thread(&place.notifier, &wish).is_none();
    }
    let run = draft.state.conversations().session_of(place).and_then(|name| draft.state.run_named(name));
    match (waits, run) {
        (_, None) => false,
        (WaitsFor::Beginning, Some(run)) => run.talk.is_none(),
        (WaitsFor::End, Some(_)) | (WaitsFor::Thread, _) => true,
    }
}

/// Whether a deed was done.
enum Done {
    Yes,
    /// What people are told instead of the answer that was meant.
    No(String),
    Again,
}

fn carry_out(draft: &mut Draft<'_>, pending: &Pending, deed: Deed) -> Done {
    let place = pending.place();
    let by = format!("{}:{}", place.channel(), pending.speaker.user);
    match deed {
        Deed::Tell { run, text } => tell_agent(draft, run, text),
        Deed::Begin { request } => begin(draft, &place, *request),
        Deed::BeginThere { place, request } => begin(draft, &place, *request),
        Deed::OpenThread { name } => {
            let topic = Topic { subject: Subject::Wish(pending.inbound.key.clone()), name };
            let (notifier, conversation) = (place.notifier.clone(), place.address.conversation.clone());
            draft.effect(Effect::OpenThread {
                notifier,
                conversation,
                topic,
                severity: Severity::Info,
                notice: None,
                depth: 0,
            });
            Done::Yes
        }
        Deed::Turn { id, status } => Done::No(attention::turned(draft, pending, &id, status)),
        Deed::Bind { session } => converse(draft, Conversed::Bound { place, session }),
        Deed::Unbind => converse(draft, Conversed::Unbound { place }),
        Deed::Name { name } => converse(draft, Conversed::ThreadNamed { place, name }),
        Deed::Trigger { slug } => {
            admit::trigger(draft, &slug, by, false, 0);
            Done::Yes
        }
        Deed::Pause { slug } => {
            due::pause_asked(draft, slug, by, None);
            Done::Yes
        }
        Deed::Resume { slug } => {
            due::resume_asked(draft, slug, by);
            Done::Yes
        }
        Deed::Stop { run } => {
            end::stop_asked(draft, run, StopCause::Asked { by });
            Done::Yes
        }
        Deed::Answer { id, yes } => {
            let before = draft.state.conversations().question(&id).map(|open| open.question.clone());
            let sentence = question::answered(draft, pending, &id, yes);
            if let (Some(asked), Happening::Chose(_)) = (before, &pending.inbound.happening) {
                question::replace(draft, pending, &asked, &sentence);
            }
            Done::No(sentence)
        }
        Deed::Interrupt { session } => {
            draft.effect(Effect::Interrupt { session });
            Done::Yes
        }
    }
}

fn tell_agent(draft: &mut Draft<'_>, run: crate::id::RunId, text: String) -> Done {
    let Some(run) = draft.state.run(run) else { return Done::Again };
    match &run.talk {
        None => Done::Again,
        Some(_) if run.stopping.is_some() => Done::No("The session is being ended; say it again in a moment.".into()),
        Some(_) if talk::message_asked(draft, run.id, text) => Done::Yes,
        Some(_) => Done::No("The session has as many messages waiting as it can hold; say it again later.".into()),
    }
}

fn begin(draft: &mut Draft<'_>, place: &Place, request: SpawnRequest) -> Done {
    let name = request.name.clone();
    if draft.state.is_name_taken(&name) {
        return Done::Again;
    }
    if !talk::spawn_asked(draft, request) {
        let most = draft.state.limits.max_sessions;
        return Done::No(format!(
            "There is no place for a session: all {most} are taken (`sessions.maxSessions`). `/sessions` lists them."
        ));
    }
    if draft.state.conversations().session_of(place) != Some(&name) {
        converse(draft, Conversed::Bound { place: place.clone(), session: name });
    }
    Done::Yes
}

/// The session that the conversation has once this decision is recorded.
fn session_now(draft: &Draft<'_>, place: &Place) -> Option<SessionName> {
    let bound_now = draft.decision.events.iter().rev().find_map(|event| match &event.fact {
        Fact::Conversed(fact) => match &**fact {
            Conversed::Bound { place: other, session } if other == place => Some(session.clone()),
            _ => None,
        },
        _ => None,
    });
    bound_now.or_else(|| draft.state.conversations().session_of(place).cloned())
}

fn speak(draft: &mut Draft<'_>, pending: &Pending, place: Place) {
    let session = session_now(draft, &place);
    let (Happening::Said(said) | Happening::Corrected(said)) = &pending.inbound.happening else { return };
    let spoken = Spoken {
        place,
        message_id: pending.inbound.message_id.clone(),
        at: draft.now,
        by: Voice::Person(pending.inbound.sender.name.clone()),
        text: said.text.clone(),
        session,
    };
    converse(draft, Conversed::Spoken(spoken));
}

fn show(draft: &mut Draft<'_>, pending: &Pending, mark: Mark, note: Option<String>) {
    let address: Address = pending.inbound.address.clone();
    let (notifier, handle) = (pending.notifier.clone(), pending.inbound.handle.clone());
    draft.effect(Effect::Mark { notifier, address, handle, mark, note });
}

/// Somebody writes to people: an agent, or who speaks for the host. What was taken before is not said again.
pub(super) fn reply_asked(
    draft: &mut Draft<'_>,
    place: Place,
    text: String,
    session: Option<SessionName>,
    key: Option<String>,
) {
    if let Some(key) = key.map(|key| format!("reply:{key}")) {
        if draft.state.conversations().is_seen(&place.notifier, &key) {
            return;
        }
        converse(draft, Conversed::Taken { notifier: place.notifier.clone(), key });
    }
    let by = if session.is_some() { Voice::Agent } else { Voice::Host };
    let session = session.or_else(|| draft.state.conversations().session_of(&place).cloned());
    let spoken =
        Spoken { place: place.clone(), message_id: String::new(), at: draft.now, by, text: text.clone(), session };
    converse(draft, Conversed::Spoken(spoken));
    tell::write(draft, &place, None, text);
}

/// The host answers, which is no part of the conversation with the agent.
fn answer(draft: &mut Draft<'_>, place: &Place, reply_to: Option<String>, text: String) {
    tell::write(draft, place, reply_to.filter(|id| !id.is_empty()), text);
}

/// Agents that leave people without an answer.
pub(super) fn tell_of_stalls(draft: &mut Draft<'_>) {
    let late: Vec<(Place, String)> = draft
        .state
        .stalls()
        .filter(|(at, ..)| *at <= draft.now)
        .map(|(_, place, waits)| (place.clone(), stall_text(draft, place, waits.since, &waits.excerpt)))
        .collect();
    for (place, text) in late {
        converse(draft, Conversed::Stalled { place: place.clone() });
        answer(draft, &place, None, text);
    }
}

fn stall_text(draft: &Draft<'_>, place: &Place, since: jiff::Timestamp, excerpt: &str) -> String {
    let minutes = draft.now.duration_since(since).as_mins();
    let name = draft.state.conversations().session_of(place);
    let run: Option<&Run> = name.and_then(|name| draft.state.run_named(name));
    let name = name.map_or("?", SessionName::as_str);
    let (state, advice) = match run {
        Some(run) if run.session().is_some_and(|session| session.question.is_some()) => {
            ("asks something on its screen", format!("`instar session attach {name}` shows what"))
        }
        Some(_) => ("runs", "`/interrupt` wakes it, `/restart` begins it anew".to_owned()),
        None => ("has ended", "say it again to begin a new one".to_owned()),
    };
    format!("No answer for {minutes} min to “{excerpt}”. Session `{name}` {state}; {advice}.")
}

fn converse(draft: &mut Draft<'_>, fact: Conversed) -> Done {
    draft.event(Fact::Conversed(Box::new(fact)));
    Done::Yes
}
