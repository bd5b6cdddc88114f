//! The keyring of the desktop, such as GNOME Keyring, KWallet or KeePassXC.
//!
//! It is asked through `secret-tool`, the program that comes with libsecret: a value passes by standard input and
//! output, and never stands in an argument. A keyring that is locked may ask a person for its password meanwhile.

use std::io::{self, Read as _, Write as _};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

const PROGRAM: &str = "secret-tool";
const LONGEST_ANSWER: Duration = Duration::from_secs(10);
const LARGEST_VALUE: u64 = 64 << 10;

/// Why the keyring was of no help. No value stands in it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyringError {
    #[error("the keyring of the system is asked by `{PROGRAM}`, which is not there: install it (libsecret-tools)")]
    NoProgram,
    #[error("`{PROGRAM}` cannot be run")]
    Io(#[from] io::Error),
    #[error("the keyring gave no answer in {LONGEST_ANSWER:?}: perhaps it is locked, and waits for its password")]
    Late,
    #[error("the keyring does not answer: {0}")]
    Refused(String),
}

/// Keeps a value under this account, in the place of one that is there.
pub(crate) fn store(account: &str, value: &str) -> Result<(), KeyringError> {
    let label = format!("--label=instar {account}");
    let answer = ask(&["store", &label, "service", "instar", "account", account], value)?;
    if answer.status.success() { Ok(()) } else { Err(refused(&answer)) }
}

/// The value; none where the keyring has none.
pub(crate) fn look_up(account: &str) -> Result<Option<String>, KeyringError> {
    let answer = ask(&["lookup", "service", "instar", "account", account], "")?;
    if !answer.status.success() && !answer.stderr.is_empty() {
        return Err(refused(&answer));
    }
    let value = String::from_utf8(answer.stdout).map_err(|_| KeyringError::Refused("the value is no text".into()))?;
    Ok(Some(value).filter(|value| !value.is_empty()))
}

/// Takes the value away, if there is one.
pub(crate) fn clear(account: &str) -> Result<(), KeyringError> {
    let answer = ask(&["clear", "service", "instar", "account", account], "")?;
    if answer.status.success() || answer.stderr.is_empty() { Ok(()) } else { Err(refused(&answer)) }
}

fn ask(arguments: &[&str], input: &str) -> Result<Output, KeyringError> {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => KeyringError::NoProgram,
        _ => error.into(),
    })?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that ends before it has read says why.
        let _ = stdin.write_all(input.as_bytes());
    }
    let answer = within(LONGEST_ANSWER, &mut child);
    if answer.is_none() {
        // It may have ended in this moment.
        let _ = child.kill();
    }
    let status = child.wait()?;
    let (stdout, stderr) = answer.ok_or(KeyringError::Late)?;
    Ok(Output { status, stdout, stderr })
}

/// What it prints until its end.
fn within(limit: Duration, child: &mut Child) -> Option<(Vec<u8>, Vec<u8>)> {
    let (stdout, stderr) = (child.stdout.take()?, child.stderr.take()?);
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let read = stdout.take(LARGEST_VALUE).read_to_end(&mut out).and(stderr.take(4096).read_to_end(&mut err));
        // Who waited may have gone.
        let _ = tell.send(read.map(|_| (out, err)));
    });
    told.recv_timeout(limit).ok()?.ok()
}

fn refused(answer: &Output) -> KeyringError {
    let said = String::from_utf8_lossy(&answer.stderr);
    let said = said.trim().trim_start_matches("secret-tool: ");
    KeyringError::Refused(if said.is_empty() { format!("{}", answer.status) } else { said.to_owned() })
}
