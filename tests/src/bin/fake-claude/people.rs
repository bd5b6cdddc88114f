//! What an agent does that people speak with: it keeps to what its first message says of how to answer.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::process::{Command, Stdio};
use std::time::Duration;

const BEFORE: &str = "with the command `";
const AFTER: &str = " send 'TEXT'`";
/// A host that is just being started anew is waited for.
const TRIES: u32 = 200;
const PAUSE: Duration = Duration::from_millis(100);

/// The program that a message names for answers.
pub(crate) fn program(message: &str) -> Option<String> {
    let (_, rest) = message.split_once(BEFORE)?;
    Some(rest.split_once(AFTER)?.0.to_owned())
}

/// Writes to people until it is taken.
pub(crate) fn send(program: &str, text: &str) -> io::Result<()> {
    for _ in 0..TRIES {
        let mut command = Command::new(program);
        let command = command.args(["send", text]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if command.status()?.success() {
            return Ok(());
        }
        std::thread::sleep(PAUSE);
    }
    Err(io::ErrorKind::TimedOut.into())
}

pub(crate) fn keep(file: &str, message: &str) -> io::Result<()> {
    let mut log = OpenOptions::new().create(true).append(true).open(file)?;
    writeln!(log, "{}", serde_json::Value::from(message))
}
