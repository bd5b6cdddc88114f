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
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let parsed = serde_json::from_slice(bytes);
        let parsed =
            parsed.or_else(|error| with_whole_letters(bytes).map_or(Err(error), |text| serde_json::from_slice(&text)));
        parsed.map_err(|error| error.to_string())
    }

    /// Whether nobody is there to answer: a run of a job, or an agent that never asks.
    pub(super) fn is_unattended(&self) -> bool {
        let never_asks = matches!(self.permission_mode.as_deref(), Some("bypassPermissions" | "dontAsk"));
        never_asks || std::env::var_os("INSTAR_RUN_ID").is_some_and(|id| !id.is_empty())
    }
}

/// The text with the sign for what is unknown in the place of each half of a letter, such as `\ud83d` alone: an agent
/// CLI writes that where it has cut an output. None if there is none.
fn with_whole_letters(bytes: &[u8]) -> Option<Vec<u8>> {
    const UNKNOWN: &[u8] = b"fffd";
    let mut whole = bytes.to_vec();
    let (mut at, mut has_changed) = (0, false);
    while at < whole.len() {
        let width = match (half(&whole, at), half(&whole, at + 6)) {
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => 12,
            (Some(0xd800..0xe000), _) => {
                whole[at + 2..at + 6].copy_from_slice(UNKNOWN);
                has_changed = true;
                6
            }
            _ if whole[at] == b'\\' => 2,
            _ => 1,
        };
        at += width;
    }
    has_changed.then_some(whole)
}

/// The number in `\u1234` at this place.
fn half(text: &[u8], at: usize) -> Option<u32> {
    let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, name: Option<&str>) {
        let parsed = Input::parse(text.as_bytes()).ok().and_then(|input| input.tool_name);
        assert_eq!(parsed.as_deref(), name, "{text}");
    }

    #[test]
    fn a_mark_of_the_encoding_and_halves_of_letters_are_taken_as_they_come() {
        check("\u{feff}{\"tool_name\": \"Bash\"}", Some("Bash"));
        check(r#"{"tool_name": "a\ud83d"}"#, Some("a\u{fffd}"));
        check(r#"{"tool_name": "\udE00b\ud83d\ude00"}"#, Some("\u{fffd}b\u{1f600}"));
        check(r#"{"tool_name": "\\ud83d"}"#, Some(r"\ud83d"));
    }

    #[test]
    fn what_is_no_input_is_refused() {
        for text in ["", "null", "{", r#"{"tool_name": 5}"#, r#"{"tool_name": "\ud8"}"#, r#"{"cwd": []}"#] {
            assert!(Input::parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(Input::parse(b"{\"tool_name\": \"\xff\"}").is_err());
    }
}
