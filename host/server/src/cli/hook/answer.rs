//! What a hook answers, in the words of the agent CLI.

use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use instar_core::verdict::Answer;
use instar_plugin::{Kind, Moment};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::event::{Event, HookCall, Input};
use crate::guards::{Decision, DecisionLog, Fate, Guards, Home, Judged, ToolUse, record, shown};
use crate::shadow::Overheard;

/// What the process prints, and how it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) stdout: Option<String>,
    pub(super) stderr: Option<String>,
    pub(super) succeeded: bool,
}

impl Reply {
    /// No objection, and nothing to say.
    pub(super) fn silent() -> Self {
        Self { stdout: None, stderr: None, succeeded: true }
    }

    fn json(value: &Value) -> Self {
        Self { stdout: Some(value.to_string()), ..Self::silent() }
    }

    /// A text for the model.
    fn context(event: Event, text: &str) -> Self {
        Self::json(&json!({ "hookSpecificOutput": { "hookEventName": event.name(), "additionalContext": text } }))
    }
}

/// The answer of one who cannot tell: what is about to happen does not, and what happened is not looked at.
pub(super) fn failed(event: Event, why: &str) -> Reply {
    match event {
        Event::PreToolUse => Reply::json(&decided("deny", &format!("Denied by instar: {why}."))),
        Event::PostToolUse => Reply::json(&json!({ "decision": "block", "reason": format!("instar: {why}.") })),
        Event::SessionStart | Event::PreCompact | Event::UserPromptSubmit | Event::Stop => {
            Reply { stdout: None, stderr: Some(format!("instar: {why}.")), succeeded: false }
        }
    }
}

pub(super) fn answer(call: &HookCall, input: &Input, overheard: &Arc<Overheard>) -> Reply {
    // What is said before a compaction is lost in it; `session-start` with the source `compact` comes after.
    if call.event == Event::PreCompact {
        return Reply::silent();
    }
    let cwd = input.cwd.clone().filter(|cwd| cwd.is_absolute()).or_else(|| std::env::current_dir().ok());
    let around = std::env::var_os("CLAUDE_PROJECT_DIR").map(PathBuf::from).or_else(|| cwd.clone());
    let home = Home::find(call.dir.as_deref(), around.as_deref());
    let cwd = cwd.unwrap_or_else(|| PathBuf::from("/"));
    let log = DecisionLog::new(home.decisions());
    overheard.belongs_to(home.project.as_ref());
    let guards = match Guards::open(home, kinds(call.event), Some(overheard.clone())) {
        // This process ends with its answer, and the system frees faster than we do.
        Ok(guards) => ManuallyDrop::new(guards),
        Err(error) => return failed(call.event, &format!("the guards could not be set up ({})", error.code())),
    };
    match call.event {
        Event::PreToolUse => before_tool(&guards, &log, call, input, &cwd),
        Event::PostToolUse => after_tool(&guards, &log, input),
        Event::SessionStart => {
            let moment = match input.source.as_deref() {
                Some("resume") => Moment::Resume,
                Some("compact") => Moment::Compact,
                Some(_) | None => Moment::Start,
            };
            told(call.event, &guards.context(moment, Timestamp::now()))
        }
        Event::PreCompact => Reply::silent(),
        Event::UserPromptSubmit => told(call.event, &guards.context(Moment::Prompt, Timestamp::now())),
        // A model that was kept from stopping once may stop.
        Event::Stop if input.stop_hook_active => Reply::silent(),
        Event::Stop => match joined(&guards.context(Moment::Stop, Timestamp::now())) {
            Some(text) => Reply::json(&json!({ "decision": "block", "reason": text })),
            None => Reply::silent(),
        },
    }
}

fn kinds(event: Event) -> &'static [Kind] {
    match event {
        Event::PreToolUse => &[Kind::CommandGuard, Kind::ToolGuard, Kind::OutputGuard],
        Event::PostToolUse => &[Kind::OutputGuard],
        Event::SessionStart | Event::PreCompact | Event::UserPromptSubmit | Event::Stop => &[Kind::SessionGuard],
    }
}

fn before_tool(guards: &Guards, log: &DecisionLog, call: &HookCall, input: &Input, cwd: &Path) -> Reply {
    let (Some(tool), Some(tool_input)) = (&input.tool_name, &input.tool_input) else {
        return failed(Event::PreToolUse, "the hook's input has no `tool_name` or no `tool_input`");
    };
    let now = Timestamp::now();
    let using = ToolUse {
        tool: tool.clone(),
        input: tool_input.clone(),
        cwd: cwd.to_string_lossy().into_owned(),
        session: input.session_id.clone(),
        job: std::env::var("INSTAR_JOB").ok(),
        within: std::env::var("INSTAR_SESSION").ok(),
        unattended: input.is_unattended() || !call.dialect.asks(),
        only_asks: false,
    };
    let decision = guards.judge(using, now);
    // A log that cannot be written must not change what is decided.
    let _ = log.append(&record(&decision, Event::PreToolUse.word(), now));
    told_of(&decision, &guards.notes)
}

fn told_of(decision: &Decision, notes: &[String]) -> Reply {
    let standing = |answer: Answer| {
        let counts = move |judged: &&Judged| judged.fate == Fate::Stands && judged.finding.answer == answer;
        decision.findings.iter().filter(counts)
    };
    match decision.answer {
        Answer::Deny => {
            let mut text = shown(standing(Answer::Deny).chain(standing(Answer::Ask)));
            match &decision.approval {
                Some(id) => text.push_str(&format!(
                    "\nNobody is there to be asked. A person can allow exactly this once: instar guard approve {id}"
                )),
                None => text.push_str("\nDo not try the same in another spelling."),
            }
            Reply::json(&decided("deny", &text))
        }
        Answer::Ask => Reply::json(&decided("ask", &shown(standing(Answer::Ask)))),
        Answer::Pass => {
            let eased = decision.findings.iter().filter(|judged| judged.fate == Fate::Level);
            let advice = shown(standing(Answer::Pass).chain(eased));
            let texts: Vec<String> = notes.iter().cloned().chain((!advice.is_empty()).then_some(advice)).collect();
            told(Event::PreToolUse, &texts)
        }
    }
}

fn after_tool(guards: &Guards, log: &DecisionLog, input: &Input) -> Reply {
    let Some(response) = &input.tool_response else { return Reply::silent() };
    let tool = input.tool_name.clone().unwrap_or_default();
    let (begun, now) = (std::time::Instant::now(), Timestamp::now());
    let redacted = guards.redact(&tool, response, now);
    if !redacted.changed && redacted.findings.is_empty() {
        return Reply::silent();
    }
    let findings = redacted.findings.into_iter().map(|finding| Judged { finding, fate: Fate::Stands });
    let findings: Vec<Judged> = findings.collect();
    let answer = findings.iter().map(|judged| judged.finding.answer).max().unwrap_or(Answer::Pass);
    let decision = Decision {
        answer,
        findings,
        times: Vec::new(),
        subject: if redacted.changed { "output with parts taken out" } else { "output" }.to_owned(),
        tool,
        approval: None,
        session: input.session_id.clone(),
        unattended: input.is_unattended(),
        took: begun.elapsed(),
        command: None,
    };
    let _ = log.append(&record(&decision, Event::PostToolUse.word(), now));
    let text = shown(&decision.findings);
    let mut specific = json!({ "hookEventName": Event::PostToolUse.name() });
    if redacted.changed {
        specific["updatedToolOutput"] = redacted.value;
    }
    let mut value = json!({});
    if answer == Answer::Deny {
        value["decision"] = "block".into();
        value["reason"] = text.into();
    } else if !text.is_empty() {
        specific["additionalContext"] = text.into();
    }
    value["hookSpecificOutput"] = specific;
    Reply::json(&value)
}

pub(super) fn decided(decision: &str, reason: &str) -> Value {
    json!({ "hookSpecificOutput": {
        "hookEventName": Event::PreToolUse.name(),
        "permissionDecision": decision,
        "permissionDecisionReason": reason,
    } })
}

fn joined(texts: &[String]) -> Option<String> {
    let texts: Vec<&str> = texts.iter().map(String::as_str).filter(|text| !text.trim().is_empty()).collect();
    (!texts.is_empty()).then(|| texts.join("\n\n"))
}

fn told(event: Event, texts: &[String]) -> Reply {
    joined(texts).map_or_else(Reply::silent, |text| Reply::context(event, &text))
}
