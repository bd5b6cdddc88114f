//! `instar server stop`: asks the server to end, and waits until it has.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::cli::Context;
use crate::cli::exit::{Exit, Failure};
use crate::wiring::lock::{self, Holder};

/// How long a server may take to finish what it does.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn run(context: &Context) -> Result<Exit, Failure> {
    let project = context.project()?;
    let lock_file = project.lock_file();
    check_readable(&lock_file)?;
    let Some(holder) = lock::holder(&lock_file) else {
        return said(context, None, "The server is not running.");
    };
    if !ask_to_end(holder)? {
        return said(context, None, "The server has just ended by itself.");
    }
    let deadline = Instant::now() + PATIENCE;
    while lock::holder(&lock_file).is_some_and(|now| now.pid == holder.pid) {
        if Instant::now() > deadline {
            let (pid, seconds) = (holder.pid, PATIENCE.as_secs());
            return Err(Failure::failed(format!(
                "the server, process {pid}, did not end within {seconds} s; `kill -9 {pid}` ends it, sessions go on"
            )));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    said(context, Some(holder), &format!("The server, process {}, has stopped.", holder.pid))
}

/// A lock file that may not be opened says nothing about who holds it.
fn check_readable(lock_file: &Path) -> Result<(), Failure> {
    match File::open(lock_file) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Err(Failure::io(format_args!("failed to open {}", lock_file.display()), &error))
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

/// False when there is no such process any more.
fn ask_to_end(holder: Holder) -> Result<bool, Failure> {
    let pid = i32::try_from(holder.pid).ok().and_then(Pid::from_raw);
    let Some(pid) = pid else {
        return Err(Failure::failed(format!("the lock file names process {}, which cannot be", holder.pid)));
    };
    match kill_process(pid, Signal::TERM) {
        Ok(()) => Ok(true),
        Err(Errno::SRCH) => Ok(false),
        Err(error) => Err(Failure::io(format_args!("failed to stop process {}", holder.pid), &error.into())),
    }
}

fn said(context: &Context, stopped: Option<Holder>, sentence: &str) -> Result<Exit, Failure> {
    if context.out.json {
        context.out.value(&json!({ "stopped": stopped.is_some(), "pid": stopped.map(|holder| holder.pid) }))?;
    } else {
        context.out.line(sentence)?;
    }
    Ok(Exit::Ok)
}
