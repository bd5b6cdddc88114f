//! Keeping house: once a while after the start and then daily, what is older than the operator wants goes.

use crate::decide::{Draft, Effect, attention};
use crate::event::Fact;
use crate::retention::Cleared;

pub(super) fn keep_house_when_due(draft: &mut Draft<'_>) {
    if draft.state.house_due(draft.now).is_some_and(|due| due <= draft.now) {
        draft.event(Fact::HousekeepingBegun);
        attention::prune(draft);
        draft.effect(Effect::KeepHouse);
    }
}

pub(super) fn house_kept(draft: &mut Draft<'_>, result: Result<Cleared, String>) {
    match result {
        Ok(cleared) => draft.event(Fact::HousekeepingDone { cleared }),
        Err(error) => draft.event(Fact::HousekeepingFailed { error }),
    }
}
