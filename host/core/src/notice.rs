//! What people are told, and what of it a job wants told.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::NoticeId;
use crate::verdict::Severity;

/// One thing that people are told. Delivered by every notifier that is enabled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub id: NoticeId,
    pub severity: Severity,
    pub title: String,
    pub body_markdown: String,
}

/// A place where people read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Address {
    /// The chat, channel or room, as the other side calls it.
    pub conversation: String,
    /// A thread or topic within it; none is the main one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
}

/// Of what people are told; `notify` of a job changes single ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Notify {
    /// Its command began.
    pub start: bool,
    /// It succeeded.
    pub completion: bool,
    /// It failed, and is not tried again.
    pub failure: bool,
    /// It failed so often in a row that somebody should look.
    pub alert: bool,
    /// It succeeded after an alert.
    pub recovery: bool,
    /// It was paused, because it failed too often.
    pub pause: bool,
}

impl Default for Notify {
    fn default() -> Self {
        Self { start: false, completion: true, failure: true, alert: true, recovery: true, pause: true }
    }
}

impl Notify {
    /// Reads the object; an error is the key that is wrong, and the sentence about it.
    pub(crate) fn parse(value: &Value) -> Result<Self, (String, String)> {
        Self::deserialize(value).map_err(|_| {
            let parts = value.as_object().into_iter().flatten();
            let wrong = parts.clone().find(|(_, part)| !part.is_boolean());
            let field = wrong.map_or_else(|| "notify".to_owned(), |(key, _)| format!("notify.{key}"));
            let allowed = "an object of start, completion, failure, alert, recovery and pause, each true or false";
            (field, format!("\"notify\" must be {allowed}; it is {value:.100}"))
        })
    }
}
