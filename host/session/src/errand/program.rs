//! A program with exactly these words, run beside the sessions: no shell, hardly an environment, its output from the
//! beginning.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Instant;

use instar_core::program::{Program, ProgramEnd, ProgramHow};
use rustix::process::Signal;
use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::{Spec, What, ended};
use crate::environment;
use crate::sessions::Sessions;

/// Why a program did not begin.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    #[error("there is no program `{0}` on the host's PATH")]
    Unknown(String),
    #[error("the folder {cwd:?} is none within the project")]
    Outside { cwd: String },
    #[error("failed to start it")]
    Start(#[source] io::Error),
}

impl Sessions {
    /// The folder that a program would run in, links followed.
    pub fn folder_of(&self, cwd: Option<&str>) -> Result<PathBuf, ProgramError> {
        let outside = || ProgramError::Outside { cwd: cwd.unwrap_or_default().to_owned() };
        let project = self.shared().settings.project_dir.canonicalize().map_err(|_| outside())?;
        let folder = project.join(cwd.unwrap_or_default()).canonicalize().map_err(|_| outside())?;
        if folder.is_dir() && folder.starts_with(&project) { Ok(folder) } else { Err(outside()) }
    }

    /// Runs a program in the project and waits for its end, for as long as it may take. Nothing of it is left.
    ///
    /// A future that is dropped takes its program with it.
    pub async fn run_program(&self, program: Program) -> Result<ProgramEnd, ProgramError> {
        let begun = Instant::now();
        let mut env = environment::bare(&self.shared().settings.host_env);
        for (name, value) in program.env {
            env.entry(name).or_insert(value);
        }
        let mut argv = program.argv;
        let named = argv.first().cloned().unwrap_or_default();
        let path = find(&named, &env["PATH"]).ok_or(ProgramError::Unknown(named))?;
        argv[0] = path;
        let cwd = self.folder_of(program.cwd.as_deref())?;
        let spec = Spec { what: What::Program(argv), cwd, env, errors_apart: true, input_bytes: program.stdin.len() };
        let mut child = self.start_runner(&spec, &program.stdin).await.map_err(ProgramError::Start)?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let reading = async { tokio::join!(first_of(stdout, program.keep), first_of(stderr, program.keep)) };
        let (status, ((stdout, stdout_cut), (stderr, stderr_cut))) = tokio::join!(ended(child, program.limit), reading);
        let how = match status {
            Some(status) => how(status.map_err(ProgramError::Start)?),
            None => ProgramHow::TimedOut,
        };
        Ok(ProgramEnd { how, stdout, stdout_cut, stderr, stderr_cut, duration: begun.elapsed() })
    }
}

/// The path of a program. Folders of the PATH that depend on where somebody stands are passed over.
fn find(name: &str, path: &str) -> Option<String> {
    let is_program =
        |path: &Path| path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0);
    if name.starts_with('/') {
        return is_program(Path::new(name)).then(|| name.to_owned());
    }
    if name.is_empty() || name.contains('/') {
        return None;
    }
    let folders = path.split(':').filter(|folder| folder.starts_with('/'));
    folders.map(|folder| format!("{folder}/{name}")).find(|path| is_program(Path::new(path)))
}

fn how(status: ExitStatus) -> ProgramHow {
    match (status.code(), status.signal()) {
        (Some(code), _) => ProgramHow::Exit(code),
        (None, signal) => ProgramHow::Signal(signal_name(signal.unwrap_or_default())),
    }
}

fn signal_name(number: i32) -> String {
    let named = Signal::from_named_raw(number).map(|signal| format!("{signal:?}"));
    named.map_or_else(|| format!("signal {number}"), |name| name.trim_matches('"').replace("Signal::", "SIG"))
}

/// Reads to the end, and keeps the first bytes; whether there were more.
async fn first_of(stream: Option<impl AsyncRead + Unpin>, keep: usize) -> (Vec<u8>, bool) {
    let Some(mut stream) = stream else { return (Vec::new(), false) };
    let (mut kept, mut cut, mut chunk) = (Vec::new(), false, vec![0; 8192]);
    while let Ok(count @ 1..) = stream.read(&mut chunk).await {
        let room = keep.saturating_sub(kept.len()).min(count);
        kept.extend_from_slice(&chunk[..room]);
        cut |= room < count;
    }
    (kept, cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_where_nobody_stands() {
        assert!(find("sh", "/nowhere:/bin").is_some_and(|path| path == "/bin/sh"));
        assert_eq!(find("sh", ".:bin:"), None);
        assert_eq!(find("/bin/sh", ""), Some("/bin/sh".to_owned()));
        assert_eq!((find("../bin/sh", "/bin"), find("", "/bin"), find("/etc/passwd", "")), (None, None, None));
    }

    #[test]
    fn a_signal_has_its_name() {
        assert_eq!([9, 11, 15].map(signal_name), ["SIGKILL", "SIGSEGV", "SIGTERM"]);
    }
}
