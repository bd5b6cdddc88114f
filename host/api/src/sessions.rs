//! Sessions: one command in tmux each.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `GET /sessions` is a bare array of these, newest first; `GET /sessions/{name}` is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
    #[schema(format = DateTime)]
    pub started_at: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[schema(format = DateTime)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SpawnRequest {
    /// 1 to 200 letters, digits, `-` or `_`; no live session has it.
    #[schema(pattern = "^[A-Za-z0-9_-]{1,200}$")]
    pub name: String,
    /// The first message, 500,000 characters at most.
    #[schema(min_length = 1, max_length = 500_000, pattern = r"^[^\x00-\x08\x0B-\x1F\x7F-\x9F]*$")]
    pub prompt: String,
    /// `opus`, `sonnet` (as without one) or `haiku`.
    #[schema(pattern = "^(opus|sonnet|haiku)?$")]
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub model: Option<String>,
    /// The job that it is said to work for; it need not exist.
    #[schema(nullable = false, pattern = "^(?!(?:__proto__|constructor|prototype)$)[A-Za-z0-9_-]{1,100}$")]
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub job_slug: Option<String>,
}

/// The body of `POST /sessions/{name}/resume`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct ResumeRequest {
    /// The next message; without one the agent waits.
    #[schema(nullable = false, max_length = 500_000, pattern = r"^[^\x00-\x08\x0B-\x1F\x7F-\x9F]*$")]
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub prompt: Option<String>,
}

/// `GET /sessions/tmux`: what tmux itself says, on the project's own socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TmuxSessions {
    pub sessions: Vec<TmuxSession>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TmuxSession {
    pub name: String,
}

/// `GET /sessions/{name}/output`: exactly the last lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionOutput {
    pub session: String,
    pub output: String,
}

/// The body of `POST /sessions/{name}/input`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InputRequest {
    /// Typed as it stands, then Enter.
    #[schema(min_length = 1, max_length = 100_000, pattern = r"^[^\x00-\x08\x0B-\x1F\x7F-\x9F]*$")]
    pub text: String,
}

/// It was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Done {
    pub ok: bool,
}

/// The answer to `DELETE /sessions/{name}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Killed {
    pub ok: bool,
    /// The id of the session.
    pub killed: String,
}
