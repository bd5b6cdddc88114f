//! The crash rule: what the files of a session say about it, whoever died in between.
//!
//! No `started`: safe to start. `started` that says withdrawn: it never will be. `exit.json`: its true result. `started` and a live wrapper: running.
//! `started`, no end and no wrapper: lost, and never started again silently.

use std::time::Duration;

use instar_core::id::SessionId;
use instar_core::plan::{End, EndCause};

use crate::folder::{Folder, FolderError};
use crate::output;
use crate::process::Process;
use crate::record::Started;

/// How often files are read again that cannot be read just now (out of file descriptors, for example).
const ATTEMPTS: u32 = 25;
const PAUSE: Duration = Duration::from_millis(200);

/// What is known of a session.
#[derive(Debug, Clone)]
pub enum Found {
    /// No wrapper has begun with it: safe to start.
    NotStarted,
    Running(Process),
    Ended(End),
}

/// Reads a folder by the crash rule; waits out trouble with reading rather than calling a session lost.
pub(crate) async fn survey(id: SessionId, folder: &Folder) -> Found {
    for _ in 0..ATTEMPTS {
        match look(id, folder) {
            Ok(found) => return found,
            Err(error) => tracing::warn!(session = %id, error = &error as &dyn std::error::Error, "survey failed"),
        }
        tokio::time::sleep(PAUSE).await;
    }
    Found::Ended(traceless(folder, None))
}

/// Whether the wrapper of a session lives, without waiting out trouble.
pub(crate) fn is_running(id: SessionId, folder: &Folder) -> Result<bool, FolderError> {
    Ok(matches!(look(id, folder)?, Found::Running(_)))
}

fn look(id: SessionId, folder: &Folder) -> Result<Found, FolderError> {
    if let Some(end) = recorded_end(folder)? {
        return Ok(Found::Ended(end));
    }
    let started = match folder.started() {
        Ok(Some(started)) => started,
        Ok(None) if folder.is_stop_wanted() => return Ok(Found::Ended(killed(0, String::new()))),
        Ok(None) => return Ok(Found::NotStarted),
        Err(FolderError::Damaged { .. }) => return Ok(Found::Ended(traceless(folder, None))),
        Err(error) => return Err(error),
    };
    if let Some(reason) = started.withdrawn {
        return Ok(Found::Ended(not_started(reason)));
    }
    if let Some(process) = Process::find(id, &started.wrapper) {
        return Ok(Found::Running(process));
    }
    // The wrapper may have written its result after the first look and before it was gone.
    Ok(Found::Ended(recorded_end(folder)?.unwrap_or_else(|| traceless(folder, Some(&started)))))
}

fn recorded_end(folder: &Folder) -> Result<Option<End>, FolderError> {
    match folder.exit() {
        Ok(exit) => Ok(exit.map(End::from)),
        Err(FolderError::Damaged { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The end of a session whose wrapper left none: killed if that was wanted, else lost.
fn traceless(folder: &Folder, started: Option<&Started>) -> End {
    let last_output = output::last_written(folder.path());
    let ran = started.zip(last_output).map(|(started, last)| last.duration_since(started.started_at).as_millis());
    let duration_ms = ran.and_then(|ran| u64::try_from(ran).ok()).unwrap_or(0);
    let tail = output::tail_of(folder.path());
    if folder.is_stop_wanted() {
        return killed(duration_ms, tail);
    }
    End { cause: EndCause::Lost, duration_ms, tail, report: None }
}

fn not_started(reason: String) -> End {
    End { cause: EndCause::NotStarted(reason), duration_ms: 0, tail: String::new(), report: None }
}

fn killed(duration_ms: u64, tail: String) -> End {
    End { cause: EndCause::Killed, duration_ms, tail, report: None }
}
