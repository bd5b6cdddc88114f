//! One server per project: a lock that the kernel gives back when its holder dies, however it dies.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

/// Why this process may not be the project's server.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LockError {
    #[error(
        "a server of this project is already running, as process {pid}: stop it with `instar server stop`, or by `kill {pid}`"
    )]
    Held { pid: u32 },
    #[error("another process holds {}, and does not say which one it is", path.display())]
    HeldBySomebody { path: PathBuf },
    #[error("failed to lock {}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

/// Held as long as this lives.
#[derive(Debug)]
pub(crate) struct ServerLock {
    file: File,
    path: PathBuf,
}

/// What the running server says of itself in its lock file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Holder {
    pub(crate) pid: u32,
    /// 0 until the server listens.
    pub(crate) port: u16,
}

/// One who only asks whether the lock is held holds it for a moment, too.
const TRIES: u32 = 10;
const BETWEEN_TRIES: Duration = Duration::from_millis(30);

impl ServerLock {
    pub(crate) fn acquire(path: &Path) -> Result<Self, LockError> {
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
            Some(holder) => Err(LockError::Held { pid: holder.pid }),
            None => Err(LockError::HeldBySomebody { path: path.to_owned() }),
        }
    }

    /// Writes down who holds the lock, and where it listens.
    pub(crate) fn announce(&mut self, port: u16) -> Result<(), LockError> {
        let holder = Holder { pid: std::process::id(), port };
        self.write(&holder).map_err(|source| LockError::Io { path: self.path.clone(), source })
    }

    fn write(&mut self, holder: &Holder) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(serde_json::to_string(holder)?.as_bytes())
    }
}

/// Who runs the project's server; `None` when nobody does.
pub(crate) fn holder(path: &Path) -> Option<Holder> {
    let file = File::open(path).ok()?;
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => None,
        Err(_) => read(&file),
    }
}

fn read(mut file: &File) -> Option<Holder> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(1024).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_server_is_told_who_the_first_one_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("server.lock");
        let mut first = ServerLock::acquire(&path).unwrap();
        first.announce(4041).unwrap();
        assert_eq!(holder(&path), Some(Holder { pid: std::process::id(), port: 4041 }));
        let refused = ServerLock::acquire(&path).unwrap_err();
        assert!(refused.to_string().contains(&std::process::id().to_string()), "{refused}");
    }

    #[test]
    fn a_lock_that_nobody_holds_is_free_whatever_the_file_says() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("server.lock");
        drop(ServerLock::acquire(&path).unwrap());
        assert_eq!(holder(&path), None);
        ServerLock::acquire(&path).unwrap();
        assert_eq!(holder(&dir.path().join("none")), None);
    }
}
