//! What the crate is told once, and what it is told for each session.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use instar_core::id::{SessionId, SessionName};
use instar_core::plan::Launch;

/// Where sessions live and what they get; handed down by the wiring.
#[derive(Clone)]
pub struct Settings {
    /// The project folder's base name: part of every tmux name.
    pub project: String,
    pub project_dir: PathBuf,
    /// The project's `.instar` folder.
    pub instar_dir: PathBuf,
    /// The program that answers `__run DIR` with [`crate::wrapper::run`]: the instar binary.
    pub runner: PathBuf,
    /// A tmux other than the one on the PATH.
    pub tmux: Option<PathBuf>,
    /// Sessions that are never ended by rule; session names or tmux names.
    pub protected: Vec<String>,
    /// Names of variables let through beside the allow-list; a trailing `*` stands for any ending.
    pub pass_env: Vec<String>,
    /// The environment of the host itself.
    pub host_env: BTreeMap<String, String>,
    /// How many bytes of a session's output are kept.
    pub output_cap: u64,
    /// How long a session may take to end by itself once it was asked to.
    pub stop_grace: Duration,
}

impl Settings {
    /// What is kept of one session's output where nothing else was configured.
    pub const OUTPUT_CAP: u64 = 8 * 1024 * 1024;
    /// The grace of a stop where nothing else was configured.
    pub const STOP_GRACE: Duration = Duration::from_secs(5);
}

/// Environments hold secrets: they are counted, never shown.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("project_dir", &self.project_dir)
            .field("instar_dir", &self.instar_dir)
            .field("runner", &self.runner)
            .field("protected", &self.protected)
            .field("host_env", &self.host_env.len())
            .finish_non_exhaustive()
    }
}

/// One session to be started.
#[derive(Clone)]
pub struct Order<'a> {
    pub id: SessionId,
    pub name: &'a SessionName,
    pub launch: &'a Launch,
    /// Added last: wins over the launch and over the host.
    pub env: BTreeMap<String, String>,
}

impl fmt::Debug for Order<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let argv0 = self.launch.argv.first();
        f.debug_struct("Order")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("program", &argv0)
            .finish_non_exhaustive()
    }
}
