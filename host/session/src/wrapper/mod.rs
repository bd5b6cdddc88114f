//! The wrapper: the process in a session's pane. It takes the session, runs its command and leaves word of the end.
//!
//! It outlives the host and tmux: what they would tell it by signals of the terminal is not heeded,
//! only SIGTERM is, the host's wish for a stop, and SIGURG, its word that a message lies there. It reports through the session's folder alone.

mod capture;
mod command;
mod judge;
mod keys;
mod marks;
mod object;
mod pane;
mod screen;
mod signals;
mod sink;
mod supervise;
mod talk;
mod terminal;
mod typist;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use tokio::runtime::Builder;

use crate::folder::{Folder, FolderError};
use crate::process::Identity;
use crate::record::{Cause, Exit, Outcome, Started};
pub(crate) use signals::LOOK;
use signals::Signals;

/// Why a wrapper could not do its work.
#[derive(Debug, thiserror::Error)]
enum WrapperError {
    #[error("failed to set up the wrapper")]
    SetUp(#[source] io::Error),
    #[error("another wrapper has this session")]
    AlreadyTaken,
    #[error(transparent)]
    Folder(#[from] FolderError),
}

/// The status of a wrapper that ran nothing; the same as `env` and `timeout` use.
const RAN_NOTHING: u8 = 125;

/// No system tells when a disk has space again.
const SPACE_LOOK: Duration = Duration::from_millis(500);

/// Runs the session in `dir`, and answers as its command did.
pub fn run(dir: &Path) -> ExitCode {
    let folder = Folder::new(dir.to_owned());
    let runtime = Builder::new_current_thread().enable_all().build().map_err(WrapperError::SetUp);
    match runtime.and_then(|runtime| runtime.block_on(take(&folder))) {
        Ok(exit) => ExitCode::from(status(&exit.outcome)),
        Err(error) => {
            let source = std::error::Error::source(&error).map(|source| format!(": {source}")).unwrap_or_default();
            // The pane may be gone; then there is nobody left to tell.
            writeln!(io::stderr(), "instar: {error}{source}").ok();
            ExitCode::from(RAN_NOTHING)
        }
    }
}

/// Takes the session if nobody has, runs it, and writes down how it ended.
async fn take(folder: &Folder) -> Result<Exit, WrapperError> {
    // Heard before anything is claimed: a stop that comes early must not be lost.
    let mut signals = Signals::listen().map_err(WrapperError::SetUp)?;
    let wrapper = Identity::own().map_err(WrapperError::SetUp)?;
    if !folder.claim(&Started::by(wrapper))? {
        return Err(WrapperError::AlreadyTaken);
    }
    let exit = supervise::supervise(folder, &mut signals).await;
    leave_word(folder, &exit).await?;
    folder.discard_spec();
    Ok(exit)
}

/// On a full disk it waits for space: nobody else knows how the command ended.
async fn leave_word(folder: &Folder, exit: &Exit) -> Result<(), FolderError> {
    loop {
        match folder.finish(exit) {
            Err(error) if error.is_want_of_space() => tokio::time::sleep(SPACE_LOOK).await,
            done => return done,
        }
    }
}

fn status(outcome: &Outcome) -> u8 {
    let status = match outcome.cause {
        Cause::Exit => outcome.status.unwrap_or_default(),
        Cause::Signal | Cause::Killed => 128 + outcome.signal.as_deref().and_then(signals::number).unwrap_or(15),
        Cause::NotStarted => 127,
    };
    u8::try_from(status).unwrap_or(u8::MAX)
}
