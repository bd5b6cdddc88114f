//! Sessions: one command in tmux each.

use serde::{Deserialize, Serialize};

/// `GET /sessions` is a bare array of these, newest first; `GET /sessions/{name}` is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    pub id: String,
    /// Addresses the session everywhere.
    pub name: String,
    /// `starting`, `running`, `idle`, `completed`, `error` or `killed`.
    pub status: String,
    pub job_slug: String,
    /// What tmux calls it.
    pub tmux_session: String,
    pub started_at: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ended_at: Option<String>,
    pub triggered_by: String,
    pub model: String,
    pub run_id: String,
    /// Whether text can be sent to it while it runs.
    pub takes_input: bool,
}

/// `GET /sessions/tmux`: what tmux itself says, on the project's own socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TmuxSessions {
    pub sessions: Vec<TmuxSession>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TmuxSession {
    pub name: String,
}

/// `GET /sessions/{name}/output`: exactly the last lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionOutput {
    pub session: String,
    pub output: String,
}

/// The body of `POST /sessions/{name}/input`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputRequest {
    /// Typed as it stands, then Enter.
    pub text: String,
}

/// It was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    pub ok: bool,
}

/// The answer to `DELETE /sessions/{name}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Killed {
    pub ok: bool,
    /// The id of the session.
    pub killed: String,
}
