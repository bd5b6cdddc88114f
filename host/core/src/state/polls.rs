//! How listening goes, by notifier.

use std::collections::BTreeMap;

use crate::id::PluginId;
use crate::poll::{Listening, PollFault};

#[derive(Debug, Default)]
pub(super) struct Polls {
    cursors: BTreeMap<PluginId, String>,
    faults: BTreeMap<PluginId, PollFault>,
}

impl Polls {
    pub(super) fn restored(cursors: BTreeMap<PluginId, String>) -> Self {
        Self { cursors, faults: BTreeMap::new() }
    }

    pub(super) fn cursor(&self, notifier: &PluginId) -> Option<&String> {
        self.cursors.get(notifier)
    }

    pub(super) fn fault(&self, notifier: &PluginId) -> Option<&PollFault> {
        self.faults.get(notifier)
    }

    pub(super) fn apply(&mut self, notifier: &PluginId, listening: &Listening) {
        match listening {
            Listening::At { cursor } => drop(self.cursors.insert(notifier.clone(), cursor.clone())),
            Listening::Failing(fault) => drop(self.faults.insert(notifier.clone(), fault.clone())),
            Listening::Works => drop(self.faults.remove(notifier)),
        }
    }
}
