//! Conversations between people and sessions: where they are, whose they are, and what happened in them.
//!
//! What a message leads to is chosen by `instar-messaging`; here are the words, and the facts that are recorded.

mod question;
mod wording;

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::attention::ItemStatus;
use crate::decide::SpawnRequest;
use crate::id::{JobSlug, PluginId, RunId, SessionName};
use crate::inbound::{Inbound, Mark};
use crate::notice::Address;
use crate::telling::Telling;
use crate::thread::{Subject, Thread};
use crate::users::{Role, Users};

pub use self::question::{OpenQuestion, Question, Said};

/// Where people and a session speak: a thread of a chat, as one notifier knows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    pub notifier: PluginId,
    #[serde(flatten)]
    pub address: Address,
}

/// What stands for the main thread, since people and scripts know it by this number.
const MAIN_THREAD: &str = "1";

impl Place {
    /// The notifier without the word that all of them begin with: `telegram`.
    pub fn channel(&self) -> &str {
        channel_of(&self.notifier)
    }

    /// The thread, as agents and scripts name it.
    pub fn thread(&self) -> &str {
        self.address.thread.as_deref().unwrap_or(MAIN_THREAD)
    }

    /// Such as `telegram:42`.
    pub fn label(&self) -> String {
        format!("{}:{}", self.channel(), self.thread())
    }
}

/// The kind of channel under which `users.json` knows the people of a notifier.
pub fn channel_of(notifier: &PluginId) -> &str {
    let name = notifier.as_str();
    name.strip_prefix("notifier-").filter(|rest| !rest.is_empty()).unwrap_or(name)
}

/// What the operator says about conversations.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rules {
    /// The chats in which people may speak, beside those that were paired.
    pub chats: BTreeSet<(PluginId, String)>,
    /// How long an agent may leave a message without an answer before people are told; `None` is for ever.
    pub stall_after: Option<SignedDuration>,
    /// Whether jobs and items of the attention queue get threads of their own, where a notifier has threads.
    pub threads: bool,
    /// When people are told what they did not ask for.
    pub telling: Telling,
}

/// Somebody who may speak.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Speaker {
    /// The id of the user.
    pub user: String,
    pub role: Role,
}

/// Somebody who showed a code: who they are there, and where they may speak.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pairing {
    pub notifier: PluginId,
    pub sender: String,
    pub conversation: String,
    pub user: String,
    /// Of a user that `users.json` does not know.
    pub role: Role,
    pub at: Timestamp,
}

/// A code that stands on somebody's terminal and waits for a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Offer {
    pub notifier: PluginId,
    pub code: String,
    pub user: String,
    pub role: Role,
    pub until: Timestamp,
    /// Wrong codes since it was made.
    pub guesses: u32,
}

/// Why somebody is not listened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// Nobody knows the chat.
    Chat,
    /// Nobody knows the sender.
    Sender,
    /// It is a program.
    Bot,
    /// A code that is not the one, or no longer.
    Code,
}

impl Refusal {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "unknown-chat",
            Self::Sender => "unknown-sender",
            Self::Bot => "bot",
            Self::Code => "wrong-code",
        }
    }
}

/// One thing that was said, as the log keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Spoken {
    pub place: Place,
    /// What the other side calls it; empty while that is not known.
    pub message_id: String,
    pub at: Timestamp,
    pub by: Voice,
    pub text: String,
    pub session: Option<SessionName>,
}

/// Who said something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Voice {
    /// The name that people see.
    Person(String),
    /// The program of a session.
    Agent,
    /// The host, or somebody who speaks for it.
    Host,
}

/// What follows from something that was said. Carried out as a whole, in one transaction.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Course {
    pub deeds: Vec<Deed>,
    /// What the sender is told.
    pub answer: Option<String>,
    pub mark: Option<Mark>,
    /// It is a part of the conversation: the log keeps it.
    pub is_talk: bool,
    /// Nothing is settled yet: it is looked at again when this has happened.
    pub waits: Option<WaitsFor>,
}

/// What of the session of a conversation a message waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitsFor {
    Beginning,
    End,
    /// For a thread of its own.
    Thread,
}

/// One thing to do for people.
#[derive(Debug, Clone, PartialEq)]
pub enum Deed {
    /// Type this into the session of this run.
    Tell {
        run: RunId,
        text: String,
    },
    /// Begin a session, which owns the conversation.
    Begin {
        request: Box<SpawnRequest>,
    },
    /// Open a thread in the same chat for what this message wants.
    OpenThread {
        name: String,
    },
    /// The same as `Begin`, in that thread.
    BeginThere {
        place: Place,
        request: Box<SpawnRequest>,
    },
    /// Say how far somebody is with an item of the attention queue.
    Turn {
        id: String,
        status: ItemStatus,
    },
    /// The conversation is this session's from now on.
    Bind {
        session: SessionName,
    },
    Unbind,
    /// The thread is called so.
    Name {
        name: String,
    },
    Trigger {
        slug: JobSlug,
    },
    Pause {
        slug: Option<JobSlug>,
    },
    Resume {
        slug: Option<JobSlug>,
    },
    Stop {
        run: RunId,
    },
    /// Say yes or no to what a guard asks.
    Answer {
        id: String,
        yes: bool,
    },
    /// Press Escape in it.
    Interrupt {
        session: SessionName,
    },
}

/// What happened in conversations.
#[derive(Debug, Clone, PartialEq)]
pub enum Conversed {
    UsersRead {
        users: Arc<Users>,
    },
    /// Somebody who may speak did; it is settled once what follows is recorded.
    Received {
        notifier: PluginId,
        speaker: Speaker,
        inbound: Arc<Inbound>,
    },
    /// Somebody who may not speak tried to. Nothing of what they said is kept.
    Refused {
        notifier: PluginId,
        key: String,
        sender: String,
        conversation: String,
        why: Refusal,
    },
    Settled {
        notifier: PluginId,
        key: String,
    },
    CodeOffered {
        offer: Offer,
    },
    CodeGuessed {
        notifier: PluginId,
    },
    Paired {
        pairing: Pairing,
    },
    Bound {
        place: Place,
        session: SessionName,
    },
    Unbound {
        place: Place,
    },
    ThreadNamed {
        place: Place,
        name: String,
    },
    Spoken(Spoken),
    /// A text for people that carries a key was taken, and is not taken again.
    Taken {
        notifier: PluginId,
        key: String,
    },
    /// People were told that an agent does not answer.
    Stalled {
        place: Place,
    },
    /// People were shown what a guard asks.
    Asked {
        question: OpenQuestion,
    },
    /// Somebody said yes or no; it is carried out next.
    Answered {
        id: String,
        said: Said,
    },
    /// The question stands no more.
    Closed {
        id: String,
    },
    /// The host opened a thread for something, or gave it another name.
    ThreadOpened {
        notifier: PluginId,
        subject: Subject,
        thread: Thread,
    },
    /// A notifier opens no threads in a chat: what is about something goes where everything goes.
    ThreadRefused {
        notifier: PluginId,
        conversation: String,
        why: String,
    },
    /// The thread of something is there no more.
    ThreadLost {
        notifier: PluginId,
        subject: Subject,
    },
}
