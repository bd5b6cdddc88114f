//! The process that an errand runs under.

use std::io::{self, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::net::unix::pipe::Receiver;
use tokio::runtime::Builder;

use super::Spec;
use crate::process;

/// What a shell answers when there is no such command.
const NOT_STARTED: u8 = 127;

/// Runs the errand that standard input tells of, until it ends or the input is closed; answers as the command did.
pub fn run() -> ExitCode {
    let runtime = Builder::new_current_thread().enable_all().build();
    match runtime.and_then(|runtime| runtime.block_on(serve())) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            // It stands in what is kept of the errand's output.
            writeln!(io::stdout(), "instar: the command could not be run: {error}").ok();
            ExitCode::from(NOT_STARTED)
        }
    }
}

async fn serve() -> io::Result<u8> {
    let stdin = io::stdin().as_fd().try_clone_to_owned()?;
    let mut input = BufReader::new(Receiver::from_owned_fd(stdin)?);
    let mut line = Vec::new();
    input.read_until(b'\n', &mut line).await?;
    let spec: Spec = serde_json::from_slice(&line)?;
    // Whatever the command begins stays below us, so that nothing of it is left.
    #[cfg(target_os = "linux")]
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).ok();
    let mut child = tokio::process::Command::from(command(spec)?).spawn()?;
    let mut rest = Vec::new();
    let ended = tokio::select! {
        status = child.wait() => Some(status?),
        _ = input.read_to_end(&mut rest) => None,
    };
    process::clear(rustix::process::getpid().as_raw_nonzero().get(), Duration::ZERO).await;
    Ok(ended.map_or(NOT_STARTED, status))
}

fn command(spec: Spec) -> io::Result<Command> {
    let out: OwnedFd = io::stdout().as_fd().try_clone_to_owned()?;
    let errors = if spec.errors_apart { io::stderr().as_fd().try_clone_to_owned()? } else { out.try_clone()? };
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(&spec.command).env_clear().envs(&spec.env).current_dir(&spec.cwd);
    shell.stdin(Stdio::null()).stdout(out).stderr(errors).process_group(0);
    Ok(shell)
}

fn status(status: ExitStatus) -> u8 {
    let number = status.code().or_else(|| Some(128 + status.signal()?)).unwrap_or_default();
    u8::try_from(number).unwrap_or(u8::MAX)
}
