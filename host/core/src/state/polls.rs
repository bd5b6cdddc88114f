//! How listening goes, by notifier.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::PluginId;
use crate::poll::{Listening, PollFault};

#[derive(Debug, Default)]
pub(super) struct Polls {
    cursors: BTreeMap<PluginId, String>,
    faults: BTreeMap<PluginId, PollFault>,
    /// Those that are polled, again and again.
    polled: BTreeSet<PluginId>,
    /// Those among them that were taken away: the poll that is under way is the last one.
    leaving: BTreeSet<PluginId>,
}

impl Polls {
    pub(super) fn restored(cursors: BTreeMap<PluginId, String>) -> Self {
        Self { cursors, ..Self::default() }
    }

    pub(super) fn cursor(&self, notifier: &PluginId) -> Option<&String> {
        self.cursors.get(notifier)
    }

    pub(super) fn fault(&self, notifier: &PluginId) -> Option<&PollFault> {
        self.faults.get(notifier)
    }

    pub(super) fn is_polled(&self, notifier: &PluginId) -> bool {
        self.polled.contains(notifier)
    }

    pub(super) fn is_leaving(&self, notifier: &PluginId) -> bool {
        self.leaving.contains(notifier)
    }

    /// These hear, and no others.
    pub(super) fn hear(&mut self, hearing: &[PluginId]) {
        self.leaving = self.polled.iter().filter(|notifier| !hearing.contains(notifier)).cloned().collect();
        self.polled.extend(hearing.iter().cloned());
    }

    pub(super) fn apply(&mut self, notifier: &PluginId, listening: &Listening) {
        match listening {
            Listening::At { cursor } => drop(self.cursors.insert(notifier.clone(), cursor.clone())),
            Listening::Failing(fault) => drop(self.faults.insert(notifier.clone(), fault.clone())),
            Listening::Works => drop(self.faults.remove(notifier)),
            Listening::Ended => {
                self.faults.remove(notifier);
                self.polled.remove(notifier);
                self.leaving.remove(notifier);
            }
        }
    }
}
