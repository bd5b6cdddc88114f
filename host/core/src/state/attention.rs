//! The items that people should look at: the open ones, and the newest that are closed.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::attention::{CLOSED_KEPT, Item, ItemStatus, MOST_CLOSED};
use crate::conversation::Conversed;
use crate::id::JobSlug;
use crate::state::State;
use crate::thread::Subject;

impl State {
    pub fn attention_item(&self, id: &str) -> Option<&Item> {
        self.attention.get(id)
    }

    /// All items, in the order of their ids.
    pub fn attention_items(&self) -> impl Iterator<Item = &Item> {
        self.attention.values()
    }

    /// The item that has a button with this token, and what that says.
    pub fn pressed_item(&self, token: &str) -> Option<(&Item, ItemStatus)> {
        self.attention.values().find_map(|item| Some((item, item.pressed(token)?)))
    }

    pub fn open_attention_items(&self) -> usize {
        self.attention.values().filter(|item| !item.status.is_closed()).count()
    }

    /// The closed items that are too old, or beyond the number that is kept.
    pub(crate) fn attention_to_prune(&self, now: Timestamp) -> Vec<String> {
        let mut closed: Vec<_> = self.attention.values().filter(|item| item.status.is_closed()).collect();
        closed.sort_unstable_by_key(|item| std::cmp::Reverse(item.updated_at));
        let is_old = |item: &Item| now.duration_since(item.updated_at) > CLOSED_KEPT;
        let beyond = closed.iter().enumerate().filter(|(place, item)| *place >= MOST_CLOSED || is_old(item));
        beyond.map(|(_, item)| item.wanted.id.clone()).collect()
    }
}

/// Where people talk about an item.
pub(super) fn follow_thread(items: &mut BTreeMap<String, Item>, fact: &Conversed) {
    let (subject, thread) = match fact {
        Conversed::ThreadOpened { subject, thread, .. } => (subject, Some(thread.address.clone())),
        Conversed::ThreadLost { subject, .. } => (subject, None),
        _ => return,
    };
    if let Subject::Item(id) = subject
        && let Some(item) = items.get_mut(id)
    {
        item.thread = thread;
    }
}

/// What a job is to be looked at for goes with it to another name.
pub(super) fn rename_job(items: &mut BTreeMap<String, Item>, from: &JobSlug, to: &JobSlug) {
    let moved: Vec<_> =
        items.iter().filter_map(|(id, item)| Some((id.clone(), item.of_renamed_job(from, to)?))).collect();
    for (id, item) in moved {
        items.remove(&id);
        items.insert(item.wanted.id.clone(), item);
    }
}

pub(super) fn turn(items: &mut BTreeMap<String, Item>, id: &str, status: ItemStatus, now: Timestamp) {
    if let Some(item) = items.get_mut(id) {
        item.status = status;
        item.updated_at = now;
    }
}
