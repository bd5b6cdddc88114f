//! The events of an agent CLI, and what it tells about each on standard input.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

use super::dialect::Dialect;

/// A call of a hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HookCall {
    pub(crate) event: Event,
    /// The project that was named.
    pub(crate) dir: Option<PathBuf>,
    /// Who calls.
    pub(crate) dialect: Dialect,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    PreToolUse,
    PostToolUse,
    SessionStart,
    PreCompact,
    UserPromptSubmit,
    Stop,
}

impl Event {
    /// Our name or that of the agent CLI.
    pub(super) fn parse(word: &str) -> Option<Self> {
        let all = [
            Self::PreToolUse,
            Self::PostToolUse,
            Self::SessionStart,
            Self::PreCompact,
            Self::UserPromptSubmit,
            Self::Stop,
        ];
        all.into_iter().find(|event| event.word() == word || event.name() == word)
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::PreToolUse => "pre-tool-use",
            Self::PostToolUse => "post-tool-use",
            Self::SessionStart => "session-start",
            Self::PreCompact => "pre-compact",
            Self::UserPromptSubmit => "user-prompt-submit",
            Self::Stop => "stop",
        }
    }

    /// As the agent CLI calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::PreToolUse => "PreToolUse",
            Self::PostToolUse => "PostToolUse",
            Self::SessionStart => "SessionStart",
            Self::PreCompact => "PreCompact",
            Self::UserPromptSubmit => "UserPromptSubmit",
            Self::Stop => "Stop",
        }
    }
}

/// What stands on standard input. Fields that we do not use are not looked at.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Input {
    pub(super) session_id: Option<String>,
    pub(super) cwd: Option<PathBuf>,
    pub(super) permission_mode: Option<String>,
    pub(super) tool_name: Option<String>,
    pub(super) tool_input: Option<Value>,
    pub(super) tool_response: Option<Value>,
    /// Of a session that starts: `startup`, `resume`, `clear` or `compact`.
    pub(super) source: Option<String>,
    /// The model was kept from stopping already.
    pub(super) stop_hook_active: bool,
}

impl Input {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(bytes).map_err(|error| error.to_string())
    }

    /// Whether nobody is there to answer: a run of a job, or an agent that never asks.
    pub(super) fn is_unattended(&self) -> bool {
        let never_asks = matches!(self.permission_mode.as_deref(), Some("bypassPermissions" | "dontAsk"));
        never_asks || std::env::var_os("INSTAR_RUN_ID").is_some_and(|id| !id.is_empty())
    }
}
