//! The topics of a forum.

use instar_plugin_sdk::notifier::Address;
use instar_plugin_sdk::{Failure, Severity};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api;
use crate::deliver::{place, thread};
use crate::text::shortened;

const LONGEST_NAME: usize = 128;

#[derive(Deserialize)]
struct Topic {
    message_thread_id: i64,
}

pub(crate) fn open(conversation: &str, name: &str, severity: Severity) -> Result<String, Failure> {
    let parameters = json!({
        "chat_id": place(&Address { conversation: conversation.to_owned(), thread: None })?["chat_id"],
        "name": legal(name)?,
        "icon_color": colour(severity),
    });
    let topic: Topic = api::call("createForumTopic", &parameters)?;
    Ok(topic.message_thread_id.to_string())
}

pub(crate) fn rename(address: &Address, name: &str) -> Result<(), Failure> {
    change("editForumTopic", address, Some(legal(name)?))
}

pub(crate) fn close(address: &Address) -> Result<(), Failure> {
    change("closeForumTopic", address, None)
}

pub(crate) fn reopen(address: &Address) -> Result<(), Failure> {
    change("reopenForumTopic", address, None)
}

/// A topic that is already so is no failure.
fn change(method: &str, address: &Address, name: Option<&str>) -> Result<(), Failure> {
    if thread(address)?.is_none() {
        return Err(Failure::new("no-thread", "the General topic is not the bot's to change"));
    }
    let mut parameters = place(address)?;
    parameters.extend(name.map(|name| ("name".to_owned(), name.into())));
    match api::call::<Value>(method, &Value::Object(parameters)) {
        Err(trouble) if trouble.says(&["topic_not_modified"]) => Ok(()),
        Err(trouble) => Err(trouble.into()),
        Ok(_) => Ok(()),
    }
}

fn legal(name: &str) -> Result<&str, Failure> {
    let name = shortened(name.trim(), LONGEST_NAME).trim_end();
    if name.is_empty() { Err(Failure::new("bad-name", "a topic needs a name")) } else { Ok(name) }
}

/// Telegram knows six colours of topics.
fn colour(severity: Severity) -> u32 {
    match severity {
        Severity::Info => 0x8E_EE_98,
        Severity::Low => 0x6F_B9_F0,
        Severity::Medium => 0xFF_D6_7E,
        Severity::High => 0xFF_93_B2,
        Severity::Critical => 0xFB_6F_5F,
    }
}
