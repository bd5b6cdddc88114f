//! What a tool call puts somewhere, as against what it only looks for or takes away.

use serde_json::Value;

/// Tools that put nothing anywhere: what they are given is a question.
const READERS: &[&str] = &["Read", "Glob", "Grep", "LS", "NotebookRead"];
/// The field with the text that an edit takes away. Whoever removes a credential must be able to name it.
const TAKEN_AWAY: &str = "old_string";

/// The parts of a tool's input that are to be judged: the whole, since a field's name tells about its value, and each
/// text by itself, as it will stand in a file or a message. Input that is no JSON is judged as it stands.
pub(crate) fn what_is_given(tool: &str, input_json: &str) -> Vec<String> {
    if READERS.contains(&tool) {
        return Vec::new();
    }
    let Ok(mut input) = serde_json::from_str::<Value>(input_json) else { return vec![input_json.to_owned()] };
    remove(&mut input);
    let mut given = vec![input.to_string()];
    collect(input, &mut given);
    given
}

fn collect(value: Value, given: &mut Vec<String>) {
    match value {
        Value::String(text) => given.push(text),
        Value::Array(items) => items.into_iter().for_each(|item| collect(item, given)),
        Value::Object(fields) => fields.into_iter().for_each(|(_, field)| collect(field, given)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// An edit has the field at its top, or in each item of a list.
fn remove(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.remove(TAKEN_AWAY);
            fields.values_mut().for_each(remove);
        }
        Value::Array(items) => items.iter_mut().for_each(remove),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_edit_takes_away_is_not_judged() {
        let input = r#"{"file_path":"a","edits":[{"old_string":"SECRET","new_string":"x"}]}"#;
        let given = what_is_given("MultiEdit", input);
        assert_eq!(given, [r#"{"file_path":"a","edits":[{"new_string":"x"}]}"#, "a", "x"]);
        assert!(what_is_given("Grep", r#"{"pattern":"SECRET"}"#).is_empty());
        assert_eq!(what_is_given("Write", "old_string SECRET"), ["old_string SECRET"]);
    }
}
