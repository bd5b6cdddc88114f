//! What a case may say.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::difference;
use crate::double::host::{Done, HostDouble};
use crate::double::process::ScriptedProcess;
use crate::double::web::Exchange;

/// One question to a plugin, or one run.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Case {
    pub name: String,
    /// As `plugins.<id>.config` would say.
    #[serde(default)]
    pub(super) config: Map<String, Value>,
    /// Values of secrets, by their slots.
    #[serde(default)]
    pub(super) secrets: BTreeMap<String, String>,
    /// What a job says to its execute type.
    pub(crate) execute: Option<Value>,
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

/// `[case.host]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct HostCase {
    /// Slugs of jobs.
    jobs: Vec<String>,
    /// What live sessions have printed, by their names.
    sessions: BTreeMap<String, String>,
    events: Vec<EventCase>,
    /// What must have been done: `triggered` (slugs), `typed` (session and text), `noted` (names); as far as it says.
    expect: Option<Value>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventCase {
    kind: String,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    metadata: Option<Value>,
}

impl HostCase {
    pub(super) fn double(&self) -> HostDouble {
        let host = self.jobs.iter().fold(HostDouble::new(), |host, slug| host.with_job(slug));
        let host = self.sessions.iter().fold(host, |host, (name, printed)| host.with_session(name, printed));
        self.events.iter().fold(host, |host, event| {
            host.with_event(&event.kind, &event.summary, event.metadata.as_ref().unwrap_or(&json!({})))
        })
    }

    /// What was done otherwise than expected.
    pub(super) fn difference(&self, done: &Done) -> Option<String> {
        let triggered: Vec<_> = done.triggered.iter().map(|order| &order.slug).collect();
        let noted: Vec<_> = done.noted.iter().map(|event| &event.name).collect();
        let found = json!({ "triggered": triggered, "typed": done.typed, "noted": noted });
        difference(self.expect.as_ref()?, &found, "the host")
    }
}

/// Why there are no cases.
#[derive(Debug, thiserror::Error)]
pub enum CasesError {
    #[error("failed to read {}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{}: {why}", path.display())]
    Form { path: PathBuf, why: String },
}

/// All cases of a folder, by the names of their files; none where there is no folder.
///
/// # Errors
/// When a file cannot be read, or says what no case says.
pub fn read_cases(folder: &Path) -> Result<Vec<Case>, CasesError> {
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
