//! Notices on their way: which are waiting, which are being tried, and when to look again.
//!
//! What is for one place is in one lane: of a lane only the oldest is tried, so that all arrive in their order. One that
//! failed a few times gives way, and notices that name no place are in no lane.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::id::{NoticeId, PluginId};
use crate::notice::{Address, Message};
use crate::thread::Subject;

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

/// A notifier, and the place where its messages go.
type Lane = (PluginId, Address);

/// One that failed so often holds nobody back any more.
const HOLDS_BACK: u32 = 3;

#[derive(Debug, Default)]
pub(super) struct Outbox {
    deliveries: BTreeMap<(NoticeId, PluginId), Delivery>,
    /// Those that are first in their lane, or in none.
    retries: BTreeSet<(Timestamp, NoticeId, PluginId)>,
    /// Oldest first.
    lanes: BTreeMap<Lane, VecDeque<NoticeId>>,
}

fn lane(notice: &Message, notifier: &PluginId) -> Option<Lane> {
    // What waits for the morning holds back nothing that does not.
    let address = notice.to.as_ref().filter(|_| notice.not_before.is_none())?;
    Some((notifier.clone(), address.clone()))
}

impl Outbox {
    /// What was under way when the host ended is tried again at once. The oldest come first.
    pub(super) fn restored(deliveries: Vec<((NoticeId, PluginId), Delivery)>, now: Timestamp) -> Self {
        let mut outbox = Self::default();
        for ((_, notifier), delivery) in deliveries {
            if delivery.attempt < HOLDS_BACK {
                outbox.enter(&delivery.notice, &notifier);
            }
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

    /// Whether a notice about this, other than one of them, is being delivered.
    pub(super) fn is_under_way(&self, notifier: &PluginId, subject: &Subject, but: NoticeId) -> bool {
        self.deliveries.iter().any(|((id, of), delivery)| {
            let is_about = delivery.notice.about.as_ref().is_some_and(|topic| topic.subject == *subject);
            delivery.due.is_none() && *id != but && of == notifier && is_about
        })
    }

    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.retries.first().map(|(at, _, _)| *at)
    }

    pub(super) fn raise(&mut self, notice: &Arc<Message>, notifiers: &[PluginId], now: Timestamp) {
        for notifier in notifiers {
            if self.take(notice.id, notifier).is_none() {
                self.enter(notice, notifier);
            }
            let due = notice.not_before.map_or(now, |at| at.max(now));
            self.put(Delivery { notice: notice.clone(), attempt: 0, part: 0, due: Some(due) }, notifier.clone());
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
        let Some(delivery) = self.take(notice, notifier) else { return };
        match retry_at {
            Some(_) => {
                if delivery.attempt >= HOLDS_BACK {
                    self.leave(&delivery.notice, notifier);
                }
                self.put(Delivery { due: retry_at, ..delivery }, notifier.clone());
            }
            None => self.leave(&delivery.notice, notifier),
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
        let id = delivery.notice.id;
        let is_first = lane(&delivery.notice, &notifier).is_none_or(|lane| self.first(&lane) == Some(id));
        let is_free = is_first || delivery.attempt >= HOLDS_BACK;
        if let Some(due) = delivery.due.filter(|_| is_free) {
            self.retries.insert((due, id, notifier.clone()));
        }
        self.deliveries.insert((id, notifier), delivery);
    }

    fn take(&mut self, notice: NoticeId, notifier: &PluginId) -> Option<Delivery> {
        let delivery = self.deliveries.remove(&(notice, notifier.clone()))?;
        if let Some(due) = delivery.due {
            self.retries.remove(&(due, notice, notifier.clone()));
        }
        Some(delivery)
    }

    fn first(&self, lane: &Lane) -> Option<NoticeId> {
        self.lanes.get(lane)?.front().copied()
    }

    /// Behind those that are in its lane already.
    fn enter(&mut self, notice: &Message, notifier: &PluginId) {
        if let Some(lane) = lane(notice, notifier) {
            self.lanes.entry(lane).or_default().push_back(notice.id);
        }
    }

    /// It is settled: the one behind it is tried when it is due.
    fn leave(&mut self, notice: &Message, notifier: &PluginId) {
        let Some(lane) = lane(notice, notifier) else { return };
        let Some(waiting) = self.lanes.get_mut(&lane) else { return };
        match waiting.front() == Some(&notice.id) {
            true => drop(waiting.pop_front()),
            false => waiting.retain(|id| *id != notice.id),
        }
        match waiting.front().copied() {
            Some(next) => {
                let due = self.delivery(next, notifier).and_then(|delivery| delivery.due);
                self.retries.extend(due.map(|due| (due, next, notifier.clone())));
            }
            None => drop(self.lanes.remove(&lane)),
        }
    }
}
