//! What people are told: notices about ended runs, and their way through the outbox.

use std::sync::Arc;

use jiff::SignedDuration;

use crate::decide::{Draft, Effect, cause_of};
use crate::event::{Fact, RunFinished};
use crate::id::{NoticeId, PluginId};
use crate::job::LastResult;
use crate::notice::Notice;
use crate::verdict::Severity;

/// After this many attempts, about a day, a delivery is given up.
const MOST_ATTEMPTS: u32 = 30;
const FIRST_RETRY_SECONDS: i64 = 5;
const LONGEST_RETRY_SECONDS: i64 = 3600;

pub(super) fn about(draft: &mut Draft<'_>, finished: &RunFinished) -> Notice {
    let succeeded = finished.outcome.last_result() == LastResult::Success;
    let mut body = format!("**{}** {}", finished.job_name, finished.outcome.sentence());
    if let Some(end) = &finished.end {
        body.push_str(&format!(" after {} ({})", duration_text(end.duration_ms), cause_of(end)));
        let tail = last_chars(end.tail.trim_end(), 500);
        if !tail.is_empty() {
            body.push_str(&format!("\n\n```\n{tail}\n```"));
        }
    }
    Notice {
        id: draft.ids.notice(),
        severity: if succeeded { Severity::Info } else { Severity::High },
        title: format!("{}: {}", finished.job_name, finished.outcome.as_str()),
        body_markdown: body,
    }
}

/// One notice to every notifier; with none there is nothing to keep.
pub(super) fn raise(draft: &mut Draft<'_>, notice: Notice) {
    let notifiers = draft.state.notifiers.clone();
    if !notifiers.is_empty() {
        draft.event(Fact::NoticeRaised { notice: Arc::new(notice), notifiers });
    }
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

fn duration_text(millis: u64) -> String {
    let seconds = millis / 1000;
    if seconds >= 60 { format!("{}m {}s", seconds / 60, seconds % 60) } else { format!("{seconds}s") }
}

fn last_chars(text: &str, most: usize) -> String {
    let skip = text.chars().count().saturating_sub(most);
    let cut: String = text.chars().skip(skip).collect();
    if skip > 0 { format!("…{cut}") } else { cut }
}
