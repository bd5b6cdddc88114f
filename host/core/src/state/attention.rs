//! The items that people should look at: the open ones, and the newest that are closed.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::attention::{CLOSED_KEPT, Item, ItemStatus, MOST_CLOSED};
use crate::state::State;

impl State {
    pub fn attention_item(&self, id: &str) -> Option<&Item> {
        self.attention.get(id)
    }

    /// All items, in the order of their ids.
    pub fn attention_items(&self) -> impl Iterator<Item = &Item> {
        self.attention.values()
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

pub(super) fn turn(items: &mut BTreeMap<String, Item>, id: &str, status: ItemStatus, now: Timestamp) {
    if let Some(item) = items.get_mut(id) {
        item.status = status;
        item.updated_at = now;
    }
}
