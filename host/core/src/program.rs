//! A program that is run beside the sessions, with exactly these words: no shell, and hardly an environment.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

#[derive(Clone, PartialEq, Eq)]
pub struct Program {
    /// Its name, looked up on the host's PATH, or its absolute path; and its words. There is a first one, and none has a
    /// NUL.
    pub argv: Vec<String>,
    /// Relative to the project. No link may lead out of it.
    pub cwd: Option<String>,
    pub stdin: Vec<u8>,
    /// Beside `PATH`, `HOME` and `LANG`, which it cannot change.
    pub env: BTreeMap<String, String>,
    pub limit: Duration,
    /// How much of its output, and of its errors, is kept, in bytes: the beginning.
    pub keep: usize,
}

/// How it ended, and the beginning of what it printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramEnd {
    pub how: ProgramHow,
    pub stdout: Vec<u8>,
    /// There was more of it.
    pub stdout_cut: bool,
    pub stderr: Vec<u8>,
    pub stderr_cut: bool,
    pub duration: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProgramHow {
    Exit(i32),
    /// The name of a signal, such as `SIGSEGV`.
    Signal(String),
    TimedOut,
}

/// Environments hold secrets, and inputs what somebody was told.
impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program").field("argv", &self.argv).field("cwd", &self.cwd).finish_non_exhaustive()
    }
}
