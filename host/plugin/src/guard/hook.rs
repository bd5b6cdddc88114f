//! What guards are asked about, in the host's own words.

use instar_core::verdict::{Answer, Finding, Severity};
use serde::{Deserialize, Serialize};

/// A moment in the life of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Moment {
    Start,
    Resume,
    Compact,
    Prompt,
    Stop,
}

/// A rule that a guard may speak.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// With the plugin's id before it, as in findings.
    pub id: String,
    pub pack: String,
    pub answer: Answer,
    pub severity: Severity,
    pub what: String,
}

/// What an output guard found in a chunk.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Scan {
    pub redactions: Vec<Redaction>,
    /// How many bytes to give again with the next chunk.
    pub hold_back: u32,
    pub escalate: Vec<Finding>,
}

/// A part of an output to be blacked out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redaction {
    pub start: u64,
    pub end: u64,
    pub kind: String,
}
