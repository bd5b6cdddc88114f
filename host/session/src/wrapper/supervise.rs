//! One command from its start to its end: output kept, signals answered, the end judged.
//!
//! What the command leaves in the background is not ended by us. The kernel does hang up what shares the
//! terminal's foreground group when the wrapper ends, as at the end of any login: `setsid` or `nohup` outlives it.

use std::pin::pin;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rustix::process::{Pid, Signal, WaitStatus};
use tokio::sync::Notify;

use super::command::{self, Channel};
use super::signals::{self, News, Signals};
use super::sink::{Rest, Sink};
use crate::folder::Folder;
use crate::process;
use crate::record::{Cause, Exit, Outcome};

/// How long output is still taken after the command has ended, if something in the background holds on to it.
const DRAIN: Duration = Duration::from_millis(500);

/// Runs the session's command to its end. Whatever goes wrong is an end too.
pub(super) async fn supervise(folder: &Folder, signals: &mut Signals) -> Exit {
    let (started_at, begun) = (Timestamp::now(), Instant::now());
    let (outcome, Rest { tail, report, log_fault }) = match begin(folder) {
        Err(outcome) => (outcome, Rest::default()),
        Ok((running, mut sink)) => {
            let outcome = attend(folder, signals, &running, &mut sink).await;
            (outcome, sink.close().await)
        }
    };
    let duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    Exit { outcome, started_at, ended_at: Timestamp::now(), duration_ms, tail, report, log_fault }
}

/// A command that runs, and what of the spec is still needed.
struct Running {
    command: Pid,
    channel: Channel,
    grace: Duration,
}

fn begin(folder: &Folder) -> Result<(Running, Sink), Outcome> {
    if folder.is_stop_wanted() {
        return Err(Outcome::of(Cause::Killed));
    }
    let spec = match folder.spec() {
        Ok(Some(spec)) => spec,
        Ok(None) => return Err(Outcome::not_started("the session has no spec".to_owned())),
        Err(error) => return Err(Outcome::not_started(error.to_string())),
    };
    // Orphans come to us, so that a stop reaches them; where there is no such thing it reaches the others.
    #[cfg(target_os = "linux")]
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).ok();
    let grace = Duration::from_millis(spec.stop_grace_ms);
    let (output_cap, shown) = (spec.output_cap, spec.shown.clone());
    let (command, channel) = command::start(spec).map_err(|error| Outcome::not_started(error.to_string()))?;
    Ok((Running { command, channel, grace }, Sink::open(folder.path(), output_cap, shown)))
}

/// Takes output and answers signals until the command has ended, or was ended.
async fn attend(folder: &Folder, signals: &mut Signals, running: &Running, sink: &mut Sink) -> Outcome {
    let told = Notify::new();
    let mut taking = pin!(take(folder, running, sink, &told));
    let mut ending = pin!(until_end(folder, signals, running, &told));
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

/// Takes output until it ends.
async fn take(folder: &Folder, running: &Running, sink: &mut Sink, told: &Notify) {
    match &running.channel {
        Channel::Terminal(talk) => talk.go_on(folder, sink, told).await,
        Channel::Pipe(capture) => capture.drain(sink).await,
    }
}

async fn until_end(folder: &Folder, signals: &mut Signals, running: &Running, told: &Notify) -> Outcome {
    loop {
        match signals.next().await {
            News::Child => {
                if let Some(status) = signals::reap(running.command) {
                    return Outcome::judge(status);
                }
            }
            News::Look => told.notify_one(),
            News::Terminate => {
                process::clear(rustix::process::getpid().as_raw_nonzero().get(), running.grace).await;
                return Outcome::stopped(signals::reap(running.command), folder.is_stop_wanted());
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
