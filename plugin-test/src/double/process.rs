//! Commands of a plugin: what must be run, and what is answered. None of them runs.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use instar_core::id::PluginId;
use instar_core::program::{Program, ProgramEnd, ProgramHow};
use instar_plugin::{Answered, Processes, Refused};
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

    fn end(&self, keep: usize) -> ProgramEnd {
        let how = match &self.signal {
            _ if self.timed_out => ProgramHow::TimedOut,
            Some(name) => ProgramHow::Signal(name.clone()),
            None => ProgramHow::Exit(self.status),
        };
        let first = |text: &str| text.as_bytes()[..text.len().min(keep)].to_vec();
        ProgramEnd {
            how,
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

    fn answer(&self, program: &Program) -> Result<ProgramEnd, Refused> {
        let mut seen = self.lock();
        let number = seen.ran;
        seen.ran += 1;
        let Some(expected) = self.script.get(number) else {
            seen.problems.push(format!("{:?} was run, and no answer is left", program.argv));
            return Err(refused("unavailable", "the test has no answer for this command"));
        };
        seen.problems
            .extend(differences(expected, program).into_iter().map(|it| format!("command {}: {it}", number + 1)));
        match &expected.denied {
            Some(reason) => Err(refused("not-allowed", reason)),
            None => Ok(expected.end(program.keep)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Processes for ProcessDouble {
    fn run(&self, _: PluginId, program: Program) -> Answered<'_, ProgramEnd> {
        Box::pin(async move { self.answer(&program) })
    }
}

fn differences(expected: &ScriptedProcess, program: &Program) -> Vec<String> {
    let mut problems = Vec::new();
    if expected.argv != program.argv {
        problems.push(format!("{:?} was run, and {:?} was expected", program.argv, expected.argv));
    }
    if expected.cwd != program.cwd {
        problems.push(format!("the folder is {:?}, and {:?} was expected", program.cwd, expected.cwd));
    }
    let input = String::from_utf8_lossy(&program.stdin);
    if let Some(part) = expected.stdin.as_ref().filter(|part| !input.contains(*part)) {
        problems.push(format!("{part:?} does not stand in the input {input:?}"));
    }
    problems
}

fn refused(code: &'static str, message: &str) -> Refused {
    Refused { code, message: message.to_owned(), retryable: false }
}
