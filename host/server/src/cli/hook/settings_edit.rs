//! Our hooks in the text of an agent CLI's settings: put in and taken out, all else as it was.
//!
//! Pure: text in, text out. An entry is ours if its command calls `instar hook EVENT`.

use std::path::PathBuf;

use jsonc_parser::cst::{CstArray, CstNode, CstObject, CstRootNode};
use serde_json::{Value, json};

use super::event::Event;
use crate::jobs::edit::{input, options};

/// Why the text was not edited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum SettingsError {
    #[error("it is not valid JSON: {0}")]
    Corrupt(String),
    #[error("`{0}` in it is not what the agent CLI documents")]
    Shape(String),
}

/// Seconds, as the agent CLI counts. Ours answers by itself long before.
const TIMEOUT: u64 = 30;

/// The events that are registered. `pre-compact` has no way to tell the model anything, so it is not.
const EVENTS: [Event; 5] =
    [Event::PreToolUse, Event::PostToolUse, Event::SessionStart, Event::UserPromptSubmit, Event::Stop];

/// The text with our hooks in it, each event once. `command` is what calls us, without the event.
pub(super) fn with_hooks(text: &str, command: impl Fn(&str) -> String) -> Result<String, SettingsError> {
    let wanted = |event: Event| {
        let hook = json!({ "type": "command", "command": command(event.word()), "timeout": TIMEOUT });
        match event {
            Event::PreToolUse | Event::PostToolUse => json!({ "matcher": "*", "hooks": [hook] }),
            _ => json!({ "hooks": [hook] }),
        }
    };
    let meant = parsed(text)?;
    let is_there = |event: &Event| ours(&meant, *event) == [&wanted(*event)];
    if EVENTS.iter().all(is_there) {
        return Ok(text.to_owned());
    }
    let text = without_hooks(text)?;
    let root = tree(if text.trim().is_empty() { "{}\n" } else { &text })?;
    let object = root.object_value().ok_or_else(|| SettingsError::Shape("the whole".to_owned()))?;
    let hooks = object.object_value_or_create("hooks").ok_or_else(|| SettingsError::Shape("hooks".to_owned()))?;
    for event in EVENTS {
        let entries = hooks.array_value_or_create(event.name());
        let entries = entries.ok_or_else(|| SettingsError::Shape(format!("hooks.{}", event.name())))?;
        entries.append(input(&wanted(event)));
    }
    let edited = root.to_string();
    // The tree edits text; what the text now says is checked against what was meant.
    let said = parsed(&edited)?;
    match EVENTS.into_iter().find(|event| ours(&said, *event) != [&wanted(*event)]) {
        Some(event) => Err(SettingsError::Shape(format!("hooks.{}", event.name()))),
        None => Ok(edited),
    }
}

/// The text without our hooks, and without what is empty only because of that.
pub(super) fn without_hooks(text: &str) -> Result<String, SettingsError> {
    if text.trim().is_empty() {
        return Ok(text.to_owned());
    }
    let root = tree(text)?;
    let Some(hooks) = root.object_value().and_then(|object| object.object_value("hooks")) else {
        return Ok(text.to_owned());
    };
    let mut changed = false;
    for event in EVENTS {
        let Some(entries) = hooks.array_value(event.name()) else { continue };
        changed |= remove_from(&entries, event);
        if changed && entries.elements().is_empty() {
            remove_property(&hooks, event.name());
        }
    }
    if !changed {
        return Ok(text.to_owned());
    }
    if hooks.properties().is_empty()
        && let Some(object) = root.object_value()
    {
        remove_property(&object, "hooks");
    }
    Ok(root.to_string())
}

/// Takes our commands out of the entries of an event; an entry of which nothing is left goes as a whole.
fn remove_from(entries: &CstArray, event: Event) -> bool {
    let mut changed = false;
    for entry in entries.elements().iter().filter_map(CstNode::as_object) {
        let Some(commands) = entry.array_value("hooks") else { continue };
        let is_our_node = |node: &CstNode| parsed(&node.to_string()).is_ok_and(|hook| is_ours(&hook, event));
        let (ours, others): (Vec<_>, Vec<_>) = commands.elements().into_iter().partition(is_our_node);
        changed |= !ours.is_empty();
        if others.is_empty() && !ours.is_empty() {
            entry.remove();
        } else {
            ours.into_iter().for_each(CstNode::remove);
        }
    }
    changed
}

fn remove_property(object: &CstObject, name: &str) {
    if let Some(property) = object.get(name) {
        property.remove();
    }
}

/// The entries of an event in which we are called.
fn ours(settings: &Value, event: Event) -> Vec<&Value> {
    let entries = settings["hooks"][event.name()].as_array();
    let calls_us =
        |entry: &&Value| entry["hooks"].as_array().is_some_and(|hooks| hooks.iter().any(|hook| is_ours(hook, event)));
    entries.map(|entries| entries.iter().filter(calls_us).collect()).unwrap_or_default()
}

/// The programs that our hooks in a text call.
pub(super) fn programs(text: &str) -> Result<Vec<PathBuf>, SettingsError> {
    let settings = parsed(text)?;
    let mut programs = Vec::new();
    for event in EVENTS {
        for hook in ours(&settings, event).iter().filter_map(|entry| entry["hooks"].as_array()).flatten() {
            let command = hook["command"].as_str().filter(|_| is_ours(hook, event));
            let program =
                command.and_then(|command| command.split_once(" hook ")).map(|(program, _)| unquoted(program));
            programs.extend(program.map(PathBuf::from));
        }
    }
    Ok(programs)
}

/// A word as a shell reads it, where it is quoted as [`quoted`](crate::cli::output::quoted) does.
fn unquoted(word: &str) -> String {
    let inner = word.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    inner.map_or_else(|| word.trim_matches('"').to_owned(), |inner| inner.replace("'\\''", "'"))
}

fn is_ours(hook: &Value, event: Event) -> bool {
    let Some((program, rest)) = hook["command"].as_str().and_then(|command| command.split_once(" hook ")) else {
        return false;
    };
    let name = program.trim_matches(['\'', '"']).rsplit('/').next();
    name == Some("instar") && rest.split(' ').next() == Some(event.word())
}

fn tree(text: &str) -> Result<CstRootNode, SettingsError> {
    CstRootNode::parse(text, &options()).map_err(|error| SettingsError::Corrupt(error.to_string()))
}

fn parsed(text: &str) -> Result<Value, SettingsError> {
    if text.trim().is_empty() {
        return Ok(json!({}));
    }
    jsonc_parser::parse_to_serde_value(text, &options()).map_err(|error| SettingsError::Corrupt(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(event: &str) -> String {
        format!("/opt/instar hook {event} --dir '/my project'")
    }

    const OWN: &str = r#"{
  // mine
  "permissions": { "allow": ["Bash(ls)"] },
  "mcpServers": {"x": 1},
  "hooks": {
    "PreToolUse": [
      { "matcher": "Bash", "hooks": [{ "type": "command", "command": "my-own hook pre-tool-use" }] }
    ]
  }
}
"#;

    #[test]
    fn hooks_come_and_go_and_nothing_else_changes() {
        for before in ["", "{}\n", OWN, "{\n  \"a\": 1\n}\n"] {
            let with = with_hooks(before, command).unwrap();
            assert_eq!(with_hooks(&with, command).unwrap(), with, "a second time changes nothing");
            let settings = parsed(&with).unwrap();
            for event in EVENTS {
                assert_eq!(ours(&settings, event).len(), 1, "{with}");
            }
            let without = without_hooks(&with).unwrap();
            assert_eq!(parsed(&without).unwrap(), parsed(before).unwrap(), "{with}\n{without}");
        }
        let with = with_hooks(OWN, command).unwrap();
        assert!(with.contains("// mine") && with.contains("{\"x\": 1}") && with.contains("my-own"), "{with}");
        assert_eq!(without_hooks(&with).unwrap(), OWN);
    }

    #[test]
    fn a_moved_binary_takes_the_place_of_the_old_one() {
        let old = with_hooks(OWN, |event| format!("'/old place/instar' hook {event}")).unwrap();
        let new = with_hooks(&old, command).unwrap();
        assert!(!new.contains("/old place"), "{new}");
        assert_eq!(new.matches("my-own").count(), 1);
    }

    #[test]
    fn what_is_not_understood_is_not_touched() {
        for text in ["{", "[]", "{\"hooks\": 1}", "{\"hooks\": {\"Stop\": 1}}"] {
            assert!(with_hooks(text, command).is_err(), "{text}");
        }
    }
}
