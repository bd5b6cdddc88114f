//! Commands on the host's machine that the manifest names (`[capability.process]`). There is no shell.
//!
//! ```ignore
//! let output = process::run(&Command::new(["git", "rev-parse", "HEAD"]))?;
//! ```
//!
//! In native tests [`double::answer_process`](crate::double::answer_process) answers.

use crate::Failure;
#[cfg(target_family = "wasm")]
use crate::bindings::words::instar::plugin::process as host;
pub use crate::bindings::words::instar::plugin::process::{Command, Ending, Output};
#[cfg(not(target_family = "wasm"))]
use crate::double::process as host;

/// Runs a command to its end. Any status is no failure; see [`Output::is_success`].
pub fn run(command: &Command) -> Result<Output, Failure> {
    host::run(command)
}

impl Command {
    /// The program and its words, in the project, without input.
    pub fn new<T: Into<String>>(argv: impl IntoIterator<Item = T>) -> Self {
        Self {
            argv: argv.into_iter().map(Into::into).collect(),
            cwd: None,
            stdin: Vec::new(),
            timeout_ms: None,
            credentials: Vec::new(),
        }
    }

    /// The folder to run in, relative to the project.
    pub fn cwd(self, folder: impl Into<String>) -> Self {
        Self { cwd: Some(folder.into()), ..self }
    }

    /// What it reads.
    pub fn stdin(self, input: impl Into<Vec<u8>>) -> Self {
        Self { stdin: input.into(), ..self }
    }

    /// How long it may take; at most until the call's own deadline.
    pub fn timeout_ms(self, timeout: u32) -> Self {
        Self { timeout_ms: Some(timeout), ..self }
    }

    /// A secret of the manifest that the host puts into its environment.
    pub fn credential(mut self, name: impl Into<String>) -> Self {
        self.credentials.push(name.into());
        self
    }
}

impl Output {
    /// One that ended with this status and printed this, for tests.
    pub fn of(status: i32, stdout: impl Into<Vec<u8>>) -> Self {
        Self {
            ending: Ending::Exit(status),
            stdout: stdout.into(),
            stdout_cut: false,
            stderr: Vec::new(),
            stderr_cut: false,
            duration_ms: 0,
        }
    }

    /// Whether it ended by itself with status 0.
    pub fn is_success(&self) -> bool {
        self.ending == Ending::Exit(0)
    }

    /// What it printed, as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
}
