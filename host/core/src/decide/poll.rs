//! Polls of notifiers that hear: what was heard and where to go on are recorded together, then the next poll begins.

use std::collections::BTreeSet;

use crate::decide::{Draft, Effect, inbound};
use crate::event::{Fact, PluginVersion};
use crate::id::PluginId;
use crate::inbound::Inbound;
use crate::poll::{Listening, PollFault, Polled};

pub(super) fn begun(draft: &mut Draft<'_>, notifiers: Vec<PluginId>) {
    for notifier in notifiers {
        draft.effect(Effect::Poll { notifier, after_ms: 0, failures: 0 });
    }
}

/// Whoever is new among those that hear is listened to; whoever is gone is after the poll that is under way.
pub(super) fn plugins_changed(
    draft: &mut Draft<'_>,
    plugins: Vec<PluginVersion>,
    notifiers: Vec<PluginId>,
    hearing: Vec<PluginId>,
    threaded: Vec<PluginId>,
) {
    let new: Vec<_> = hearing.iter().filter(|notifier| !draft.state.is_polled(notifier)).cloned().collect();
    draft.event(Fact::PluginsChanged { plugins, notifiers, hearing, threaded });
    begun(draft, new);
}

pub(super) fn polled(draft: &mut Draft<'_>, notifier: PluginId, failures: u32, result: Result<Polled, PollFault>) {
    match result {
        Ok(polled) => heard(draft, notifier, polled),
        Err(fault) => failed(draft, notifier, failures, fault),
    }
}

fn heard(draft: &mut Draft<'_>, notifier: PluginId, polled: Polled) {
    if draft.state.poll_fault(&notifier).is_some() {
        draft.event(Fact::Listening { notifier: notifier.clone(), listening: Listening::Works });
    }
    keep(draft, &notifier, polled.events, polled.cursor);
    go_on(draft, notifier, polled.pause_ms, 0);
}

/// What was heard, and where to go on.
pub(super) fn keep(draft: &mut Draft<'_>, notifier: &PluginId, events: Vec<Inbound>, cursor: Option<String>) {
    let mut keys = BTreeSet::new();
    // The state knows what earlier polls brought, and nothing of this one.
    for event in events.into_iter().filter(|event| keys.insert(event.key.clone())) {
        inbound::received(draft, notifier, event);
    }
    let moved = cursor.filter(|cursor| draft.state.poll_cursor(notifier) != Some(cursor));
    if let Some(cursor) = moved {
        draft.event(Fact::Listening { notifier: notifier.clone(), listening: Listening::At { cursor } });
    }
}

fn go_on(draft: &mut Draft<'_>, notifier: PluginId, after_ms: u64, failures: u32) {
    if draft.state.is_leaving(&notifier) {
        draft.event(Fact::Listening { notifier, listening: Listening::Ended });
    } else {
        draft.effect(Effect::Poll { notifier, after_ms, failures });
    }
}

/// The first failure of a kind is an event; those that follow it are not.
fn failed(draft: &mut Draft<'_>, notifier: PluginId, failures: u32, fault: PollFault) {
    let after_ms = fault.wait_ms(failures);
    if draft.state.is_leaving(&notifier) {
        return go_on(draft, notifier, 0, 0);
    }
    let is_known = draft.state.poll_fault(&notifier).is_some_and(|known| known.code == fault.code);
    if !is_known {
        draft.event(Fact::Listening { notifier: notifier.clone(), listening: Listening::Failing(fault) });
    }
    go_on(draft, notifier, after_ms, failures.saturating_add(1));
}
