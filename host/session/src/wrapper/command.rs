//! Starting the command of a session, or saying plainly why that is not possible.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use instar_core::plan;
use rustix::process::Pid;
use tokio::io::AsyncWriteExt;
use tokio::net::unix::pipe;

use super::capture::Capture;
use super::marks::{MarkError, Marks};
use super::talk::Talk;
use super::terminal::Terminal;
use crate::record::{Input, Spec};

/// Why a command could not be started.
#[derive(Debug, thiserror::Error)]
pub(super) enum StartError {
    #[error("the command is empty")]
    Empty,
    #[error("{program}: not found on PATH {path}")]
    NotFound { program: String, path: String },
    #[error("{program}: no such file")]
    NoFile { program: String },
    #[error("{}: not executable", path.display())]
    NotExecutable { path: PathBuf },
    #[error("{}: no such folder to run in", path.display())]
    NoFolder { path: PathBuf },
    #[error("{program}: {source}")]
    Spawn { program: String, source: io::Error },
    #[error(transparent)]
    Mark(#[from] MarkError),
    #[error("there is no terminal for it: {0}")]
    Terminal(io::Error),
    #[error("the output cannot be captured: {0}")]
    Capture(io::Error),
    #[error("the input cannot be given: {0}")]
    Input(io::Error),
}

/// What a running command is connected to.
pub(super) enum Channel {
    Pipe(Capture),
    Terminal(Talk),
}

/// Starts the command of `spec`; must be called in a tokio runtime, where its input is then written.
pub(super) fn start(spec: Spec) -> Result<(Pid, Channel), StartError> {
    let Some(name) = spec.argv.first() else { return Err(StartError::Empty) };
    if !spec.cwd.is_dir() {
        return Err(StartError::NoFolder { path: spec.cwd });
    }
    let program = find(name, spec.env.get("PATH").map_or("", String::as_str), &spec.cwd)?;
    let mut command = Command::new(program);
    command.arg0(name).args(&spec.argv[1..]).env_clear().envs(&spec.env).current_dir(&spec.cwd);
    let errors_apart = spec.shown.is_some();
    let (child, channel) = match spec.stdin {
        Input::Terminal(marks) => on_terminal(command, &marks)?,
        Input::Typed => piped(command, Stdio::inherit(), errors_apart)?,
        Input::Text(text) => fed(command, text.into_bytes(), errors_apart)?,
        Input::Bytes(bytes) => fed(command, bytes, errors_apart)?,
    };
    let child = child.map_err(|source| StartError::Spawn { program: name.clone(), source })?;
    Ok((Pid::from_child(&child), channel))
}

/// A command that was tried to be started, and what it prints to.
type Tried = (io::Result<Child>, Channel);

fn on_terminal(command: Command, marks: &plan::Marks) -> Result<Tried, StartError> {
    let marks = Marks::read(marks)?;
    let (terminal, theirs) = Terminal::open().map_err(StartError::Terminal)?;
    Ok((theirs.start(command), Channel::Terminal(Talk::new(terminal, marks))))
}

fn piped(mut command: Command, stdin: Stdio, errors_apart: bool) -> Result<Tried, StartError> {
    let (capture, theirs) = Capture::open(errors_apart).map_err(StartError::Capture)?;
    command.stdin(stdin).stdout(theirs.output).stderr(theirs.errors);
    Ok((command.spawn(), Channel::Pipe(capture)))
}

fn fed(command: Command, bytes: Vec<u8>, errors_apart: bool) -> Result<Tried, StartError> {
    let (theirs, ours) = io::pipe().map_err(StartError::Input)?;
    let ours = pipe::Sender::from_owned_fd(OwnedFd::from(ours)).map_err(StartError::Input)?;
    let tried = piped(command, Stdio::from(theirs), errors_apart)?;
    if tried.0.is_ok() {
        tokio::spawn(write(ours, bytes));
    }
    Ok(tried)
}

/// A command may end or close its input without reading all of it.
async fn write(mut pipe: pipe::Sender, bytes: Vec<u8>) {
    pipe.write_all(&bytes).await.ok();
}

/// Looks a program up as `execvp` would, to be able to say what exactly is missing.
fn find(name: &str, path: &str, cwd: &Path) -> Result<PathBuf, StartError> {
    if name.contains('/') {
        let program = cwd.join(name);
        return match (program.is_file(), is_executable(&program)) {
            (false, _) => Err(StartError::NoFile { program: name.to_owned() }),
            (true, false) => Err(StartError::NotExecutable { path: program }),
            (true, true) => Ok(program),
        };
    }
    let in_folders = || std::env::split_paths(path).map(|folder| cwd.join(folder).join(name));
    let mut candidates = in_folders().filter(|candidate| candidate.is_file());
    let is_named = !name.is_empty();
    match candidates.find(|candidate| is_named && is_executable(candidate)) {
        Some(program) => Ok(program),
        None => Err(match in_folders().find(|candidate| is_named && candidate.is_file()) {
            Some(path) => StartError::NotExecutable { path },
            None => StartError::NotFound { program: name.to_owned(), path: path.to_owned() },
        }),
    }
}

fn is_executable(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_exactly() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("bin")).unwrap();
        std::fs::write(dir.path().join("bin/plain"), "").unwrap();
        let here = dir.path().display();
        let check = |name: &str, expected: Result<String, String>| {
            let found = find(name, "/nowhere:bin:/bin", dir.path()).map_err(|error| error.to_string());
            assert_eq!(found.map(|path| path.display().to_string()), expected, "{name:?}");
        };
        check("sh", Ok("/bin/sh".to_owned()));
        check("/bin/sh", Ok("/bin/sh".to_owned()));
        check("claude", Err("claude: not found on PATH /nowhere:bin:/bin".to_owned()));
        check("", Err(": not found on PATH /nowhere:bin:/bin".to_owned()));
        check("./no-such", Err("./no-such: no such file".to_owned()));
        check("bin/plain", Err(format!("{here}/bin/plain: not executable")));
        check("plain", Err(format!("{here}/bin/plain: not executable")));
    }
}
