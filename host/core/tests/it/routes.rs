//! Who is told what.

use instar_core::route::Routes;
use serde_json::{Value, json};

use crate::world::World;

/// Who is told how, of a run of this job that fails: the notifier, and the chat if it is not its own.
#[track_caller]
fn check(notify: Value, routes: Value, expected: &[&str]) {
    let execute = json!({"type": "script", "value": "x"});
    let job = json!({"slug": "a", "name": "A", "schedule": "@daily", "tags": ["night"], "execute": execute, "notify": notify});
    let mut world = World::with_notifiers(&[job], &["notifier-telegram", "notifier-webhook"]);
    let routes = Routes::parse(routes.as_object().expect("the test names a table")).expect("it is one");
    world.state.limits.conversations.telling.routes = routes;
    world.know_ada("telegram", "7");
    world.fail("a");
    let told = world.told().into_iter().map(|(notifier, notice)| match &notice.to {
        Some(to) => format!("{notifier} {} {}", to.conversation, to.thread.as_deref().unwrap_or("-")),
        None => notifier.to_string(),
    });
    assert_eq!(told.collect::<Vec<_>>(), expected);
}

#[test]
fn without_a_word_every_notifier_tells() {
    check(json!({}), json!({}), &["notifier-telegram", "notifier-webhook"]);
    check(json!({}), json!({"job:b": ["webhook"]}), &["notifier-telegram", "notifier-webhook"]);
}

#[test]
fn all_rows_that_fit_count_and_each_place_once() {
    let table = json!({"tag:night": ["telegram:42"], "severity:high": ["user:ada"], "*": ["webhook", "telegram:42"]});
    check(json!({}), table, &["notifier-telegram -100 42", "notifier-telegram 7 -", "notifier-webhook"]);
    check(json!({}), json!({"severity:critical": ["user:ada"], "job:a": ["telegram"]}), &["notifier-telegram"]);
}

#[test]
fn the_word_of_a_job_outweighs_the_table() {
    let table = json!({"*": ["webhook"]});
    check(json!({"to": ["user:ada"]}), table, &["notifier-telegram 7 -"]);
}

#[test]
fn a_notice_for_nobody_who_is_there_goes_to_everybody() {
    check(json!({"to": ["user:bob", "signal"]}), json!({}), &["notifier-telegram", "notifier-webhook"]);
}
