//! Threads that the host opens by itself: each for one thing, in the chat that a notifier is at home in.

use serde::{Deserialize, Serialize};

use crate::id::JobSlug;
use crate::notice::Address;

/// What may have a thread of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    Job(JobSlug),
    /// An item of the attention queue.
    Item(String),
    /// A conversation that somebody asked for: by the key of their message.
    Wish(String),
}

/// What something is about, and how a thread for that is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topic {
    pub subject: Subject,
    pub name: String,
}

/// A thread that the host opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thread {
    pub address: Address,
    pub name: String,
}

/// Why there is no thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreadFault {
    /// A sentence.
    pub message: String,
    /// How many milliseconds to wait at least before another try; `None` when trying again does not help.
    pub retry: Option<u64>,
}

/// What is wrong with the thread that a message was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThreadState {
    /// Somebody took it away.
    Gone,
    Closed,
}

/// What is done to a thread that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ThreadChange {
    Rename(String),
    Close,
    Reopen,
}

impl Subject {
    pub fn job(slug: &JobSlug) -> Self {
        Self::Job(slug.clone())
    }
}
