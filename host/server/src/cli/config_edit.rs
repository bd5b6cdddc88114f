//! Setting one key in the text of the settings, with formatting, order and unknown keys as they were.
//!
//! Pure: text in, text out. Whether the result makes settings is judged by who calls.

use jsonc_parser::cst::{CstObject, CstRootNode};
use serde_json::{Value, json};

use crate::jobs::edit::{append, input, options};

/// Why the text was not edited. Values are never shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SetError {
    #[error("the settings are not valid JSON: {0}; nothing was changed")]
    Corrupt(String),
    #[error("`{0}` is no object, so no key can be set in it; nothing was changed")]
    NotAnObject(String),
    #[error("the settings are written in a way that cannot be edited safely, such as one key twice; edit them by hand")]
    Unsafe,
}

/// The text with the key set; sections that lack are made.
pub(crate) fn set(text: &str, name: &str, value: &Value) -> Result<String, SetError> {
    let (mark, text) = text.strip_prefix('\u{feff}').map_or(("", text), |rest| ("\u{feff}", rest));
    let mut meant = read(text)?;
    let root = CstRootNode::parse(text, &options()).map_err(|error| SetError::Corrupt(error.to_string()))?;
    let mut object = root.object_value().ok_or_else(|| SetError::NotAnObject("config.json".to_owned()))?;
    let mut place = &mut meant;
    let mut way = Vec::new();
    let words: Vec<&str> = name.split('.').collect();
    let (last, sections) = words.split_last().ok_or(SetError::Unsafe)?;
    for (depth, word) in sections.iter().enumerate() {
        way.push(*word);
        if place.get(*word).is_none() {
            // All that lacks is made at once.
            let inner = words[depth + 1..].iter().rev().fold(value.clone(), |inner, word| json!({ *word: inner }));
            append(&object, word, &inner);
            place[*word] = inner;
            return finish(mark, &root, &meant);
        }
        object = section(&object, word).ok_or_else(|| SetError::NotAnObject(way.join(".")))?;
        place = place.get_mut(*word).ok_or(SetError::Unsafe)?;
    }
    match object.get(last) {
        Some(property) => property.set_value(input(value)),
        None => append(&object, last, value),
    }
    place[*last] = value.clone();
    finish(mark, &root, &meant)
}

fn section(object: &CstObject, word: &str) -> Option<CstObject> {
    object.get(word)?.object_value()
}

/// The tree edits text; what the text now says is checked against what was meant.
fn finish(mark: &str, root: &CstRootNode, meant: &Value) -> Result<String, SetError> {
    let text = root.to_string();
    if read(&text)? == *meant { Ok(format!("{mark}{text}")) } else { Err(SetError::Unsafe) }
}

/// Without comments, since the server takes none.
fn read(text: &str) -> Result<Value, SetError> {
    serde_json::from_str(text).map_err(|error| SetError::Corrupt(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, name: &str, value: Value, expected: &str) {
        assert_eq!(set(text, name, &value).as_deref(), Ok(expected), "{name} in {text}");
    }

    #[test]
    fn only_the_key_changes() {
        let text = "{\n    \"port\": 4040,\n  \"x\":  [1, 2.50],\n  \"auth\": {\"token\": \"t\"}\n}\n";
        check(text, "port", json!(4050), &text.replace("4040", "4050"));
        check(text, "auth.token", json!("u"), &text.replace("\"t\"", "\"u\""));
        check(
            text,
            "auth.trustLoopback",
            json!(true),
            &text.replace("{\"token\"", "{\"trustLoopback\": true, \"token\""),
        );
    }

    #[test]
    fn sections_that_lack_are_made() {
        let edited = set("{\n  \"port\": 1\n}\n", "plugins.a.config.command", &json!("c")).unwrap();
        let expected = json!({"port": 1, "plugins": {"a": {"config": {"command": "c"}}}});
        assert_eq!(serde_json::from_str::<Value>(&edited).unwrap(), expected);
        assert!(edited.starts_with("{\n  \"port\": 1,\n  \"plugins\": {"), "{edited}");
        check("{}", "port", json!(1), "{\n  \"port\": 1\n}");
    }

    #[test]
    fn what_cannot_be_edited_is_left() {
        assert!(matches!(set("{", "port", &json!(1)), Err(SetError::Corrupt(_))));
        assert_eq!(set("{\"auth\": 3}", "auth.token", &json!("t")), Err(SetError::NotAnObject("auth".to_owned())));
        assert_eq!(set("{\"port\": 1, \"port\": 2}", "port", &json!(3)), Err(SetError::Unsafe));
    }
}
