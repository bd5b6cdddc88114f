//! What a person types into the pane: every key is the command's, none is ours.

use std::io;
use std::os::fd::AsFd;

use rustix::fs::{Mode, OFlags};
use rustix::termios::{OptionalActions, Termios};
use tokio::net::unix::pipe::Receiver;

use super::capture;

/// The pane as a keyboard, for as long as there is a pane.
pub(super) struct Keys {
    pane: Option<Receiver>,
    /// How the pane's terminal was found.
    found: Option<Termios>,
}

impl Keys {
    /// From here on the pane gives its keys as they are pressed: the command's terminal makes lines and signals of them.
    pub(super) fn open() -> Self {
        let found = rustix::termios::tcgetattr(io::stdin()).ok();
        if let Some(found) = &found {
            let mut raw = found.clone();
            raw.make_raw();
            rustix::termios::tcsetattr(io::stdin(), OptionalActions::Now, &raw).ok();
        }
        let pane = found.as_ref().and_then(|_| open_again().ok());
        Self { pane, found }
    }

    /// The next keys; never resolves once the pane is gone.
    pub(super) async fn next(&mut self, buffer: &mut [u8]) -> usize {
        if let Some(pane) = &self.pane
            && let Ok(count @ 1..) = capture::read(pane, buffer).await
        {
            return count;
        }
        self.pane = None;
        std::future::pending().await
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        if let Some(found) = &self.found {
            rustix::termios::tcsetattr(io::stdin(), OptionalActions::Now, found).ok();
        }
    }
}

/// By its name, so that only this hold on it does not block: the one we have is that of our output as well.
fn open_again() -> io::Result<Receiver> {
    let name = rustix::termios::ttyname(io::stdin().as_fd(), Vec::new())?;
    let flags = OFlags::RDONLY | OFlags::NOCTTY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    Receiver::from_owned_fd_unchecked(rustix::fs::open(name, flags, Mode::empty())?)
}
