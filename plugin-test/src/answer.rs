//! What a plugin answered, as a test reads it.

use std::fmt;

use instar_core::id::PluginId;
use instar_core::verdict::{Answer, Finding, Verdict};
use instar_plugin::{Cause, PluginError};

/// Why there is no answer: the plugin said so in its own words, or the host gave up on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The plugin's own code, or the host's, such as `trap`, `timeout` and `memory-limit`.
    pub code: String,
    pub message: String,
    /// Whether the same may work later.
    pub retry: bool,
    /// The plugin did not keep to the contract: it trapped, ran on, took too much, or answered what cannot be used.
    pub is_fault: bool,
}

/// What the host calls a fault of a plugin; everything else is an answer.
const FAULTS: [&str; 7] =
    ["trap", "timeout", "memory-limit", "table-limit", "instance-limit", "output-too-large", "invalid-output"];

impl Failure {
    pub(crate) fn of(error: &PluginError) -> Self {
        let own = match &error.cause {
            Cause::PluginFailed(failure) => Some(failure.code.clone()),
            _ => None,
        };
        Self {
            is_fault: own.is_none() && FAULTS.contains(&error.code()),
            code: own.unwrap_or_else(|| error.code().to_owned()),
            message: error.cause.to_string(),
            retry: error.is_retryable(),
        }
    }

    /// A fault that the host did not see as one.
    pub(crate) fn fault(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), retry: false, is_fault: true }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

impl std::error::Error for Failure {}

/// The verdict of a guard.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Judged {
    /// Their rules are as the plugin calls them, without its id.
    pub findings: Vec<Finding>,
}

impl Judged {
    pub(crate) fn new(id: &PluginId, verdict: Verdict) -> Self {
        let findings = verdict.findings.into_iter().map(|finding| of_plugin(id, finding));
        Self { findings: findings.collect() }
    }

    /// The strictest of all findings; none is no objection.
    pub fn answer(&self) -> Answer {
        self.findings.iter().map(|finding| finding.answer).max().unwrap_or(Answer::Pass)
    }

    /// The rules that spoke.
    pub fn rules(&self) -> Vec<&str> {
        self.findings.iter().map(|finding| finding.rule.as_str()).collect()
    }

    /// The code of the fault for which the host denied in the guard's place.
    pub(crate) fn fault(&self) -> Option<&str> {
        self.rules().into_iter().find(|rule| FAULTS.contains(rule))
    }
}

pub(crate) fn of_plugin(id: &PluginId, finding: Finding) -> Finding {
    let own = finding.rule.strip_prefix(id.as_str()).and_then(|rule| rule.strip_prefix('/'));
    Finding { rule: own.unwrap_or(&finding.rule).to_owned(), ..finding }
}

/// What is left of an output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redacted {
    /// With `***` for each part that was blacked out.
    pub shown: String,
    /// What was blacked out, such as `api-key`, in the order of the output.
    pub kinds: Vec<String>,
    /// What a person should hear of.
    pub findings: Vec<Finding>,
}

/// A message that was delivered as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// What the other side calls each part.
    pub receipts: Vec<String>,
}
