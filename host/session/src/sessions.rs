//! The door of this crate: everything the engine asks of sessions.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use instar_core::id::{SessionId, SessionName};
use instar_core::plan::{End, EndCause};
use tokio::sync::Mutex;

use crate::changes::Changes;
use crate::crash::{self, Found};
use crate::disk;
use crate::environment;
use crate::folder::{Folder, FolderError};
use crate::input::InputError;
use crate::names;
use crate::output;
use crate::process::Process;
use crate::settings::Settings;
use crate::tmux::{Tmux, TmuxError};

/// Why a session could not be started, fed, read or stopped.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    #[error(transparent)]
    Tmux(#[from] TmuxError),
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(transparent)]
    Input(#[from] InputError),
    #[error("another session is running under the name {0}")]
    NameTaken(SessionName),
    #[error("no session named {0} is running")]
    NotRunning(SessionName),
    #[error("session {0} is not running")]
    NotLive(SessionId),
    #[error("session {0} has no terminal: it takes no messages")]
    NoTerminal(SessionId),
    #[error("there is no session {0}")]
    Unknown(SessionId),
    #[error("the processes of session {id} could not be signalled")]
    Signal { id: SessionId, source: std::io::Error },
    #[error("session {0} does not end: a process of it cannot be killed")]
    Undead(SessionId),
}

impl SessionError {
    /// Whether the session is not there any more, so that nothing can be asked of it.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::NotRunning(_) | Self::NotLive(_) | Self::Unknown(_))
    }
}

/// How many sends may be under way at once; two to one session never are.
const LANES: usize = 16;

/// The sessions of one project. Clones are the same sessions.
#[derive(Debug, Clone)]
pub struct Sessions(Arc<Shared>);

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) tmux: Tmux,
    pub(crate) changes: Changes,
    slug: String,
    folders: PathBuf,
    lanes: [Mutex<()>; LANES],
}

impl Sessions {
    /// Finds a tmux that will do and makes the folder for sessions.
    pub async fn open(settings: Settings) -> Result<Self, SessionError> {
        let folders = settings.instar_dir.join("state").join("sessions");
        let made = disk::private_dir(&folders).and_then(|()| std::fs::canonicalize(&settings.instar_dir));
        let canonical = made.map_err(|source| FolderError::Write { path: folders.clone(), source })?;
        let socket = names::socket_name(&settings.project, &canonical);
        let env = environment::of_tmux(&settings.host_env);
        let tmux = Tmux::open(settings.tmux.as_deref(), socket, env, settings.project_dir.clone()).await?;
        let slug = names::slug(&settings.project);
        let lanes = std::array::from_fn(|_| Mutex::new(()));
        Ok(Self(Arc::new(Shared { settings, tmux, changes: Changes::default(), slug, folders, lanes })))
    }

    /// What tmux calls this session.
    pub fn tmux_name(&self, name: &SessionName) -> String {
        format!("{}-{name}", self.0.slug)
    }

    /// Whether the settings protect this session, by its name or by its tmux name.
    pub fn is_protected(&self, name: &SessionName) -> bool {
        let tmux_name = self.tmux_name(name);
        // People write the project's name as it is, not as tmux needs it.
        let written = format!("{}-{name}", self.0.settings.project);
        let is_meant = |entry: &String| *entry == name.as_str() || *entry == tmux_name || *entry == written;
        self.0.settings.protected.iter().any(is_meant)
    }

    /// What the session's files and processes say, whoever crashed in between.
    pub async fn survey(&self, id: SessionId) -> Found {
        crash::survey(id, &self.folder(id)).await
    }

    /// Resolves when the session has ended; driven by the system, not by a timer.
    pub async fn watch(&self, process: Process) -> End {
        let id = process.id;
        let mut process = process;
        loop {
            if let Some(handle) = &process.handle {
                handle.ended().await;
            }
            match self.survey(id).await {
                Found::Ended(end) => return end,
                // Another wrapper has the session: ours came second and stepped back.
                Found::Running(winner) => process = winner,
                Found::NotStarted => return self.never_began(),
            }
        }
    }

    /// Exactly the last lines that the command printed, live or ended; of one on a terminal, those that it showed.
    pub async fn output(&self, id: SessionId, lines: usize) -> Result<String, SessionError> {
        let folder = self.folder(id);
        if !folder.exists() {
            return Err(SessionError::Unknown(id));
        }
        let path = folder.path().to_owned();
        let read = blocking(move || match folder.has_terminal() {
            true => output::shown_lines(folder.path(), lines),
            false => output::last_lines(folder.path(), lines),
        });
        let read = read.await;
        let bytes = read.map_err(|source| FolderError::Read { path, source })?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The folder that changes whenever the session prints something: to be watched, not to be read.
    pub fn output_folder(&self, id: SessionId) -> PathBuf {
        self.folder(id).path().to_owned()
    }

    /// The sessions that tmux has; none when no server runs on our socket.
    pub async fn list_tmux(&self) -> Result<Vec<String>, SessionError> {
        let arguments = ["list-sessions", "-F", "#{session_name}"];
        match self.0.tmux.call("list-sessions", &arguments, b"").await {
            Ok(names) => Ok(names.lines().map(str::to_owned).collect()),
            Err(error) if error.is_no_server() => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// The socket of our tmux server, for `tmux -L`.
    pub fn socket_name(&self) -> &str {
        self.0.tmux.socket()
    }

    pub fn tmux_path(&self) -> &Path {
        self.0.tmux.path()
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.0
    }

    pub(crate) fn folders_path(&self) -> &Path {
        &self.0.folders
    }

    pub(crate) fn folder(&self, id: SessionId) -> Folder {
        Folder::new(self.0.folders.join(id.to_string()))
    }

    /// Sends to one session share a lane, so that two texts never mix.
    pub(crate) fn lane(&self, name: &SessionName) -> &Mutex<()> {
        let sum = name.as_str().bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
        &self.0.lanes[sum % LANES]
    }

    fn never_began(&self) -> End {
        let runner = self.0.settings.runner.display();
        let reason = if self.0.settings.runner.is_file() {
            format!("the runner {runner} ended before it started the command")
        } else {
            format!("there is no runner at {runner}")
        };
        End { cause: EndCause::NotStarted(reason), duration_ms: 0, tail: String::new(), report: None }
    }
}

/// Runs what waits for the disk where it holds up nobody.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        // Blocking work is never cancelled once begun, so that only its own panic can be told here.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
