//! Exit codes: the one table that the code, `instar --help` and people's scripts share.

use std::fmt::Write as _;
use std::io;
use std::process::ExitCode;

use hyper::StatusCode;
use instar_core::supervisor::{MISCONFIGURED, WANTS_RESTART};
use serde_json::{Value, json};

use crate::jobs::{ChangeError, EditError};

/// How a command ends. The numbers are an interface: a new meaning gets a new number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Ok = 0,
    Failed = 1,
    Usage = 2,
    NotFound = 3,
    NotRunning = 4,
    Refused = 5,
    /// Of a server alone; `sysexits.h` calls it EX_TEMPFAIL.
    WantsRestart = WANTS_RESTART as isize,
    /// Of a server or lifeline alone; `sysexits.h` calls it EX_CONFIG.
    Misconfigured = MISCONFIGURED as isize,
}

/// Why a command did not do what it was asked: an exit code, and a sentence that says the way out.
#[derive(Debug)]
pub(crate) enum Failure {
    Said {
        exit: Exit,
        sentence: String,
        /// What `--json` prints; the API's own answer where there is one.
        body: Value,
    },
    /// Nobody reads our output any more, as after `| head`.
    BrokenPipe,
}

impl Exit {
    pub(crate) const ALL: [Self; 8] = [
        Self::Ok,
        Self::Failed,
        Self::Usage,
        Self::NotFound,
        Self::NotRunning,
        Self::Refused,
        Self::WantsRestart,
        Self::Misconfigured,
    ];

    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Self::Ok => "done",
            Self::Failed => "it was tried and did not succeed: a failed or skipped run, a server that did not start",
            Self::Usage => "the command line is not understood; nothing was done",
            Self::NotFound => "no such job, session or run, or no project here",
            Self::NotRunning => "the server is not running, or does not answer",
            Self::Refused => "not allowed or not acceptable: an invalid job, a name that is taken, a missing right",
            Self::WantsRestart => "a server in the foreground ended, and asks for another one (after SIGUSR1)",
            Self::Misconfigured => {
                "a server or lifeline in the foreground cannot run with these settings; starting it again is of no use"
            }
        }
    }

    pub(crate) fn code(self) -> u8 {
        self as u8
    }

    /// What an answer of the server means for the caller of a command.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            200..=399 => Self::Ok,
            404 => Self::NotFound,
            408 | 429 => Self::Failed,
            400..=499 => Self::Refused,
            _ => Self::Failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

impl Failure {
    pub(crate) fn new(exit: Exit, sentence: impl Into<String>) -> Self {
        let sentence = sentence.into();
        let body = json!({ "error": sentence });
        Self::Said { exit, sentence, body }
    }

    pub(crate) fn failed(sentence: impl Into<String>) -> Self {
        Self::new(Exit::Failed, sentence)
    }

    pub(crate) fn usage(sentence: impl Into<String>) -> Self {
        Self::new(Exit::Usage, sentence)
    }

    pub(crate) fn not_found(sentence: impl Into<String>) -> Self {
        Self::new(Exit::NotFound, sentence)
    }

    pub(crate) fn refused(sentence: impl Into<String>) -> Self {
        Self::new(Exit::Refused, sentence)
    }

    /// An error of the operating system while doing `what`, such as "failed to write /x/jobs.json".
    pub(crate) fn io(what: impl std::fmt::Display, error: &io::Error) -> Self {
        let exit = if error.kind() == io::ErrorKind::PermissionDenied { Exit::Refused } else { Exit::Failed };
        Self::new(exit, format!("{what}: {error}"))
    }

    pub(crate) fn sentence(&self) -> &str {
        match self {
            Self::Said { sentence, .. } => sentence,
            Self::BrokenPipe => "nobody reads the output any more",
        }
    }

    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Said { exit, .. } => *exit,
            Self::BrokenPipe => Exit::Ok,
        }
    }
}

impl From<ChangeError> for Failure {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Edit(EditError::Unknown(_)) => Self::not_found(error.to_string()),
            ChangeError::Edit(_) => Self::refused(error.to_string()),
            ChangeError::Io { what, source } => Self::io(format_args!("failed to {what}"), &source),
            ChangeError::Locked(_) | ChangeError::Restless(_) | ChangeError::Broken(_) => {
                Self::failed(error.to_string())
            }
        }
    }
}

/// Only writing to our own output ends up here; other files are named with `Failure::io`.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::BrokenPipe;
        }
        Self::io("failed to write the output", &error)
    }
}

/// The table as `instar --help` shows it.
pub(crate) fn table() -> String {
    let mut table = String::from("Exit codes:\n");
    for exit in Exit::ALL {
        let _ = writeln!(table, "  {:<2} {}", exit.code(), exit.meaning());
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_exit_codes_is_stable() {
        insta::assert_snapshot!(table(), @r"
        Exit codes:
          0  done
          1  it was tried and did not succeed: a failed or skipped run, a server that did not start
          2  the command line is not understood; nothing was done
          3  no such job, session or run, or no project here
          4  the server is not running, or does not answer
          5  not allowed or not acceptable: an invalid job, a name that is taken, a missing right
          75 a server in the foreground ended, and asks for another one (after SIGUSR1)
          78 a server or lifeline in the foreground cannot run with these settings; starting it again is of no use
        ");
    }

    #[track_caller]
    fn check(status: u16, exit: Exit) {
        assert_eq!(Exit::of_status(StatusCode::from_u16(status).unwrap()), exit, "HTTP {status}");
    }

    #[test]
    fn answers_of_the_server_map_to_exit_codes() {
        for status in [200, 201, 204] {
            check(status, Exit::Ok);
        }
        for status in [400, 401, 403, 405, 409, 413, 415, 422] {
            check(status, Exit::Refused);
        }
        check(404, Exit::NotFound);
        for status in [408, 429, 500, 503] {
            check(status, Exit::Failed);
        }
    }

    #[test]
    fn a_reader_that_went_away_is_no_failure() {
        let failure = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(failure.exit(), Exit::Ok);
    }
}
