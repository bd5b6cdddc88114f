//! The process that an errand runs under.

use std::io::{self, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::unix::pipe::Receiver;
use tokio::runtime::Builder;

use super::{Spec, What};
use crate::process;

/// What a shell answers when there is no such command.
const NOT_STARTED: u8 = 127;

/// Runs the errand that standard input tells of, until it ends or the input is closed; answers as the command did.
pub fn run() -> ExitCode {
    let runtime = Builder::new_current_thread().enable_all().build();
    match runtime.and_then(|runtime| runtime.block_on(serve())) {
        Ok(Ended { status: Some(status), as_it_ended: true }) => leave_like(status),
        Ok(Ended { status, .. }) => ExitCode::from(status.map_or(NOT_STARTED, number)),
        Err(error) => {
            // It stands in what is kept of the errand's output.
            writeln!(io::stdout(), "instar: the command could not be run: {error}").ok();
            ExitCode::from(NOT_STARTED)
        }
    }
}

/// None where the input was closed before the command ended.
struct Ended {
    status: Option<ExitStatus>,
    /// Whether a signal that ended it is to be told as a signal.
    as_it_ended: bool,
}

async fn serve() -> io::Result<Ended> {
    let stdin = io::stdin().as_fd().try_clone_to_owned()?;
    let mut input = BufReader::new(Receiver::from_owned_fd(stdin)?);
    let mut line = Vec::new();
    input.read_until(b'\n', &mut line).await?;
    let spec: Spec = serde_json::from_slice(&line)?;
    let mut given = vec![0; spec.input_bytes];
    input.read_exact(&mut given).await?;
    let as_it_ended = matches!(spec.what, What::Program(_));
    // Whatever the command begins stays below us, so that nothing of it is left.
    #[cfg(target_os = "linux")]
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).ok();
    let mut child = tokio::process::Command::from(command(spec)?).spawn()?;
    let mut feeding = child.stdin.take();
    let feed = async move {
        if let Some(stdin) = &mut feeding {
            // It may read no further, or be gone.
            stdin.write_all(&given).await.ok();
        }
        drop(feeding);
        std::future::pending::<()>().await;
    };
    let mut rest = Vec::new();
    let status = tokio::select! {
        status = child.wait() => Some(status?),
        () = feed => None,
        _ = input.read_to_end(&mut rest) => None,
    };
    process::clear(rustix::process::getpid().as_raw_nonzero().get(), Duration::ZERO).await;
    Ok(Ended { status, as_it_ended })
}

fn command(spec: Spec) -> io::Result<Command> {
    let out: OwnedFd = io::stdout().as_fd().try_clone_to_owned()?;
    let errors = if spec.errors_apart { io::stderr().as_fd().try_clone_to_owned()? } else { out.try_clone()? };
    let mut command = match &spec.what {
        What::Shell(text) => {
            let mut shell = Command::new("/bin/sh");
            shell.arg("-c").arg(text).stdin(Stdio::null());
            shell
        }
        What::Program(argv) => {
            let (program, words) = argv.split_first().ok_or(io::ErrorKind::InvalidInput)?;
            let mut command = Command::new(program);
            command.args(words).stdin(Stdio::piped());
            command
        }
    };
    command.env_clear().envs(&spec.env).current_dir(&spec.cwd);
    command.stdout(out).stderr(errors).process_group(0);
    Ok(command)
}

/// Ends by the signal that ended the command, so that the host is told the same.
fn leave_like(status: ExitStatus) -> ExitCode {
    let signal = status.signal().and_then(rustix::process::Signal::from_named_raw);
    if let Some(signal) = signal {
        let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
        rustix::process::setrlimit(rustix::process::Resource::Core, none).ok();
        // The standard library looks at the first fault of memory, and lets the second one end us.
        for _ in 0..2 {
            rustix::process::kill_process(rustix::process::getpid(), signal).ok();
        }
    }
    ExitCode::from(number(status))
}

fn number(status: ExitStatus) -> u8 {
    let number = status.code().or_else(|| Some(128 + status.signal()?)).unwrap_or_default();
    u8::try_from(number).unwrap_or(u8::MAX)
}
