//! Running other programs: said aloud, in the workspace's root, failing with a sentence.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// The workspace's root, wherever xtask was started.
pub(crate) fn root() -> PathBuf {
    let manifest_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest_dir.ancestors().nth(2).expect("host/xtask lies two folders below the root").to_owned()
}

pub(crate) fn target_dir() -> PathBuf {
    root().join("target")
}

pub(crate) fn cargo() -> Command {
    program(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

pub(crate) fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(root());
    command
}

/// Runs it with its output shown, and says what for.
pub(crate) fn step(what: &str, command: &mut Command) -> Result<()> {
    println!("── {what}");
    let begun = Instant::now();
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("failed to run `{name}` ({what})"))?;
    if !status.success() {
        bail!("{what} failed: `{name}` ended with {status}");
    }
    println!("   done in {:.1} s", begun.elapsed().as_secs_f32());
    Ok(())
}

/// The same for what could take for ever: after so long it is ended, and has failed.
pub(crate) fn step_within(limit: Duration, what: &str, command: &mut Command) -> Result<()> {
    println!("── {what}");
    let begun = Instant::now();
    match status_within(command, limit).with_context(|| format!("failed to run the step: {what}"))? {
        Some(status) if status.success() => println!("   done in {:.1} s", begun.elapsed().as_secs_f32()),
        Some(status) => bail!("{what} failed with {status}"),
        None => bail!("{what} was ended, because it took more than {} s", limit.as_secs()),
    }
    Ok(())
}

/// How it ended, or `None` when it had to be ended because it took longer.
pub(crate) fn status_within(command: &mut Command, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let mut child = command.stdin(Stdio::null()).spawn()?;
    let begun = Instant::now();
    while begun.elapsed() < limit {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        sleep(Duration::from_millis(100));
    }
    child.kill()?;
    child.wait()?;
    Ok(None)
}

/// Whether it can be run and ends well; its output is not shown.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// What it prints, when it ends well.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|candidate| candidate.is_file())
}
