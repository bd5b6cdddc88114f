//! The way of notices through the outbox to the notifiers.

use std::sync::Arc;

use jiff::SignedDuration;

use crate::conversation::Place;
use crate::decide::{Draft, Effect};
use crate::event::Fact;
use crate::id::{NoticeId, PluginId};
use crate::notice::Notice;
use crate::verdict::Severity;

/// After this many attempts, about a day, a delivery is given up.
const MOST_ATTEMPTS: u32 = 30;
const FIRST_RETRY_SECONDS: i64 = 5;
const LONGEST_RETRY_SECONDS: i64 = 3600;

/// One notice to every notifier; with none there is nothing to keep.
pub(super) fn raise(draft: &mut Draft<'_>, notice: Notice) {
    let notifiers = draft.state.notifiers.clone();
    if !notifiers.is_empty() {
        draft.event(Fact::NoticeRaised { notice: Arc::new(notice), notifiers });
    }
}

/// A text for one place.
pub(super) fn write(draft: &mut Draft<'_>, place: &Place, reply_to: Option<String>, body_markdown: String) {
    let (id, severity) = (draft.ids.notice(), Severity::Info);
    let _ = reply_to;
    let message = Notice { id, severity, title: String::new(), body_markdown };
    draft.event(Fact::NoticeRaised { notice: Arc::new(message), notifiers: vec![place.notifier.clone()] });
}

pub(super) fn deliver_due(draft: &mut Draft<'_>) {
    for (notifier, delivery) in draft.state.due_deliveries(draft.now) {
        let attempt = delivery.attempt + 1;
        draft.event(Fact::NoticeTried { notice: delivery.notice.id, notifier: notifier.clone(), attempt });
        draft.effect(Effect::Deliver { notice: delivery.notice.clone(), notifier: notifier.clone() });
    }
}

pub(super) fn not_delivered(
    draft: &mut Draft<'_>,
    notice: NoticeId,
    notifier: PluginId,
    error: String,
    retryable: bool,
) {
    let Some(attempt) = draft.state.delivery(notice, &notifier).map(|delivery| delivery.attempt) else { return };
    let again = retryable && attempt < MOST_ATTEMPTS;
    let wait = FIRST_RETRY_SECONDS.saturating_mul(1 << attempt.min(20)).min(LONGEST_RETRY_SECONDS);
    let retry_at = again.then(|| draft.now.saturating_add(SignedDuration::from_secs(wait)).unwrap_or(draft.now));
    draft.event(Fact::NoticeFailed { notice, notifier, attempt, retry_at, error });
}
