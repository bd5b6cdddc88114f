//! Jobs, ends and states that no execute type wants.

use instar_core::plan::{Action, End, EndCause, StepEvent};
use serde_json::{Value, json};

use super::inputs::texts;
use super::{Attacked, network};
use crate::answer::Failure;
use crate::loaded::{Loaded, request};
use crate::plugin::Plugin;
use crate::run::Run;

pub(super) fn attack(plugin: &Plugin, loaded: &Loaded, attacked: &mut Attacked) -> Result<(), Failure> {
    let name = loaded.execute_type();
    for (what, state, event) in tries(&name) {
        let mut run = Run::new(loaded, request(String::new(), "")).with_state(state);
        attacked.note(&what, &run.step(event));
    }
    let good = plugin.found.execute.clone().unwrap_or_else(|| json!({ "type": name }));
    for text in texts() {
        ends(loaded, &good, text, attacked);
    }
    if asks_the_network(plugin) {
        for (what, reply) in network::replies() {
            let mut plugin = plugin.clone();
            plugin.found.otherwise = Some(reply);
            work(&plugin, &good, &what, attacked)?;
        }
        for (what, plugin) in network::broken(plugin) {
            work(&plugin, &good, what, attacked)?;
        }
    }
    let mut bare = plugin.clone();
    bare.found.is_bare = true;
    work(&bare, &good, "a host that has nothing", attacked)
}

/// What was tried, with the state before it, and what happens.
fn tries(name: &str) -> Vec<(String, Vec<u8>, StepEvent)> {
    let requested = |execute_json: String, model: &str| StepEvent::Requested(request(execute_json, model));
    let mut tries: Vec<(String, Vec<u8>, StepEvent)> = Vec::new();
    for (what, text) in texts() {
        let job = json!({ "type": name, "value": text, "args": text }).to_string();
        tries.push((format!("a job whose value is {what}"), Vec::new(), requested(job, "")));
        tries.push((format!("a job that is {what}"), Vec::new(), requested(text.clone(), &text)));
        tries.push((format!("an end with the output {what}"), Vec::new(), StepEvent::Exited(end(text))));
    }
    for (what, value) in [("a number", json!(3)), ("a list", json!([1])), ("null", Value::Null)] {
        let job = json!({ "type": name, "value": value }).to_string();
        tries.push((format!("a job whose value is {what}"), Vec::new(), requested(job, "")));
    }
    let ended = |cause| StepEvent::Exited(End { cause, duration_ms: 0, tail: String::new(), report: None });
    tries.push(("the end of a run that never began".to_owned(), Vec::new(), ended(EndCause::Lost)));
    tries.push(("a prompt before all else".to_owned(), Vec::new(), StepEvent::Ready));
    tries.push(("the end of a wait that it never asked for".to_owned(), Vec::new(), StepEvent::Woke));
    tries.push(("a state that it never wrote".to_owned(), vec![0xff; 1000], ended(EndCause::Exit(0))));
    tries
}

fn end(text: String) -> End {
    End { cause: EndCause::Exit(1), duration_ms: u64::MAX, tail: text.clone(), report: Some(text) }
}

/// Its own job ends with this output; then all happens once more, as after a crash of the host.
fn ends(loaded: &Loaded, good: &Value, (what, text): (&str, String), attacked: &mut Attacked) {
    let mut run = loaded.run(good);
    attacked.note("a job", &run.start());
    attacked.note("the same job once more", &run.start());
    let ended = || StepEvent::Exited(end(text.clone()));
    attacked.note(&format!("the end of its job with the output {what}"), &run.step(ended()));
    attacked.note(&format!("the same end once more, with the output {what}"), &run.step(ended()));
}

/// Its own job, and a step more if it waits.
fn work(plugin: &Plugin, good: &Value, what: &str, attacked: &mut Attacked) -> Result<(), Failure> {
    let loaded = plugin.load()?;
    let mut run = loaded.run(good);
    let begun = run.start();
    attacked.note(what, &begun);
    let waits = |actions: &Vec<Action>| actions.iter().any(|action| matches!(action, Action::Wait(_)));
    if begun.as_ref().is_ok_and(waits) {
        attacked.note(&format!("{what}, after a wait"), &run.woke());
    }
    Ok(())
}

fn asks_the_network(plugin: &Plugin) -> bool {
    plugin.component.seen.asks.iter().any(|right| right == "http")
}
