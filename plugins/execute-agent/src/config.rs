//! Which profile a job gets that names none, and the operator's own profiles.

use std::collections::BTreeMap;

use instar_plugin_sdk::Diagnostic;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::profile::{self, Profile};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// The profile of a job that names none.
    pub(crate) profile: String,
    /// The permission of a job that names none.
    pub(crate) permission: String,
    /// The operator's own profiles; each may say on which of the built-in ones it is based.
    pub(crate) profiles: BTreeMap<String, Map<String, Value>>,
}

impl Default for Config {
    fn default() -> Self {
        Self { profile: "claude".to_owned(), permission: "edit".to_owned(), profiles: BTreeMap::new() }
    }
}

impl Config {
    pub(crate) fn remarks(&self) -> Vec<Diagnostic> {
        let mut remarks = Vec::new();
        // One of the operator's own is looked at below.
        let is_own = self.profiles.contains_key(&self.profile);
        if let Some(failure) = profile::find(&self.profiles, &self.profile).err().filter(|_| !is_own) {
            remarks.push(Diagnostic::refusal("profile", failure.message));
        }
        for name in self.profiles.keys() {
            let path = format!("profiles.{name}");
            match profile::find(&self.profiles, name) {
                Err(failure) => remarks.push(Diagnostic::refusal(path, failure.message)),
                Ok(profile) => remarks.extend(remarks_of(&path, &profile)),
            }
        }
        remarks
    }
}

fn remarks_of(path: &str, profile: &Profile) -> Vec<Diagnostic> {
    let refusal = |key: &str, message: &str| Diagnostic::refusal(format!("{path}.{key}"), message);
    let has = |words: &[String], slot: &str| words.iter().any(|word| word.contains(slot));
    let mut remarks = Vec::new();
    if profile.command.trim().is_empty() {
        remarks.push(refusal("command", "must name the agent's program, such as `codex`"));
    } else if profile.command.contains(char::is_whitespace) && !profile.command.contains('/') {
        remarks.push(refusal("command", "must be a program alone; its arguments belong into `args`"));
    }
    if !profile.model.is_empty() && !has(&profile.model, "{model}") {
        remarks.push(refusal("model", "must hold `{model}`, which stands for the name of the model"));
    }
    if !profile.resume.is_empty() && !has(&profile.resume, "{resume}") {
        remarks.push(refusal("resume", "must hold `{resume}`, which stands for the name of the conversation"));
    }
    if !profile.report.is_empty() && profile.answer.is_empty() {
        remarks.push(refusal("answer", "must name the field of the report that people are shown"));
    }
    if profile.takes_prompt_as_argument() {
        let message = "the prompt is an argument, which everybody on this machine can see while the agent runs";
        remarks.push(Diagnostic::remark(format!("{path}.prompt"), message));
    }
    remarks
}
