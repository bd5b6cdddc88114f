//! One command from its start to its end: output kept, signals answered, the end judged.
//!
//! What the command leaves in the background is not ended by us. The kernel does hang up what shares the
//! terminal's foreground group when the wrapper ends, as at the end of any login: `setsid` or `nohup` outlives it.

use std::pin::pin;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rustix::process::{Pid, Signal, WaitStatus};

use super::capture::Capture;
use super::command;
use super::pane::Pane;
use super::signals::{self, News, Signals};
use crate::folder::Folder;
use crate::output::{Log, Tail};
use crate::process;
use crate::record::{Cause, Exit, Outcome, Spec};

/// How long output is still taken after the command has ended, if something in the background holds on to it.
const DRAIN: Duration = Duration::from_millis(500);

/// Runs the session's command to its end. Whatever goes wrong is an end too.
pub(super) async fn supervise(folder: &Folder, signals: &mut Signals) -> Exit {
    let (started_at, begun) = (Timestamp::now(), Instant::now());
    let mut tail = Tail::default();
    let mut log_fault = None;
    let outcome = match begin(folder) {
        Err(outcome) => outcome,
        Ok((command, capture, spec)) => {
            let mut output = Output { log: Log::create(folder.path(), spec.cap), tail, pane: Pane::open() };
            let outcome = attend(folder, signals, command, &capture, &mut output, spec.grace).await;
            tail = output.tail;
            log_fault = output.log.fault();
            outcome
        }
    };
    let duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    Exit {
        outcome,
        started_at,
        ended_at: Timestamp::now(),
        duration_ms,
        tail: tail.readable(),
        report: None,
        log_fault,
    }
}

/// What of the spec is still needed once the command runs.
struct Limits {
    cap: u64,
    grace: Duration,
}

fn begin(folder: &Folder) -> Result<(Pid, Capture, Limits), Outcome> {
    if folder.is_stop_wanted() {
        return Err(Outcome::of(Cause::Killed));
    }
    let spec = match folder.spec() {
        Ok(Some(spec)) => spec,
        Ok(None) => return Err(Outcome::not_started("the session has no spec".to_owned())),
        Err(error) => return Err(Outcome::not_started(error.to_string())),
    };
    let Spec { output_cap: cap, stop_grace_ms, .. } = spec;
    // Orphans come to us, so that a stop reaches them; where there is no such thing it reaches the others.
    #[cfg(target_os = "linux")]
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).ok();
    match command::start(spec) {
        Ok((pid, capture)) => Ok((pid, capture, Limits { cap, grace: Duration::from_millis(stop_grace_ms) })),
        Err(error) => Err(Outcome::not_started(error.to_string())),
    }
}

/// Where the output goes.
struct Output {
    log: Log,
    tail: Tail,
    pane: Pane,
}

impl Output {
    /// Takes output until it ends.
    async fn take(&mut self, capture: &Capture) {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = capture.read(&mut buffer).await {
            let chunk = &buffer[..count];
            self.log.write(chunk);
            self.tail.push(chunk);
            self.pane.show(chunk).await;
        }
    }
}

/// Takes output and answers signals until the command has ended, or was ended.
async fn attend(
    folder: &Folder,
    signals: &mut Signals,
    command: Pid,
    capture: &Capture,
    output: &mut Output,
    grace: Duration,
) -> Outcome {
    let mut taking = pin!(output.take(capture));
    let mut ending = pin!(until_end(folder, signals, command, capture, grace));
    let mut is_open = true;
    let outcome = loop {
        tokio::select! {
            outcome = &mut ending => break outcome,
            () = &mut taking, if is_open => is_open = false,
        }
    };
    if is_open {
        tokio::time::timeout(DRAIN, &mut taking).await.ok();
    }
    outcome
}

async fn until_end(
    folder: &Folder,
    signals: &mut Signals,
    command: Pid,
    capture: &Capture,
    grace: Duration,
) -> Outcome {
    loop {
        match signals.next().await {
            News::Child => {
                if let Some(status) = signals::reap(command) {
                    return Outcome::judge(status);
                }
            }
            News::Resize if capture.is_terminal() => {
                capture.follow_size();
                // The command heard of it from the pane, and may have asked for the size too early.
                rustix::process::kill_process(command, Signal::WINCH).ok();
            }
            News::Resize => {}
            News::Terminate => {
                process::clear(rustix::process::getpid().as_raw_nonzero().get(), grace).await;
                return Outcome::stopped(signals::reap(command), folder.is_stop_wanted());
            }
        }
    }
}

impl Outcome {
    fn of(cause: Cause) -> Self {
        Self { cause, status: None, signal: None, reason: None }
    }

    fn not_started(reason: String) -> Self {
        Self { reason: Some(reason), ..Self::of(Cause::NotStarted) }
    }

    fn judge(status: WaitStatus) -> Self {
        let signal = status.terminating_signal().map(signals::name);
        let cause = if signal.is_some() { Cause::Signal } else { Cause::Exit };
        Self { cause, status: status.exit_status(), signal, reason: None }
    }

    /// Only the host's own wish makes it a kill; a machine that shuts down sends the same signal.
    fn stopped(status: Option<WaitStatus>, is_wanted: bool) -> Self {
        let facts = status.map_or_else(|| Self::of(Cause::Killed), Self::judge);
        if is_wanted {
            return Self { cause: Cause::Killed, ..facts };
        }
        Self { signal: Some(signals::name(Signal::TERM.as_raw())), ..Self::of(Cause::Signal) }
    }
}
