//! What people should look at: raised once, told of, closed when its cause is gone, and not kept for ever.

use crate::world::{World, end, job};
use instar_core::attention::{ItemStatus, MOST_CLOSED, MOST_OPEN, Urgency, Wanted};
use instar_core::decide::What;
use instar_core::event::Fact;
use instar_core::id::JobSlug;
use instar_core::plan::{EndCause, FinishVerdict};
use instar_core::verdict::{Answer, Finding, Severity, Verdict};
use jiff::SignedDuration;
use serde_json::{Value, json};

fn wanted(id: &str) -> Wanted {
    Wanted {
        id: id.into(),
        title: "Key expires".into(),
        summary: "In two days.".into(),
        description: Some("It is the one of the mail server.".into()),
        category: "general".into(),
        priority: Urgency::Urgent,
        source_context: None,
    }
}

fn world(job: Value) -> World {
    World::with_notifier(&[job], "tells")
}

fn turn(world: &mut World, id: &str, status: ItemStatus) -> usize {
    world.tell(What::AttentionTurnAsked { id: id.into(), status, by: "cli".into() }).events.len()
}

fn status(world: &World, id: &str) -> Option<&'static str> {
    world.state.attention_item(id).map(|item| item.status.as_str())
}

fn needs_attention(world: &mut World) {
    let run = world.trigger("a");
    world.start(run);
    world.tell(What::SessionEnded { run, end: end(EndCause::Exit(0)) });
    world.finish_step(run, FinishVerdict::NeedsAttention, "which of the two?");
}

#[test]
fn an_item_is_raised_once_told_of_and_outlives_a_restart() {
    let mut world = world(job("a", "@yearly"));
    world.tell(What::AttentionAsked(Box::new(wanted("key/1"))));
    let again = Wanted { title: "Another".into(), ..wanted("key/1") };
    assert!(world.tell(What::AttentionAsked(Box::new(again))).events.is_empty());
    assert_eq!((world.titles().as_slice(), status(&world, "key/1")), (&["Key expires".to_owned()][..], Some("OPEN")));
    world.restart_after(1);
    assert!(turn(&mut world, "key/1", ItemStatus::InProgress) > 0);
    assert_eq!(turn(&mut world, "key/1", ItemStatus::InProgress), 0, "it is so already");
    assert_eq!(turn(&mut world, "other", ItemStatus::Done), 0);
    assert_eq!(world.titles()[1], "Key expires: in progress");
    assert!(turn(&mut world, "key/1", ItemStatus::Done) > 0);
    assert!(world.tell(What::AttentionAsked(Box::new(wanted("key/1")))).events.is_empty(), "what is done stays done");
}

#[test]
fn a_host_without_notifiers_keeps_items_all_the_same() {
    let mut world = World::new(&[job("a", "@yearly")]);
    world.tell(What::AttentionAsked(Box::new(wanted("x"))));
    assert_eq!(status(&world, "x"), Some("OPEN"));
}

#[test]
fn a_run_that_needs_somebody_is_an_item_until_its_job_succeeds() {
    let mut world = world(job("a", "@yearly"));
    needs_attention(&mut world);
    needs_attention(&mut world);
    assert_eq!(status(&world, "run:a"), Some("OPEN"));
    assert_eq!(world.titles(), ["a: needs-attention"; 2], "the end of the run is told, and no more");
    let run = world.trigger("a");
    world.run_to_end(run, EndCause::Exit(0));
    assert_eq!(status(&world, "run:a"), Some("DONE"));
    needs_attention(&mut world);
    assert_eq!(status(&world, "run:a"), Some("OPEN"), "what happens again is open again");
}

#[test]
fn who_wants_no_notices_of_a_job_still_hears_that_somebody_is_needed() {
    let mut quiet = job("a", "@yearly");
    quiet["telegramNotify"] = json!(false);
    let mut world = world(quiet);
    needs_attention(&mut world);
    assert_eq!(world.titles(), ["a: needs attention"]);
}

#[test]
fn a_pause_after_failures_is_an_item_until_the_job_is_resumed() {
    let mut often = job("a", "@yearly");
    often["pauseAfterFailures"] = json!(2);
    let mut world = world(often);
    world.fail("a");
    world.fail("a");
    assert_eq!(status(&world, "pause:a"), Some("OPEN"));
    let slug: JobSlug = "a".parse().expect("a slug");
    world.tell(What::ResumeAsked { slug: Some(slug), by: "cli".into() });
    assert_eq!(status(&world, "pause:a"), Some("DONE"));
}

#[test]
fn a_guard_that_asks_about_a_run_is_an_item_until_one_passes() {
    let mut world = world(job("a", "@yearly"));
    let finding = Finding {
        rule: "night".into(),
        answer: Answer::Ask,
        severity: Severity::High,
        detail: "it is late".into(),
        remedy: None,
        command: None,
    };
    let run = world.trigger("a");
    world.tell(What::Judged { run, verdict: Verdict { findings: vec![finding.clone()] } });
    let item = world.state.attention_item("guard:a").expect("it is there");
    assert_eq!((item.wanted.summary.as_str(), item.wanted.priority), ("night: it is late", Urgency::High));
    let run = world.trigger("a");
    world.tell(What::Judged { run, verdict: Verdict::deny(finding) });
    assert_eq!(status(&world, "guard:a"), Some("OPEN"), "a denial is no answer");
    let run = world.trigger("a");
    world.tell(What::Judged { run, verdict: Verdict::pass() });
    assert_eq!(status(&world, "guard:a"), Some("DONE"));
}

#[test]
fn closed_items_go_by_number_and_age_and_open_ones_are_bounded() {
    let mut world = World::new(&[job("a", "@yearly")]);
    for number in 0..MOST_CLOSED + 10 {
        world.now += SignedDuration::from_secs(1);
        let id = format!("{number:04}");
        world.tell(What::AttentionAsked(Box::new(wanted(&id))));
        turn(&mut world, &id, ItemStatus::WontDo);
    }
    world.tell(What::AttentionAsked(Box::new(wanted("open"))));
    assert_eq!(world.state.attention_items().count(), MOST_CLOSED + 1);
    assert_eq!((status(&world, "0009"), status(&world, "0010")), (None, Some("WONT_DO")));
    world.pass_minutes(31 * 24 * 60);
    assert_eq!(world.state.attention_items().count(), 1, "housekeeping takes the old ones");
    assert!(world.count(|fact| matches!(fact, Fact::AttentionPruned { .. })) > 0);
    for number in 0..MOST_OPEN {
        world.tell(What::AttentionAsked(Box::new(wanted(&format!("more-{number}")))));
    }
    assert_eq!(world.state.open_attention_items(), MOST_OPEN);
}
