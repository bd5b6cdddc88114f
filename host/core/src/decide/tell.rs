//! The way of notices through the outbox to the notifiers.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::conversation::Place;
use crate::decide::{Draft, Effect, digest, threads};
use crate::event::Fact;
use crate::id::{NoticeId, PluginId};
use crate::notice::{Address, Message};
use crate::route;
use crate::state::Delivery;
use crate::thread::ThreadState;
use crate::verdict::Severity;

/// After this many attempts, about a day, a delivery is given up.
const MOST_ATTEMPTS: u32 = 30;
/// A notifier that cuts a message into more parts than this is at fault.
const MOST_PARTS: u32 = 500;
const FIRST_RETRY_SECONDS: i64 = 5;
const LONGEST_RETRY_SECONDS: i64 = 3600;

/// One notice to whom it is for, or to every notifier; with none there is nothing to keep.
pub(super) fn raise(draft: &mut Draft<'_>, notice: Message) {
    let telling = &draft.state.limits.conversations.telling;
    let not_before = telling.not_before(&notice, draft.now, &draft.state.zone);
    let notice = Message { not_before, ..notice };
    let targets = route::targets(draft.state, &notice);
    let at_home = match targets.is_empty() {
        true => draft.state.notifiers.clone(),
        false => targets.at_home.into_iter().collect(),
    };
    for (notifier, address) in targets.addressed {
        let notice = Message { id: draft.ids.notice(), to: Some(address), about: None, ..notice.clone() };
        draft.event(Fact::NoticeRaised { notice: Arc::new(notice), notifiers: vec![notifier] });
    }
    if !at_home.is_empty() {
        draft.event(Fact::NoticeRaised { notice: Arc::new(notice), notifiers: at_home });
    }
}

/// A text for one place.
pub(super) fn write(draft: &mut Draft<'_>, place: &Place, reply_to: Option<String>, body_markdown: String) {
    let notice = Message::notice(draft.ids.notice(), Severity::Info, String::new(), body_markdown);
    let notice = Message { to: Some(place.address.clone()), reply_to, ..notice };
    draft.event(Fact::NoticeRaised { notice: Arc::new(notice), notifiers: vec![place.notifier.clone()] });
}

pub(super) fn deliver_due(draft: &mut Draft<'_>) {
    let gathered = digest::gather(draft);
    for (notifier, delivery) in draft.state.due_deliveries(draft.now) {
        if gathered.contains(&(delivery.notice.id, notifier.clone())) {
            continue;
        }
        let attempt = delivery.attempt + 1;
        draft.event(Fact::NoticeTried { notice: delivery.notice.id, notifier: notifier.clone(), attempt });
        begin(draft, notifier, delivery);
    }
}

/// To the thread of what it is about, which is opened first if there is none.
pub(super) fn begin(draft: &mut Draft<'_>, notifier: &PluginId, delivery: &Delivery) {
    let notice = &delivery.notice;
    match (&notice.about, draft.state.home_of(notifier)) {
        (Some(topic), Some(Address { conversation, .. }))
            if draft.state.opens_threads(notifier, &conversation, draft.now) =>
        {
            threads::deliver(draft, notifier, delivery, topic, conversation);
        }
        (Some(_) | None, _) => deliver(draft, notifier, delivery, home(draft, notifier, notice)),
    }
}

/// Where a notice goes that names no place: the notifier knows it, or somebody was paired.
pub(super) fn home(draft: &Draft<'_>, notifier: &PluginId, notice: &Message) -> Option<Address> {
    let is_configured = draft.state.limits.conversations.chats.iter().any(|(id, _)| id == notifier);
    let paired = || draft.state.conversations().paired_chat(notifier);
    notice.to.clone().or_else(|| paired().filter(|_| !is_configured))
}

pub(super) fn deliver(draft: &mut Draft<'_>, notifier: &PluginId, delivery: &Delivery, to: Option<Address>) {
    let notice = match delivery.notice.to == to {
        true => delivery.notice.clone(),
        false => Arc::new(Message { to, ..(*delivery.notice).clone() }),
    };
    draft.effect(Effect::Deliver { notice, notifier: notifier.clone(), part: delivery.part });
}

/// Each part that was delivered is durable before the next one is asked for.
pub(super) fn delivered(draft: &mut Draft<'_>, notice: NoticeId, notifier: PluginId, receipt: String, more: bool) {
    let Some(delivery) = draft.state.delivery(notice, &notifier) else { return };
    if !more {
        threads::follow(draft, &notifier, &delivery.notice);
        return draft.event(Fact::NoticeDelivered { notice, notifier, receipt });
    }
    let part = delivery.part;
    draft.event(Fact::NoticePartDelivered { notice, notifier: notifier.clone(), part, receipt });
    if part + 1 < MOST_PARTS {
        begin(draft, &notifier, &Delivery { part: part + 1, ..delivery.clone() });
    } else {
        let error = format!("it has more than {MOST_PARTS} parts");
        draft.event(Fact::NoticeFailed { notice, notifier, attempt: delivery.attempt, retry_at: None, error });
    }
}

/// `retry` is when it is worth trying again: never, or not before so many milliseconds.
pub(super) fn not_delivered(
    draft: &mut Draft<'_>,
    notice: NoticeId,
    notifier: PluginId,
    error: String,
    retry: Option<u64>,
    thread: Option<ThreadState>,
) {
    let Some(delivery) = draft.state.delivery(notice, &notifier) else { return };
    let attempt = delivery.attempt;
    let mended =
        thread.filter(|_| attempt < MOST_ATTEMPTS).and_then(|thread| threads::mend(draft, &notifier, delivery, thread));
    let retry_at = mended.or_else(|| retry.and_then(|least_ms| next_try(draft.now, attempt, least_ms)));
    draft.event(Fact::NoticeFailed { notice, notifier, attempt, retry_at, error });
}

/// When to try again after so many attempts; `None` when it is given up.
fn next_try(now: Timestamp, attempt: u32, least_ms: u64) -> Option<Timestamp> {
    if attempt >= MOST_ATTEMPTS {
        return None;
    }
    let wait = FIRST_RETRY_SECONDS.saturating_mul(1 << attempt.min(20)).min(LONGEST_RETRY_SECONDS);
    let least = i64::try_from(least_ms).unwrap_or(i64::MAX).min(LONGEST_RETRY_SECONDS * 1000);
    let wait = SignedDuration::from_secs(wait).max(SignedDuration::from_millis(least));
    Some(now.saturating_add(wait).unwrap_or(now))
}
