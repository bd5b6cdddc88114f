//! What the wrapper is told by signals, and what it makes of it.

use std::io;

use rustix::process::{Pid, Signal, WaitOptions, WaitStatus};
use tokio::signal::unix::{self, SignalKind};

/// Handlers for every signal that reaches a wrapper in its ordinary life.
///
/// Handlers, because an ignored signal would stay ignored in the command.
pub(super) struct Signals {
    child: unix::Signal,
    terminate: unix::Signal,
    resize: unix::Signal,
    message: unix::Signal,
    hangup: unix::Signal,
    interrupt: unix::Signal,
    quit: unix::Signal,
}

/// Something that the wrapper has to act on.
pub(super) enum News {
    Child,
    Terminate,
    /// The pane has a new size, or the host left a message.
    Look,
}

/// The host's word that a message lies there: a signal that does no harm to a wrapper which does not know it.
pub(crate) const LOOK: Signal = Signal::URG;

impl Signals {
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            child: unix::signal(SignalKind::child())?,
            terminate: unix::signal(SignalKind::terminate())?,
            resize: unix::signal(SignalKind::window_change())?,
            message: unix::signal(SignalKind::from_raw(LOOK.as_raw()))?,
            hangup: unix::signal(SignalKind::hangup())?,
            interrupt: unix::signal(SignalKind::interrupt())?,
            quit: unix::signal(SignalKind::quit())?,
        })
    }

    /// The next news. A hangup is none: the terminal is gone, the command is not. Nor is Ctrl-C: it is the command's.
    pub(super) async fn next(&mut self) -> News {
        loop {
            tokio::select! {
                biased;
                _ = self.child.recv() => return News::Child,
                _ = self.terminate.recv() => return News::Terminate,
                _ = self.resize.recv() => return News::Look,
                _ = self.message.recv() => return News::Look,
                _ = self.hangup.recv() => {}
                _ = self.interrupt.recv() => {}
                _ = self.quit.recv() => {}
            }
        }
    }
}

/// Collects every child that has ended, orphans that came to us included; answers how `command` ended, if it has.
pub(super) fn reap(command: Pid) -> Option<WaitStatus> {
    let mut ended = None;
    while let Ok(Some((pid, status))) = rustix::process::wait(WaitOptions::NOHANG) {
        if pid == command {
            ended = Some(status);
        }
    }
    ended
}

const NAMES: [(&str, Signal); 18] = [
    ("SIGHUP", Signal::HUP),
    ("SIGINT", Signal::INT),
    ("SIGQUIT", Signal::QUIT),
    ("SIGILL", Signal::ILL),
    ("SIGTRAP", Signal::TRAP),
    ("SIGABRT", Signal::ABORT),
    ("SIGBUS", Signal::BUS),
    ("SIGFPE", Signal::FPE),
    ("SIGKILL", Signal::KILL),
    ("SIGUSR1", Signal::USR1),
    ("SIGSEGV", Signal::SEGV),
    ("SIGUSR2", Signal::USR2),
    ("SIGPIPE", Signal::PIPE),
    ("SIGALRM", Signal::ALARM),
    ("SIGTERM", Signal::TERM),
    ("SIGXCPU", Signal::XCPU),
    ("SIGXFSZ", Signal::XFSZ),
    ("SIGSYS", Signal::SYS),
];

/// What people call a signal that ends a process.
pub(super) fn name(number: i32) -> String {
    let known = NAMES.iter().find(|(_, signal)| signal.as_raw() == number);
    known.map_or_else(|| format!("signal {number}"), |(name, _)| (*name).to_owned())
}

pub(super) fn number(name: &str) -> Option<i32> {
    let known = NAMES.iter().find(|(known, _)| *known == name).map(|(_, signal)| signal.as_raw());
    known.or_else(|| name.strip_prefix("signal ")?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_lead_to_each_other() {
        for signal in [1, 9, 15, 34, 64] {
            assert_eq!(number(&name(signal)), Some(signal), "{}", name(signal));
        }
        assert_eq!(name(9), "SIGKILL");
    }
}
