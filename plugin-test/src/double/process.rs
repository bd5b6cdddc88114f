//! Commands of a plugin: what must be run, and what is answered. None of them runs.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use instar_plugin::{Answered, ProcessEnd, ProcessEnding, ProcessOrder, Processes, Refused};
use serde::Deserialize;

/// A command that must be run, and how it ends.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ScriptedProcess {
    /// The program and its words, which must be these.
    pub argv: Vec<String>,
    /// A part of its input.
    pub stdin: Option<String>,
    pub cwd: Option<String>,
    /// A guard denies it, with this reason.
    pub denied: Option<String>,
    #[serde(default)]
    pub status: i32,
    /// The name of a signal that ends it, such as `SIGKILL`.
    pub signal: Option<String>,
    /// It takes too long.
    #[serde(default)]
    pub timed_out: bool,
    #[serde(default)]
    pub stdout: String,
    #[serde(default)]
    pub stderr: String,
}

#[derive(Debug, Default)]
pub(crate) struct ProcessDouble {
    script: Vec<ScriptedProcess>,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    ran: usize,
    problems: Vec<String>,
}

impl ScriptedProcess {
    /// A command of these words, which ends with status 0 and prints nothing.
    pub fn new<T: Into<String>>(argv: impl IntoIterator<Item = T>) -> Self {
        Self { argv: argv.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// It ends with this status, and prints this.
    #[must_use]
    pub fn ended(mut self, status: i32, stdout: &str) -> Self {
        (self.status, self.stdout) = (status, stdout.to_owned());
        self
    }

    fn end(&self, keep: usize) -> ProcessEnd {
        let ending = match &self.signal {
            _ if self.timed_out => ProcessEnding::TimedOut,
            Some(name) => ProcessEnding::Signal(name.clone()),
            None => ProcessEnding::Exit(self.status),
        };
        let first = |text: &str| text.as_bytes()[..text.len().min(keep)].to_vec();
        ProcessEnd {
            ending,
            stdout: first(&self.stdout),
            stdout_cut: self.stdout.len() > keep,
            stderr: first(&self.stderr),
            stderr_cut: self.stderr.len() > keep,
            duration: Duration::ZERO,
        }
    }
}

impl ProcessDouble {
    pub(crate) fn new(script: Vec<ScriptedProcess>) -> Self {
        Self { script, seen: Mutex::default() }
    }

    /// What was run otherwise than expected, or not at all.
    pub(crate) fn problems(&self) -> Vec<String> {
        let seen = self.lock();
        let mut problems = seen.problems.clone();
        if seen.ran < self.script.len() {
            problems.push(format!("{} of {} commands were run", seen.ran, self.script.len()));
        }
        problems
    }

    fn answer(&self, order: &ProcessOrder) -> Result<ProcessEnd, Refused> {
        let mut seen = self.lock();
        let number = seen.ran;
        seen.ran += 1;
        let Some(expected) = self.script.get(number) else {
            seen.problems.push(format!("{:?} was run, and no answer is left", order.argv));
            return Err(refused("unavailable", "the test has no answer for this command"));
        };
        seen.problems
            .extend(differences(expected, order).into_iter().map(|it| format!("command {}: {it}", number + 1)));
        match &expected.denied {
            Some(reason) => Err(refused("not-allowed", reason)),
            None => Ok(expected.end(order.keep)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Processes for ProcessDouble {
    fn run(&self, order: ProcessOrder) -> Answered<'_, ProcessEnd> {
        Box::pin(async move { self.answer(&order) })
    }
}

fn differences(expected: &ScriptedProcess, order: &ProcessOrder) -> Vec<String> {
    let mut problems = Vec::new();
    if expected.argv != order.argv {
        problems.push(format!("{:?} was run, and {:?} was expected", order.argv, expected.argv));
    }
    if expected.cwd != order.cwd {
        problems.push(format!("the folder is {:?}, and {:?} was expected", order.cwd, expected.cwd));
    }
    let input = String::from_utf8_lossy(&order.stdin);
    if let Some(part) = expected.stdin.as_ref().filter(|part| !input.contains(*part)) {
        problems.push(format!("{part:?} does not stand in the input {input:?}"));
    }
    problems
}

fn refused(code: &'static str, message: &str) -> Refused {
    Refused { code, message: message.to_owned(), retryable: false }
}
