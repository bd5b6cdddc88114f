//! Notices of little weight that waited together are told as one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::decide::Draft;
use crate::event::Fact;
use crate::id::{NoticeId, PluginId};
use crate::notice::Message;
use crate::state::Delivery;
use crate::telling::is_light;

/// More of one digest are counted and not shown.
const MOST_LINES: usize = 30;
const LONGEST_LINE: usize = 200;

/// The deliveries that are part of a digest now, and so are settled.
pub(super) fn gather(draft: &mut Draft<'_>) -> BTreeSet<(NoticeId, PluginId)> {
    let mut waiting: BTreeMap<PluginId, Vec<Delivery>> = BTreeMap::new();
    for (notifier, delivery) in draft.state.due_deliveries(draft.now) {
        let has_waited = delivery.notice.not_before.is_some() && delivery.attempt == 0;
        if has_waited && is_light(&delivery.notice) {
            waiting.entry(notifier.clone()).or_default().push(delivery.clone());
        }
    }
    let mut gathered = BTreeSet::new();
    for (notifier, deliveries) in waiting.into_iter().filter(|(_, deliveries)| deliveries.len() > 1) {
        let digest = digest(draft, &deliveries);
        let receipt = format!("told in {}", digest.id);
        draft.event(Fact::NoticeRaised { notice: Arc::new(digest), notifiers: vec![notifier.clone()] });
        for delivery in deliveries {
            let notice = delivery.notice.id;
            draft.event(Fact::NoticeDelivered { notice, notifier: notifier.clone(), receipt: receipt.clone() });
            gathered.insert((notice, notifier.clone()));
        }
    }
    gathered
}

/// One line for each: its title, or else how it begins. What all are about, it is about.
fn digest(draft: &mut Draft<'_>, deliveries: &[Delivery]) -> Message {
    let severity = deliveries.iter().map(|delivery| delivery.notice.severity).max();
    let mut lines: Vec<String> = deliveries.iter().take(MOST_LINES).map(|delivery| line(&delivery.notice)).collect();
    if deliveries.len() > MOST_LINES {
        lines.push(format!("… and {} more", deliveries.len() - MOST_LINES));
    }
    let about = deliveries[0].notice.about.clone();
    let is_common = deliveries.iter().all(|delivery| delivery.notice.about == about);
    let depth = deliveries.iter().map(|delivery| delivery.notice.depth).max().unwrap_or(0);
    let title = format!("{} reports", deliveries.len());
    let severity = severity.unwrap_or(crate::verdict::Severity::Info);
    let notice = Message::notice(draft.ids.notice(), severity, title, lines.join("\n"));
    Message { about: about.filter(|_| is_common), depth, ..notice }
}

fn line(notice: &Message) -> String {
    let text = if notice.title.is_empty() { &notice.body_markdown } else { &notice.title };
    let line: String = text.lines().next().unwrap_or_default().chars().take(LONGEST_LINE).collect();
    format!("- {line}")
}
