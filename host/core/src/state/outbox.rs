//! Notices on their way: which are waiting, which are being tried, and when to look again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::id::{NoticeId, PluginId};
use crate::notice::Message;

/// A notice on its way to one notifier.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    pub notice: Arc<Message>,
    pub attempt: u32,
    /// The first part that was not delivered yet.
    pub part: u32,
    /// `None` while an attempt is under way.
    pub due: Option<Timestamp>,
}

#[derive(Debug, Default)]
pub(super) struct Outbox {
    deliveries: BTreeMap<(NoticeId, PluginId), Delivery>,
    retries: BTreeSet<(Timestamp, NoticeId, PluginId)>,
}

impl Outbox {
    /// What was under way when the host ended is tried again at once.
    pub(super) fn restored(deliveries: Vec<((NoticeId, PluginId), Delivery)>, now: Timestamp) -> Self {
        let mut outbox = Self::default();
        for ((_, notifier), delivery) in deliveries {
            outbox.put(Delivery { due: Some(delivery.due.unwrap_or(now)), ..delivery }, notifier);
        }
        outbox
    }

    pub(super) fn delivery(&self, notice: NoticeId, notifier: &PluginId) -> Option<&Delivery> {
        self.deliveries.get(&(notice, notifier.clone()))
    }

    pub(super) fn due(&self, now: Timestamp) -> impl Iterator<Item = (&PluginId, &Delivery)> {
        let due = self.retries.iter().take_while(move |(at, _, _)| *at <= now);
        due.filter_map(|(_, notice, notifier)| Some((notifier, self.delivery(*notice, notifier)?)))
    }

    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.retries.first().map(|(at, _, _)| *at)
    }

    pub(super) fn raise(&mut self, notice: &Arc<Message>, notifiers: &[PluginId], now: Timestamp) {
        for notifier in notifiers {
            self.put(Delivery { notice: notice.clone(), attempt: 0, part: 0, due: Some(now) }, notifier.clone());
        }
    }

    pub(super) fn begin(&mut self, notice: NoticeId, notifier: &PluginId, attempt: u32) {
        if let Some(delivery) = self.take(notice, notifier) {
            self.put(Delivery { attempt, due: None, ..delivery }, notifier.clone());
        }
    }

    /// The parts before this one were delivered.
    pub(super) fn go_on(&mut self, notice: NoticeId, notifier: &PluginId, part: u32) {
        if let Some(delivery) = self.take(notice, notifier) {
            self.put(Delivery { part, ..delivery }, notifier.clone());
        }
    }

    /// The attempt is over: it is tried again at that time, or never.
    pub(super) fn settle(&mut self, notice: NoticeId, notifier: &PluginId, retry_at: Option<Timestamp>) {
        if let (Some(delivery), Some(_)) = (self.take(notice, notifier), retry_at) {
            self.put(Delivery { due: retry_at, ..delivery }, notifier.clone());
        }
    }

    /// The clock went back: what waits goes on waiting as long as it would have.
    pub(super) fn set_back(&mut self, by: SignedDuration) {
        let deliveries = std::mem::take(&mut self.deliveries);
        self.retries.clear();
        for ((_, notifier), delivery) in deliveries {
            let due = delivery.due.map(|due| due.checked_sub(by).unwrap_or(due));
            self.put(Delivery { due, ..delivery }, notifier);
        }
    }

    fn put(&mut self, delivery: Delivery, notifier: PluginId) {
        if let Some(due) = delivery.due {
            self.retries.insert((due, delivery.notice.id, notifier.clone()));
        }
        self.deliveries.insert((delivery.notice.id, notifier), delivery);
    }

    fn take(&mut self, notice: NoticeId, notifier: &PluginId) -> Option<Delivery> {
        let delivery = self.deliveries.remove(&(notice, notifier.clone()))?;
        if let Some(due) = delivery.due {
            self.retries.remove(&(due, notice, notifier.clone()));
        }
        Some(delivery)
    }
}
