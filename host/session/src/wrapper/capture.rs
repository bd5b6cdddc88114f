//! Taking what the command prints: standard output and error through one channel, so in the order of arrival.
//!
//! A command that reads from its input gets a pipe. One that talks with people gets a terminal, because
//! agents turn interactive only where their output is one; it is raw, so that it alters no byte.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{Mode, OFlags};
use rustix::pty::OpenptFlags;
use rustix::termios::{OptionalActions, Winsize};
use tokio::net::unix::pipe::Receiver;

/// The size of our panes, for when there is none to ask.
const USUAL_SIZE: Winsize = Winsize { ws_row: 50, ws_col: 200, ws_xpixel: 0, ws_ypixel: 0 };

/// Our end of the channel.
pub(super) struct Capture {
    /// A terminal is read like a pipe.
    ours: Receiver,
    is_terminal: bool,
}

impl Capture {
    /// The command's end has to be closed here once the command has it: else the output never ends.
    pub(super) fn open(is_terminal: bool) -> io::Result<(Self, OwnedFd)> {
        let (ours, theirs) = if is_terminal { terminal()? } else { pipe()? };
        rustix::io::ioctl_fionbio(&ours, true)?;
        let capture = Self { ours: Receiver::from_owned_fd_unchecked(ours)?, is_terminal };
        capture.follow_size();
        Ok((capture, theirs))
    }

    /// Makes the command's terminal as large as the pane.
    pub(super) fn follow_size(&self) {
        if self.is_terminal {
            let size = rustix::termios::tcgetwinsize(io::stdin()).unwrap_or(USUAL_SIZE);
            // A wrong size makes a screen ugly, and nothing else.
            rustix::termios::tcsetwinsize(self.ours.as_fd(), size).ok();
        }
    }

    pub(super) fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Reads what is there; zero bytes are the end.
    pub(super) async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            self.ours.readable().await?;
            match self.ours.try_read(buffer) {
                // What a terminal answers when nobody holds its other side any more.
                Err(error) if error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) => return Ok(0),
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
                other => return other,
            }
        }
    }
}

fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (ours, theirs) = io::pipe()?;
    Ok((ours.into(), theirs.into()))
}

fn terminal() -> io::Result<(OwnedFd, OwnedFd)> {
    let ours = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    // The command must not have it; a flag of the call above only where the system is Linux.
    rustix::io::fcntl_setfd(&ours, rustix::io::FdFlags::CLOEXEC)?;
    rustix::pty::grantpt(&ours)?;
    rustix::pty::unlockpt(&ours)?;
    let name = rustix::pty::ptsname(&ours, Vec::new())?;
    let theirs = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
    let mut modes = rustix::termios::tcgetattr(&theirs)?;
    modes.make_raw();
    rustix::termios::tcsetattr(&theirs, OptionalActions::Now, &modes)?;
    Ok((ours, theirs))
}
