//! What a client says, read strictly.

use serde_json::{Map, Value};

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Request {
    Subscribe { session: String },
    Unsubscribe { session: String },
    Input { session: String, text: String },
    Key { session: String, key: String },
    Ping,
}

/// More of an unknown type is not repeated.
const LONGEST_SHOWN: usize = 40;

impl Request {
    /// Or a sentence that says what is wrong.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let Ok(Value::Object(mut object)) = serde_json::from_str(text) else {
            return Err("Invalid JSON: a message is one JSON object".to_owned());
        };
        let kind = take(&mut object, "type")?;
        match kind.as_str() {
            "subscribe" => Ok(Self::Subscribe { session: take(&mut object, "session")? }),
            "unsubscribe" => Ok(Self::Unsubscribe { session: take(&mut object, "session")? }),
            "input" => Ok(Self::Input { session: take(&mut object, "session")?, text: take(&mut object, "text")? }),
            "key" => Ok(Self::Key { session: take(&mut object, "session")?, key: take(&mut object, "key")? }),
            "ping" => Ok(Self::Ping),
            other => {
                let shown: String = other.chars().take(LONGEST_SHOWN).collect();
                Err(format!("Unknown message type: {shown}"))
            }
        }
    }
}

fn take(object: &mut Map<String, Value>, name: &str) -> Result<String, String> {
    match object.remove(name) {
        Some(Value::String(text)) => Ok(text),
        Some(_) | None => Err(format!("`{name}` is required, and must be a text")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_or_unknown_is_said() {
        let wrong = |text| Request::parse(text).unwrap_err();
        for text in ["", "null", "[]", "{", "\"ping\"", "3"] {
            assert!(wrong(text).starts_with("Invalid JSON"), "{text:?}");
        }
        assert!(wrong("{}").contains("`type`"));
        assert!(wrong(r#"{"type":"subscribe"}"#).contains("`session`"));
        assert!(wrong(r#"{"type":"input","session":"a"}"#).contains("`text`"));
        assert!(wrong(r#"{"type":"key","session":"a","key":3}"#).contains("`key`"));
        assert!(wrong(r#"{"type":"dance"}"#).contains("dance"));
        assert_eq!(Request::parse(r#"{"type":"ping","more":1}"#), Ok(Request::Ping));
    }
}
