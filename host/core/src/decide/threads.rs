//! Threads of jobs and items: opened when there is something to tell, opened anew when they are gone, and closed with
//! what they are for.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::conversation::{Conversed, Place};
use crate::decide::{Draft, Effect, tell};
use crate::event::Fact;
use crate::id::{NoticeId, PluginId};
use crate::notice::{Address, Message};
use crate::state::Delivery;
use crate::thread::{Subject, Thread, ThreadChange, ThreadFault, ThreadState, Topic};
use crate::verdict::Severity;

/// A thread that was taken away is opened anew at once; who takes away each one is waited for.
const AT_ONCE: u32 = 3;
const SOON: SignedDuration = SignedDuration::from_secs(2);

/// Tells something in the thread of its subject.
pub(super) fn deliver(
    draft: &mut Draft<'_>,
    notifier: &PluginId,
    delivery: &Delivery,
    topic: &Topic,
    conversation: String,
) {
    let known = draft.state.conversations().thread(notifier, &topic.subject).cloned();
    match known.filter(|thread| thread.address.conversation == conversation) {
        Some(thread) => {
            follow_name(draft, notifier, topic, &thread, delivery.notice.depth);
            tell::deliver(draft, notifier, delivery, Some(thread.address));
        }
        None if is_opening(draft, notifier, topic, delivery.notice.id) => {
            let (notice, notifier, attempt) = (delivery.notice.id, notifier.clone(), delivery.attempt);
            let (retry_at, error) = (draft.now.saturating_add(SOON).ok(), "its thread is being opened".to_owned());
            draft.event(Fact::NoticeFailed { notice, notifier, attempt, retry_at, error });
        }
        None => draft.effect(Effect::OpenThread {
            notifier: notifier.clone(),
            conversation,
            topic: topic.clone(),
            severity: severity(&topic.subject, delivery.notice.severity),
            notice: Some(delivery.notice.id),
            depth: delivery.notice.depth,
        }),
    }
}

/// Another notice about the same is on its way: one of them opens the thread.
fn is_opening(draft: &Draft<'_>, notifier: &PluginId, topic: &Topic, notice: NoticeId) -> bool {
    let asked_now = draft.decision.effects.iter().any(|effect| {
        matches!(effect, Effect::OpenThread { notifier: of, topic: other, .. }
            if of == notifier && other.subject == topic.subject)
    });
    asked_now || draft.state.is_told_of(notifier, &topic.subject, notice)
}

/// Which colour a thread has, where threads have one.
fn severity(subject: &Subject, of_notice: Severity) -> Severity {
    match subject {
        Subject::Job(_) => Severity::Low,
        Subject::Item(_) => of_notice,
        Subject::Wish(_) => Severity::Info,
    }
}

/// What it is for is called otherwise now.
fn follow_name(draft: &mut Draft<'_>, notifier: &PluginId, topic: &Topic, thread: &Thread, depth: u32) {
    if thread.name == topic.name {
        return;
    }
    let (notifier, address) = (notifier.clone(), thread.address.clone());
    change(draft, &notifier, address.clone(), ThreadChange::Rename(topic.name.clone()), depth);
    opened(draft, notifier, topic, address);
}

/// A thread was opened, or is not: what waits for it goes on.
pub(super) fn answered(
    draft: &mut Draft<'_>,
    notifier: PluginId,
    conversation: String,
    topic: Topic,
    notice: Option<NoticeId>,
    result: Result<String, ThreadFault>,
) {
    let opened = match result {
        Ok(thread) => {
            let address = Address { conversation: conversation.clone(), thread: Some(thread) };
            opened(draft, notifier.clone(), &topic, address.clone());
            Ok(address)
        }
        Err(fault) => Err(fault),
    };
    match (notice, opened) {
        (Some(notice), Ok(address)) => {
            if let Some(delivery) = draft.state.delivery(notice, &notifier) {
                tell::deliver(draft, &notifier, delivery, Some(address));
            }
        }
        (Some(notice), Err(ThreadFault { message, retry: Some(least_ms) })) => {
            tell::not_delivered(draft, notice, notifier, message, Some(least_ms), None);
        }
        (Some(notice), Err(ThreadFault { message, retry: None })) => {
            refuse(draft, &notifier, conversation, message);
            if let Some(delivery) = draft.state.delivery(notice, &notifier) {
                let to = tell::home(draft, &notifier, &delivery.notice);
                tell::deliver(draft, &notifier, delivery, to);
            }
        }
        (None, opened) => {
            if let Err(fault) = opened {
                refuse(draft, &notifier, conversation, fault.message);
            }
            look_again(draft, &notifier, &topic.subject);
        }
    }
}

fn refuse(draft: &mut Draft<'_>, notifier: &PluginId, conversation: String, why: String) {
    converse(draft, Conversed::ThreadRefused { notifier: notifier.clone(), conversation, why });
}

/// The message that wanted it is looked at again.
fn look_again(draft: &mut Draft<'_>, notifier: &PluginId, subject: &Subject) {
    let Subject::Wish(key) = subject else { return };
    if let Some(pending) = draft.state.conversations().find_pending(notifier, key) {
        draft.effect(Effect::Route { place: pending.place(), key: key.clone() });
    }
}

fn opened(draft: &mut Draft<'_>, notifier: PluginId, topic: &Topic, address: Address) {
    let (subject, name) = (topic.subject.clone(), topic.name.clone());
    let place = Place { notifier: notifier.clone(), address: address.clone() };
    converse(draft, Conversed::ThreadOpened { notifier, subject, thread: Thread { address, name: name.clone() } });
    converse(draft, Conversed::ThreadNamed { place, name });
}

/// A message found its thread gone or closed. Tells when to try again, if that helps.
pub(super) fn mend(
    draft: &mut Draft<'_>,
    notifier: &PluginId,
    delivery: &Delivery,
    state: ThreadState,
) -> Option<Timestamp> {
    let (notice, now) = (&delivery.notice, draft.now);
    let at = (delivery.attempt <= AT_ONCE).then_some(now);
    match (state, &notice.about, &notice.to) {
        (ThreadState::Gone, Some(topic), _) => {
            let (notifier, subject) = (notifier.clone(), topic.subject.clone());
            converse(draft, Conversed::ThreadLost { notifier, subject });
            at
        }
        (ThreadState::Closed, Some(topic), _) => {
            let thread = draft.state.conversations().thread(notifier, &topic.subject)?.clone();
            change(draft, notifier, thread.address, ThreadChange::Reopen, notice.depth);
            at
        }
        // Somebody who took a thread away is told all the same, in the main one.
        (ThreadState::Gone | ThreadState::Closed, None, Some(to)) if to.thread.is_some() => {
            let to = Some(Address { thread: None, ..to.clone() });
            let id = draft.ids.notice();
            let again = Message { id, to, reply_to: None, edit_of: None, ..(**notice).clone() };
            draft.event(Fact::NoticeRaised { notice: Arc::new(again), notifiers: vec![notifier.clone()] });
            None
        }
        (ThreadState::Gone | ThreadState::Closed, None, _) => None,
    }
}

/// People were told of an item how it stands: its thread is closed, or open again, with it.
pub(super) fn follow(draft: &mut Draft<'_>, notifier: &PluginId, notice: &Message) {
    let Some(Topic { subject: subject @ Subject::Item(id), .. }) = &notice.about else { return };
    let is_closed = draft.state.attention_item(id).is_some_and(|item| item.status.is_closed());
    if let Some(thread) = draft.state.conversations().thread(notifier, subject).filter(|_| is_closed) {
        let address = thread.address.clone();
        change(draft, notifier, address, ThreadChange::Close, notice.depth);
    }
}

/// Before people are told that it is open again.
pub(super) fn reopen(draft: &mut Draft<'_>, subject: &Subject) {
    for notifier in draft.state.threaded.clone() {
        if let Some(thread) = draft.state.conversations().thread(&notifier, subject) {
            let address = thread.address.clone();
            change(draft, &notifier, address, ThreadChange::Reopen, 0);
        }
    }
}

fn change(draft: &mut Draft<'_>, notifier: &PluginId, address: Address, change: ThreadChange, depth: u32) {
    draft.effect(Effect::ChangeThread { notifier: notifier.clone(), address, change, depth });
}

fn converse(draft: &mut Draft<'_>, fact: Conversed) {
    draft.event(Fact::Conversed(Box::new(fact)));
}
