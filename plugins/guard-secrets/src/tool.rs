//! What a tool call puts somewhere, as against what it only looks for or takes away.

use std::borrow::Cow;

use serde_json::Value;

/// Tools that put nothing anywhere: what they are given is a question.
const READERS: &[&str] = &["Read", "Glob", "Grep", "LS", "NotebookRead"];
/// The field with the text that an edit takes away. Whoever removes a credential must be able to name it.
const TAKEN_AWAY: &str = "old_string";

/// The part of a tool's input that is to be judged. Text that is no JSON is judged as it stands.
pub(crate) fn what_is_given<'a>(tool: &str, input_json: &'a str) -> Cow<'a, str> {
    if READERS.contains(&tool) {
        return Cow::Borrowed("");
    }
    if !input_json.contains(TAKEN_AWAY) {
        return Cow::Borrowed(input_json);
    }
    match serde_json::from_str::<Value>(input_json) {
        Ok(mut input) => {
            remove(&mut input);
            Cow::Owned(input.to_string())
        }
        Err(_) => Cow::Borrowed(input_json),
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
        assert!(!given.contains("SECRET") && given.contains("\"new_string\":\"x\""), "{given}");
        assert_eq!(what_is_given("Grep", r#"{"pattern":"SECRET"}"#), "");
        assert_eq!(what_is_given("Write", "old_string SECRET"), "old_string SECRET");
    }
}
