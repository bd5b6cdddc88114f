//! Notifiers that hear: each poll is followed by one, and what was heard is recorded with where to go on.
#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic names the line")]

use std::sync::Arc;

use instar_core::conversation::Conversed;
use instar_core::decide::{Effect, What};
use instar_core::event::Fact;
use instar_core::id::PluginId;
use instar_core::inbound::{Happening, Inbound, Said, Sender};
use instar_core::notice::Address;
use instar_core::poll::{Listening, PollFault, Polled};
use instar_core::users::Users;

use crate::world::World;

fn telegram() -> PluginId {
    "notifier-telegram".parse().unwrap()
}

fn world() -> World {
    let mut world = World::with_notifier(&[], "notifier-telegram");
    let users = r#"[{"id": "ada", "permissions": ["admin"], "channels": [{"type": "telegram", "identifier": "1"}]}]"#;
    world.tell(What::UsersRead(Arc::new(Users::parse(users).unwrap().0)));
    world.tell(What::ListeningBegun { notifiers: vec![telegram()] });
    world
}

fn said(key: &str) -> Inbound {
    Inbound {
        key: key.into(),
        sender: Sender { id: "1".into(), name: "Ada".into(), is_bot: false },
        address: Address { conversation: "-100".into(), thread: None },
        message_id: key.into(),
        handle: key.into(),
        at: "2026-03-01T12:00:00Z".parse().unwrap(),
        happening: Happening::Said(Said { text: "hello".into(), ..Said::default() }),
    }
}

fn polled(world: &mut World, failures: u32, result: Result<Polled, PollFault>) {
    world.tell(What::Polled { notifier: telegram(), failures, result });
}

fn brought(keys: &[&str], cursor: &str) -> Result<Polled, PollFault> {
    let events = keys.iter().map(|key| said(key)).collect();
    Ok(Polled { events, cursor: Some(cursor.into()), pause_ms: 5 })
}

fn fault(code: &str) -> PollFault {
    PollFault { code: code.into(), message: "no".into(), retry_after_ms: None }
}

fn heard(world: &World) -> usize {
    world.count(|fact| matches!(fact, Fact::Conversed(it) if matches!(**it, Conversed::Received { .. })))
}

fn last_poll(world: &World) -> (u64, u32) {
    let polls = world.effects.iter().rev();
    let mut polls = polls.filter_map(|effect| match effect {
        Effect::Poll { after_ms, failures, .. } => Some((*after_ms, *failures)),
        _ => None,
    });
    polls.next().expect("somebody polls")
}

#[test]
fn what_was_heard_and_where_to_go_on_are_one_decision() {
    let mut world = world();
    assert_eq!(last_poll(&world), (0, 0));
    polled(&mut world, 0, brought(&["1", "2", "2"], "2"));
    let kept = heard(&world);
    assert_eq!(kept, 2, "{:?}", world.events);
    assert_eq!(world.state.poll_cursor(&telegram()).map(String::as_str), Some("2"));
    assert_eq!(last_poll(&world), (5, 0));
    polled(&mut world, 0, brought(&["2"], "2"));
    assert_eq!(heard(&world), kept, "it was heard twice");
    let moves = world.count(|fact| matches!(fact, Fact::Listening { listening: Listening::At { .. }, .. }));
    assert_eq!(moves, 1);
}

#[test]
fn failures_are_told_when_they_begin_and_when_they_end() {
    let mut world = world();
    let told = |world: &World| world.count(|fact| matches!(fact, Fact::Listening { .. }));
    for failures in 0..3 {
        polled(&mut world, failures, Err(fault("other-poller")));
    }
    assert_eq!((told(&world), last_poll(&world)), (1, (4_000, 3)));
    assert_eq!(world.state.poll_fault(&telegram()).unwrap().code, "other-poller");
    polled(&mut world, 3, Err(PollFault { retry_after_ms: Some(90_000), ..fault("timeout") }));
    assert_eq!((told(&world), last_poll(&world)), (2, (90_000, 4)));
    polled(&mut world, 4, Ok(Polled::default()));
    assert_eq!((told(&world), last_poll(&world)), (3, (0, 0)));
    assert!(world.state.poll_fault(&telegram()).is_none());
}
