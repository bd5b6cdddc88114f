//! Taking what a command prints that reads from its input: standard output and error through one pipe, so in the
//! order of arrival.

use std::io;
use std::os::fd::OwnedFd;

use tokio::net::unix::pipe::Receiver;

/// Our end of the pipe.
pub(super) struct Capture {
    ours: Receiver,
}

impl Capture {
    /// The command's end has to be closed here once the command has it: else the output never ends.
    pub(super) fn open() -> io::Result<(Self, OwnedFd)> {
        let (ours, theirs) = io::pipe()?;
        Ok((Self { ours: Receiver::from_owned_fd(ours.into())? }, theirs.into()))
    }

    /// Reads what is there; zero bytes are the end.
    pub(super) async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        read(&self.ours, buffer).await
    }
}

/// Reads from a pipe, or from a terminal that is taken for one; zero bytes are the end.
pub(super) async fn read(from: &Receiver, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        from.readable().await?;
        match from.try_read(buffer) {
            // What a terminal answers when nobody holds its other side any more.
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) => return Ok(0),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            other => return other,
        }
    }
}
