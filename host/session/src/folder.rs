//! One session's folder: the files through which the host and the wrapper tell each other things.
//!
//! The host writes `spec.json` and `stop`, the wrapper `started`, `exit.json` and the output. A terminal session has
//! a folder `talk` in it: the host puts messages there, the wrapper writes `activity.json`.

use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::activity::Activity;
use crate::disk;
use crate::inbox::Inbox;
use crate::record::{Exit, Input, Spec, Started};

/// Why a file of a session could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error("failed to read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("failed to write {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("{} is damaged", path.display())]
    Damaged { path: PathBuf, source: serde_json::Error },
    #[error("{} cannot stand in a session's spec", path.display())]
    Unspeakable { path: PathBuf, source: serde_json::Error },
}

impl FolderError {
    /// The disk is full: the same write may succeed later.
    pub(crate) fn is_want_of_space(&self) -> bool {
        let Self::Write { source, .. } = self else { return false };
        matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }
}

/// What the command leaves here is given to the next run of its job.
pub(crate) const NOTES: &str = "handoff.md";
const ACTIVITY: &str = "talk/activity.json";

/// The folder of one session; it need not exist.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    path: PathBuf,
}

impl Folder {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn exists(&self) -> bool {
        self.path.is_dir()
    }

    /// Makes the folder and the spec durable, before anything is asked of tmux.
    pub(crate) fn prepare(&self, spec: &Spec) -> Result<(), FolderError> {
        disk::private_dir(&self.path).map_err(|source| FolderError::Write { path: self.path.clone(), source })?;
        if matches!(spec.stdin, Input::Terminal(_)) {
            let talk = self.talk();
            disk::private_dir(&talk).map_err(|source| FolderError::Write { path: talk, source })?;
        }
        self.write("spec.json", spec, disk::replace)
    }

    pub(crate) fn spec(&self) -> Result<Option<Spec>, FolderError> {
        self.read("spec.json")
    }

    /// The spec holds the environment: it goes as soon as nothing needs it.
    pub(crate) fn discard_spec(&self) {
        std::fs::remove_file(self.path.join("spec.json")).ok();
    }

    /// Takes the session for this process; false if another one has it.
    pub(crate) fn claim(&self, started: &Started) -> Result<bool, FolderError> {
        match self.write("started", started, disk::claim) {
            Ok(()) => Ok(true),
            Err(FolderError::Write { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Takes the session for nobody, so that a wrapper that comes late steps back; false if one has it.
    ///
    /// The spec goes in any case: without it, not even a wrapper that could not be forestalled runs anything.
    pub(crate) fn withdraw(&self, reason: String) -> Result<bool, FolderError> {
        let withdrawn = self.claim(&Started::withdrawn(reason));
        if !matches!(withdrawn, Ok(false)) {
            self.discard_spec();
        }
        withdrawn
    }

    pub(crate) fn is_claimed(&self) -> bool {
        self.path.join("started").exists()
    }

    pub(crate) fn started(&self) -> Result<Option<Started>, FolderError> {
        self.read("started")
    }

    /// Where the result must not be lost, old output gives way to it on a full disk.
    pub(crate) fn finish(&self, exit: &Exit) -> Result<(), FolderError> {
        self.write("exit.json", exit, disk::replace).or_else(|_| {
            crate::output::make_room(&self.path);
            self.write("exit.json", exit, disk::replace)
        })
    }

    pub(crate) fn exit(&self) -> Result<Option<Exit>, FolderError> {
        self.read("exit.json")
    }

    /// Leaves word that the host wants this session to end: tells a stop from a signal of someone else.
    pub(crate) fn want_stop(&self) -> Result<(), FolderError> {
        let path = self.path.join("stop");
        disk::replace(&path, b"").map_err(|source| FolderError::Write { path, source })
    }

    pub(crate) fn is_stop_wanted(&self) -> bool {
        self.path.join("stop").exists()
    }

    pub(crate) fn has_terminal(&self) -> bool {
        self.talk().is_dir()
    }

    pub(crate) fn inbox(&self) -> Inbox {
        Inbox::new(&self.talk())
    }

    pub(crate) fn activity(&self) -> Result<Option<Activity>, FolderError> {
        self.read(ACTIVITY)
    }

    pub(crate) fn note_activity(&self, activity: &Activity) -> Result<(), FolderError> {
        match self.write(ACTIVITY, activity, disk::replace) {
            // Old output gives way to it: a host that does not hear of it waits for ever.
            Err(error) if error.is_want_of_space() => {
                crate::output::make_room(&self.path);
                self.write(ACTIVITY, activity, disk::replace)
            }
            other => other,
        }
    }

    /// Apart from the output, which changes all the time: what happens here is watched.
    pub(crate) fn talk(&self) -> PathBuf {
        self.path.join("talk")
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, FolderError> {
        let path = self.path.join(name);
        match std::fs::read(&path) {
            Ok(bytes) => match serde_json::from_slice(&bytes) {
                Ok(value) => Ok(Some(value)),
                Err(source) => Err(FolderError::Damaged { path, source }),
            },
            Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(FolderError::Read { path, source }),
        }
    }

    fn write<T: Serialize>(
        &self,
        name: &str,
        value: &T,
        how: fn(&Path, &[u8]) -> io::Result<()>,
    ) -> Result<(), FolderError> {
        let path = self.path.join(name);
        match serde_json::to_vec(value) {
            Ok(bytes) => how(&path, &bytes).map_err(|source| FolderError::Write { path, source }),
            Err(source) => Err(FolderError::Unspeakable { path, source }),
        }
    }
}
