//! Push services: ntfy and Gotify. They show a title apart from the text, and ring by a number.

use instar_plugin_sdk::http::{Body, Request};
use instar_plugin_sdk::notifier::Message;
use instar_plugin_sdk::{Severity, secrets};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::one_line;

/// Stands for the server that `plugins.notifier-webhook.http.hosts` names.
pub(super) const GOTIFY: &str = "gotify.invalid";
/// In characters; a URL has to hold it.
const LONGEST_TITLE: usize = 250;
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Everything but the text goes into the query, since a header takes no umlauts.
pub(super) fn ntfy(message: &Message, letter: &str, part: usize) -> Request {
    let priority = match message.severity {
        _ if message.silent => 2,
        Severity::Info | Severity::Low | Severity::Medium => 3,
        Severity::High => 4,
        Severity::Critical => 5,
    };
    let title = title(message, part).map(|title| format!("&title={}", encoded(&title))).unwrap_or_default();
    let url = format!("https://ntfy.sh/{{ntfy}}?markdown=yes&priority={priority}{title}");
    let request = Request::post(url).credential("ntfy");
    let request = if secrets::exists("ntfy-token") { request.credential("ntfy-token") } else { request };
    Request { body: Body::Bytes(letter.as_bytes().to_vec()), ..request }
}

pub(super) fn gotify(message: &Message, letter: &str, part: usize) -> Request {
    let priority = match message.severity {
        _ if message.silent => 0,
        Severity::Info | Severity::Low => 4,
        Severity::Medium => 5,
        Severity::High => 7,
        Severity::Critical => 9,
    };
    let mut body = json!({
        "message": letter,
        "priority": priority,
        "extras": { "client::display": { "contentType": "text/markdown" } },
    });
    if let Some(title) = title(message, part) {
        body["title"] = title.into();
    }
    Request::post(format!("https://{GOTIFY}/message")).credential("gotify").json(&body)
}

/// It stands above the first part alone.
fn title(message: &Message, part: usize) -> Option<String> {
    let title: String = one_line(&message.title).chars().take(LONGEST_TITLE).collect();
    (part == 0 && !title.is_empty()).then_some(title)
}

pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}
