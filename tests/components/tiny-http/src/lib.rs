//! A notifier that does what the body of a message says, and answers how it went. It has every capability.

use instar_plugin_sdk::http::{Content, FetchError, Part, Request, Response};
use instar_plugin_sdk::notifier::{Address, Batch, Inbound, Mark, Message, Notifier, Poll, Receipt};
use instar_plugin_sdk::{CallCtx, Failure, Plugin, clock, http, kv, register, secrets};
use serde::Deserialize;

struct Tiny;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Config {
    /// A URL that the manifest's third rule allows.
    url: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Script {
    Fetch(Ask),
    Download(Ask),
    /// The attachment, as a form.
    Upload(Ask),
    Set(String, String),
    Swap(String, Option<u64>, String),
    Get(String),
    Keys(String),
    Hmac(String),
    Equals(String, String),
    Clock,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    url: String,
    #[serde(default = "get")]
    method: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    body: String,
    #[serde(default)]
    credentials: Vec<String>,
    timeout: Option<u32>,
}

fn get() -> String {
    "GET".to_owned()
}

impl Plugin for Tiny {
    type Config = Config;
}

impl Notifier for Tiny {
    fn deliver(_: &CallCtx, config: &Config, message: &Message, _: u32) -> Result<Receipt, Failure> {
        let script =
            serde_json::from_str(&message.body_markdown).map_err(|error| Failure::new("script", error.to_string()))?;
        run(script, message, config).map(Receipt::whole)
    }

    fn probe(_: &CallCtx, _: &Config) -> Result<String, Failure> {
        Ok(format!("token: {}, key: {}", secrets::exists("token"), secrets::exists("key")))
    }
}

fn run(script: Script, message: &Message, config: &Config) -> Result<String, Failure> {
    let revision = |revision: u64| format!("revision {revision}");
    match script {
        Script::Fetch(ask) => http::fetch(&request(ask, config)).map(|answer| told(&answer)).map_err(failed),
        Script::Download(ask) => {
            let (answer, handle) = http::download(&request(ask, config)).map_err(failed)?;
            Ok(format!("{} {handle}", told(&answer)))
        }
        Script::Upload(ask) => {
            let file = &message.attachments[0];
            let parts = vec![Part::text("chat", "7"), Part::blob("file", &file.name, &file.mime, &file.blob)];
            debug_assert!(matches!(parts[1].content, Content::Blob(_)));
            http::fetch(&request(ask, config).form(parts)).map(|answer| told(&answer)).map_err(failed)
        }
        Script::Set(key, value) => kv::set(&key, value.as_bytes()).map(revision),
        Script::Swap(key, expected, value) => kv::swap(&key, expected, value.as_bytes()).map(revision),
        Script::Get(key) => {
            let text = |entry: kv::Entry| String::from_utf8_lossy(&entry.value).into_owned();
            Ok(kv::get(&key)?.map_or_else(|| "nothing".to_owned(), text))
        }
        Script::Keys(prefix) => Ok(kv::list_keys(&prefix, 10)?.join(",")),
        Script::Hmac(data) => {
            let tag = secrets::hmac_sha256("key", data.as_bytes())?;
            let is_right = secrets::verify_hmac_sha256("key", data.as_bytes(), &tag)?;
            Ok(format!("{:02x}{:02x} {is_right}", tag[0], tag[1]))
        }
        Script::Equals(name, candidate) => Ok(secrets::equals(&name, candidate.as_bytes())?.to_string()),
        Script::Clock => {
            Ok((clock::now_ms() > 1_600_000_000_000 && clock::monotonic_ns() <= clock::monotonic_ns()).to_string())
        }
    }
}

fn request(ask: Ask, config: &Config) -> Request {
    let url = if ask.url == "setting" { config.url.clone().unwrap_or_default() } else { ask.url };
    let mut request = Request::new(ask.method, url);
    request.headers = ask.headers;
    if !ask.body.is_empty() {
        request.body = http::Body::Bytes(ask.body.into_bytes());
    }
    request.credentials = ask.credentials;
    request.timeout_ms = ask.timeout;
    request
}

fn told(answer: &Response) -> String {
    let header = answer.header("x-echo").unwrap_or_default();
    format!("{} {} {header}", answer.status, String::from_utf8_lossy(&answer.body)).trim_end().to_owned()
}

fn failed(error: FetchError) -> Failure {
    let code = if error.sent { format!("{}-sent", error.failure.code) } else { error.failure.code.clone() };
    Failure { code, ..error.failure }
}

impl Inbound for Tiny {
    fn next_poll(_: &CallCtx, _: &Config, cursor: Option<&str>) -> Result<Poll, Failure> {
        let url = format!("https://api.tiny.test/{{token}}/updates?after={}", cursor.unwrap_or("0"));
        Ok(Poll::now(Request::get(url).credential("token")))
    }

    fn receive(_: &CallCtx, _: &Config, _: Option<&str>, response: &Response) -> Result<Batch, Failure> {
        match response.status {
            200 => Ok(Batch { events: Vec::new(), cursor: Some(String::from_utf8_lossy(&response.body).into_owned()) }),
            409 => Err(Failure::new("other-poller", "somebody else polls").retryable()),
            status => Err(Failure::new("refused", status.to_string())),
        }
    }

    fn fetch_file(_: &CallCtx, config: &Config, id: &str) -> Result<String, Failure> {
        let ask = Ask {
            url: format!("https://api.tiny.test/open/{id}"),
            method: get(),
            headers: Vec::new(),
            body: String::new(),
            credentials: Vec::new(),
            timeout: None,
        };
        let (answer, handle) = http::download(&request(ask, config)).map_err(failed)?;
        if answer.is_success() { Ok(handle) } else { Err(Failure::new("no-file", answer.status.to_string())) }
    }

    fn mark(_: &CallCtx, _: &Config, _: &Address, _: &str, _: Mark, _: Option<&str>) -> Result<(), Failure> {
        Ok(())
    }
}

register!(Tiny: notifier, notifier_inbound);
