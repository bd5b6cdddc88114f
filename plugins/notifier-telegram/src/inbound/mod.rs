//! Hears people: what to ask, and what stands in the answer.

mod mark;
mod read;
mod update;

use instar_plugin_sdk::http::{self, Request, Response};
use instar_plugin_sdk::notifier::{Batch, Poll};
use instar_plugin_sdk::{CallCtx, Failure, log};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

pub(crate) use mark::mark;

use crate::api::{self, Refusal, TELEGRAM, TOKEN};
use crate::config::Config;
use crate::identity::{self, Identity};

/// Between the beginnings of two questions, so that a server that never waits is not asked without end.
const PAUSE_MS: u64 = 100;
/// The network's share of the time that a question takes.
const SLACK_SECONDS: u32 = 10;
const LONGEST_PATH: usize = 512;

/// Where to go on, and for which bot: the numbers of another one mean nothing.
struct Cursor {
    bot: i64,
    offset: i64,
}

impl Cursor {
    fn parse(text: &str) -> Option<Self> {
        let (bot, offset) = text.split_once(':')?;
        Some(Self { bot: bot.parse().ok()?, offset: offset.parse().ok()? })
    }

    fn text(&self) -> String {
        format!("{}:{}", self.bot, self.offset)
    }
}

pub(crate) fn next_poll(ctx: &CallCtx, config: &Config, cursor: Option<&str>) -> Result<Poll, Failure> {
    let me = identity::known(ctx)?;
    let offset = cursor.and_then(Cursor::parse).filter(|cursor| cursor.bot == me.id).map(|cursor| cursor.offset);
    let mut parameters = json!({
        "timeout": config.poll_seconds(),
        "allowed_updates": ["message", "edited_message", "callback_query", "my_chat_member"],
    });
    if let Some(offset) = offset {
        parameters["offset"] = offset.into();
    }
    let timeout = (config.poll_seconds() + SLACK_SECONDS) * 1000;
    let request = api::request("getUpdates").json(&parameters).timeout_ms(timeout);
    Ok(Poll { request, pause_ms: PAUSE_MS })
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    result: Vec<&'a RawValue>,
}

/// Each update is read on its own, so that one that cannot be read is only that one.
pub(crate) fn receive(ctx: &CallCtx, response: &Response) -> Result<Batch, Failure> {
    if !response.is_success() {
        return Err(Refusal::of(response).into());
    }
    let answer: Answer<'_> = serde_json::from_slice(&response.body)
        .map_err(|error| Failure::new("bad-answer", format!("the list of updates: {error}")).retryable())?;
    let me = identity::known(ctx)?;
    let mut batch = Batch { events: Vec::new(), cursor: None };
    let mut last = None;
    for raw in answer.result {
        let Some((id, event)) = read::read(raw.get(), &me) else {
            log::warn("an update without a number was passed over");
            continue;
        };
        batch.events.push(event);
        last = last.max(Some(id));
    }
    batch.cursor = last.map(|last| Cursor { bot: me.id, offset: last.saturating_add(1) }.text());
    Ok(batch)
}

#[derive(Deserialize)]
struct File {
    file_path: Option<String>,
}

pub(crate) fn fetch_file(id: &str) -> Result<String, Failure> {
    let file: File = api::look_up("getFile", &json!({ "file_id": id }))?;
    let path = file.file_path.unwrap_or_default();
    if !is_path(&path) {
        return Err(Failure::new("bad-path", "Telegram names a place of the file that is none"));
    }
    let url = format!("{TELEGRAM}/file/bot{{{TOKEN}}}/{path}");
    let (response, handle) = http::download(&Request::get(url).credential(TOKEN))?;
    if response.is_success() { Ok(handle) } else { Err(Refusal::of(&response).into()) }
}

/// Below where it belongs, in letters that mean nothing in a URL.
fn is_path(path: &str) -> bool {
    let is_name = |name: &str| {
        let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        letters && !name.is_empty() && name != "." && name != ".."
    };
    path.len() <= LONGEST_PATH && path.split('/').all(is_name)
}

/// The same for the same update, and for no other of any bot.
fn key(me: &Identity, update: i64) -> String {
    format!("u:{}:{update}", me.id)
}
