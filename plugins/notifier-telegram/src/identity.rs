//! Who the bot is, remembered for as long as it has the same token.

use instar_plugin_sdk::{CallCtx, Failure, kv, log, secrets};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::api::{self, TOKEN};

const KEY: &str = "me";
/// Its name may change, which is seen after a day.
const FRESH_FOR_MS: u64 = 24 * 60 * 60 * 1000;

/// The bot. Its number stays, whatever its token and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) id: i64,
    #[serde(default)]
    pub(crate) username: String,
}

#[derive(Serialize, Deserialize)]
struct Remembered {
    me: Identity,
    /// What only this token makes, and what tells nothing about it.
    fingerprint: Vec<u8>,
    at_ms: u64,
}

/// Asks Telegram only if it is not known.
pub(crate) fn known(ctx: &CallCtx) -> Result<Identity, Failure> {
    let fingerprint = secrets::hmac_sha256(TOKEN, b"instar notifier-telegram: identity")?;
    let entry = kv::get(KEY)?;
    let remembered: Option<Remembered> = entry.and_then(|entry| serde_json::from_slice(&entry.value).ok());
    let is_fresh = |remembered: &Remembered| {
        remembered.fingerprint == fingerprint && ctx.now_ms.abs_diff(remembered.at_ms) < FRESH_FOR_MS
    };
    if let Some(remembered) = remembered.filter(is_fresh) {
        return Ok(remembered.me);
    }
    let me: Identity = ask()?;
    let remembered = Remembered { me: me.clone(), fingerprint, at_ms: ctx.now_ms };
    let value = serde_json::to_vec(&remembered).expect("plain fields become JSON");
    if let Err(failure) = kv::set(KEY, &value) {
        log::warn(&format!("the bot's name is not remembered: {}", failure.message));
    }
    Ok(me)
}

pub(crate) fn ask() -> Result<Identity, Failure> {
    api::look_up("getMe", &json!({}))
}
