//! The terminal of a command that talks with people: a session of its own, and one terminal for all it does.
//!
//! The pane has another one. Between the two the wrapper copies, so that it sees the screen, can type for the
//! host, and the command lives on when the pane is gone.

use std::io;
use std::os::fd::AsFd;
use std::process::{Child, Command};

use pty_process::blocking::{Pts, Pty};
use rustix::termios::{OptionalActions, Winsize};
use tokio::io::AsyncWriteExt;
use tokio::net::unix::pipe::{Receiver, Sender};

use super::capture;
use crate::output;

/// For when there is no pane to ask.
const USUAL_SIZE: Winsize = Winsize { ws_row: output::ROWS, ws_col: output::COLUMNS, ws_xpixel: 0, ws_ypixel: 0 };

/// Our side of the command's terminal.
pub(super) struct Terminal {
    pty: Pty,
    /// A terminal is read and written like a pipe.
    output: Receiver,
}

/// The command's side, for as long as there is no command.
pub(super) struct Theirs(Pts);

impl Terminal {
    /// With the modes and the size of the pane, before anybody changes them.
    pub(super) fn open() -> io::Result<(Self, Theirs)> {
        let (pty, theirs) = pty_process::blocking::open().map_err(plain)?;
        if let Ok(modes) = rustix::termios::tcgetattr(io::stdin()) {
            rustix::termios::tcsetattr(&theirs, OptionalActions::Now, &modes)?;
        }
        rustix::termios::tcsetwinsize(&pty, pane_size().unwrap_or(USUAL_SIZE))?;
        let ours = pty.as_fd().try_clone_to_owned()?;
        rustix::io::ioctl_fionbio(&ours, true)?;
        Ok((Self { pty, output: Receiver::from_owned_fd_unchecked(ours)? }, Theirs(theirs)))
    }

    /// Makes the command's terminal as large as the pane; the kernel tells the command.
    pub(super) fn follow_size(&self) {
        if let Some(size) = pane_size() {
            // A wrong size makes a screen ugly, and nothing else.
            rustix::termios::tcsetwinsize(&self.pty, size).ok();
        }
    }

    pub(super) fn size(&self) -> Winsize {
        rustix::termios::tcgetwinsize(&self.pty).unwrap_or(USUAL_SIZE)
    }

    /// Reads what the command shows; zero bytes are the end.
    pub(super) async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        capture::read(&self.output, buffer).await
    }

    pub(super) fn keyboard(&self) -> io::Result<Keyboard> {
        // Not blocking already: that belongs to the terminal, not to one hold on it.
        Ok(Keyboard(Sender::from_owned_fd_unchecked(self.pty.as_fd().try_clone_to_owned()?)?))
    }
}

impl Theirs {
    /// Starts the command as the leader of a session of its own, with this as its controlling terminal.
    pub(super) fn start(self, command: Command) -> io::Result<Child> {
        pty_process::blocking::Command::from(command).spawn(self.0).map_err(plain)
    }
}

/// Where one types into the command's terminal.
pub(super) struct Keyboard(Sender);

impl Keyboard {
    /// Waits for a command that does not read: what is typed is neither lost nor piled up.
    pub(super) async fn press(&mut self, keys: &[u8]) -> io::Result<()> {
        self.0.write_all(keys).await
    }
}

fn pane_size() -> Option<Winsize> {
    let size = rustix::termios::tcgetwinsize(io::stdin()).ok()?;
    (size.ws_row > 0 && size.ws_col > 0).then_some(size)
}

fn plain(error: pty_process::Error) -> io::Error {
    match error {
        pty_process::Error::Io(error) => error,
        pty_process::Error::Rustix(error) => error.into(),
    }
}
