//! What becomes of finds: a verdict over a command, a tool call or a message.

use std::collections::BTreeMap;

use instar_plugin_sdk::guard::{Answer, Finding, Rule, Verdict};

use crate::config::{Action, Config};
use crate::rules::Found;
use crate::scan::scan;

/// Where a text is about to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Into a command, whose words stand in process lists, histories and transcripts.
    Command,
    /// Into a file, to a page or to a server.
    Tool,
    /// To people.
    Message,
}

/// The finds about which something is done, and what.
pub(crate) fn wanted(config: &Config, text: &[u8], finds: &[Found]) -> Vec<(Found, Action)> {
    let with_action = finds.iter().map(|find| (*find, config.action(&find.kind)));
    let is_wanted =
        |(find, action): &(Found, Action)| *action != Action::Off && !config.ignores(&text[find.start..find.end]);
    with_action.filter(is_wanted).collect()
}

/// One finding for each kind, with what is to be done about that kind.
pub(crate) fn judge(config: &Config, way: Way, texts: &[&[u8]]) -> Verdict {
    let mut kinds = BTreeMap::new();
    for text in texts {
        for (find, action) in wanted(config, text, &scan(text)) {
            kinds.insert(find.kind.name, (find.kind, action));
        }
    }
    let findings = kinds
        .into_values()
        .map(|(kind, action)| finding(way, kind.name, kind.severity).with_answer(answer(action, way)));
    findings.collect::<Vec<_>>().into()
}

/// Each kind once, with what is done about it before a command or a call of a tool.
pub(crate) fn rules(config: &Config) -> Vec<Rule> {
    let mut names = BTreeMap::new();
    for kind in crate::scan::kinds() {
        let answer = answer(config.action(&kind), Way::Tool);
        let what = format!("a credential of the kind {}", kind.name);
        let rule = Rule { id: kind.name.to_owned(), pack: "secrets".to_owned(), answer, severity: kind.severity, what };
        names.insert(kind.name, rule);
    }
    names.into_values().collect()
}

fn answer(action: Action, way: Way) -> Answer {
    match (action, way) {
        (Action::Off | Action::Warn, _) => Answer::Pass,
        (Action::Redact, Way::Command | Way::Tool) => Answer::Ask,
        (Action::Redact | Action::Block, _) => Answer::Deny,
    }
}

/// The value itself is never told: the finding reaches the model and the log.
fn finding(way: Way, kind: &str, severity: instar_plugin_sdk::Severity) -> Finding {
    let (place, remedy) = match way {
        Way::Command => {
            ("the command", "put it into a variable or a file that only its owner reads, and name that in the command")
        }
        Way::Tool => ("what the tool is given", "write a reference to a variable or a vault in its place"),
        Way::Message => ("the message", "take it out; whoever needs it gets it from the vault"),
    };
    Finding::new(kind, severity, format!("{place} has a credential in it ({kind})")).with_remedy(remedy)
}
