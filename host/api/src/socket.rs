//! What the WebSocket at `/ws` says to its clients: one JSON object a frame.
//!
//! `session` is the name that the client itself used: the name of a session, its id, or its tmux name.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum SocketMessage {
    /// On connect, and whenever the list changed.
    Sessions {
        sessions: Vec<SocketSession>,
    },
    /// The end of what a session printed, whole: on subscribe, and whenever it changed.
    Output {
        session: String,
        data: String,
    },
    /// Once for each subscription.
    SessionEnded {
        session: String,
    },
    Subscribed {
        session: String,
    },
    Unsubscribed {
        session: String,
    },
    InputAck {
        session: String,
        success: bool,
        /// Why not.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        error: Option<String>,
    },
    Pong,
    Error {
        message: String,
    },
}

/// A session that lives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SocketSession {
    pub id: String,
    pub name: String,
    pub tmux_session: String,
    pub status: String,
    pub started_at: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub job_slug: Option<String>,
    pub model: String,
}
