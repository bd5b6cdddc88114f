//! The threads that the host opened, by what they are for.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::id::{JobSlug, PluginId};
use crate::notice::Address;
use crate::thread::{Subject, Thread};

/// A notifier that may open none, or whose chat has none, is asked again after this.
const REFUSED_FOR: SignedDuration = SignedDuration::from_hours(1);

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Threads {
    open: BTreeMap<(PluginId, Subject), Thread>,
    /// Since when a notifier opens none in a chat.
    refused: BTreeMap<(PluginId, String), Timestamp>,
}

impl Threads {
    pub(super) fn get(&self, notifier: &PluginId, subject: &Subject) -> Option<&Thread> {
        self.open.get(&(notifier.clone(), subject.clone()))
    }

    /// What a thread was opened for.
    pub(super) fn subject_of(&self, notifier: &PluginId, address: &Address) -> Option<&Subject> {
        let mut open = self.open.iter();
        open.find(|((id, _), thread)| id == notifier && thread.address == *address).map(|((_, subject), _)| subject)
    }

    pub(super) fn is_refused(&self, notifier: &PluginId, chat: &str, now: Timestamp) -> bool {
        self.refused
            .get(&(notifier.clone(), chat.to_owned()))
            .is_some_and(|since| now.duration_since(*since) < REFUSED_FOR)
    }

    pub(super) fn opened(&mut self, notifier: &PluginId, subject: &Subject, thread: &Thread) {
        self.refused.remove(&(notifier.clone(), thread.address.conversation.clone()));
        self.open.insert((notifier.clone(), subject.clone()), thread.clone());
    }

    pub(super) fn refuse(&mut self, notifier: &PluginId, chat: &str, at: Timestamp) {
        self.refused.insert((notifier.clone(), chat.to_owned()), at);
    }

    pub(super) fn lose(&mut self, notifier: &PluginId, subject: &Subject) {
        self.open.remove(&(notifier.clone(), subject.clone()));
    }

    /// What is known of a job goes with it to another name; a thread that the other name has gives way.
    pub(super) fn rename(&mut self, from: &JobSlug, to: &JobSlug) {
        let (from, to) = (Subject::Job(from.clone()), Subject::Job(to.clone()));
        let of_job: Vec<_> = self.open.keys().filter(|(_, subject)| *subject == from).cloned().collect();
        for key in of_job {
            if let Some(thread) = self.open.remove(&key) {
                self.open.insert((key.0, to.clone()), thread);
            }
        }
    }
}
