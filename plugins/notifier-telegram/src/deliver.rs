//! Tells people: the text in as many messages as it needs, then the files, each a message of its own.

use instar_plugin_sdk::http::Part;
use instar_plugin_sdk::notifier::{Address, Attachment, Choice, Message, Receipt};
use instar_plugin_sdk::{Failure, Severity};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::api::{self, Trouble};
use crate::config::Config;
use crate::text::{self, Mark, Text};

/// In bytes: what a bot may send.
const LARGEST_PHOTO: u64 = 10 << 20;
const LARGEST_FILE: u64 = 50 << 20;
const LONGEST_TOKEN: usize = 64;
/// In characters: what a phone shows side by side.
const WIDEST_ROW: usize = 28;

#[derive(Deserialize)]
struct Sent {
    message_id: i64,
}

pub(crate) fn deliver(config: &Config, message: &Message, part: u32) -> Result<Receipt, Failure> {
    let text = composed(message);
    let cuts = text::cut(&text);
    let parts = cuts.len() + message.attachments.len();
    let part = usize::try_from(part).unwrap_or(usize::MAX);
    if part >= parts {
        return Err(Failure::new("no-such-part", format!("the message has {parts} parts")));
    }
    // Buttons stand below the text, or below the last file if there is no text.
    let last_of_text = cuts.len().checked_sub(1).unwrap_or(parts - 1);
    let common = common(config, message, part == 0, part == last_of_text)?;
    let provider_id = match cuts.get(part) {
        Some(cut) if part == 0 && message.edit_of.is_some() => edit(common, &text, cut.clone(), message)?,
        Some(cut) => send("sendMessage", common, &text, cut.clone())?.message_id.to_string(),
        None => send_file(&common, &message.attachments[part - cuts.len()])?.message_id.to_string(),
    };
    Ok(Receipt { provider_id, more: part + 1 < parts })
}

/// The sign, the title in bold, and the rest.
fn composed(message: &Message) -> Text {
    let mut text = Text::default();
    let title = message.title.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut body = Text::default();
    text::append(&mut body, &message.body_markdown);
    if title.is_empty() && body.is_blank() {
        return text;
    }
    text.push(sign(message.severity), &[]);
    text.push(&title, &[Mark::Bold]);
    if !title.is_empty() && !body.is_blank() {
        text.push("\n\n", &[]);
    }
    text.extend(&body);
    text
}

fn sign(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "",
        Severity::Low => "🔹 ",
        Severity::Medium => "🔶 ",
        Severity::High => "🔴 ",
        Severity::Critical => "🚨 ",
    }
}

/// What all methods that send take.
fn common(
    config: &Config,
    message: &Message,
    is_first: bool,
    has_choices: bool,
) -> Result<Map<String, Value>, Failure> {
    let configured = config.chat();
    let address = message.to.as_ref().or(configured.as_ref());
    let address = address.ok_or_else(|| {
        Failure::new("no-chat", "the message has no address, and the configuration names no `chatId`")
    })?;
    let mut common = place(address)?;
    if message.silent {
        common.insert("disable_notification".to_owned(), true.into());
    }
    if let (true, Some(id)) = (is_first, &message.reply_to) {
        let reply = json!({ "message_id": number(id, "reply-to")?, "allow_sending_without_reply": true });
        common.insert("reply_parameters".to_owned(), reply);
    }
    if has_choices && !message.choices.is_empty() {
        common.insert("reply_markup".to_owned(), json!({ "inline_keyboard": keyboard(&message.choices)? }));
    }
    Ok(common)
}

/// A chat and its topic. The General topic must not be named.
pub(crate) fn place(address: &Address) -> Result<Map<String, Value>, Failure> {
    let mut place = Map::new();
    let chat = address.conversation.parse::<i64>().map_or_else(|_| address.conversation.as_str().into(), Value::from);
    place.insert("chat_id".to_owned(), chat);
    if let Some(thread) = thread(address)? {
        place.insert("message_thread_id".to_owned(), thread.into());
    }
    Ok(place)
}

/// The number of a topic other than General.
pub(crate) fn thread(address: &Address) -> Result<Option<i64>, Failure> {
    let thread = address.thread.as_deref().map(|thread| number(thread, "thread")).transpose()?;
    Ok(thread.filter(|thread| *thread > 1))
}

fn number(text: &str, what: &str) -> Result<i64, Failure> {
    text.parse().map_err(|_| Failure::new("bad-address", format!("{what} `{text}` is no number")))
}

fn keyboard(choices: &[Choice]) -> Result<Vec<Vec<Value>>, Failure> {
    let mut rows: Vec<Vec<Value>> = Vec::new();
    let mut width = usize::MAX;
    for choice in choices {
        if choice.token.is_empty() || choice.token.len() > LONGEST_TOKEN || choice.label.trim().is_empty() {
            return Err(Failure::new("bad-choice", "a button needs a label, and a token of 1 to 64 bytes"));
        }
        let button = json!({ "text": choice.label, "callback_data": choice.token });
        let label = choice.label.chars().count();
        width = width.saturating_add(label);
        match rows.last_mut() {
            Some(row) if width <= WIDEST_ROW => row.push(button),
            _ => {
                rows.push(vec![button]);
                width = label;
            }
        }
    }
    Ok(rows)
}

/// Only if Telegram cannot read the marks, the text goes without them: any other failure says nothing about them, and
/// a second attempt here could be a second message.
fn send(
    method: &str,
    mut parameters: Map<String, Value>,
    text: &Text,
    cut: std::ops::Range<usize>,
) -> Result<Sent, Trouble> {
    parameters.insert("text".to_owned(), text.html(cut.clone()).into());
    parameters.insert("parse_mode".to_owned(), "HTML".into());
    parameters.insert("link_preview_options".to_owned(), json!({ "is_disabled": true }));
    let sent = api::call(method, &Value::Object(parameters.clone()));
    match sent {
        Err(trouble) if trouble.says(&["can't parse entities"]) => {
            parameters.remove("parse_mode");
            parameters.insert("text".to_owned(), text.visible()[cut].into());
            api::call(method, &Value::Object(parameters))
        }
        sent => sent,
    }
}

/// An edit that changes nothing is one that was done before.
fn edit(
    mut parameters: Map<String, Value>,
    text: &Text,
    cut: std::ops::Range<usize>,
    message: &Message,
) -> Result<String, Failure> {
    let id = message.edit_of.clone().unwrap_or_default();
    for sending_only in ["message_thread_id", "disable_notification", "reply_parameters"] {
        parameters.remove(sending_only);
    }
    parameters.insert("message_id".to_owned(), number(&id, "edit-of")?.into());
    match send("editMessageText", parameters, text, cut) {
        Err(trouble) if trouble.says(&["message is not modified"]) => Ok(id),
        Err(trouble) => Err(trouble.into()),
        Ok(sent) => Ok(sent.message_id.to_string()),
    }
}

/// A picture is shown, if Telegram can make something of it.
fn send_file(common: &Map<String, Value>, file: &Attachment) -> Result<Sent, Failure> {
    if file.size > LARGEST_FILE {
        return Err(Failure::new("too-large", format!("`{}` has more than 50 MB, which no bot may send", file.name)));
    }
    let is_picture = matches!(file.mime.as_str(), "image/jpeg" | "image/png" | "image/webp");
    if is_picture && file.size <= LARGEST_PHOTO {
        match api::call_with_file("sendPhoto", form(common, "photo", file)) {
            Err(trouble) if trouble.says(&["photo_", "image_process_failed", "wrong type of the web page"]) => {}
            sent => return sent.map_err(Failure::from),
        }
    }
    api::call_with_file("sendDocument", form(common, "document", file)).map_err(Failure::from)
}

fn form(common: &Map<String, Value>, field: &str, file: &Attachment) -> Vec<Part> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut parts: Vec<Part> = common.iter().map(|(name, value)| Part::text(name, text(value))).collect();
    parts.push(Part::blob(field, &file.name, &file.mime, &file.blob));
    parts
}
