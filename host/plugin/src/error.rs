//! Why a plugin could not be loaded or called. Every error names its plugin and has a stable code.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use instar_core::id::PluginId;

use crate::capability::http::Refusal;

/// A plugin that could not be loaded or called.
#[derive(Debug)]
pub struct PluginError {
    /// The plugin's id, or its file name as long as its id is unknown.
    pub plugin: String,
    pub cause: Cause,
}

impl PluginError {
    pub(crate) fn new(plugin: impl fmt::Display, cause: Cause) -> Self {
        Self { plugin: plugin.to_string(), cause }
    }

    /// A word that stays the same between releases, for machines to branch on.
    pub fn code(&self) -> &'static str {
        self.cause.code()
    }

    /// Whether the same call may work later: the plugin said so, or the host was merely busy.
    pub fn is_retryable(&self) -> bool {
        self.retry().is_some()
    }

    /// After how many milliseconds, at least, the same call may work; `None` when trying again does not help.
    pub fn retry(&self) -> Option<u64> {
        match &self.cause {
            Cause::PluginFailed(failure) if failure.retryable => {
                let wait = failure.retry_after.unwrap_or_default();
                Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX))
            }
            Cause::Unasked(refusal) => refusal.retry.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
            Cause::Busy { .. } | Cause::Timeout { .. } => Some(0),
            _ => None,
        }
    }
}

impl fmt::Display for PluginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "plugin `{}`: {}", self.plugin, self.cause)
    }
}

/// The cause is part of the message already, so the chain goes on behind it.
impl std::error::Error for PluginError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.cause)
    }
}

/// What went wrong. Text that came from a guest is cleaned and cut before it gets here.
#[derive(Debug, thiserror::Error)]
pub enum Cause {
    #[error("the engine could not be set up: {0}")]
    Engine(String),
    #[error("not a WebAssembly component: {0}")]
    NotAComponent(String),
    #[error("the component has {bytes} bytes, and {limit} are allowed")]
    ComponentTooLarge { bytes: usize, limit: usize },
    #[error("the component carries no manifest (section `instar:manifest`); build it with `cargo xtask components`")]
    NoManifest,
    #[error("bad manifest: {0}")]
    BadManifest(String),
    #[error("the component exports no interface of a plugin kind")]
    UnknownKind,
    #[error("the component imports what a plugin of its kind may not use: {}", .0.join(", "))]
    ImportDenied(Vec<String>),
    #[error("the component imports {}, for which its manifest does not ask", .0.join(", "))]
    NotAsked(Vec<String>),
    #[error("it asks for {}; {way}", rights.join(", "))]
    NotGranted { rights: Vec<String>, way: String },
    #[error("built for another contract: {0}")]
    IncompatibleContract(String),
    #[error("what was installed is missing in {}: `instar plugin sync` fetches it again", path.display())]
    ComponentMissing { path: PathBuf },
    #[error("{} is not what was installed: `instar plugin sync` fetches that again", path.display())]
    ComponentAltered { path: PathBuf },
    #[error("already loaded from {first}")]
    DuplicatePlugin { first: String },
    #[error("the execute type `{name}` already belongs to plugin `{owner}`")]
    DuplicateExecuteType { name: String, owner: String },
    #[error("delegates more than {0} times before it begins")]
    DelegatesTooDeep(usize),
    #[error("the state of the run cannot be read: {0}")]
    BadState(String),
    #[error("bad configuration: {0}")]
    BadConfig(String),
    #[error("could not be compiled: {0}")]
    CompileFailed(String),
    #[error("native code could not be kept in {}", path.display())]
    Cache { path: PathBuf, source: io::Error },
    #[error("the native code in {} was not what had been written there; it was compiled again", path.display())]
    CacheMismatch { path: PathBuf },

    #[error(
        "gave no answer {faults} times in a row, the last time by `{code}`; `instar plugin enable {id}` lets it be called again"
    )]
    Quarantined { id: PluginId, faults: u32, code: String },

    #[error("no loaded plugin offers the execute type `{0}`")]
    UnknownExecuteType(String),
    #[error("no such notifier is loaded")]
    UnknownNotifier,
    #[error("no free instance within {} ms", waited.as_millis())]
    Busy { waited: Duration },
    #[error("trapped: {0}")]
    Trap(String),
    #[error("ran longer than {} ms", limit.as_millis())]
    Timeout { limit: Duration },
    #[error("asked for {asked} bytes of memory, and {limit} are allowed")]
    MemoryLimit { asked: usize, limit: usize },
    #[error("asked for tables of {asked} elements, and {limit} are allowed")]
    TableLimit { asked: usize, limit: usize },
    #[error("consists of more instances, memories or tables than one plugin gets: {0}")]
    InstanceLimit(String),
    #[error("was to be given {bytes} bytes, and {limit} are allowed")]
    InputTooLarge { bytes: usize, limit: usize },
    #[error("answered with more than {limit} bytes")]
    OutputTooLarge { limit: usize },
    #[error("answered what cannot be used: {0}")]
    InvalidOutput(String),
    #[error("{0}")]
    PluginFailed(GuestFailure),
    /// What a plugin wanted asked could not be asked.
    #[error("{0}")]
    Unasked(Refusal),
}

/// The failure that a plugin itself reported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} ({code})")]
pub struct GuestFailure {
    pub code: String,
    pub message: String,
    pub retryable: bool,
    pub retry_after: Option<Duration>,
}

impl Cause {
    pub fn code(&self) -> &'static str {
        match self {
            Self::Engine(_) => "engine",
            Self::NotAComponent(_) => "not-a-component",
            Self::ComponentTooLarge { .. } => "component-too-large",
            Self::NoManifest => "no-manifest",
            Self::BadManifest(_) => "bad-manifest",
            Self::UnknownKind => "unknown-kind",
            Self::ImportDenied(_) => "import-denied",
            Self::NotAsked(_) => "not-asked",
            Self::NotGranted { .. } => "not-granted",
            Self::IncompatibleContract(_) => "incompatible-contract",
            Self::ComponentMissing { .. } => "component-missing",
            Self::ComponentAltered { .. } => "component-altered",
            Self::DuplicatePlugin { .. } => "duplicate-plugin",
            Self::DuplicateExecuteType { .. } => "duplicate-execute-type",
            Self::DelegatesTooDeep(_) => "delegates-too-deep",
            Self::BadState(_) => "bad-state",
            Self::BadConfig(_) => "bad-config",
            Self::CompileFailed(_) => "compile-failed",
            Self::Cache { .. } => "cache",
            Self::CacheMismatch { .. } => "cache-mismatch",
            Self::Quarantined { .. } => "quarantined",
            Self::UnknownExecuteType(_) => "unknown-execute-type",
            Self::UnknownNotifier => "unknown-notifier",
            Self::Busy { .. } => "busy",
            Self::Trap(_) => "trap",
            Self::Timeout { .. } => "timeout",
            Self::MemoryLimit { .. } => "memory-limit",
            Self::TableLimit { .. } => "table-limit",
            Self::InstanceLimit(_) => "instance-limit",
            Self::InputTooLarge { .. } => "input-too-large",
            Self::OutputTooLarge { .. } => "output-too-large",
            Self::InvalidOutput(_) => "invalid-output",
            Self::PluginFailed(_) => "plugin-failed",
            Self::Unasked(refusal) => refusal.code,
        }
    }
}
