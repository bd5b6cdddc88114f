//! The way of notices through the outbox to the notifiers.

use std::sync::Arc;

use jiff::SignedDuration;

use crate::conversation::Place;
use crate::decide::{Draft, Effect};
use crate::event::Fact;
use crate::id::{NoticeId, PluginId};
use crate::notice::Message;
use crate::verdict::Severity;

/// After this many attempts, about a day, a delivery is given up.
const MOST_ATTEMPTS: u32 = 30;
/// A notifier that cuts a message into more parts than this is at fault.
const MOST_PARTS: u32 = 500;
const FIRST_RETRY_SECONDS: i64 = 5;
const LONGEST_RETRY_SECONDS: i64 = 3600;

/// One notice to every notifier; with none there is nothing to keep.
pub(super) fn raise(draft: &mut Draft<'_>, notice: Message) {
    let notifiers = draft.state.notifiers.clone();
    if !notifiers.is_empty() {
        draft.event(Fact::NoticeRaised { notice: Arc::new(notice), notifiers });
    }
}

/// A text for one place.
pub(super) fn write(draft: &mut Draft<'_>, place: &Place, reply_to: Option<String>, body_markdown: String) {
    let notice = Message::notice(draft.ids.notice(), Severity::Info, String::new(), body_markdown);
    let notice = Message { to: Some(place.address.clone()), reply_to, ..notice };
    draft.event(Fact::NoticeRaised { notice: Arc::new(notice), notifiers: vec![place.notifier.clone()] });
}

pub(super) fn deliver_due(draft: &mut Draft<'_>) {
    for (notifier, delivery) in draft.state.due_deliveries(draft.now) {
        let attempt = delivery.attempt + 1;
        draft.event(Fact::NoticeTried { notice: delivery.notice.id, notifier: notifier.clone(), attempt });
        let (notice, notifier, part) = (delivery.notice.clone(), notifier.clone(), delivery.part);
        draft.effect(Effect::Deliver { notice, notifier, part });
    }
}

/// Each part that was delivered is durable before the next one is asked for.
pub(super) fn delivered(draft: &mut Draft<'_>, notice: NoticeId, notifier: PluginId, receipt: String, more: bool) {
    let Some(delivery) = draft.state.delivery(notice, &notifier) else { return };
    if !more {
        return draft.event(Fact::NoticeDelivered { notice, notifier, receipt });
    }
    let part = delivery.part;
    draft.event(Fact::NoticePartDelivered { notice, notifier: notifier.clone(), part, receipt });
    if part + 1 < MOST_PARTS {
        draft.effect(Effect::Deliver { notice: delivery.notice.clone(), notifier, part: part + 1 });
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
) {
    let Some(attempt) = draft.state.delivery(notice, &notifier).map(|delivery| delivery.attempt) else { return };
    let wait = FIRST_RETRY_SECONDS.saturating_mul(1 << attempt.min(20)).min(LONGEST_RETRY_SECONDS);
    let retry_at = retry.filter(|_| attempt < MOST_ATTEMPTS).map(|least_ms| {
        let least = i64::try_from(least_ms).unwrap_or(i64::MAX).min(LONGEST_RETRY_SECONDS * 1000);
        let wait = SignedDuration::from_secs(wait).max(SignedDuration::from_millis(least));
        draft.now.saturating_add(wait).unwrap_or(draft.now)
    });
    draft.event(Fact::NoticeFailed { notice, notifier, attempt, retry_at, error });
}
