//! What an operator says of the bot. Its token is no part of it: that is a secret, which the host keeps.

use instar_plugin_sdk::Diagnostic;
use instar_plugin_sdk::notifier::Address;
use serde::Deserialize;

/// In seconds; the servers of Telegram answer by then, whatever is asked.
const LONGEST_POLL: u32 = 50;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(crate) struct Config {
    /// The chat that is told what has no address of its own.
    chat_id: Option<Id>,
    /// A topic of that chat.
    topic: Option<Id>,
    /// How long the server may wait with an answer if nobody says anything, in seconds.
    poll_seconds: Option<u32>,
}

/// People write it as a number or as text.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Id {
    Number(i64),
    Text(String),
}

impl Id {
    fn text(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.trim().to_owned(),
        }
    }
}

impl Config {
    pub(crate) fn chat(&self) -> Option<Address> {
        let conversation = self.chat_id.as_ref()?.text();
        Some(Address { conversation, thread: self.topic.as_ref().map(Id::text) })
    }

    pub(crate) fn poll_seconds(&self) -> u32 {
        self.poll_seconds.unwrap_or(LONGEST_POLL)
    }

    pub(crate) fn remarks(&self) -> Vec<Diagnostic> {
        let mut remarks = Vec::new();
        match self.chat() {
            None => remarks.push(Diagnostic::remark(
                "chatId",
                "without a chat, only messages that answer somebody have a place to go to",
            )),
            Some(chat) if !is_chat(&chat.conversation) => remarks.push(Diagnostic::refusal(
                "chatId",
                "a chat is a number such as -1001234567890, or @ and the name of a public one",
            )),
            Some(_) => {}
        }
        if self.topic.as_ref().is_some_and(|topic| !topic.text().parse::<i64>().is_ok_and(|topic| topic > 0)) {
            remarks.push(Diagnostic::refusal("topic", "a topic is a number above zero"));
        }
        if !(1..=LONGEST_POLL).contains(&self.poll_seconds()) {
            remarks.push(Diagnostic::refusal("pollSeconds", format!("it must be from 1 to {LONGEST_POLL}")));
        }
        remarks
    }
}

pub(crate) fn is_chat(text: &str) -> bool {
    let is_name = |name: &str| name.len() >= 4 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    text.parse::<i64>().is_ok_and(|id| id != 0) || text.strip_prefix('@').is_some_and(is_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remarks(json: &str) -> Vec<String> {
        let config: Config = serde_json::from_str(json).unwrap();
        config.remarks().into_iter().map(|remark| remark.path).collect()
    }

    #[test]
    fn what_cannot_be_meant_is_named() {
        assert_eq!(remarks(r#"{"chatId": -100123, "topic": 7}"#), Vec::<String>::new());
        assert_eq!(remarks(r#"{"chatId": "@public_name"}"#), Vec::<String>::new());
        assert_eq!(remarks("{}"), ["chatId"]);
        assert_eq!(remarks(r#"{"chatId": "my chat"}"#), ["chatId"]);
        assert_eq!(remarks(r#"{"chatId": 1, "topic": "x"}"#), ["topic"]);
        assert_eq!(remarks(r#"{"chatId": 1, "pollSeconds": 0}"#), ["pollSeconds"]);
    }

    #[test]
    fn the_token_is_no_part_of_the_configuration() {
        assert!(serde_json::from_str::<Config>(r#"{"token": "1:a"}"#).is_err());
    }
}
