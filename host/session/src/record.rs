//! The files of a session folder as JSON: the spec, the start, the end.

use std::collections::BTreeMap;
use std::path::PathBuf;

use instar_core::plan::{End, EndCause, Marks, Stdin};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::process::Identity;

/// What the wrapper is to run: everything that may be secret or long, so that no argument has to be.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Spec {
    pub(crate) argv: Vec<String>,
    pub(crate) cwd: PathBuf,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) stdin: Input,
    /// The field of the JSON object on standard output that people are shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) shown: Option<String>,
    pub(crate) output_cap: u64,
    pub(crate) stop_grace_ms: u64,
}

/// Standard input as it stands in the spec: as text where it is text, because bytes as JSON are long.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Input {
    Typed,
    Terminal(Marks),
    Text(String),
    Bytes(Vec<u8>),
}

impl From<&Stdin> for Input {
    fn from(stdin: &Stdin) -> Self {
        match stdin {
            Stdin::Typed => Self::Typed,
            Stdin::Terminal(marks) => Self::Terminal(marks.clone()),
            Stdin::Bytes(bytes) => match String::from_utf8(bytes.clone()) {
                Ok(text) => Self::Text(text),
                Err(error) => Self::Bytes(error.into_bytes()),
            },
        }
    }
}

/// Who took the session, and when: written before the command runs, or by the host so that it never does.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Started {
    pub(crate) wrapper: Identity,
    pub(crate) started_at: Timestamp,
    /// Why the host gave the start up: then no wrapper has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) withdrawn: Option<String>,
}

impl Started {
    pub(crate) fn by(wrapper: Identity) -> Self {
        Self { wrapper, started_at: Timestamp::now(), withdrawn: None }
    }

    pub(crate) fn withdrawn(reason: String) -> Self {
        Self { withdrawn: Some(reason), ..Self::by(Identity::nobody()) }
    }
}

/// How the session ended, as the wrapper saw it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Exit {
    #[serde(flatten)]
    pub(crate) outcome: Outcome,
    pub(crate) started_at: Timestamp,
    pub(crate) ended_at: Timestamp,
    pub(crate) duration_ms: u64,
    pub(crate) tail: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) report: Option<String>,
    /// Why the log is not complete, for example a full disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) log_fault: Option<String>,
}

/// What ended it, and the facts that go with that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) cause: Cause,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) signal: Option<String>,
    /// Why the command could not be started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Cause {
    Exit,
    Signal,
    Killed,
    NotStarted,
}

impl From<Exit> for End {
    fn from(exit: Exit) -> Self {
        let Outcome { cause, status, signal, reason } = exit.outcome;
        let cause = match cause {
            Cause::Exit => EndCause::Exit(status.unwrap_or_default()),
            Cause::Signal => EndCause::Signal(signal.unwrap_or_default()),
            Cause::Killed => EndCause::Killed,
            Cause::NotStarted => EndCause::NotStarted(reason.unwrap_or_default()),
        };
        Self { cause, duration_ms: exit.duration_ms, tail: exit.tail, report: exit.report }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_input_survives_the_spec() {
        for bytes in [b"text \xc3\xa9".to_vec(), vec![0xff, 0x00, 0x0a], Vec::new()] {
            let json = serde_json::to_string(&Input::from(&Stdin::Bytes(bytes.clone()))).unwrap();
            let read = match serde_json::from_str(&json).unwrap() {
                Input::Typed | Input::Terminal(_) => panic!("{bytes:?} became a terminal"),
                Input::Text(text) => text.into_bytes(),
                Input::Bytes(bytes) => bytes,
            };
            assert_eq!(read, bytes);
        }
    }
}
