//! What people are told, and what of it a job wants told.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::NoticeId;
use crate::route::Recipient;
use crate::run::is_zero;
use crate::thread::Topic;
use crate::verdict::Severity;

/// One thing that people are told, by one notifier or by each that is enabled. Its row in the outbox is durable
/// before anybody is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub id: NoticeId,
    /// `None` is the place that the notifier's configuration names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Address>,
    pub severity: Severity,
    /// One line; empty where the body says all.
    pub title: String,
    pub body_markdown: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Choice>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// What the other side calls the message that this one replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit_of: Option<String>,
    /// What the other side calls the message that this one answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// Nobody's phone should ring.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub silent: bool,
    /// People are not told before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// What it is about: where that may have a thread of its own, it goes there, and `to` is `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<Topic>,
    /// How many starts by plugins led to the run that it tells of; 0 for what tells of none. Whoever is told of it and
    /// starts a run begins there, so that no circle goes on.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub depth: u32,
}

/// A button.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    pub label: String,
    /// What comes back when somebody presses it: at most 64 bytes, and good for one use.
    pub token: String,
}

/// A file that belongs to a message. It must stay where it is until the message is delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    pub name: String,
    /// Its media type.
    pub mime: String,
    pub size: u64,
    pub path: PathBuf,
}

impl Message {
    /// A notice: it goes wherever notifiers tell things that nobody asked for.
    pub fn notice(id: NoticeId, severity: Severity, title: String, body_markdown: String) -> Self {
        Self {
            id,
            to: None,
            severity,
            title,
            body_markdown,
            choices: Vec::new(),
            attachments: Vec::new(),
            edit_of: None,
            reply_to: None,
            silent: false,
            not_before: None,
            about: None,
            depth: 0,
        }
    }
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

/// Of what people are told, and who; `notify` of a job changes single ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Who; empty leaves it to the operator's table.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<Recipient>,
}

impl Default for Notify {
    fn default() -> Self {
        Self { start: false, completion: true, failure: true, alert: true, recovery: true, pause: true, to: Vec::new() }
    }
}

impl Notify {
    /// Reads the object; an error is the key that is wrong, and the sentence about it.
    pub(crate) fn parse(value: &Value) -> Result<Self, (String, String)> {
        Self::deserialize(value).map_err(|_| {
            let is_fine = |key: &str, part: &Value| match key {
                "to" => Vec::<Recipient>::deserialize(part).is_ok(),
                _ => part.is_boolean(),
            };
            let wrong = value.as_object().into_iter().flatten().find(|(key, part)| !is_fine(key, part));
            let field = wrong.map_or_else(|| "notify".to_owned(), |(key, _)| format!("notify.{key}"));
            let allowed = "an object of start, completion, failure, alert, recovery and pause, each true or false, and \
                           of to, a list of recipients such as \"telegram\", \"telegram:42\" or \"user:ada\"";
            (field, format!("\"notify\" must be {allowed}; it is {value:.100}"))
        })
    }
}
