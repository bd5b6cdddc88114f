//! What `decide` wants done.

use std::sync::Arc;

use crate::conversation::Place;
use crate::id::{NoticeId, PluginId, RunId, SessionName};
use crate::inbound::Mark;
use crate::notice::{self, Address};
use crate::thread::{ThreadChange, Topic};
use crate::verdict::Severity;

/// Something to be done once the events are durable. Each reports back as exactly one input.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Runs the gate of a run, by its deadline.
    AskGate {
        run: RunId,
    },
    Judge {
        run: RunId,
    },
    Step {
        run: RunId,
    },
    /// Starts the session, or finds it when it was started before a crash.
    Start {
        run: RunId,
    },
    /// Waits for the end of the session.
    Watch {
        run: RunId,
    },
    Stop {
        run: RunId,
    },
    /// Waits until the program of the session does something else than at this number.
    Listen {
        run: RunId,
        after: u64,
    },
    /// Hands a pending message to the session, which types it when its program waits.
    Tell {
        run: RunId,
        number: u64,
    },
    Deliver {
        notice: Arc<notice::Message>,
        notifier: PluginId,
        /// The first one is 0; those before it were delivered.
        part: u32,
    },
    /// Asks for an opinion on a run that has ended.
    Supervise {
        run: RunId,
    },
    /// Finds out what the first thing that waits at a place leads to.
    Route {
        place: Place,
        key: String,
    },
    /// Shows people how the host got on with what they said.
    Mark {
        notifier: PluginId,
        address: Address,
        handle: String,
        mark: Mark,
        /// For those who pressed a button.
        note: Option<String>,
    },
    /// Lets a guard know what somebody said to its question.
    CarryOut {
        id: String,
        hash: String,
        yes: bool,
    },
    /// Opens a thread for something.
    OpenThread {
        notifier: PluginId,
        conversation: String,
        topic: Topic,
        severity: Severity,
        /// The notice that waits for it.
        notice: Option<NoticeId>,
        /// The depth of that notice.
        depth: u32,
    },
    /// A sign to people; it is worth one try.
    ChangeThread {
        notifier: PluginId,
        address: Address,
        change: ThreadChange,
        /// That of the notice for which it is changed.
        depth: u32,
    },
    /// Presses Escape in a session.
    Interrupt {
        session: SessionName,
    },
    /// Waits so long, then asks the other side of a notifier what is new.
    Poll {
        notifier: PluginId,
        after_ms: u64,
        /// Failures in a row before this one.
        failures: u32,
    },
    /// Removes what is older, or more, than the operator wants to keep.
    KeepHouse,
}
