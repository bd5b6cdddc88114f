//! Cases of an author: `cases/*.toml`, each with what is asked and what must be answered.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::host_double::HostCase;
use super::process_double::ScriptedProcess;

/// One question to a plugin, or one run.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Case {
    pub(crate) name: String,
    /// As `plugins.<id>.config` would say.
    #[serde(default)]
    pub(crate) config: Map<String, Value>,
    /// Values of secrets, by their slots.
    #[serde(default)]
    pub(crate) secrets: BTreeMap<String, String>,
    /// What a job says to its execute type.
    pub(super) execute: Option<Value>,
    #[serde(default)]
    pub(super) model: String,
    /// What happens to the run then.
    #[serde(default)]
    pub(super) step: Vec<Step>,
    /// A shell command, which the host's parser reads.
    pub(super) command: Option<String>,
    /// A call of any other tool.
    pub(super) tool: Option<ToolCase>,
    /// A text that would leave.
    pub(super) text: Option<String>,
    /// A job whose run would start.
    pub(super) run: Option<Value>,
    /// The runs that it had, the newest first.
    pub(super) history: Option<Value>,
    /// What a tool printed.
    pub(super) output: Option<String>,
    /// What people are told.
    pub(super) message: Option<MessageCase>,
    /// What is asked of the network while they are, in this order.
    #[serde(default)]
    pub(super) http: Vec<Exchange>,
    /// The commands that are run while they are, in this order; none of them runs.
    #[serde(default)]
    pub(super) process: Vec<ScriptedProcess>,
    /// Jobs, sessions and events that there are.
    #[serde(default)]
    pub(super) host: HostCase,
    pub(super) expect: Option<Value>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    /// The launched command ended.
    pub(super) exited: Option<Exited>,
    /// The launched program waits at its prompt.
    #[serde(default)]
    pub(super) ready: bool,
    /// The wait that it asked for is over.
    #[serde(default)]
    pub(super) woke: bool,
    pub(super) expect: Option<Value>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exited {
    #[serde(default)]
    pub(super) status: i32,
    #[serde(default)]
    pub(super) output: String,
    /// The JSON object that it printed.
    pub(super) report: Option<Value>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ToolCase {
    pub(super) name: String,
    #[serde(default)]
    pub(super) input: Value,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MessageCase {
    #[serde(default)]
    pub(super) title: String,
    #[serde(default)]
    pub(super) body: String,
}

/// A request that must come, and what is answered.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exchange {
    pub(super) method: Option<String>,
    /// With its query.
    pub(super) path: Option<String>,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    /// What the JSON of the body must have.
    pub(super) json: Option<Value>,
    /// What must stand in the body.
    pub(super) body: Option<String>,
    pub(super) answer: WebReply,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WebReply {
    pub(super) status: u16,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) body: String,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum CasesError {
    #[error("failed to read {}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{}: {why}", path.display())]
    Form { path: PathBuf, why: String },
}

/// All cases of a folder, by the names of their files; none where there is no folder.
pub(crate) fn read(folder: &Path) -> Result<Vec<Case>, CasesError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        case: Vec<Case>,
    }
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| CasesError::Io { path, source }
    };
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed(folder))?,
    };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    let mut cases = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).map_err(failed(&path))?;
        let file: File = toml::from_str(&text)
            .map_err(|error| CasesError::Form { path: path.clone(), why: error.to_string().trim_end().to_owned() })?;
        cases.extend(file.case);
    }
    Ok(cases)
}

/// Where `found` lacks what is expected: the way to it, and both. A text that ends with `*` is the beginning of one.
pub(super) fn difference(expected: &Value, found: &Value, way: &str) -> Option<String> {
    let differs = || Some(format!("{way} is {found}, and {expected} was expected"));
    match (expected, found) {
        (Value::Object(expected), Value::Object(fields)) => expected.iter().find_map(|(key, value)| {
            let inner = format!("{way}.{key}");
            match fields.get(key) {
                Some(field) => difference(value, field, &inner),
                None => Some(format!("{inner} is missing; there is {found}")),
            }
        }),
        (Value::Array(expected), Value::Array(items)) if expected.len() == items.len() => {
            let pairs = expected.iter().zip(items).enumerate();
            pairs.into_iter().find_map(|(index, (value, item))| difference(value, item, &format!("{way}[{index}]")))
        }
        (Value::String(expected), Value::String(text)) => {
            let is_beginning = expected.strip_suffix('*').is_some_and(|start| text.starts_with(start));
            if is_beginning || expected == text { None } else { differs() }
        }
        (expected, found) if expected == found => None,
        _ => differs(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_expected_must_be_there_and_more_may_be() {
        let found = json!({"a": [1, {"b": "long text", "c": 2}], "d": null});
        let check = |expected: Value| difference(&expected, &found, "answer");
        assert_eq!(check(json!({"a": [1, {"b": "long*"}]})), None);
        assert!(check(json!({"a": [1]})).unwrap().contains("answer.a is"));
        assert!(check(json!({"a": [1, {"b": "short*"}]})).unwrap().contains("answer.a[1].b"));
        assert!(check(json!({"e": 1})).unwrap().contains("answer.e is missing"));
    }
}
