//! Taking what a command prints by pipes, until it ends.
//!
//! Standard output and error come through one, so in the order of arrival, unless the output is an object of its own.

use std::io;
use std::os::fd::OwnedFd;

use tokio::net::unix::pipe::Receiver;

use super::sink::Sink;

/// Our ends of the pipes.
pub(super) struct Capture {
    output: Receiver,
    /// Where errors do not come with the output.
    errors: Option<Receiver>,
}

/// The command's ends: to be closed here once the command has them, else the output never ends.
pub(super) struct Theirs {
    pub(super) output: OwnedFd,
    pub(super) errors: OwnedFd,
}

impl Capture {
    pub(super) fn open(errors_apart: bool) -> io::Result<(Self, Theirs)> {
        let (output, their_output) = pipe()?;
        let (errors, their_errors) = if errors_apart {
            let (ours, theirs) = pipe()?;
            (Some(ours), theirs)
        } else {
            (None, their_output.try_clone()?)
        };
        Ok((Self { output, errors }, Theirs { output: their_output, errors: their_errors }))
    }

    /// Hands on what is printed, until nobody can print any more.
    pub(super) async fn drain(&self, sink: &mut Sink) {
        let (mut output, mut errors) = (Some(&self.output), self.errors.as_ref());
        let (mut of_output, mut of_errors) = (vec![0; BUFFER], vec![0; BUFFER]);
        while output.is_some() || errors.is_some() {
            tokio::select! {
                count = read_if(output, &mut of_output) => match count {
                    0 => output = None,
                    count => sink.take_stdout(&of_output[..count]).await,
                },
                count = read_if(errors, &mut of_errors) => match count {
                    0 => errors = None,
                    count => sink.take(&of_errors[..count]).await,
                },
            }
        }
    }
}

/// As much as a pipe holds.
const BUFFER: usize = 64 * 1024;

fn pipe() -> io::Result<(Receiver, OwnedFd)> {
    let (ours, theirs) = io::pipe()?;
    Ok((Receiver::from_owned_fd(ours.into())?, theirs.into()))
}

/// Zero bytes are the end; never, where there is nothing to read from.
async fn read_if(from: Option<&Receiver>, buffer: &mut [u8]) -> usize {
    match from {
        Some(from) => read(from, buffer).await.unwrap_or(0),
        None => std::future::pending().await,
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
