//! The process of the server: one that this lifeline started, or one that was there before.

use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};

use instar_core::supervisor::End;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::sync::oneshot;

use crate::config::Project;
use crate::serve::logging;
use crate::wiring::lock;

/// A server that lives, or has just ended.
#[derive(Debug)]
pub(super) struct ServerProcess {
    pid: u32,
    project: Project,
    how: How,
}

#[derive(Debug)]
enum How {
    Ours(Child),
    Found(Watched),
}

impl ServerProcess {
    /// Starts a server that leaves our terminal, and does not end with us.
    pub(super) fn start(project: &Project) -> io::Result<Self> {
        let log = logging::append(&project.log_file())?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["server", "start", "--foreground", "--detached", "--dir"]).arg(project.dir());
        command.current_dir(project.dir()).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = command.spawn()?;
        let pid = child.id().ok_or_else(|| io::Error::other("it ended at once"))?;
        Ok(Self { pid, project: project.clone(), how: How::Ours(child) })
    }

    /// The server that runs already, whoever started it.
    pub(super) fn running(project: &Project) -> Option<Self> {
        let holder = lock::holder(&project.lock_file())?;
        let watched = Watched::open(holder.pid).ok()?;
        // The process that is watched must be the one that holds the lock, and not a later one of the same number.
        let is_the_same = lock::holder(&project.lock_file()).is_some_and(|now| now.pid == holder.pid);
        is_the_same.then(|| Self { pid: holder.pid, project: project.clone(), how: How::Found(watched) })
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// Waits for its end.
    pub(super) async fn ended(&mut self) -> End {
        match &mut self.how {
            How::Ours(child) => child.wait().await.map_or(End::Unknown, end_of),
            How::Found(watched) => {
                watched.ended().await;
                lock::ended(&self.project.lock_file(), self.pid).map_or(End::Unknown, End::Code)
            }
        }
    }

    pub(super) fn signal(&self, signal: Signal) -> io::Result<()> {
        let pid = pid_of(self.pid)?;
        match kill_process(pid, signal) {
            // Its end is about to be seen.
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn end_of(status: ExitStatus) -> End {
    match (status.code(), status.signal()) {
        (Some(code), _) => u8::try_from(code).map_or(End::Unknown, End::Code),
        (None, Some(signal)) => End::Signal(signal),
        (None, None) => End::Unknown,
    }
}

fn pid_of(pid: u32) -> io::Result<Pid> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "that is no process"))
}

/// A process that is no child of ours. A thread of its own waits for its end.
#[derive(Debug)]
struct Watched(oneshot::Receiver<()>);

impl Watched {
    fn open(pid: u32) -> io::Result<Self> {
        let process = Handle::open(pid)?;
        let (tell, told) = oneshot::channel();
        std::thread::Builder::new().name(format!("watches-{pid}")).spawn(move || {
            process.wait();
            // Nobody waits for it any more when the lifeline ends.
            let _ = tell.send(());
        })?;
        Ok(Self(told))
    }

    async fn ended(&mut self) {
        // An error would mean that the thread is gone, and so can nothing be said of the process.
        let _ = (&mut self.0).await;
    }
}

/// A handle that the kernel makes readable when the process ends, so that nobody looks again and again.
#[cfg(target_os = "linux")]
struct Handle(std::os::fd::OwnedFd);

#[cfg(target_os = "linux")]
impl Handle {
    fn open(pid: u32) -> io::Result<Self> {
        Ok(Self(rustix::process::pidfd_open(pid_of(pid)?, rustix::process::PidfdFlags::empty())?))
    }

    fn wait(&self) {
        use rustix::event::{PollFd, PollFlags, poll};
        while let Ok(0) | Err(rustix::io::Errno::INTR) = poll(&mut [PollFd::new(&self.0, PollFlags::IN)], None) {}
    }
}

/// There is no such handle here, so that the process is looked for.
#[cfg(not(target_os = "linux"))]
struct Handle(Pid);

#[cfg(not(target_os = "linux"))]
impl Handle {
    fn open(pid: u32) -> io::Result<Self> {
        Ok(Self(pid_of(pid)?))
    }

    fn wait(&self) {
        while rustix::process::test_kill_process(self.0).is_ok() {
            std::thread::sleep(std::time::Duration::from_secs(2));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_end_of_a_process_that_is_no_child_is_seen() {
        let mut child = Command::new("sleep").arg("600").spawn().unwrap();
        let mut watched = Watched::open(child.id().unwrap()).unwrap();
        child.start_kill().unwrap();
        tokio::join!(watched.ended(), async { child.wait().await.unwrap() });
    }

    #[test]
    fn an_end_is_a_code_or_a_signal() {
        assert_eq!(end_of(ExitStatus::from_raw(78 << 8)), End::Code(78));
        assert_eq!(end_of(ExitStatus::from_raw(9)), End::Signal(9));
    }
}
