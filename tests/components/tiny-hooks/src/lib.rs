//! A guard at four hook points at once: the word `secret` must go nowhere.

use instar_plugin_sdk::guard::{
    Chunk, Finding, Moment, OutboundGuard, OutputGuard, Redaction, ScanResult, SessionGuard, ToolCall, ToolGuard,
    Verdict,
};
use instar_plugin_sdk::{CallCtx, NoConfig, Plugin, Severity, register};

const WORD: &str = "secret";

struct Hooks;

impl Plugin for Hooks {
    type Config = NoConfig;
}

impl ToolGuard for Hooks {
    fn check(_: &CallCtx, _: &NoConfig, call: &ToolCall) -> Verdict {
        judge(&call.tool, &call.input_json)
    }
}

impl OutboundGuard for Hooks {
    fn check(_: &CallCtx, _: &NoConfig, channel: &str, text: &str) -> Verdict {
        judge(channel, text)
    }
}

impl OutputGuard for Hooks {
    fn scan(_: &CallCtx, _: &NoConfig, chunk: &Chunk) -> ScanResult {
        let found = chunk.bytes.windows(WORD.len()).position(|window| window == WORD.as_bytes());
        let redaction = |place: usize| {
            let start = chunk.offset + place as u64;
            Redaction { start, end: start + WORD.len() as u64, kind: "word".to_owned() }
        };
        let hold_back = if chunk.is_last { 0 } else { 3 };
        ScanResult { redactions: found.map(redaction).into_iter().collect(), hold_back, escalate: None }
    }
}

impl SessionGuard for Hooks {
    fn context(_: &CallCtx, _: &NoConfig, at: Moment, files: &[(String, String)]) -> Vec<String> {
        vec![format!("{at:?}: {} files", files.len())]
    }
}

fn judge(place: &str, text: &str) -> Verdict {
    if text.contains(WORD) {
        return Verdict::deny(Finding::new(place, Severity::High, "it has the word"));
    }
    Verdict::pass()
}

register!(Hooks: tool_guard, outbound_guard, output_guard, session_guard);
