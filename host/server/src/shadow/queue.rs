//! Questions on their way to the thread that compares. Nobody waits here: what does not fit is counted and left out.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use instar_core::id::PluginId;
use instar_plugin::{Asked, Ear, Question};

use crate::guards::LOG_SOURCE;

/// So many questions wait; each has at most as many bytes as a guard may be given.
const LONGEST_QUEUE: usize = 64;

/// The end that hears.
#[derive(Debug)]
pub(crate) struct Queue {
    sender: SyncSender<Asked>,
    missed: Mutex<BTreeMap<PluginId, u64>>,
}

pub(crate) fn queue() -> (Arc<Queue>, Receiver<Asked>) {
    let (sender, heard) = sync_channel(LONGEST_QUEUE);
    (Arc::new(Queue { sender, missed: Mutex::default() }), heard)
}

impl Queue {
    /// How many questions to this guard were left out since this was asked last.
    pub(super) fn take_missed(&self, guard: &PluginId) -> u64 {
        self.missed.lock().unwrap_or_else(PoisonError::into_inner).remove(guard).unwrap_or_default()
    }
}

impl Ear for Queue {
    fn hear(&self, asked: Asked) {
        if !is_compared(&asked) {
            return;
        }
        if let Err(TrySendError::Full(asked)) = self.sender.try_send(asked) {
            let mut missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner);
            for spoken in asked.spoken {
                *missed.entry(spoken.guard).or_default() += 1;
            }
        }
    }
}

/// What the host looks through for a log of its own is not what anybody did; and a comparison that is written down
/// would lead to the next one.
pub(super) fn is_compared(asked: &Asked) -> bool {
    !matches!(&asked.question, Question::Output { source, .. } if source == LOG_SOURCE)
}
