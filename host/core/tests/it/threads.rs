//! Threads of jobs and items: opened once, followed by name, opened anew when they are gone, and in order.

use instar_core::attention::{ItemStatus, Urgency, Wanted};
use instar_core::conversation::Conversed;
use instar_core::decide::{Effect, What};
use instar_core::event::Fact;
use instar_core::id::{NoticeId, PluginId};
use instar_core::inbound::{Happening, Inbound, Mark, Sender};
use instar_core::notice::{Address, Message};
use instar_core::telling::{QuietHours, Telling};
use instar_core::thread::{Subject, ThreadChange, ThreadFault, ThreadState, Topic};
use instar_core::users::Users;
use instar_core::verdict::{Answer, Finding, Severity, Verdict};
use jiff::SignedDuration;
use serde_json::json;

use crate::world::{World, job};

fn telegram() -> PluginId {
    "notifier-telegram".parse().expect("an id")
}

fn world() -> World {
    let mut world = World::with_notifier(&[job("work", "@yearly"), job("other", "@yearly")], "notifier-telegram");
    world.state.threaded = vec![telegram()];
    let users = r#"[{"id": "ada", "permissions": ["admin"], "channels": [{"type": "telegram", "identifier": "1"}]}]"#;
    world.tell(What::UsersRead(std::sync::Arc::new(Users::parse(users).expect("users").0)));
    world
}

/// What is asked for now, and forgotten.
fn effects(world: &mut World) -> Vec<Effect> {
    world.tell(What::Ticked);
    let wanted = |effect: &Effect| {
        matches!(effect, Effect::OpenThread { .. } | Effect::ChangeThread { .. } | Effect::Deliver { .. })
    };
    let found = world.effects.iter().filter(|effect| wanted(effect)).cloned().collect();
    world.effects.clear();
    found
}

fn opening(effect: &Effect) -> (Topic, Option<NoticeId>) {
    let Effect::OpenThread { topic, notice, conversation, .. } = effect else { panic!("{effect:?}") };
    assert_eq!(conversation, "-100");
    (topic.clone(), *notice)
}

fn delivery(effect: &Effect) -> &Message {
    let Effect::Deliver { notice, .. } = effect else { panic!("{effect:?}") };
    notice
}

fn answer(world: &mut World, effect: &Effect, result: Result<&str, ThreadFault>) {
    let (topic, notice) = opening(effect);
    let result = result.map(str::to_owned);
    let (notifier, conversation) = (telegram(), "-100".to_owned());
    world.tell(What::ThreadAnswered { notifier, conversation, topic, notice, result });
}

fn delivered(world: &mut World, notice: NoticeId) {
    world.tell(What::Delivered { notice, notifier: telegram(), receipt: "7".into(), more: false });
}

fn thread_of(message: &Message) -> Option<&str> {
    message.to.as_ref()?.thread.as_deref()
}

/// The first report of a job, in its new thread.
fn told(world: &mut World) -> NoticeId {
    world.fail("work");
    let asked = effects(world);
    assert_eq!(asked.len(), 1, "{asked:?}");
    answer(world, &asked[0], Ok("55"));
    let sent = effects(world);
    assert_eq!(thread_of(delivery(&sent[0])), Some("55"));
    let id = delivery(&sent[0]).id;
    delivered(world, id);
    id
}

#[test]
fn each_job_has_one_thread_which_outlives_a_restart() {
    let mut world = world();
    told(&mut world);
    world.restart_after(1);
    world.effects.clear();
    world.fail("work");
    let sent = effects(&mut world);
    assert_eq!((sent.len(), thread_of(delivery(&sent[0]))), (1, Some("55")));
    let body = &delivery(&sent[0]).body_markdown;
    for part in ["exit status 1", "last line", "`/run work` runs it again", "instar session output"] {
        assert!(body.contains(part), "{part} is not in {body}");
    }
    world.fail("other");
    assert_eq!(opening(&effects(&mut world)[0]).0.name, "other");
}

#[test]
fn reports_of_one_job_open_one_thread() {
    let mut world = world();
    world.fail("work");
    world.fail("work");
    let asked = effects(&mut world);
    assert_eq!(asked.len(), 1, "{asked:?}");
    answer(&mut world, &asked[0], Ok("55"));
    let first = effects(&mut world);
    assert_eq!(first.len(), 1, "{first:?}");
    let id = delivery(&first[0]).id;
    delivered(&mut world, id);
    world.now += SignedDuration::from_secs(3);
    let second = effects(&mut world);
    assert_eq!((second.len(), thread_of(delivery(&second[0]))), (1, Some("55")));
    assert!(delivery(&second[0]).body_markdown.contains("2 failures in a row"));
}

#[test]
fn where_no_thread_can_be_opened_all_goes_to_the_main_one_and_it_is_tried_again_later() {
    let mut world = world();
    world.fail("work");
    let asked = effects(&mut world);
    answer(&mut world, &asked[0], Err(ThreadFault { message: "the chat is not a forum".into(), retry: None }));
    let sent = effects(&mut world);
    assert_eq!(delivery(&sent[0]).to, None);
    let id = delivery(&sent[0]).id;
    delivered(&mut world, id);
    world.fail("work");
    let sent = effects(&mut world);
    let id = delivery(&sent[0]).id;
    delivered(&mut world, id);
    world.now += SignedDuration::from_hours(2);
    world.fail("work");
    opening(&effects(&mut world)[0]);
}

#[test]
fn a_thread_that_is_not_opened_for_a_while_is_asked_for_again() {
    let mut world = world();
    world.fail("work");
    let asked = effects(&mut world);
    answer(&mut world, &asked[0], Err(ThreadFault { message: "502".into(), retry: Some(0) }));
    assert!(effects(&mut world).is_empty());
    world.now += SignedDuration::from_mins(1);
    opening(&effects(&mut world)[0]);
}

#[test]
fn a_thread_that_is_gone_is_opened_anew_and_a_closed_one_opened_again() {
    let mut world = world();
    told(&mut world);
    let refuse = |world: &mut World, notice: NoticeId, thread: ThreadState| {
        let (notifier, error) = (telegram(), "refused".into());
        world.tell(What::NotDelivered { notice, notifier, error, retry: None, thread: Some(thread) });
    };
    world.fail("work");
    let sent = effects(&mut world);
    let id = delivery(&sent[0]).id;
    refuse(&mut world, id, ThreadState::Closed);
    let mended = effects(&mut world);
    assert!(matches!(&mended[0], Effect::ChangeThread { change: ThreadChange::Reopen, .. }), "{mended:?}");
    assert_eq!(delivery(&mended[1]).id, id);
    refuse(&mut world, id, ThreadState::Gone);
    let asked = effects(&mut world);
    answer(&mut world, &asked[0], Ok("77"));
    let sent = effects(&mut world);
    assert_eq!((delivery(&sent[0]).id, thread_of(delivery(&sent[0]))), (id, Some("77")));
}

#[test]
fn an_answer_to_a_thread_that_was_taken_away_is_told_in_the_main_one() {
    let mut world = world();
    let address = Address { conversation: "-100".into(), thread: Some("9".into()) };
    let place = instar_core::conversation::Place { notifier: telegram(), address };
    world.tell(What::ReplyAsked { place, text: "done".into(), session: None, key: None });
    let sent = effects(&mut world);
    let notice = delivery(&sent[0]).id;
    let (notifier, error, thread) = (telegram(), "gone".into(), Some(ThreadState::Gone));
    world.tell(What::NotDelivered { notice, notifier, error, retry: None, thread });
    let again = effects(&mut world);
    let again = delivery(&again[0]);
    assert_eq!((again.body_markdown.as_str(), thread_of(again)), ("done", None));
}

#[test]
fn answers_in_one_place_come_in_order_until_one_fails_too_often() {
    let mut world = world();
    let address = Address { conversation: "-100".into(), thread: Some("9".into()) };
    let place = instar_core::conversation::Place { notifier: telegram(), address };
    for text in ["one", "two"] {
        world.tell(What::ReplyAsked { place: place.clone(), text: text.into(), session: None, key: None });
    }
    for _ in 0..3 {
        let sent = effects(&mut world);
        assert_eq!((sent.len(), delivery(&sent[0]).body_markdown.as_str()), (1, "one"));
        let (notice, notifier, error) = (delivery(&sent[0]).id, telegram(), "502".into());
        world.tell(What::NotDelivered { notice, notifier, error, retry: Some(0), thread: None });
        world.now += SignedDuration::from_mins(1);
    }
    let sent = effects(&mut world);
    let texts: Vec<_> = sent.iter().map(|effect| delivery(effect).body_markdown.as_str()).collect();
    assert_eq!(texts.len(), 2, "{texts:?}");
}

#[test]
fn a_renamed_job_keeps_its_thread_and_its_items_and_the_thread_follows_the_name() {
    let mut world = world();
    told(&mut world);
    let run = world.trigger("work");
    let ask = Finding {
        rule: "night".into(),
        answer: Answer::Ask,
        severity: Severity::High,
        detail: "it is late".into(),
        remedy: None,
        command: None,
    };
    world.tell(What::Judged { run, verdict: Verdict { findings: vec![ask] } });
    let question = effects(&mut world);
    let id = delivery(&question[0]).id;
    delivered(&mut world, id);
    let [from, to] = ["work", "labour"].map(|slug| slug.parse().expect("a slug"));
    world.tell(What::RenameAsked { from, to });
    world.read_jobs(&[{
        let mut job = job("labour", "@yearly");
        job["name"] = json!("Labour");
        job
    }]);
    let items: Vec<_> = world.state.attention_items().map(|item| item.wanted.id.clone()).collect();
    assert_eq!(items, ["guard:labour"]);
    world.effects.clear();
    world.fail("labour");
    let sent = effects(&mut world);
    let renamed = ThreadChange::Rename("Labour".into());
    assert!(matches!(&sent[0], Effect::ChangeThread { change, .. } if *change == renamed), "{sent:?}");
    assert_eq!(thread_of(delivery(&sent[1])), Some("55"));
}

fn press(key: &str, token: &str) -> Inbound {
    Inbound {
        key: key.into(),
        sender: Sender { id: "1".into(), name: "Ada".into(), is_bot: false },
        address: Address { conversation: "-100".into(), thread: Some("55".into()) },
        message_id: "7".into(),
        handle: "h".into(),
        at: "2026-03-01T12:00:00Z".parse().expect("a time"),
        happening: Happening::Chose(token.into()),
    }
}

#[test]
fn an_item_has_a_thread_with_buttons_which_is_closed_with_it() {
    let mut world = world();
    let wanted = Wanted {
        id: "key".into(),
        title: "Key expires".into(),
        summary: "In two days.".into(),
        description: None,
        category: "general".into(),
        priority: Urgency::High,
        source_context: None,
    };
    world.tell(What::AttentionAsked(Box::new(wanted)));
    let asked = effects(&mut world);
    assert_eq!(opening(&asked[0]).0, Topic { subject: Subject::Item("key".into()), name: "Key expires".into() });
    answer(&mut world, &asked[0], Ok("55"));
    let sent = effects(&mut world);
    let message = delivery(&sent[0]).clone();
    let labels: Vec<_> = message.choices.iter().map(|choice| choice.label.as_str()).collect();
    assert_eq!(labels, ["Acknowledge", "Done", "Won't do"]);
    let item = world.state.attention_item("key").expect("it is there");
    assert_eq!(item.thread.as_ref().and_then(|thread| thread.thread.as_deref()), Some("55"));
    assert_eq!(item.pressed(&message.choices[1].token), Some(ItemStatus::Done));
    delivered(&mut world, message.id);
    world.tell(What::AttentionTurnAsked { id: "key".into(), status: ItemStatus::Done, by: "cli".into() });
    let sent = effects(&mut world);
    delivered(&mut world, delivery(&sent[0]).id);
    let closed = effects(&mut world);
    assert!(matches!(&closed[0], Effect::ChangeThread { change: ThreadChange::Close, .. }), "{closed:?}");
    world.tell(What::AttentionTurnAsked { id: "key".into(), status: ItemStatus::Open, by: "cli".into() });
    let opened = effects(&mut world);
    assert!(matches!(&opened[0], Effect::ChangeThread { change: ThreadChange::Reopen, .. }), "{opened:?}");
}

#[test]
fn a_yes_to_a_run_lets_exactly_one_pass() {
    let mut world = world();
    told(&mut world);
    let ask = |world: &mut World| {
        let finding = Finding {
            rule: "night".into(),
            answer: Answer::Ask,
            severity: Severity::High,
            detail: "it is late".into(),
            remedy: None,
            command: None,
        };
        let run = world.trigger("work");
        world.tell(What::Judged { run, verdict: Verdict { findings: vec![finding.clone()] } });
        world.tell(What::Judged { run, verdict: Verdict { findings: vec![finding] } });
        world.state.run(run).is_some()
    };
    assert!(!ask(&mut world), "nobody said yes");
    let question = effects(&mut world);
    let message = delivery(&question[0]).clone();
    assert!(message.body_markdown.contains("night: it is late") && thread_of(&message) == Some("55"), "{message:?}");
    delivered(&mut world, message.id);
    assert!(!ask(&mut world));
    assert!(effects(&mut world).is_empty(), "it is asked once");
    world.tell(What::Heard {
        notifier: telegram(),
        inbound: vec![press("p1", &message.choices[0].token)],
        cursor: None,
    });
    let id = world.state.conversations().questions().next().expect("a question").question.id.clone();
    let place = instar_core::conversation::Place { notifier: telegram(), address: press("", "").address };
    let deeds = vec![instar_core::conversation::Deed::Answer { id, yes: true }];
    let course = instar_core::conversation::Course { deeds, mark: Some(Mark::Received), ..Default::default() };
    world.tell(What::Routed { place, key: "p1".into(), course: Box::new(course) });
    let begun = world.only_run();
    let finding = Finding {
        rule: "night".into(),
        answer: Answer::Ask,
        severity: Severity::High,
        detail: "it is later".into(),
        remedy: None,
        command: None,
    };
    world.tell(What::Judged { run: begun, verdict: Verdict { findings: vec![finding] } });
    world.expect_effect(&Effect::Step { run: begun });
    world.tell(What::StopAsked { run: begun, by: "test".into() });
    world.tell(What::Stepped { run: begun, result: Ok(crate::world::launch()) });
    assert!(!ask(&mut world), "the yes is used up");
    assert_eq!(world.state.conversations().questions().count(), 1);
}

#[test]
fn at_night_only_what_is_grave_is_told_and_light_reports_come_together() {
    let mut world = world();
    world.state.threaded.clear();
    let quiet = QuietHours::parse("12:00-13:00");
    world.state.limits.conversations.telling =
        Telling { quiet, digest: Some(SignedDuration::from_mins(10)), ..Telling::default() };
    for _ in 0..2 {
        let run = world.trigger("work");
        world.run_to_end(run, instar_core::plan::EndCause::Exit(0));
    }
    assert!(effects(&mut world).is_empty(), "successes wait");
    world.fail("work");
    let sent = effects(&mut world);
    assert_eq!(delivery(&sent[0]).severity, Severity::High);
    let id = delivery(&sent[0]).id;
    delivered(&mut world, id);
    world.now += SignedDuration::from_mins(61);
    let sent = effects(&mut world);
    assert!(sent.is_empty(), "the digest was raised in this tick: {sent:?}");
    let sent = effects(&mut world);
    let digest = delivery(&sent[0]);
    assert_eq!((sent.len(), digest.title.as_str()), (1, "2 reports"));
    assert_eq!(digest.body_markdown.matches("- work: succeeded").count(), 2, "{}", digest.body_markdown);
    let told = world.count(|fact| matches!(fact, Fact::NoticeDelivered { receipt, .. } if receipt.starts_with("told")));
    assert_eq!(told, 2);
    let refused =
        world.count(|fact| matches!(fact, Fact::Conversed(fact) if matches!(**fact, Conversed::ThreadRefused { .. })));
    assert_eq!(refused, 0);
}
