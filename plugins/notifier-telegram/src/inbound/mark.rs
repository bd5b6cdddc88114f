//! Shows people how it went: by a reaction, by “typing”, or as the answer to a button.

use instar_plugin_sdk::Failure;
use instar_plugin_sdk::notifier::{Address, Mark};
use serde_json::{Value, json};

use crate::api::{self, Trouble};
use crate::deliver::place;
use crate::text::shortened;

const LONGEST_ANSWER: usize = 200;

/// What `mark` is called with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Handle<'a> {
    /// A message, by its number.
    Message(i64),
    /// A press of a button, by its id.
    Press(&'a str),
    /// Nothing that could be marked.
    Nothing,
}

impl<'a> Handle<'a> {
    pub(super) fn text(&self) -> String {
        match self {
            Self::Message(id) => format!("m:{id}"),
            Self::Press(id) => format!("c:{id}"),
            Self::Nothing => String::new(),
        }
    }

    fn parse(text: &'a str) -> Option<Self> {
        match text.split_once(':') {
            Some(("m", id)) => id.parse().ok().map(Self::Message),
            Some(("c", id)) => Some(Self::Press(id)),
            _ => text.is_empty().then_some(Self::Nothing),
        }
    }
}

pub(crate) fn mark(address: &Address, handle: &str, mark: Mark, note: Option<&str>) -> Result<(), Failure> {
    let marked = match Handle::parse(handle) {
        Some(Handle::Message(_)) if mark == Mark::Working => type_now(address)?,
        Some(Handle::Message(id)) => react(address, id, mark)?,
        Some(Handle::Press(id)) => answer(id, mark, note),
        Some(Handle::Nothing) => return Ok(()),
        None => return Err(Failure::new("bad-handle", "this handle is of another notifier")),
    };
    match marked {
        // Too late for a sign, which nobody waits for any more.
        Err(trouble) if trouble.says(&["query is too old", "query_id_invalid", "message to react not found"]) => Ok(()),
        marked => marked.map(drop).map_err(Failure::from),
    }
}

fn type_now(address: &Address) -> Result<Result<Value, Trouble>, Failure> {
    let mut parameters = place(address)?;
    parameters.insert("action".to_owned(), "typing".into());
    Ok(api::call("sendChatAction", &Value::Object(parameters)))
}

/// Telegram lets bots react with a few signs only.
fn react(address: &Address, message: i64, mark: Mark) -> Result<Result<Value, Trouble>, Failure> {
    let emoji = if mark == Mark::Refused { "👎" } else { "👀" };
    let parameters = json!({
        "chat_id": place(address)?["chat_id"],
        "message_id": message,
        "reaction": [{ "type": "emoji", "emoji": emoji }],
    });
    Ok(api::call("setMessageReaction", &parameters))
}

/// A refusal is shown until it is confirmed.
fn answer(press: &str, mark: Mark, note: Option<&str>) -> Result<Value, Trouble> {
    let mut parameters = json!({ "callback_query_id": press });
    if let Some(note) = note {
        parameters["text"] = shortened(note, LONGEST_ANSWER).into();
        parameters["show_alert"] = (mark == Mark::Refused).into();
    }
    api::call("answerCallbackQuery", &parameters)
}
