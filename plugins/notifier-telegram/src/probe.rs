//! Whether a delivery would work, without telling anybody anything.

use instar_plugin_sdk::Failure;
use serde::Deserialize;
use serde_json::json;

use crate::config::Config;
use crate::{api, identity};

#[derive(Deserialize)]
struct Chat {
    #[serde(default)]
    title: String,
    #[serde(default)]
    first_name: String,
    #[serde(default)]
    is_forum: bool,
}

#[derive(Deserialize)]
struct Member {
    status: String,
    #[serde(default)]
    can_manage_topics: bool,
}

pub(crate) fn probe(config: &Config) -> Result<String, Failure> {
    let me = identity::ask()?;
    let Some(address) = config.chat() else {
        return Ok(format!("@{} answers, and only those who write to it, as `chatId` is not set", me.username));
    };
    let chat_id = address.conversation;
    let chat: Chat = api::look_up("getChat", &json!({ "chat_id": chat_id }))?;
    let name = if chat.title.is_empty() { chat.first_name } else { chat.title };
    if !chat.is_forum {
        return Ok(format!("messages of @{} go to “{name}”, which has no topics", me.username));
    }
    let member: Member = api::look_up("getChatMember", &json!({ "chat_id": chat_id, "user_id": me.id }))?;
    if matches!(member.status.as_str(), "left" | "kicked") {
        return Err(Failure::new("forbidden", format!("@{} is no member of “{name}”", me.username)));
    }
    let may_manage = member.status == "administrator" && member.can_manage_topics;
    let topics = if may_manage { "may manage" } else { "may not manage: make it an administrator who may" };
    Ok(format!("messages of @{} go to the forum “{name}”, whose topics it {topics}", me.username))
}
