//! What people say to the host through a notifier, in the words of `wit/notifier.wit`.

use serde::{Deserialize, Serialize};

use crate::notice::Address;

/// One thing that happened where a notifier hears people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Inbound {
    /// The same whenever it is read again, and of nothing else.
    pub key: String,
    pub sender: Sender,
    pub address: Address,
    /// What the other side calls the message, to answer or replace it.
    pub message_id: String,
    /// What a mark takes.
    pub handle: String,
    /// In milliseconds since 1970, by the other side's clock.
    pub at_ms: u64,
    pub happening: Happening,
}

/// Who spoke, as the other side knows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sender {
    /// It never changes.
    pub id: String,
    /// The name that people see.
    pub name: String,
    /// It is a program.
    pub is_bot: bool,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Happening {
    Said(Said),
    /// Somebody changed what they had said.
    Corrected(Said),
    /// Somebody pressed a button: its token.
    Chose(String),
    /// Its name.
    ThreadOpened(String),
    /// Its new name.
    ThreadRenamed(String),
    ThreadClosed,
    ThreadReopened,
    /// Something that the notifier cannot read: what it is, such as `sticker`.
    Other(String),
}

/// What somebody said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Said {
    pub text: String,
    /// Somebody else's text that it passes on: who wrote it.
    pub forwarded_from: Option<String>,
    /// Text that it quotes or answers.
    pub quoted: Option<String>,
    pub files: Vec<OfferedFile>,
}

/// A file that somebody sent; it is fetched when the host wants it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OfferedFile {
    pub id: String,
    pub name: String,
    pub mime: String,
    /// In bytes, as the other side says; 0 if it does not.
    pub size: u64,
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
