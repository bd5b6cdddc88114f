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
    /// The job that it works for, if any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub job_slug: Option<String>,
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
    /// Whether it talks with people: texts wait until its program does.
    pub interactive: bool,
    /// What its program asks of a person, for trust or a permission: texts wait until somebody has answered.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub question: Option<String>,
}

/// The body of `POST /sessions/spawn`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SpawnRequest {
    /// 1 to 200 letters, digits, `-` or `_`; no live session has it.
    pub name: String,
    /// The first message, 500,000 characters at most.
    pub prompt: String,
    /// `opus`, `sonnet` (as without one) or `haiku`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub model: Option<String>,
    /// The job that it is said to work for; it need not exist.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub job_slug: Option<String>,
}

/// The body of `POST /sessions/{name}/resume`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ResumeRequest {
    /// The next message; without one the agent waits.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub prompt: Option<String>,
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
