//! A profile: how one agent CLI is run without a person. Those that come along are written as an operator would write
//! one, in `profiles.json`.

use std::collections::BTreeMap;

use instar_plugin_sdk::Failure;
use serde::Deserialize;
use serde_json::{Map, Value};

/// The profiles that come along.
const BUILT_IN: &str = include_str!("profiles.json");

/// The words of a command line, in the order in which they stand there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub(crate) struct Profile {
    /// A name to be looked up on the PATH, or a path.
    pub(crate) command: String,
    /// Always given, first of all.
    pub(crate) args: Vec<String>,
    /// Variables of its environment.
    pub(crate) env: BTreeMap<String, String>,
    /// What the CLI may do without asking, by the names that jobs use.
    pub(crate) permissions: BTreeMap<String, Vec<String>>,
    /// How a model is chosen; `{model}` is its name.
    pub(crate) model: Vec<String>,
    /// What the CLI calls the tiers of jobs. A tier that is not named leaves the choice to the CLI.
    pub(crate) models: BTreeMap<String, String>,
    /// What makes the CLI print one JSON object at its end.
    pub(crate) report: Vec<String>,
    /// The field of that object that people are shown.
    pub(crate) answer: String,
    /// How a conversation is taken up again; `{resume}` is its name.
    pub(crate) resume: Vec<String>,
    /// How the latest conversation is taken up again.
    pub(crate) resume_latest: Vec<String>,
    /// What stands last. Where `{prompt}` stands in it, the prompt is an argument, which everybody on the machine can
    /// see; without it the prompt is standard input.
    pub(crate) prompt: Vec<String>,
}

/// Takes the place of the prompt where a CLI reads no standard input.
pub(crate) const PROMPT: &str = "{prompt}";

impl Profile {
    pub(crate) fn takes_prompt_as_argument(&self) -> bool {
        self.prompt.iter().any(|word| word.contains(PROMPT))
    }

    /// What the permission of this name adds; a profile that has none needs none.
    pub(crate) fn permission(&self, profile: &str, name: &str) -> Result<&[String], Failure> {
        match self.permissions.get(name) {
            Some(words) => Ok(words),
            None if self.permissions.is_empty() => Ok(&[]),
            None => {
                let known: Vec<_> = self.permissions.keys().map(String::as_str).collect();
                let message = format!(
                    "the profile `{profile}` has no permission `{name}`; `execute.permission` may be: {}",
                    known.join(", ")
                );
                Err(Failure::new("unknown-permission", message))
            }
        }
    }
}

/// The profile of this name: one of the operator's, laid over the one that it is based on, or one that came along.
pub(crate) fn find(own: &BTreeMap<String, Map<String, Value>>, name: &str) -> Result<Profile, Failure> {
    let built_in: BTreeMap<String, Map<String, Value>> =
        serde_json::from_str(BUILT_IN).map_err(|error| Failure::new("bad-profile", error.to_string()))?;
    let mut fields = own.get(name).cloned().unwrap_or_default();
    let base = match fields.remove("base") {
        None => name.to_owned(),
        Some(Value::String(base)) if built_in.contains_key(&base) => base,
        Some(_) => return Err(Failure::new("bad-profile", format!("its `base` must be one of: {}", names(&built_in)))),
    };
    let mut profile = match built_in.get(&base) {
        Some(profile) => profile.clone(),
        None if own.contains_key(name) => Map::new(),
        None => {
            let known =
                built_in.keys().chain(own.keys()).map(String::as_str).collect::<std::collections::BTreeSet<_>>();
            let known = known.into_iter().collect::<Vec<_>>().join(", ");
            return Err(Failure::new("unknown-profile", format!("there is no profile `{name}`; there are: {known}")));
        }
    };
    profile.extend(fields);
    serde_json::from_value(Value::Object(profile)).map_err(|error| Failure::new("bad-profile", error.to_string()))
}

fn names(profiles: &BTreeMap<String, Map<String, Value>>) -> String {
    profiles.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
}
