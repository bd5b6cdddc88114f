//! The agent CLIs that call hooks, and how each wants an answer.
//!
//! Answers are made in the words of Claude Code; the others get them translated here. Gemini CLI: its "Hooks
//! reference"; Codex CLI: the schemas in its `hooks` crate. Neither lets a hook ask a person, so whoever calls for
//! them is unattended: a question denies, and a person may approve it from a terminal.

use clap::ValueEnum;
use serde_json::{Value, json};

use super::answer::Reply;
use super::event::Event;

/// The agent CLI that calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Dialect {
    #[default]
    Claude,
    Codex,
    Gemini,
}

impl Dialect {
    pub(super) fn parse(word: &str) -> Option<Self> {
        Self::value_variants().iter().copied().find(|dialect| dialect.word() == word)
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Claude => "claude",
            Self::Codex => "codex",
            Self::Gemini => "gemini",
        }
    }

    /// What stands behind our events in a registered command.
    pub(super) fn option(self) -> String {
        if self == Self::Claude { String::new() } else { format!(" --for {}", self.word()) }
    }

    /// Whether a hook can make it ask a person.
    pub(super) fn asks(self) -> bool {
        self == Self::Claude
    }

    /// Where its hooks stand, below the project or the home.
    pub(super) fn file(self) -> (&'static str, &'static str) {
        match self {
            Self::Claude => (".claude", "settings.json"),
            Self::Codex => (".codex", "hooks.json"),
            Self::Gemini => (".gemini", "settings.json"),
        }
    }

    /// The time limit of a hook: Gemini CLI counts milliseconds, the others seconds. Ours answers long before.
    pub(super) fn timeout(self) -> u64 {
        if self == Self::Gemini { 30_000 } else { 30 }
    }

    /// As it calls the event.
    pub(super) fn name_of(self, event: Event) -> &'static str {
        match (self, event) {
            (Self::Gemini, Event::PreToolUse) => "BeforeTool",
            (Self::Gemini, Event::PostToolUse) => "AfterTool",
            (Self::Gemini, Event::UserPromptSubmit) => "BeforeAgent",
            (Self::Gemini, Event::Stop) => "AfterAgent",
            (Self::Gemini, Event::PreCompact) => "PreCompress",
            _ => event.name(),
        }
    }

    /// The same answer in its words.
    pub(super) fn spoken(self, event: Event, reply: Reply) -> Reply {
        let said = reply.stdout.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok());
        match (self, said) {
            (Self::Claude, _) | (_, None) => reply,
            (_, Some(said)) => Reply { stdout: Some(self.translated(event, &said).to_string()), ..reply },
        }
    }

    fn translated(self, event: Event, said: &Value) -> Value {
        let specific = &said["hookSpecificOutput"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let stops = specific["permissionDecision"].is_string();
        let context = text(&specific["additionalContext"]);
        if event == Event::PreToolUse && stops {
            return self.denied(event, &text(&specific["permissionDecisionReason"]));
        }
        if let Some(shown) = specific.get("updatedToolOutput") {
            let parts = [context, text(&said["reason"]), what_the_model_reads(shown)];
            let whole: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
            return self.denied(event, &whole.join("\n\n"));
        }
        if said["decision"].is_string() {
            return self.denied(event, &text(&said["reason"]));
        }
        if self == Self::Gemini && event == Event::PreToolUse {
            // It knows no text for the model here; the person sees it.
            return json!({ "systemMessage": context });
        }
        json!({ "hookSpecificOutput": { "hookEventName": self.name_of(event), "additionalContext": context } })
    }

    /// It does not happen, or is not shown; the model reads the reason in its place.
    fn denied(self, event: Event, reason: &str) -> Value {
        // Codex CLI takes a denial without a reason for none.
        let reason = if reason.trim().is_empty() { "instar: this is not shown." } else { reason };
        match (self, event) {
            (Self::Gemini, _) => json!({ "decision": "deny", "reason": reason }),
            (_, Event::PreToolUse) => super::answer::decided("deny", reason),
            _ => json!({ "decision": "block", "reason": reason }),
        }
    }
}

/// Of an output with parts of its own for model and person, the model's.
fn what_the_model_reads(output: &Value) -> String {
    let for_model = output.get("llmContent").unwrap_or(output);
    for_model.as_str().map_or_else(|| for_model.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(dialect: Dialect, event: Event, said: Value, expected: Value) {
        let reply = Reply { stdout: Some(said.to_string()), ..Reply::silent() };
        let spoken = dialect.spoken(event, reply).stdout.expect("it says something");
        assert_eq!(serde_json::from_str::<Value>(&spoken).expect("JSON"), expected, "{dialect:?} {event:?}");
    }

    #[test]
    fn a_denial_is_said_in_the_words_of_each() {
        let denial = || super::super::answer::decided("deny", "no");
        let question = || super::super::answer::decided("ask", "no");
        check(Dialect::Claude, Event::PreToolUse, question(), question());
        for said in [denial(), question()] {
            check(Dialect::Codex, Event::PreToolUse, said.clone(), denial());
            check(Dialect::Gemini, Event::PreToolUse, said, json!({ "decision": "deny", "reason": "no" }));
        }
        let block = || json!({ "decision": "block", "reason": "open" });
        check(Dialect::Codex, Event::Stop, block(), block());
        check(Dialect::Gemini, Event::Stop, block(), json!({ "decision": "deny", "reason": "open" }));
    }

    #[test]
    fn what_must_not_be_seen_is_replaced_where_no_output_can_be_changed() {
        let said = |output: Value| json!({ "hookSpecificOutput": { "hookEventName": "PostToolUse", "updatedToolOutput": output } });
        let codex = json!({ "decision": "block", "reason": "[redacted]" });
        check(Dialect::Codex, Event::PostToolUse, said(json!("[redacted]")), codex);
        let output = json!({ "llmContent": "[redacted]", "returnDisplay": "x" });
        let gemini = json!({ "decision": "deny", "reason": "[redacted]" });
        check(Dialect::Gemini, Event::PostToolUse, said(output), gemini);
    }

    #[test]
    fn a_denial_always_has_a_reason() {
        let said = json!({ "hookSpecificOutput": { "hookEventName": "PostToolUse", "updatedToolOutput": "" } });
        let expected = json!({ "decision": "block", "reason": "instar: this is not shown." });
        check(Dialect::Codex, Event::PostToolUse, said, expected);
    }

    #[test]
    fn advice_and_texts_reach_the_model_where_they_can() {
        let said = json!({ "hookSpecificOutput": { "hookEventName": "x", "additionalContext": "hear" } });
        let told = |name: &str| json!({ "hookSpecificOutput": { "hookEventName": name, "additionalContext": "hear" } });
        check(Dialect::Codex, Event::PreToolUse, said.clone(), told("PreToolUse"));
        check(Dialect::Gemini, Event::SessionStart, said.clone(), told("SessionStart"));
        check(Dialect::Gemini, Event::UserPromptSubmit, said.clone(), told("BeforeAgent"));
        check(Dialect::Gemini, Event::PreToolUse, said, json!({ "systemMessage": "hear" }));
    }
}
