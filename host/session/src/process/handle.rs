//! A hold on one running process: told when it ends, and never mistaken for a later one.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use instar_core::id::SessionId;
use rustix::process::{Pid, Signal};
use tokio::net::unix::pipe;

use super::identity::Identity;
use super::table;

/// How often a process is looked at where the system cannot tell us of its end.
const POLL: Duration = Duration::from_secs(1);

/// A session's wrapper, or the memory of one that has ended.
#[derive(Debug, Clone)]
pub struct Process {
    pub(crate) id: SessionId,
    pub(crate) handle: Option<Handle>,
}

impl Process {
    pub(crate) fn find(id: SessionId, identity: &Identity) -> Option<Self> {
        Handle::open(identity.clone()).map(|handle| Self { id, handle: Some(handle) })
    }

    /// A process that has ended, or that never was: its watch resolves at once.
    pub(crate) fn gone(id: SessionId) -> Self {
        Self { id, handle: None }
    }

    pub fn session(&self) -> SessionId {
        self.id
    }

    /// The wrapper's process number, while it is known to be its.
    pub fn pid(&self) -> Option<u32> {
        self.handle.as_ref().and_then(|handle| u32::try_from(handle.identity.pid).ok())
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Handle {
    identity: Identity,
    /// Missing where the system has no such thing.
    pidfd: Option<Arc<OwnedFd>>,
}

impl Handle {
    /// `None` when that process has ended.
    pub(crate) fn open(identity: Identity) -> Option<Self> {
        let pidfd = pidfd(identity.pid);
        // Looked at after the descriptor was opened: from here on the number cannot change hands.
        identity.is_alive().then_some(Self { identity, pidfd })
    }

    /// The process that has this number now.
    pub(crate) fn of_pid(pid: i32) -> Option<Self> {
        let pidfd = pidfd(pid);
        let entry = table::entry(pid).filter(|entry| !entry.is_zombie)?;
        let identity = Identity { pid, start_time: entry.start_time, boot_id: table::boot_id().ok()? };
        Some(Self { identity, pidfd })
    }

    pub(crate) fn pid(&self) -> i32 {
        self.identity.pid
    }

    pub(crate) fn started_at(&self, start_time: u64) -> bool {
        self.identity.start_time == start_time
    }

    /// Resolves when the process has ended.
    pub(crate) async fn ended(&self) {
        if let Some(pidfd) = &self.pidfd
            && let Err(error) = wait_readable(pidfd).await
        {
            tracing::warn!(pid = self.identity.pid, %error, "waiting by process descriptor failed, polling instead");
        }
        while self.identity.is_alive() {
            let pause = if self.pidfd.is_some() { POLL / 50 } else { POLL };
            tokio::time::sleep(pause).await;
        }
    }

    /// Sends a signal; a process that has ended gets none, and that is no error.
    pub(crate) fn signal(&self, signal: Signal) -> io::Result<()> {
        let sent = match &self.pidfd {
            Some(pidfd) => send(pidfd, signal),
            None => match Pid::from_raw(self.identity.pid).filter(|_| self.identity.is_alive()) {
                Some(pid) => rustix::process::kill_process(pid, signal),
                None => Ok(()),
            },
        };
        match sent {
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Every wait has a descriptor of its own, because one cannot be registered twice.
///
/// As the end of a pipe, of which only "is it readable" is asked: tokio's `AsyncFd` is for unsafe code.
async fn wait_readable(pidfd: &OwnedFd) -> io::Result<()> {
    pipe::Receiver::from_owned_fd_unchecked(pidfd.try_clone()?)?.readable().await
}

#[cfg(target_os = "linux")]
fn pidfd(pid: i32) -> Option<Arc<OwnedFd>> {
    let flags = rustix::process::PidfdFlags::NONBLOCK;
    rustix::process::pidfd_open(Pid::from_raw(pid)?, flags).ok().map(Arc::new)
}

#[cfg(target_os = "linux")]
fn send(pidfd: &OwnedFd, signal: Signal) -> rustix::io::Result<()> {
    rustix::process::pidfd_send_signal(pidfd, signal)
}

#[cfg(not(target_os = "linux"))]
fn pidfd(_: i32) -> Option<Arc<OwnedFd>> {
    None
}

#[cfg(not(target_os = "linux"))]
fn send(_: &OwnedFd, _: Signal) -> rustix::io::Result<()> {
    Ok(())
}
