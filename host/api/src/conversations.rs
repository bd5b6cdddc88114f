//! Conversations between people and sessions.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `GET /telegram/topics`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Topics {
    pub topics: Vec<Topic>,
}

/// A topic that is a session's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Topic {
    /// 1 is the main one.
    pub topic_id: i64,
    pub session_name: String,
    pub topic_name: Option<String>,
}

/// `POST /telegram/topics`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TopicRequest {
    #[schema(min_length = 1, max_length = 128, pattern = "\\S")]
    pub name: String,
    /// As Telegram knows it, 0 to 16777215; the nearest that there is, and green where absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(maximum = 16777215)]
    pub color: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TopicOpened {
    pub topic_id: i64,
    pub name: String,
    pub created: bool,
}

/// `POST /telegram/reply/{topicId}`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TopicReplyRequest {
    /// Markdown; it is cut into as many messages as it needs.
    #[schema(min_length = 1, max_length = 100_000)]
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TopicReplied {
    pub ok: bool,
    pub topic_id: i64,
}

/// `GET /telegram/topics/{topicId}/messages`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TopicMessages {
    pub topic_id: i64,
    /// Oldest first.
    pub messages: Vec<LoggedMessage>,
}

/// `GET /telegram/search`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FoundMessages {
    /// Oldest first, of the newest that were found.
    pub results: Vec<LoggedMessage>,
    pub count: u64,
}

/// One thing that was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoggedMessage {
    /// As the other side numbers it; its place in the log where that is not known.
    pub message_id: i64,
    pub topic_id: Option<i64>,
    pub text: String,
    pub from_user: bool,
    #[schema(format = DateTime)]
    pub timestamp: String,
    pub session_name: Option<String>,
}

/// `GET /telegram/log-stats`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MessageLogStats {
    pub total_messages: u64,
    /// Of the texts.
    pub log_size_bytes: u64,
    /// From the project's folder.
    pub log_path: String,
}

/// `GET /conversations`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Conversations {
    pub conversations: Vec<Conversation>,
}

/// A place where people speak with a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Conversation {
    /// Such as `telegram:42`.
    pub place: String,
    /// The id of the notifier.
    pub notifier: String,
    /// The chat.
    pub conversation: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub thread: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub session: Option<String>,
}

/// `POST /conversations/reply`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReplyRequest {
    /// Markdown; it is cut into as many messages as it needs.
    #[schema(min_length = 1, max_length = 100_000)]
    pub text: String,
    /// Such as `telegram:42`; absent, the conversation of the session that asks.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub to: Option<String>,
    /// The same at each attempt to have one text taken: it is sent once.
    #[schema(min_length = 1, max_length = 64)]
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Replied {
    pub ok: bool,
    /// Such as `telegram:42`.
    pub to: String,
}

/// `POST /conversations/pair`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PairRequest {
    /// The notifier, with or without `notifier-`; absent, the only one that hears people.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub notifier: Option<String>,
    /// The id of the user in `users.json` who is to speak there; absent, `owner`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub user: Option<String>,
}

/// A code for `/pair` in a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PairingCode {
    pub notifier: String,
    pub user: String,
    pub role: String,
    /// Good once.
    pub code: String,
    #[schema(format = DateTime)]
    pub until: String,
}

/// `POST /internal/inbound`: what a notifier heard in another process lies on disk, and is to be taken over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InboundKept {
    /// The id of the notifier.
    pub notifier: String,
    /// Under which it is kept.
    #[schema(maximum = 9_007_199_254_740_991_u64)]
    pub number: u64,
}

/// It is recorded, and needs to be kept no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InboundTaken {
    pub number: u64,
    /// The keys of what happened in it; those that were known before are among them.
    pub keys: Vec<String>,
}
