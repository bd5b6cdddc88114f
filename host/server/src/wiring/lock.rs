//! One server and one lifeline per project: locks that the kernel gives back when their holder dies, however it dies.
//!
//! What stands in such a file never decides anything; it only says who holds it, and how the last holder ended.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

/// What a process is to its project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Server,
    Lifeline,
}

/// Why this process may not be what it wants to be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LockError {
    #[error(
        "a {role} of this project is already running, as process {pid}: stop it with `instar {role} stop`, or by `kill {pid}`"
    )]
    Held { role: Role, pid: u32 },
    #[error("another process holds {}, and does not say which one it is", path.display())]
    HeldBySomebody { path: PathBuf },
    #[error("failed to lock {}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

/// Held as long as this lives.
#[derive(Debug)]
pub(crate) struct RoleLock {
    file: File,
    path: PathBuf,
}

/// What the one who runs says of itself in its lock file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Holder {
    pub(crate) pid: u32,
    /// 0 until the server listens.
    pub(crate) port: u16,
    /// The exit code of one that ended in order; nobody else can find it out who did not start it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ended: Option<u8>,
}

/// One who only asks whether the lock is held holds it for a moment, too.
const TRIES: u32 = 10;
const BETWEEN_TRIES: Duration = Duration::from_millis(30);

impl RoleLock {
    pub(crate) fn acquire(path: &Path, role: Role) -> Result<Self, LockError> {
        let failed = |source| LockError::Io { path: path.to_owned(), source };
        let mut options = OpenOptions::new();
        let file =
            options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path).map_err(failed)?;
        for attempt in 1..=TRIES {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {
                    let mut lock = Self { file, path: path.to_owned() };
                    lock.announce(0)?;
                    return Ok(lock);
                }
                Err(rustix::io::Errno::WOULDBLOCK) if attempt < TRIES => std::thread::sleep(BETWEEN_TRIES),
                Err(rustix::io::Errno::WOULDBLOCK) => break,
                Err(error) => return Err(failed(error.into())),
            }
        }
        match read(&file) {
            Some(holder) => Err(LockError::Held { role, pid: holder.pid }),
            None => Err(LockError::HeldBySomebody { path: path.to_owned() }),
        }
    }

    /// Writes down who holds the lock, and where it listens.
    pub(crate) fn announce(&mut self, port: u16) -> Result<(), LockError> {
        self.leave_word(Holder { pid: std::process::id(), port, ended: None })
    }

    /// Writes down that its holder ends in order, and how; then gives it back.
    pub(crate) fn end(mut self, code: u8) -> Result<(), LockError> {
        self.leave_word(Holder { pid: std::process::id(), port: 0, ended: Some(code) })
    }

    fn leave_word(&mut self, holder: Holder) -> Result<(), LockError> {
        self.write(&holder).map_err(|source| LockError::Io { path: self.path.clone(), source })
    }

    fn write(&mut self, holder: &Holder) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(serde_json::to_string(holder)?.as_bytes())
    }
}

/// Who holds the lock; `None` when nobody does.
pub(crate) fn holder(path: &Path) -> Option<Holder> {
    let file = File::open(path).ok()?;
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => None,
        Err(_) => read(&file),
    }
}

/// How the last holder ended, if it was that process and ended in order.
pub(crate) fn ended(path: &Path, pid: u32) -> Option<u8> {
    read(&File::open(path).ok()?).filter(|holder| holder.pid == pid)?.ended
}

fn read(mut file: &File) -> Option<Holder> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(1024).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Server => "server",
            Self::Lifeline => "lifeline",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_server_is_told_who_the_first_one_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("server.lock");
        let mut first = RoleLock::acquire(&path, Role::Server).unwrap();
        first.announce(4041).unwrap();
        assert_eq!(holder(&path), Some(Holder { pid: std::process::id(), port: 4041, ended: None }));
        let refused = RoleLock::acquire(&path, Role::Server).unwrap_err();
        assert!(refused.to_string().contains(&std::process::id().to_string()), "{refused}");
    }

    #[test]
    fn a_lock_that_nobody_holds_is_free_whatever_the_file_says() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("server.lock");
        drop(RoleLock::acquire(&path, Role::Server).unwrap());
        assert_eq!(holder(&path), None);
        RoleLock::acquire(&path, Role::Server).unwrap();
        assert_eq!(holder(&dir.path().join("none")), None);
    }

    #[test]
    fn what_stands_in_the_file_blocks_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lifeline.lock");
        for text in ["", "{", "\u{0}\u{0}", r#"{"pid": 1, "port": 0}"#, &"x".repeat(10_000)] {
            std::fs::write(&path, text).unwrap();
            let _lock = RoleLock::acquire(&path, Role::Lifeline).unwrap();
            let holder = holder(&path).unwrap();
            assert_eq!((holder.pid, holder.ended), (std::process::id(), None), "{text:?}");
        }
    }

    #[test]
    fn the_end_is_known_of_that_process_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("server.lock");
        RoleLock::acquire(&path, Role::Server).unwrap().end(75).unwrap();
        assert_eq!(holder(&path), None);
        assert_eq!(ended(&path, std::process::id()), Some(75));
        assert_eq!(ended(&path, 1), None);
        drop(RoleLock::acquire(&path, Role::Server).unwrap());
        assert_eq!(ended(&path, std::process::id()), None, "it did not end in order");
    }
}
