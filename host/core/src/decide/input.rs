//! What `decide` is told: everything that can happen to a host.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::attention::{ItemStatus, Wanted};
use crate::conversation::{Course, Offer, Place, Question};
use crate::event::{LoadedPlugins, PluginFact};
use crate::gate::GateEnd;
use crate::id::{JobSlug, NoticeId, PluginId, RunId, SessionName};
use crate::inbound::Inbound;
use crate::jobs_file::JobsFile;
use crate::plan::{End, StepRequest, StepResult};
use crate::poll::{PollFault, Polled};
use crate::quota::QuotaReading;
use crate::retention::Cleared;
use crate::talk::Activity;
use crate::thread::{ThreadFault, ThreadState, Topic};
use crate::tune::TuneWish;
use crate::users::Users;
use crate::verdict::Verdict;
use crate::workload::Workload;

/// Something the engine was told, with the time and the randomness of that moment.
#[derive(Debug, Clone)]
pub struct Input {
    pub now: Timestamp,
    pub nonce: u64,
    pub what: What,
}

#[derive(Debug, Clone)]
pub enum What {
    /// The host is up and the store was read; open runs go on.
    Booted {
        version: String,
    },
    /// The time that `State::next_wake` named has come, or the clock was set.
    Ticked,
    JobsRead(Arc<JobsFile>),
    TriggerAsked {
        slug: JobSlug,
        reason: String,
        force: bool,
        /// How many starts by plugins led to this, one from the other.
        depth: u32,
    },
    /// A plugin notes a fact of its own.
    PluginTold(Box<PluginFact>),
    /// Nothing is to fire by itself any more: of the job, or of all where none is named.
    PauseAsked {
        slug: Option<JobSlug>,
        by: String,
        reason: Option<String>,
    },
    ResumeAsked {
        slug: Option<JobSlug>,
        by: String,
    },
    StopAsked {
        run: RunId,
        by: String,
    },
    SpawnAsked(Box<SpawnRequest>),
    /// Somebody has something to say to the program of a session.
    MessageAsked {
        run: RunId,
        text: String,
    },
    /// The program of a session does something else than before.
    SessionTurned {
        run: RunId,
        activity: Activity,
    },
    /// A message could not be handed to its session; the reason. It stays pending.
    NotTold {
        run: RunId,
        reason: String,
    },
    /// An effect was done, and there is nothing to tell of it.
    Done,
    /// A gate answered, or is known not to.
    GateEnded {
        run: RunId,
        end: GateEnd,
    },
    /// The quota file was read.
    QuotaRead(QuotaReading),
    /// So much of the machine's memory is used, in percent.
    MemoryRead {
        used_percent: f64,
    },
    /// The operator's word on the pace of a job.
    TuneAsked {
        slug: JobSlug,
        wish: TuneWish,
        by: String,
    },
    /// Somebody wants people to look at something.
    AttentionAsked(Box<Wanted>),
    AttentionTurnAsked {
        id: String,
        status: ItemStatus,
        by: String,
    },
    /// What a job has been through is to go with it to another name.
    RenameAsked {
        from: JobSlug,
        to: JobSlug,
    },
    /// An agent says how much a run of a job had to do.
    WorkloadTold(Box<Workload>),
    Judged {
        run: RunId,
        verdict: Verdict,
    },
    Stepped {
        run: RunId,
        result: Result<StepResult, StepFault>,
    },
    Started {
        run: RunId,
    },
    NotStarted {
        run: RunId,
        reason: String,
    },
    SessionEnded {
        run: RunId,
        end: End,
    },
    /// The same, and its program left these notes for the next run of the job.
    SessionEndedWithNotes {
        run: RunId,
        end: End,
        notes: String,
    },
    /// A session could not be stopped; the reason.
    NotStopped {
        run: RunId,
        reason: String,
    },
    /// The store already has a run for this due time.
    OccurrenceTaken {
        slug: JobSlug,
        due: Timestamp,
    },
    Delivered {
        notice: NoticeId,
        notifier: PluginId,
        receipt: String,
        /// The message has further parts.
        more: bool,
    },
    NotDelivered {
        notice: NoticeId,
        notifier: PluginId,
        error: String,
        /// `None` when trying again does not help; else how many milliseconds to wait at least.
        retry: Option<u64>,
        /// What is wrong with its thread, if that is why.
        thread: Option<ThreadState>,
    },
    /// A thread was opened: what the notifier calls it, or why it was not.
    ThreadAnswered {
        notifier: PluginId,
        conversation: String,
        topic: Topic,
        /// The notice that waits for it.
        notice: Option<NoticeId>,
        result: Result<String, ThreadFault>,
    },
    /// What housekeeping took away, or why it did not.
    HouseKept {
        result: Result<Cleared, String>,
    },
    /// What the supervisor said to the question about a run, or why it said nothing.
    Supervised {
        run: RunId,
        answer: Result<String, String>,
    },
    /// Who is known to the host.
    UsersRead(Arc<Users>),
    /// These notifiers are to be listened to from now on.
    ListeningBegun {
        notifiers: Vec<PluginId>,
    },
    /// Other plugins are loaded than before.
    PluginsChanged(LoadedPlugins),
    /// A poll is over, which had so many failures in a row before it.
    Polled {
        notifier: PluginId,
        failures: u32,
        result: Result<Polled, PollFault>,
    },
    /// A notifier heard people in a process that is not the server's, and goes on there.
    Heard {
        notifier: PluginId,
        inbound: Vec<Inbound>,
        cursor: Option<String>,
    },
    /// What something that was said leads to.
    Routed {
        place: Place,
        key: String,
        course: Box<Course>,
    },
    /// A text for people: of the program of this session, or of the host.
    ReplyAsked {
        place: Place,
        text: String,
        session: Option<SessionName>,
        /// The same at each attempt to have it taken.
        key: Option<String>,
    },
    /// A thread was opened for somebody.
    ThreadOpened {
        place: Place,
        name: String,
    },
    /// Somebody wants to pair a chat, and was given this code.
    CodeMade(Offer),
    /// All that guards ask just now and nobody has answered.
    GuardsAsk(Vec<Question>),
    /// What somebody said to a question is carried out, or could not be.
    CarriedOut {
        id: String,
        error: Option<String>,
    },
    HostStopping,
}

/// A session with an agent, wanted by a person or another agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpawnRequest {
    pub name: SessionName,
    /// The job that it is said to work for.
    pub works_for: Option<JobSlug>,
    pub step: StepRequest,
    /// Who wants it, as `triggeredBy` shows it.
    pub by: String,
}

/// Why an execute type gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepFault {
    /// The stable code of the cause, such as `trap` or `unknown-execute-type`.
    pub code: String,
    /// A sentence that names the plugin.
    pub message: String,
    /// True when the plugin worked and refused the job; false when the plugin itself is at fault.
    pub refused: bool,
}

impl StepFault {
    pub(super) fn sentence(&self) -> String {
        format!("{} ({})", self.message, self.code)
    }
}
