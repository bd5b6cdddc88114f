//! How far a message got that goes to several places. It is kept until nobody tries to deliver it any more.

use std::collections::BTreeMap;

use instar_plugin_sdk::{CallCtx, Failure, kv};
use serde::{Deserialize, Serialize};

const PREFIX: &str = "told/";
/// The host gives a delivery up after about a day.
const KEPT_FOR_MS: u64 = 3 * 24 * 60 * 60 * 1000;
const CLEARED_AT_ONCE: u32 = 50;

/// How one place got on with the message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Place {
    /// The first part that it has not got, and how often it could not be had.
    Owed {
        part: usize,
        failures: u32,
    },
    Told,
    /// It does not want it; in its own words.
    Refused(String),
}

#[derive(Debug)]
pub(crate) struct Progress {
    key: String,
    kept: Kept,
}

#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    since_ms: u64,
    places: BTreeMap<String, Place>,
}

impl Progress {
    /// A message that is new is written down before anything of it is sent, so that a full store is found out then.
    pub(crate) fn of(ctx: &CallCtx, message: &str) -> Result<Self, Failure> {
        let key = format!("{PREFIX}{message}");
        if let Some(kept) = kept(&key)? {
            return Ok(Self { key, kept });
        }
        clear(ctx)?;
        let progress = Self { key, kept: Kept { since_ms: ctx.now_ms, places: BTreeMap::new() } };
        progress.write().map_err(Failure::retryable)?;
        Ok(progress)
    }

    pub(crate) fn place(&self, name: &str) -> Place {
        self.kept.places.get(name).cloned().unwrap_or(Place::Owed { part: 0, failures: 0 })
    }

    pub(crate) fn keep(&mut self, name: &str, place: Place) -> Result<(), Failure> {
        self.kept.places.insert(name.to_owned(), place);
        self.write()
    }

    fn write(&self) -> Result<(), Failure> {
        let value = serde_json::to_vec(&self.kept).expect("plain fields become JSON");
        kv::set(&self.key, &value).map(drop).map_err(|failure| {
            Failure::new("not-kept", format!("who got the message could not be kept: {}", failure.message))
        })
    }
}

fn kept(key: &str) -> Result<Option<Kept>, Failure> {
    Ok(kv::get(key)?.and_then(|entry| serde_json::from_slice(&entry.value).ok()))
}

/// Keys begin with the time of their message, so the oldest come first.
fn clear(ctx: &CallCtx) -> Result<(), Failure> {
    for key in kv::list_keys(PREFIX, CLEARED_AT_ONCE)? {
        if kept(&key)?.is_some_and(|kept| ctx.now_ms.saturating_sub(kept.since_ms) < KEPT_FOR_MS) {
            break;
        }
        kv::delete(&key)?;
    }
    Ok(())
}
