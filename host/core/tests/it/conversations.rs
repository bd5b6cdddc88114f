//! People speak with sessions, told as a notifier would tell it.
#![expect(clippy::unwrap_used, reason = "helpers of tests: a panic names the line")]

use std::sync::Arc;

use instar_core::conversation::{Conversed, Course, Deed, Offer, Place, Question, Refusal, Voice, WaitsFor};
use instar_core::decide::{Effect, SpawnRequest, What};
use instar_core::event::Fact;
use instar_core::id::PluginId;
use instar_core::inbound::{Happening, Inbound, Said, Sender};
use instar_core::notice::Address;
use instar_core::plan::StepRequest;
use instar_core::users::{Role, Users};
use jiff::SignedDuration;

use crate::world::World;

fn telegram() -> PluginId {
    "notifier-telegram".parse().unwrap()
}

fn place(thread: &str) -> Place {
    let address = Address { conversation: "-100".into(), thread: Some(thread.into()) };
    Place { notifier: telegram(), address }
}

fn said(key: &str, sender: &str, chat: &str, text: &str) -> Inbound {
    Inbound {
        key: key.into(),
        sender: Sender { id: sender.into(), name: "Ada".into(), is_bot: false },
        address: Address { conversation: chat.into(), thread: Some("42".into()) },
        message_id: format!("m{key}"),
        handle: format!("h{key}"),
        at: "2026-03-01T12:00:00Z".parse().unwrap(),
        happening: Happening::Said(Said { text: text.into(), ..Said::default() }),
    }
}

/// Ada is an admin, Bob may look.
fn world() -> World {
    let mut world = World::with_notifier(&[], "notifier-telegram");
    let users = r#"[
        {"id": "ada", "permissions": ["admin"], "channels": [{"type": "telegram", "identifier": "1"}]},
        {"id": "bob", "permissions": ["viewer"], "channels": [{"type": "telegram", "identifier": "2"}]}]"#;
    world.tell(What::UsersRead(Arc::new(Users::parse(users).unwrap().0)));
    world
}

fn hear(world: &mut World, inbound: Inbound) {
    world.tell(What::Heard { notifier: telegram(), inbound: vec![inbound], cursor: None });
}

fn refusals(world: &World) -> Vec<Refusal> {
    let refused = world.events.iter().filter_map(|event| match &event.fact {
        Fact::Conversed(fact) => match &**fact {
            Conversed::Refused { why, .. } => Some(*why),
            _ => None,
        },
        _ => None,
    });
    refused.collect()
}

fn routes(world: &World) -> Vec<&str> {
    let routes = world.effects.iter().filter_map(|effect| match effect {
        Effect::Route { key, .. } => Some(key.as_str()),
        _ => None,
    });
    routes.collect()
}

fn begin() -> Course {
    let step = StepRequest { execute_json: "{}".into(), model: "sonnet".into(), previous: None };
    let name = "telegram-42".parse().unwrap();
    let request = Box::new(SpawnRequest { name, works_for: None, step, by: "telegram:ada".into() });
    Course { deeds: vec![Deed::Begin { request }], is_talk: true, ..Course::default() }
}

fn route(world: &mut World, key: &str, course: Course) {
    world.tell(What::Routed { place: place("42"), key: key.into(), course: Box::new(course) });
}

/// A conversation whose session runs.
fn talking() -> World {
    let mut world = world();
    hear(&mut world, said("1", "1", "-100", "hello"));
    route(&mut world, "1", begin());
    let run = world.only_run();
    world.start(run);
    world
}

#[test]
fn strangers_leave_one_event_each_and_nothing_else() {
    let mut world = world();
    let notices = world.titles().len();
    for (key, sender, chat) in [("1", "1", "-999"), ("2", "9", "-100"), ("3", "9", "-999")] {
        hear(&mut world, said(key, sender, chat, "let me in"));
        hear(&mut world, said(key, sender, chat, "let me in"));
    }
    let bot =
        Inbound { sender: Sender { is_bot: true, ..said("4", "1", "-100", "").sender }, ..said("4", "1", "-100", "x") };
    hear(&mut world, bot);
    assert_eq!(refusals(&world), [Refusal::Chat, Refusal::Sender, Refusal::Chat, Refusal::Bot]);
    assert_eq!((routes(&world).len(), world.titles().len()), (0, notices));
    assert_eq!(world.state.conversations().pending().count(), 0);
    let text = format!("{:?}", world.events);
    assert!(!text.contains("let me in"), "what a stranger said is kept");
}

#[test]
fn a_flood_of_strangers_does_not_fill_the_log() {
    let mut world = world();
    for number in 0..1000 {
        hear(&mut world, said(&number.to_string(), "9", "-100", "x"));
    }
    assert_eq!(refusals(&world).len(), 30);
    world.now += SignedDuration::from_mins(1);
    hear(&mut world, said("later", "9", "-100", "x"));
    assert_eq!(refusals(&world).len(), 31);
}

fn offer(world: &mut World) {
    let until = world.now + SignedDuration::from_mins(10);
    let offer = Offer {
        notifier: telegram(),
        code: "SECRET".into(),
        user: "owner".into(),
        role: Role::Admin,
        until,
        guesses: 0,
    };
    world.tell(What::CodeMade(offer));
}

#[test]
fn a_code_lets_its_sender_in_once() {
    let mut world = World::with_notifier(&[], "notifier-telegram");
    offer(&mut world);
    hear(&mut world, said("1", "7", "-555", "/pair secret"));
    hear(&mut world, said("2", "8", "-555", "/pair SECRET"));
    hear(&mut world, said("3", "7", "-555", "hello"));
    hear(&mut world, said("4", "8", "-555", "hello"));
    assert_eq!(refusals(&world), [Refusal::Code, Refusal::Sender]);
    assert_eq!(routes(&world), ["3"]);
    world.restart_after(1);
    hear(&mut world, said("5", "7", "-556", "another chat"));
    assert_eq!(refusals(&world).last(), Some(&Refusal::Chat));
}

#[test]
fn a_code_is_not_guessed_and_does_not_last() {
    let mut world = World::with_notifier(&[], "notifier-telegram");
    offer(&mut world);
    for guess in 0..5 {
        hear(&mut world, said(&guess.to_string(), "7", "-555", "/pair WRONG"));
    }
    hear(&mut world, said("right", "7", "-555", "/pair SECRET"));
    assert_eq!(refusals(&world).len(), 6, "five wrong codes are enough");
    offer(&mut world);
    world.now += SignedDuration::from_mins(10);
    hear(&mut world, said("late", "7", "-555", "/pair SECRET"));
    assert_eq!(refusals(&world).len(), 7);
}

#[test]
fn messages_of_one_place_are_dealt_with_one_after_the_other_over_a_crash() {
    let mut world = world();
    world.tell(What::Heard {
        notifier: telegram(),
        inbound: vec![said("1", "1", "-100", "a"), said("2", "1", "-100", "b"), said("1", "1", "-100", "a")],
        cursor: None,
    });
    assert_eq!(routes(&world), ["1"]);
    world.restart_after(1);
    assert_eq!(routes(&world), ["1", "1"], "it is begun anew, and alone");
    route(&mut world, "1", begin());
    assert_eq!(routes(&world), ["1", "1", "2"]);
    route(&mut world, "1", begin());
    assert_eq!(world.state.open_runs().count(), 1, "a second answer changes nothing");
}

#[test]
fn a_message_before_the_session_begins_waits_for_it_and_is_typed_once() {
    let mut world = world();
    hear(&mut world, said("1", "1", "-100", "a"));
    route(&mut world, "1", begin());
    hear(&mut world, said("2", "1", "-100", "b"));
    route(&mut world, "2", Course { waits: Some(WaitsFor::Beginning), ..Course::default() });
    assert_eq!(routes(&world), ["1", "2"]);
    let run = world.only_run();
    world.start(run);
    assert_eq!(routes(&world), ["1", "2", "2"]);
    let tell = || Course {
        deeds: vec![Deed::Tell { run, text: "[telegram:42] b".into() }],
        is_talk: true,
        ..Course::default()
    };
    route(&mut world, "2", tell());
    route(&mut world, "2", tell());
    assert_eq!(world.count(|fact| matches!(fact, Fact::MessageAccepted { .. })), 1);
}

#[test]
fn a_session_has_one_conversation_and_a_conversation_has_one_session() {
    let mut world = talking();
    let mut other = said("2", "1", "-100", "/claim telegram-42");
    other.address.thread = Some("43".into());
    hear(&mut world, other);
    let course = Course { deeds: vec![Deed::Bind { session: "telegram-42".parse().unwrap() }], ..Course::default() };
    world.tell(What::Routed { place: place("43"), key: "2".into(), course: Box::new(course) });
    let conversations = world.state.conversations();
    assert_eq!(conversations.session_of(&place("42")), None);
    assert_eq!(conversations.place_of(&"telegram-42".parse().unwrap()), Some(&place("43")));
    assert_eq!(conversations.bound().count(), 1);
}

#[test]
fn only_the_agents_own_word_is_an_answer() {
    let mut world = talking();
    let reply = |session: Option<&str>| What::ReplyAsked {
        place: place("42"),
        text: "working on it".into(),
        session: session.map(|name| name.parse().unwrap()),
        key: None,
    };
    world.tell(reply(None));
    world.pass_minutes(5);
    assert_eq!(
        world.count(|fact| matches!(fact, Fact::Conversed(fact) if matches!(**fact, Conversed::Stalled { .. }))),
        1
    );
    world.pass_minutes(50);
    assert_eq!(world.state.conversations().unanswered().count(), 1, "they were told, and still wait");
    world.tell(reply(Some("telegram-42")));
    assert_eq!(world.state.conversations().unanswered().count(), 0);
    let voices = world.events.iter().filter_map(|event| match &event.fact {
        Fact::Conversed(fact) => match &**fact {
            Conversed::Spoken(spoken) => Some(spoken.by.clone()),
            _ => None,
        },
        _ => None,
    });
    assert_eq!(voices.collect::<Vec<_>>(), [Voice::Person("Ada".into()), Voice::Host, Voice::Agent]);
}

#[test]
fn an_answer_goes_to_the_place_of_the_question_by_its_notifier_alone() {
    let mut world = talking();
    world.tell(What::ReplyAsked { place: place("42"), text: "done".into(), session: None, key: None });
    let raised = world.events.iter().rev().find_map(|event| match &event.fact {
        Fact::NoticeRaised { notice, notifiers } => Some((notice.clone(), notifiers.clone())),
        _ => None,
    });
    let (notice, notifiers) = raised.unwrap();
    assert_eq!((notice.to.as_ref(), notice.body_markdown.as_str()), (Some(&place("42").address), "done"));
    assert_eq!(notifiers, [telegram()]);
}

#[test]
fn a_text_that_is_handed_in_twice_is_told_once() {
    let mut world = talking();
    for (text, key) in [("done", "1"), ("done", "1"), ("more", "2")] {
        world.tell(What::ReplyAsked { place: place("42"), text: text.into(), session: None, key: Some(key.into()) });
    }
    let told: Vec<_> = world.told().into_iter().map(|(_, notice)| notice.body_markdown.clone()).collect();
    assert_eq!(told, ["done", "more"]);
}

fn question(hash: &str, world: &World) -> Question {
    Question {
        id: "ab12".into(),
        hash: hash.into(),
        tool: "Bash".into(),
        subject: "git push --force".into(),
        cwd: "/p".into(),
        rules: vec!["guard-command/force-push".into()],
        until: world.now + SignedDuration::from_hours(24),
        job: None,
        within: None,
        is_of_run: false,
    }
}

#[test]
fn people_are_asked_in_the_conversation_of_the_session_that_a_guard_asks_about() {
    let mut world = talking();
    let asked = Question { within: "telegram-42".parse().ok(), ..question("h1", &world) };
    world.tell(What::GuardsAsk(vec![asked]));
    let raised = world.events.iter().rev().find_map(|event| match &event.fact {
        Fact::NoticeRaised { notice, .. } => Some(notice.clone()),
        _ => None,
    });
    assert_eq!(raised.unwrap().to, Some(place("42").address));
    let status = |world: &World| world.state.attention_item("approval:ab12").unwrap().status.is_closed();
    assert!(!status(&world), "it is an item of the queue as well");
    world.tell(What::GuardsAsk(vec![]));
    assert!(status(&world));
}

/// The tokens of the newest question's buttons: approve and deny.
fn buttons(world: &World) -> Vec<String> {
    let shown = world.events.iter().rev().find_map(|event| match &event.fact {
        Fact::NoticeRaised { notice, .. } if !notice.choices.is_empty() => Some(notice.choices.clone()),
        _ => None,
    });
    shown.unwrap().into_iter().map(|choice| choice.token).collect()
}

fn press(world: &mut World, key: &str, sender: &str, id: &str, yes: bool, token: &str) {
    let pressed = Inbound { happening: Happening::Chose(token.into()), ..said(key, sender, "-100", "") };
    hear(world, pressed);
    route(world, key, Course { deeds: vec![Deed::Answer { id: id.into(), yes }], ..Course::default() });
}

fn carried_out(world: &World) -> Vec<(String, bool)> {
    let effects = world.effects.iter().filter_map(|effect| match effect {
        Effect::CarryOut { hash, yes, .. } => Some((hash.clone(), *yes)),
        _ => None,
    });
    effects.collect()
}

#[test]
fn a_question_is_decided_once_and_carried_out_over_a_crash() {
    let mut world = world();
    let asked = question("h1", &world);
    world.tell(What::GuardsAsk(vec![asked.clone()]));
    world.tell(What::GuardsAsk(vec![asked]));
    assert_eq!(world.titles(), ["A guard asks"], "it is shown once");
    let tokens = buttons(&world);
    assert_ne!(tokens[0], tokens[1]);
    press(&mut world, "1", "1", "ab12", true, &tokens[0]);
    press(&mut world, "2", "1", "ab12", false, &tokens[1]);
    assert_eq!(carried_out(&world), [("h1".to_owned(), true)], "the first word stands");
    let edits: Vec<_> = world
        .events
        .iter()
        .filter_map(|event| match &event.fact {
            Fact::NoticeRaised { notice, .. } => notice.edit_of.clone().map(|_| notice.body_markdown.clone()),
            _ => None,
        })
        .collect();
    assert!(
        edits[0].contains("Approved by Ada (ada)") && edits[1].contains("approved by Ada (ada) before"),
        "{edits:?}"
    );
    world.restart_after(1);
    assert_eq!(carried_out(&world).len(), 2, "nobody knows whether it was carried out");
    world.tell(What::CarriedOut { id: "ab12".into(), error: None });
    world.restart_after(1);
    assert_eq!(carried_out(&world).len(), 2);
}

#[test]
fn a_token_is_bound_to_what_was_asked() {
    let mut world = world();
    let asked = question("h1", &world);
    world.tell(What::GuardsAsk(vec![asked]));
    let old = buttons(&world);
    let asked = question("h2", &world);
    world.tell(What::GuardsAsk(vec![asked]));
    assert!(world.state.conversations().pressed(&old[0]).is_none(), "something else is asked now");
    let new = buttons(&world);
    assert_eq!(
        world.state.conversations().pressed(&new[0]).map(|(open, yes)| (open.question.hash.clone(), yes)),
        Some(("h2".into(), true))
    );
    world.tell(What::GuardsAsk(vec![]));
    assert!(world.state.conversations().pressed(&new[0]).is_none(), "it was decided on the machine");
}
