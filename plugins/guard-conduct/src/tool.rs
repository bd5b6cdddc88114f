//! Calls of tools that send: those of mail, chat and tracker servers.

use instar_plugin_sdk::guard::ToolCall;
use serde_json::Value;

use crate::deferral;
use crate::rules::{Conduct, Report};

/// Words in the name of a tool that sends something to people.
const SENDS: &[&str] =
    &["send", "post_message", "reply", "comment", "create_issue", "create_pull_request", "publish", "tweet", "notify"];

pub(crate) fn judge(call: &ToolCall, report: &mut Report) {
    let name = call.tool.to_ascii_lowercase();
    let verb = name.rsplit("__").next().unwrap_or(&name);
    let reads = ["get", "list", "search", "read", "fetch", "find"].iter().any(|read| verb.starts_with(read));
    if !name.starts_with("mcp__") || reads || !SENDS.iter().any(|word| verb.contains(word)) {
        return;
    }
    report.add(Conduct::Grounding, &call.tool);
    report.add(Conduct::External, &call.tool);
    let input: Value = serde_json::from_str(&call.input_json).unwrap_or_default();
    let mut text = String::new();
    collect(&input, &mut text);
    if let Some(phrase) = deferral::phrase_in(&text) {
        report.add(Conduct::Deferral, phrase);
    }
}

/// Every text in the input, however deep. serde_json refuses what nests deeper than its own limit.
fn collect(value: &Value, text: &mut String) {
    match value {
        Value::String(part) => {
            text.push_str(part);
            text.push('\n');
        }
        Value::Array(parts) => parts.iter().for_each(|part| collect(part, text)),
        Value::Object(parts) => parts.values().for_each(|part| collect(part, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
