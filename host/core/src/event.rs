//! Events: facts in the past tense, numbered by the store, never edited.

mod wording;

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::attention::{Item, ItemStatus};
use crate::conversation::Conversed;
use crate::gate::GateEnd;
use crate::grounding::Handoff;
use crate::id::{JobSlug, NoticeId, PluginId, RunId, SessionId};
use crate::jobs_file::JobsFile;
use crate::memory::Pressure;
use crate::missed::PassReason;
use crate::notice;
use crate::pause::Pause;
use crate::plan::{End, Launch, Usage};
use crate::poll::Listening;
use crate::quota::QuotaReading;
use crate::quota::level::QuotaWindow;
use crate::retention::Cleared;
use crate::run::{Outcome, RunRequest, SkipReason, StopCause, Trigger};
use crate::session::{Session, SessionStatus};
use crate::supervision::{Opinion, Question};
use crate::talk::{Activity, Message};
use crate::tune::Tuned;
use crate::workload::Workload;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub at: Timestamp,
    pub fact: Fact,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    HostStarted {
        version: String,
    },
    HostStopped,
    /// The jobs file was read; a refused one changed the report and nothing else.
    JobsRead {
        file: Arc<JobsFile>,
    },
    /// These jobs are new, or are due otherwise than before: they begin now, and owe nothing of the past.
    JobsBegun {
        slugs: Vec<JobSlug>,
    },
    /// From now on schedules are read in this zone, unless their jobs name one.
    ZoneSet {
        zone: String,
    },
    /// Nothing fires by itself any more: of a job, or of all where no job is named.
    Paused {
        slug: Option<JobSlug>,
        pause: Pause,
    },
    Resumed {
        slug: Option<JobSlug>,
        by: String,
    },
    RunRequested {
        run: RunId,
        slug: Option<JobSlug>,
        trigger: Trigger,
        request: Box<RunRequest>,
    },
    /// Its gate is asked next; it holds no place yet.
    GateBegun {
        run: RunId,
        slug: Option<JobSlug>,
    },
    /// What follows stands in the next event: it waits, is admitted, skipped, or has failed.
    GateEnded {
        run: RunId,
        slug: Option<JobSlug>,
        end: Box<GateEnd>,
    },
    RunQueued {
        run: RunId,
        slug: Option<JobSlug>,
    },
    RunSkipped {
        run: RunId,
        slug: Option<JobSlug>,
        reason: SkipReason,
    },
    /// Its guards are asked next; it holds a place from here on.
    RunAdmitted {
        run: RunId,
        slug: Option<JobSlug>,
    },
    /// No guard objected; the execute type is asked next.
    RunPassed {
        run: RunId,
        slug: Option<JobSlug>,
    },
    /// The launch is durable; the session starts next.
    RunStarting {
        slug: Option<JobSlug>,
        session: Box<Session>,
        launch: Box<Launch>,
        plugin_state: Vec<u8>,
    },
    RunStarted {
        run: RunId,
        slug: Option<JobSlug>,
        session: SessionId,
        deadline: Option<Timestamp>,
    },
    /// The execute type wants to be asked again later.
    RunWaiting {
        run: RunId,
        slug: Option<JobSlug>,
        /// When the run began: for the job it counts as running since then.
        since: Timestamp,
        until: Timestamp,
        /// By when the run must end.
        limit: Option<Timestamp>,
        plugin_state: Vec<u8>,
    },
    /// The wait is over; the execute type is asked next.
    RunWoke {
        run: RunId,
        slug: Option<JobSlug>,
    },
    RunProgressed {
        run: RunId,
        slug: Option<JobSlug>,
        message: String,
    },
    /// What the run took, all that is known so far.
    RunUsed {
        run: RunId,
        slug: Option<JobSlug>,
        usage: Box<Usage>,
    },
    /// The execute type was told that its program waits, and this is what it wants to remember.
    RunAnswered {
        run: RunId,
        slug: Option<JobSlug>,
        activity: u64,
        plugin_state: Vec<u8>,
    },
    /// It will be typed when the program waits.
    MessageAccepted {
        run: RunId,
        slug: Option<JobSlug>,
        session: SessionId,
        message: Box<Message>,
    },
    /// The program in the session does something else than before.
    SessionTurned {
        run: RunId,
        slug: Option<JobSlug>,
        session: SessionId,
        status: SessionStatus,
        activity: Box<Activity>,
    },
    RunStopping {
        run: RunId,
        slug: Option<JobSlug>,
        cause: StopCause,
    },
    /// The session ended; the run goes on to its judgement.
    SessionEnded {
        run: RunId,
        slug: Option<JobSlug>,
        session: Box<Session>,
        end: End,
    },
    /// The run left notes for the next one of its job.
    HandoffLeft {
        run: RunId,
        slug: Option<JobSlug>,
        handoff: Box<Handoff>,
    },
    RunFinished(Box<RunFinished>),
    /// An opinion on a run that ended is wanted.
    SupervisionAsked {
        question: Box<Question>,
    },
    RunSupervised {
        run: RunId,
        slug: Option<JobSlug>,
        opinion: Opinion,
    },
    /// The due times of a job from the first to the last have no run, and get none.
    OccurrencesPassed {
        slug: JobSlug,
        first: Timestamp,
        last: Timestamp,
        reason: PassReason,
    },
    /// A retry that was planned is not made, because its job is gone.
    RetryDropped {
        after: RunId,
        slug: JobSlug,
    },
    /// The clock went back by this many milliseconds: all that waits for a time waits for one so much earlier.
    ClockSetBack {
        by_ms: i64,
    },
    /// The quota file says something else than before.
    QuotaRead {
        reading: QuotaReading,
    },
    /// Nobody has renewed the quota data for so long that it is ignored.
    QuotaStale {
        last_updated: Timestamp,
    },
    /// So much of the quota is used that people are told, or so little that they will be told again; the level in
    /// percent, 0 for none.
    QuotaLevelChanged {
        window: QuotaWindow,
        level: u8,
    },
    /// The memory of the machine is fuller, or emptier, than before.
    MemoryPressed {
        pressure: Pressure,
        used_percent: f64,
    },
    /// A job has another name: what it has been through goes with it.
    JobRenamed {
        from: JobSlug,
        to: JobSlug,
    },
    /// Something happened to the pace of a job.
    Tuned {
        slug: JobSlug,
        tuned: Box<Tuned>,
    },
    /// Somebody should look at this; an item of the same id that is closed is replaced.
    AttentionRaised {
        item: Box<Item>,
    },
    /// Somebody got on with an item, or the host found that its cause is gone.
    AttentionTurned {
        id: String,
        status: ItemStatus,
        by: String,
    },
    /// These were closed long ago, or others after them.
    AttentionPruned {
        ids: Vec<String>,
    },
    /// An agent said how much a run of a job had to do.
    WorkloadReported {
        workload: Box<Workload>,
    },
    NoticeRaised {
        notice: Arc<notice::Message>,
        notifiers: Vec<PluginId>,
    },
    /// An attempt begins; after a crash it is not known whether it arrived.
    NoticeTried {
        notice: NoticeId,
        notifier: PluginId,
        attempt: u32,
    },
    /// One part of it arrived, and there are more.
    NoticePartDelivered {
        notice: NoticeId,
        notifier: PluginId,
        part: u32,
        receipt: String,
    },
    NoticeDelivered {
        notice: NoticeId,
        notifier: PluginId,
        receipt: String,
    },
    /// `retry_at` is `None` when it is given up.
    NoticeFailed {
        notice: NoticeId,
        notifier: PluginId,
        attempt: u32,
        retry_at: Option<Timestamp>,
        error: String,
    },
    /// People and sessions speak with each other.
    Conversed(Box<Conversed>),
    /// How listening to a notifier goes.
    Listening {
        notifier: PluginId,
        listening: Listening,
    },
    /// Plugins were installed, replaced, taken away or set up anew while the host runs.
    PluginsChanged(Box<LoadedPlugins>),
    /// A plugin noted a fact of its own.
    PluginNoted(Box<PluginFact>),
    /// What has ended long ago is being removed.
    HousekeepingBegun,
    HousekeepingDone {
        cleared: Cleared,
    },
    /// It is tried again before long; what was removed until then stays removed.
    HousekeepingFailed {
        error: String,
    },
    /// Files that a predecessor left were read into the log.
    PredecessorImported {
        imported: Imported,
    },
}

/// What a plugin has to say to the log.
#[derive(Debug, Clone, PartialEq)]
pub struct PluginFact {
    pub plugin: PluginId,
    /// Its name for it.
    pub name: String,
    pub summary: String,
    /// An object.
    pub metadata: Value,
}

/// The plugins that are loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedPlugins {
    /// All of them.
    pub plugins: Vec<PluginVersion>,
    /// Those that tell people.
    pub notifiers: Vec<PluginId>,
    /// Those that hear people.
    pub hearing: Vec<PluginId>,
    /// Those that can open threads.
    pub threaded: Vec<PluginId>,
}

/// A plugin that is loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginVersion {
    pub id: PluginId,
    pub version: String,
}

/// How much was read from the files of a predecessor.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Imported {
    pub files: u64,
    pub job_states: u64,
    pub events: u64,
    /// What people should look at.
    pub attention_items: u64,
    /// What people and agents said.
    pub messages: u64,
    /// Topics with a name, or of a job.
    pub topics: u64,
    /// Entries that were not understood.
    pub skipped: u64,
}

/// The end of a run and all that people ask about it.
#[derive(Debug, Clone, PartialEq)]
pub struct RunFinished {
    pub run: RunId,
    pub slug: Option<JobSlug>,
    pub job_name: String,
    pub trigger: Trigger,
    pub outcome: Outcome,
    /// `None` when no command was launched.
    pub end: Option<End>,
    /// Of a run that launched no command and was judged: when it began.
    pub worked_since: Option<Timestamp>,
    /// What its execute type says of a success without a command.
    pub message: Option<String>,
    pub session: Option<Session>,
    /// When it is tried again; `None` when this is its end.
    pub retry_at: Option<Timestamp>,
    /// Of the job, this run included; 0 after a success.
    pub consecutive_failures: u32,
    /// What the execute type wants to remember, kept for a run that needs attention.
    pub plugin_state: Vec<u8>,
}

/// An event as it is stored and shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventRecord {
    /// Position in the log, from 1, without gaps.
    pub seq: i64,
    pub at: Timestamp,
    #[serde(rename = "type")]
    pub kind: String,
    pub summary: String,
    pub run: Option<RunId>,
    pub session: Option<SessionId>,
    pub metadata: Value,
}

impl Event {
    pub fn record(&self, seq: i64) -> EventRecord {
        EventRecord {
            seq,
            at: self.at,
            kind: self.fact.kind().into(),
            summary: self.fact.summary(),
            run: self.fact.run(),
            session: self.fact.session(),
            metadata: self.fact.metadata(),
        }
    }
}
