//! The tmux of this project: a socket of its own, and a deadline for every call.
//!
//! A slow answer is never taken for a dead session.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::environment;
use crate::version::{self, VersionError};

const DEADLINE: Duration = Duration::from_secs(5);

/// Where tmux is looked for when the PATH does not lead to it.
const USUAL_PLACES: [&str; 4] = ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin", "/opt/local/bin"];

/// Set before the first session exists: an exit of the last one must not race with the start of the next.
const SETUP: [&[&str]; 9] = [
    &["start-server"],
    &["set-option", "-s", "exit-empty", "off"],
    &["set-option", "-g", "history-limit", "10000"],
    &["set-option", "-g", "status", "off"],
    &["set-option", "-g", "remain-on-exit", "off"],
    &["set-option", "-g", "destroy-unattached", "off"],
    &["set-option", "-g", "update-environment", ""],
    &["set-option", "-wg", "automatic-rename", "off"],
    &["set-option", "-wg", "allow-rename", "off"],
];

/// Why tmux did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum TmuxError {
    #[error(
        "tmux was not found on PATH {path}: install it (`apt install tmux`, `brew install tmux`) or set `sessions.tmuxPath`"
    )]
    Missing { path: String },
    #[error("{} cannot be used", path.display())]
    Version { path: PathBuf, source: VersionError },
    #[error("failed to run `tmux {command}`")]
    Run { command: String, source: io::Error },
    #[error("`tmux {command}` gave no answer within {} s: its sessions go on", DEADLINE.as_secs())]
    Slow { command: String },
    #[error("`tmux {command}` was refused: {answer}")]
    Refused { command: String, answer: String },
}

impl TmuxError {
    /// No server runs on our socket: there are no sessions.
    pub(crate) fn is_no_server(&self) -> bool {
        let Self::Refused { answer, .. } = self else { return false };
        answer.starts_with("no server running on") || answer.starts_with("error connecting to")
    }

    /// The server ended while it was asked: it took nothing on that has not begun.
    pub(crate) fn is_server_gone(&self) -> bool {
        let Self::Refused { answer, .. } = self else { return false };
        // A client whose server ends before it answered may say nothing at all.
        let lost = answer.is_empty() || answer.starts_with("server exited") || answer.starts_with("lost server");
        lost || self.is_no_server()
    }

    /// The session, its pane or its server is not there.
    pub(crate) fn is_no_session(&self) -> bool {
        let Self::Refused { answer, .. } = self else { return false };
        self.is_no_server() || answer.starts_with("can't find") || answer.starts_with("no current")
    }

    pub(crate) fn is_slow(&self) -> bool {
        matches!(self, Self::Slow { .. })
    }

    pub(crate) fn is_duplicate(&self) -> bool {
        matches!(self, Self::Refused { answer, .. } if answer.starts_with("duplicate session"))
    }
}

/// The tmux that sessions would run in, or why there is none. Starts nothing but `tmux -V`.
pub async fn usable_tmux(
    configured: Option<&Path>,
    host_env: &BTreeMap<String, String>,
    project_dir: &Path,
) -> Result<PathBuf, TmuxError> {
    let env = environment::of_tmux(host_env);
    let tmux = Tmux::open(configured, String::new(), env, project_dir.to_owned()).await?;
    Ok(tmux.path)
}

#[derive(Debug)]
pub(crate) struct Tmux {
    path: PathBuf,
    socket: String,
    env: BTreeMap<String, String>,
    cwd: PathBuf,
}

impl Tmux {
    /// Finds tmux and makes sure that it will do.
    pub(crate) async fn open(
        configured: Option<&Path>,
        socket: String,
        env: BTreeMap<String, String>,
        cwd: PathBuf,
    ) -> Result<Self, TmuxError> {
        let path = find(configured, env.get("PATH").map_or("", String::as_str))?;
        let tmux = Self { path, socket, env, cwd };
        let answer = tmux.run("-V", [OsStr::new("-V")], b"").await?;
        version::judge(&answer).map_err(|source| TmuxError::Version { path: tmux.path.clone(), source })?;
        Ok(tmux)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn socket(&self) -> &str {
        &self.socket
    }

    /// Starts a session and answers the process number in its pane.
    ///
    /// `argv` has two words at least, so that tmux runs it without a shell.
    pub(crate) async fn new_session(&self, name: &str, argv: [&OsStr; 3]) -> Result<i32, TmuxError> {
        let setup = SETUP.iter().flat_map(|command| command.iter().chain([&";"]));
        let start = ["new-session", "-d", "-P", "-F", "#{pane_pid}", "-x", "200", "-y", "50", "-s", name];
        let mut arguments: Vec<OsString> = setup.copied().chain(start).map(OsString::from).collect();
        arguments.extend(argv.map(unseparated));
        let answer = self.call("new-session", &arguments, b"").await?;
        let unreadable = || TmuxError::Refused { command: "new-session".to_owned(), answer: answer.trim().to_owned() };
        answer.trim().parse().map_err(|_| unreadable())
    }

    /// Runs one command on our socket; `command` is what an error calls it.
    pub(crate) async fn call<S: AsRef<OsStr>>(
        &self,
        command: &str,
        arguments: &[S],
        stdin: &[u8],
    ) -> Result<String, TmuxError> {
        let ours = ["-L", &self.socket, "-f", "/dev/null"].map(OsStr::new);
        self.run(command, ours.into_iter().chain(arguments.iter().map(S::as_ref)), stdin).await
    }

    async fn run<'a>(
        &self,
        command: &str,
        arguments: impl IntoIterator<Item = &'a OsStr>,
        stdin: &[u8],
    ) -> Result<String, TmuxError> {
        let mut tmux = Command::new(&self.path);
        tmux.args(arguments).env_clear().envs(&self.env).current_dir(&self.cwd);
        tmux.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        match tokio::time::timeout(DEADLINE, converse(tmux, stdin)).await {
            Err(_) => Err(TmuxError::Slow { command: command.to_owned() }),
            Ok(Err(source)) => Err(TmuxError::Run { command: command.to_owned(), source }),
            Ok(Ok(output)) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            Ok(Ok(output)) => {
                let answer = String::from_utf8_lossy(&output.stderr).trim().to_owned();
                Err(TmuxError::Refused { command: command.to_owned(), answer })
            }
        }
    }
}

/// Gives a command its whole input and takes its whole output; all of ours are short.
async fn converse(mut command: Command, stdin: &[u8]) -> io::Result<Output> {
    let mut child = command.spawn()?;
    if let Some(mut pipe) = child.stdin.take()
        && !stdin.is_empty()
    {
        // A tmux that does not read says why on its standard error.
        pipe.write_all(stdin).await.ok();
    }
    child.wait_with_output().await
}

fn find(configured: Option<&Path>, path: &str) -> Result<PathBuf, TmuxError> {
    if let Some(configured) = configured {
        return Ok(configured.to_owned());
    }
    let folders = std::env::split_paths(path).chain(USUAL_PLACES.map(PathBuf::from));
    let mut candidates = folders.filter(|folder| folder.is_absolute()).map(|folder| folder.join("tmux"));
    candidates.find(|candidate| candidate.is_file()).ok_or_else(|| TmuxError::Missing { path: path.to_owned() })
}

/// tmux reads a `;` at the end of an argument as the end of a command, unless it is escaped.
fn unseparated(argument: &OsStr) -> OsString {
    let Some(rest) = argument.as_bytes().strip_suffix(b";") else { return argument.to_owned() };
    OsString::from_vec([rest, b"\\;"].concat())
}
