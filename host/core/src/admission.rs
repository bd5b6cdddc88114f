//! When runs may start: what a job says of it, and what the operator does.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::budget::Budget;
use crate::job::fields::Definition;
use crate::memory::MemoryRules;
use crate::quota::QuotaRules;

/// What a job says. Kept with each of its runs, since the job may be edited meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Admission {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gate: Option<Gate>,
    /// Runs that share a tag share its limit.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<String>,
    #[serde(skip_serializing_if = "Budget::is_unlimited")]
    pub budget: Budget,
}

/// A shell command that is asked before a run whether there is anything to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Gate {
    pub command: String,
    /// `None` is the host's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
}

/// What the operator says of all jobs.
#[derive(Debug, Clone, PartialEq)]
pub struct AdmissionRules {
    /// How long a gate may take whose job does not say.
    pub gate_timeout_ms: u64,
    /// How many runs with this tag may be under way.
    pub tag_limits: BTreeMap<String, usize>,
    /// By how much a job that does not say may start after its due time.
    pub jitter: SignedDuration,
    /// `None` when nobody wants quota to be heeded.
    pub quota: Option<QuotaRules>,
    /// `None` when nobody wants the machine's memory to be heeded.
    pub memory: Option<MemoryRules>,
    /// Of all jobs together.
    pub budget: Budget,
}

impl AdmissionRules {
    pub const GATE_TIMEOUT_MS: u64 = 10_000;
}

impl Default for AdmissionRules {
    fn default() -> Self {
        Self {
            gate_timeout_ms: Self::GATE_TIMEOUT_MS,
            tag_limits: BTreeMap::new(),
            jitter: SignedDuration::ZERO,
            quota: Some(QuotaRules::default()),
            memory: Some(MemoryRules::default()),
            budget: Budget::default(),
        }
    }
}

/// A gate may take this long at most: it asks a question, and does not work.
pub const LONGEST_GATE_SECONDS: f64 = 3_600.0;
/// Jobs are not put off by more than this.
pub const LONGEST_JITTER_SECONDS: f64 = 3_600.0;
const MOST_TAGS: usize = 50;
const LONGEST_TAG: usize = 100;

/// The key that is wrong, and what it must be.
pub(crate) type Wrong = (&'static str, String);

impl Admission {
    /// Reads the fields of a job's definition that belong here.
    pub(crate) fn parse(definition: Definition<'_>) -> Result<Self, Wrong> {
        let timeout_ms = seconds(definition, "gateTimeoutSeconds", LONGEST_GATE_SECONDS)?;
        if timeout_ms == Some(0) {
            return Err(("gateTimeoutSeconds", "\"gateTimeoutSeconds\" must be above 0".into()));
        }
        Ok(Self {
            gate: gate(definition)?.map(|command| Gate { command, timeout_ms }),
            tags: tags(definition)?,
            budget: Budget::parse(definition)?,
        })
    }
}

/// By how much a job may start after its due time; `None` is the host's.
pub(crate) fn jitter(definition: Definition<'_>) -> Result<Option<SignedDuration>, Wrong> {
    let millis = seconds(definition, "jitterSeconds", LONGEST_JITTER_SECONDS)?;
    Ok(millis.map(|millis| SignedDuration::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))))
}

/// A blank gate is a slip: it would let everything pass.
fn gate(definition: Definition<'_>) -> Result<Option<String>, Wrong> {
    match definition.get("gate") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(command)) if !command.trim().is_empty() => Ok(Some(command.clone())),
        Some(_) => Err(("gate", "\"gate\" must be a shell command: a text that is not blank".into())),
    }
}

fn tags(definition: Definition<'_>) -> Result<BTreeSet<String>, Wrong> {
    let wrong = || {
        let rule = format!(
            "\"tags\" must be a list of at most {MOST_TAGS} texts that are not blank, of {LONGEST_TAG} characters at most"
        );
        ("tags", rule)
    };
    let list = match definition.get("tags") {
        None | Some(Value::Null) => return Ok(BTreeSet::new()),
        Some(Value::Array(list)) if list.len() <= MOST_TAGS => list,
        Some(_) => return Err(wrong()),
    };
    let tag = |value: &Value| value.as_str().map(str::trim).filter(|tag| is_tag(tag)).map(str::to_owned);
    list.iter().map(tag).collect::<Option<_>>().ok_or_else(wrong)
}

/// Whether a text can be a tag.
pub fn is_tag(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= LONGEST_TAG
}

/// A number of seconds, as milliseconds.
fn seconds(definition: Definition<'_>, key: &'static str, most: f64) -> Result<Option<u64>, Wrong> {
    let value = match definition.get(key) {
        None | Some(Value::Null) => return Ok(None),
        Some(value) => value.as_f64().filter(|seconds| (0.0..=most).contains(seconds)),
    };
    let seconds = value.ok_or_else(|| (key, format!("\"{key}\" must be a number of seconds from 0 to {most}")))?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be positive and small")]
    Ok(Some((seconds * 1000.0).ceil() as u64))
}
