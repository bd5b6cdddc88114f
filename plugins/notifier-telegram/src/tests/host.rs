//! A host as far as a notifier sees one: it puts the token into the path, encodes forms, and asks.

use std::time::Duration;

use instar_plugin_sdk::http::{Body, Content, FetchError, Part, Request, Response};
use instar_plugin_sdk::notifier::{Address, Message};
use instar_plugin_sdk::{CallCtx, Failure, Origin, Severity, double};
use instar_tests::bot_api::BotApi;
use serde_json::json;

use crate::config::Config;

const BORDER: &str = "border-of-the-stand-in";

/// A Bot API, and a plugin that is configured for its forum.
pub(super) fn start() -> (BotApi, Config) {
    let telegram = BotApi::start();
    connect(&telegram, &telegram.token());
    let config = json!({ "chatId": telegram.forum(), "pollSeconds": 1 });
    (telegram, serde_json::from_value(config).unwrap())
}

/// Asks with this token from now on.
pub(super) fn connect(telegram: &BotApi, token: &str) {
    double::set_secret("token", token.as_bytes());
    let (url, token) = (telegram.url(), token.to_owned());
    double::answer_http(move |request| {
        assert!(!format!("{request:?}").contains(&token), "the guest knows the token");
        assert_eq!(request.credentials, ["token"]);
        let path = request.url.strip_prefix("https://api.telegram.org").expect("no other host is asked");
        ask(request, &format!("{url}{}", path.replace("{token}", &token)))
    });
}

fn ask(request: &Request, url: &str) -> Result<Response, FetchError> {
    let settings = ureq::Agent::config_builder().http_status_as_error(false).proxy(None);
    let agent: ureq::Agent = settings.timeout_global(Some(Duration::from_secs(20))).build().into();
    let mut asked = ureq::http::Request::builder().method(request.method.as_str()).uri(url);
    for (name, value) in &request.headers {
        asked = asked.header(name, value);
    }
    let body = match &request.body {
        Body::Empty => Vec::new(),
        Body::Bytes(bytes) => bytes.clone(),
        Body::Form(parts) => {
            asked = asked.header("content-type", format!("multipart/form-data; boundary={BORDER}"));
            form(parts)
        }
    };
    let broken = |error: ureq::Error| FetchError {
        failure: Failure::new("broken", error.to_string()).retryable(),
        sent: !matches!(error, ureq::Error::ConnectionFailed),
    };
    let mut answer = agent.run(asked.body(body).unwrap()).map_err(broken)?;
    let status = answer.status().as_u16();
    let body = answer.body_mut().read_to_vec().map_err(broken)?;
    Ok(Response { status, headers: Vec::new(), body })
}

/// A blob is what its handle says.
fn form(parts: &[Part]) -> Vec<u8> {
    let mut body = Vec::new();
    for part in parts {
        let file = part.filename.as_ref().map(|name| format!("; filename=\"{name}\"")).unwrap_or_default();
        let mime = part.mime.as_ref().map(|mime| format!("Content-Type: {mime}\r\n")).unwrap_or_default();
        let name = &part.name;
        let head = format!("--{BORDER}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n{mime}\r\n");
        body.extend_from_slice(head.as_bytes());
        match &part.content {
            Content::Bytes(bytes) => body.extend_from_slice(bytes),
            Content::Blob(handle) => body.extend_from_slice(handle.as_bytes()),
        }
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BORDER}--\r\n").as_bytes());
    body
}

pub(super) fn context() -> CallCtx {
    CallCtx { origin: Origin::Plugin, trace_id: String::new(), job: None, session: None, now_ms: 1 }
}

pub(super) fn message(title: &str, body: &str) -> Message {
    Message {
        id: "m-1".to_owned(),
        to: None,
        severity: Severity::Info,
        title: title.to_owned(),
        body_markdown: body.to_owned(),
        choices: Vec::new(),
        attachments: Vec::new(),
        edit_of: None,
        reply_to: None,
        silent: false,
    }
}

pub(super) fn address(chat: i64, thread: Option<i64>) -> Address {
    Address { conversation: chat.to_string(), thread: thread.map(|thread| thread.to_string()) }
}
