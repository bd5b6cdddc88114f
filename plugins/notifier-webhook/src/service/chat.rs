//! Chats: Slack, Discord and Mattermost. Nobody is called by name there because an agent wrote an `@`.

use instar_plugin_sdk::http::Request;
use instar_plugin_sdk::notifier::Message;
use serde_json::json;

use crate::config::{Discord, Mattermost, Slack};

/// Stands for the server that `plugins.notifier-webhook.http.hosts` names.
pub(super) const MATTERMOST: &str = "mattermost.invalid";
/// Discord shows the message, and no phone rings.
const SUPPRESS_NOTIFICATIONS: u32 = 1 << 12;

pub(super) fn slack(slack: &Slack, letter: &str) -> Request {
    let body = json!({ "text": letter, "mrkdwn": true, "unfurl_links": false, "unfurl_media": false });
    Request::post(format!("https://hooks.slack.com/services/{}/{{slack}}", slack.path)).credential("slack").json(&body)
}

/// `wait` makes Discord answer with the number of the message.
pub(super) fn discord(discord: &Discord, message: &Message, letter: &str) -> Request {
    let flags = if message.silent { SUPPRESS_NOTIFICATIONS } else { 0 };
    let body = json!({ "content": letter, "allowed_mentions": { "parse": [] }, "flags": flags });
    let thread = message.to.as_ref().and_then(|address| address.thread.as_deref());
    let thread = thread.map(|thread| format!("&thread_id={}", super::push::encoded(thread))).unwrap_or_default();
    let url = format!("https://discord.com/api/webhooks/{}/{{discord}}?wait=true{thread}", discord.id);
    Request::post(url).credential("discord").json(&body)
}

pub(super) fn mattermost(mattermost: &Mattermost, letter: &str) -> Request {
    let mut body = json!({ "text": without_calls(letter) });
    if let Some(channel) = &mattermost.channel {
        body["channel"] = channel.as_str().into();
    }
    Request::post(format!("https://{MATTERMOST}/hooks/{{mattermost}}")).credential("mattermost").json(&body)
}

/// A character without width keeps an `@` from calling everybody.
fn without_calls(text: &str) -> String {
    ["@channel", "@all", "@here"]
        .iter()
        .fold(text.to_owned(), |text, call| text.replace(call, &format!("@\u{200b}{}", &call[1..])))
}
