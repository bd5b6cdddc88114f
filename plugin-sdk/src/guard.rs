//! Guards: what a job must not do. One trait for each hook point; a guard can only tighten.

use crate::bindings::words::instar::plugin::guard_types;
use crate::bindings::{command_guard, outbound_guard, output_guard, run_guard, session_guard, tool_guard};
use crate::register::Export;
use crate::{CallCtx, Plugin, Severity, config};

pub use crate::bindings::meta::exports::instar::plugin::plugin_meta::Rule;
pub use command_guard::exports::instar::plugin::command_guard::{Code, Command, Redirect, SimpleCommand, Span, Via};
pub use guard_types::{Answer, Finding, Surroundings, Verdict};
pub use output_guard::exports::instar::plugin::output_guard::{Redaction, ScanResult};
pub use session_guard::exports::instar::plugin::session_guard::Moment;
pub use tool_guard::exports::instar::plugin::tool_guard::ToolCall;

/// May this shell command run? [`register_command_guard!`](crate::register_command_guard)
pub trait CommandGuard: Plugin {
    fn check(ctx: &CallCtx, config: &Self::Config, command: &Command) -> Verdict;
}

/// May this call of a tool happen? [`register_tool_guard!`](crate::register_tool_guard)
pub trait ToolGuard: Plugin {
    fn check(ctx: &CallCtx, config: &Self::Config, call: &ToolCall) -> Verdict;
}

/// May this text leave the machine? [`register_outbound_guard!`](crate::register_outbound_guard)
pub trait OutboundGuard: Plugin {
    fn check(ctx: &CallCtx, config: &Self::Config, channel: &str, text: &str) -> Verdict;
}

/// May this run start? [`register_run_guard!`](crate::register_run_guard)
pub trait RunGuard: Plugin {
    fn check(ctx: &CallCtx, config: &Self::Config, job_json: &str, history_json: &str) -> Verdict;
}

/// What must not be seen in this output? [`register_output_guard!`](crate::register_output_guard)
pub trait OutputGuard: Plugin {
    fn scan(ctx: &CallCtx, config: &Self::Config, chunk: &Chunk) -> ScanResult;
}

/// What should the model be told now? [`register_session_guard!`](crate::register_session_guard)
pub trait SessionGuard: Plugin {
    /// `files` are the agent's own notes: name and content.
    fn context(ctx: &CallCtx, config: &Self::Config, at: Moment, files: &[(String, String)]) -> Vec<String>;
}

/// A part of an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Which output it is.
    pub source: String,
    /// Where the chunk begins in it, in bytes.
    pub offset: u64,
    pub bytes: Vec<u8>,
    /// Nothing comes after it.
    pub is_last: bool,
}

impl Verdict {
    /// No objection.
    pub fn pass() -> Self {
        Self { findings: Vec::new() }
    }

    /// No objection, and this advice.
    pub fn advise(finding: Finding) -> Self {
        Self { findings: vec![Finding { answer: Answer::Pass, ..finding }] }
    }

    /// A person must say yes, for this one reason.
    pub fn ask(finding: Finding) -> Self {
        Self { findings: vec![Finding { answer: Answer::Ask, ..finding }] }
    }

    /// It must not happen, for this one reason.
    pub fn deny(finding: Finding) -> Self {
        Self { findings: vec![Finding { answer: Answer::Deny, ..finding }] }
    }
}

impl From<Vec<Finding>> for Verdict {
    fn from(findings: Vec<Finding>) -> Self {
        Self { findings }
    }
}

impl Finding {
    /// A finding that is advice, until its answer says otherwise.
    pub fn new(rule: impl Into<String>, severity: Severity, detail: impl Into<String>) -> Self {
        Self { rule: rule.into(), answer: Answer::Pass, severity, detail: detail.into(), remedy: None, command: None }
    }

    /// What it calls for.
    pub fn with_answer(self, answer: Answer) -> Self {
        Self { answer, ..self }
    }

    /// The command that it is about: its index.
    pub fn about(self, command: u32) -> Self {
        Self { command: Some(command), ..self }
    }

    /// A safer way to get the same done.
    pub fn with_remedy(self, remedy: impl Into<String>) -> Self {
        Self { remedy: Some(remedy.into()), ..self }
    }
}

impl<T: CommandGuard> command_guard::exports::instar::plugin::command_guard::Guest for Export<T> {
    fn check(ctx: CallCtx, command: Command) -> Verdict {
        T::check(&ctx, &config::ask::<T>(), &command)
    }
}

impl<T: ToolGuard> tool_guard::exports::instar::plugin::tool_guard::Guest for Export<T> {
    fn check(ctx: CallCtx, call: ToolCall) -> Verdict {
        T::check(&ctx, &config::ask::<T>(), &call)
    }
}

impl<T: OutboundGuard> outbound_guard::exports::instar::plugin::outbound_guard::Guest for Export<T> {
    fn check(ctx: CallCtx, channel: String, text: String) -> Verdict {
        T::check(&ctx, &config::ask::<T>(), &channel, &text)
    }
}

impl<T: RunGuard> run_guard::exports::instar::plugin::run_guard::Guest for Export<T> {
    fn check(ctx: CallCtx, job_json: String, history_json: String) -> Verdict {
        T::check(&ctx, &config::ask::<T>(), &job_json, &history_json)
    }
}

impl<T: OutputGuard> output_guard::exports::instar::plugin::output_guard::Guest for Export<T> {
    fn scan(ctx: CallCtx, source: String, offset: u64, chunk: Vec<u8>, last: bool) -> ScanResult {
        T::scan(&ctx, &config::ask::<T>(), &Chunk { source, offset, bytes: chunk, is_last: last })
    }
}

impl<T: SessionGuard> session_guard::exports::instar::plugin::session_guard::Guest for Export<T> {
    fn context(ctx: CallCtx, at: Moment, files: Vec<(String, String)>) -> Vec<String> {
        T::context(&ctx, &config::ask::<T>(), at, &files)
    }
}
