//! Messages, answers and words of people that no notifier wants.

use super::inputs::texts;
use super::{Attacked, network};
use crate::answer::Failure;
use crate::loaded::Loaded;
use crate::plugin::Plugin;

pub(super) fn attack(plugin: &Plugin, attacked: &mut Attacked) -> Result<(), Failure> {
    let mut calm = plugin.clone();
    calm.found.otherwise = Some(network::reply(200, "{}"));
    for (what, text) in texts() {
        let loaded = calm.load()?;
        attacked.note(&format!("a message that is {what}"), &loaded.deliver(&text, &text));
        attacked.note(&format!("the same message once more, that is {what}"), &loaded.deliver(&text, &text));
    }
    for (what, reply) in network::replies() {
        let mut plugin = plugin.clone();
        plugin.found.otherwise = Some(reply);
        attacked.note(&what, &plugin.load()?.deliver("title", "body"));
    }
    for (what, plugin) in network::broken(plugin) {
        attacked.note(what, &plugin.load()?.deliver("title", "body"));
    }
    calm.found.is_bare = true;
    attacked.note("a host that has nothing", &calm.load()?.deliver("title", "body"));
    Ok(())
}

pub(super) fn attack_threads(plugin: &Plugin, attacked: &mut Attacked) -> Result<(), Failure> {
    let mut calm = plugin.clone();
    calm.found.otherwise = Some(network::reply(200, "{}"));
    let loaded = calm.load()?;
    for (what, text) in texts() {
        attacked.note(&format!("a thread whose name is {what}"), &loaded.open_thread(&text, &text));
    }
    Ok(())
}

pub(super) fn attack_hearing(loaded: &Loaded, attacked: &mut Attacked) {
    for (what, text) in texts() {
        attacked.note(&format!("a poll that goes on at {what}"), &loaded.hear(Some(&text)));
        for status in [200, 204, 401, 409, 429, 500] {
            let answer = loaded.receive(Some(&text), status, &text);
            attacked.note(&format!("words of people in an answer {status} that is {what}"), &answer);
        }
    }
}
