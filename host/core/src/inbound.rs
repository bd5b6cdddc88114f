//! What people said and did, as a notifier heard it.
//!
//! Who may speak, and what follows, is not decided here: these are the words.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::notice::Address;

/// One thing that happened on the other side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inbound {
    /// The same whenever it is read again, and of nothing else of its notifier.
    pub key: String,
    pub sender: Sender,
    pub address: Address,
    /// What the other side calls the message; for `Message::reply_to` and `Message::edit_of`.
    pub message_id: String,
    /// What a notifier marks it by.
    pub handle: String,
    /// By the other side's clock.
    pub at: Timestamp,
    pub happening: Happening,
}

/// Who spoke, as the other side knows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    /// It never changes.
    pub id: String,
    /// The name that people see.
    pub name: String,
    #[serde(default)]
    pub is_bot: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Happening {
    Said(Said),
    /// Somebody changed what they had said.
    Corrected(Said),
    /// Somebody pressed a button: its token.
    Chose(String),
    /// A thread was opened: its name.
    ThreadOpened(String),
    /// A thread has another name.
    ThreadRenamed(String),
    ThreadClosed,
    ThreadReopened,
    /// Something that the notifier cannot read: what it is, such as `sticker`.
    Other(String),
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    pub text: String,
    /// Somebody else's text that it passes on: who wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forwarded_from: Option<String>,
    /// Text that it quotes or answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quoted: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<OfferedFile>,
}

/// A file that somebody sent; it is fetched when the host wants it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferedFile {
    /// What the notifier fetches it by.
    pub id: String,
    pub name: String,
    /// Its media type.
    pub mime: String,
    /// In bytes, as the other side says; 0 if it does not.
    #[serde(default)]
    pub size: u64,
    #[serde(default)]
    pub is_voice: bool,
}

/// How the host got on with something that it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// It reached the agent or the host.
    Received,
    /// The agent works on it.
    Working,
    Refused,
}

impl Happening {
    /// A word for what happened, for events and logs.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Said(_) => "said",
            Self::Corrected(_) => "corrected",
            Self::Chose(_) => "chose",
            Self::ThreadOpened(_) => "thread-opened",
            Self::ThreadRenamed(_) => "thread-renamed",
            Self::ThreadClosed => "thread-closed",
            Self::ThreadReopened => "thread-reopened",
            Self::Other(_) => "other",
        }
    }
}
