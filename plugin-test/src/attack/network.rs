//! A network on a bad day.

use std::time::Duration;

use super::inputs::texts;
use crate::double::web::{Fault, Reply};
use crate::plugin::Plugin;

/// As a rule of the contract, the host tells a plugin that nothing came before its own time is over.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) fn reply(status: u16, body: &str) -> Reply {
    let reply = Reply::new(status, body);
    // One that no server should send.
    if status == 429 { reply.with_header("retry-after", "x") } else { reply }
}

/// Answers of all kinds, each with what it is called.
pub(super) fn replies() -> Vec<(String, Reply)> {
    let mut replies = Vec::new();
    for status in [200, 204, 301, 400, 401, 404, 409, 413, 429, 500, 503] {
        for (what, body) in texts() {
            replies.push((format!("the answer {status} with {what}"), reply(status, &body)));
        }
    }
    replies
}

/// The same plugin before networks that do not answer, each with what it is called.
pub(super) fn broken(plugin: &Plugin) -> Vec<(&'static str, Plugin)> {
    let faults = [
        ("an answer that breaks off", Fault::Cut),
        ("an answer that is no HTTP", Fault::Garbage),
        ("a host that says nothing", Fault::Silent),
    ];
    let with = |(what, fault)| {
        let mut plugin = plugin.clone();
        plugin.found.otherwise = Some(Reply::fault(fault));
        (plugin.found.limits.work.wall, plugin.found.limits.notifier.wall) = (PATIENCE, PATIENCE);
        (what, plugin)
    };
    faults.into_iter().map(with).collect()
}
