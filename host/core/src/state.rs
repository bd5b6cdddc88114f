//! What the host knows: the one value that `decide` reads and that recorded events change.

mod admission;
mod attention;
mod conversations;
mod due;
mod outbox;
mod polls;
mod rename;
mod retries;
mod runs;
mod threads;
mod tunings;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::admission::AdmissionRules;
use crate::attention::Item;
use crate::budget::Begun;
use crate::conversation::{self, Conversed, Place};
use crate::event::{Event, Fact, LoadedPlugins, RunFinished};
use crate::grounding::Handoff;
use crate::id::{JobSlug, NoticeId, PluginId, RunId, SessionName};
use crate::job::{Job, JobProblem, JobState, LastResult};
use crate::jobs_file::JobsFile;
use crate::notice::Address;
use crate::pause::Pause;
use crate::poll::PollFault;
use crate::quota::level::QuotaLevels;
use crate::retry::PlannedRetry;
use crate::run::{Run, StopCause};
use crate::state::admission::Standing;
use crate::state::outbox::Outbox;
use crate::state::polls::Polls;
use crate::state::retries::Retries;
use crate::state::runs::Runs;
use crate::state::tunings::Tunings;
use crate::supervision::Question;
use crate::talk::Doing;
use crate::thread::Subject;
use crate::tune::Tuning;
use crate::workload::Workload;

pub use crate::state::conversations::{Conversations, Pending, Unanswered};
pub use crate::state::outbox::Delivery;

/// The operator's settings that decisions depend on.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// False: nothing fires by itself; triggers still work.
    pub scheduling: bool,
    /// How many runs may be between admission and end.
    pub max_parallel_jobs: usize,
    /// How many sessions may live at once.
    pub max_sessions: usize,
    /// The time limit of a run whose job names none.
    pub default_timeout_ms: u64,
    /// How long a session that talks with people may be idle before it is ended.
    pub idle_timeout: SignedDuration,
    /// Gates, tags, jitter, quota and budgets.
    pub admission: AdmissionRules,
    /// A job that says nothing else is paused after so many failures in a row; 0 is never.
    pub pause_after_failures: u32,
    pub conversations: conversation::Rules,
}

/// A job with what it has been through.
#[derive(Debug, Clone)]
pub struct JobEntry {
    pub job: Arc<Job>,
    pub next: Option<Timestamp>,
}

/// What survives a restart, as the store hands it over.
#[derive(Debug, Default)]
pub struct Restored {
    /// The last good set of jobs.
    pub jobs: JobsFile,
    pub job_states: BTreeMap<JobSlug, JobState>,
    pub runs: Vec<Run>,
    /// Questions about runs that nobody has answered.
    pub questions: Vec<Question>,
    /// When the newest event was recorded.
    pub latest: Option<Timestamp>,
    pub outbox: Vec<((NoticeId, PluginId), Delivery)>,
    /// How far notifiers have read.
    pub poll_cursors: BTreeMap<PluginId, String>,
    /// The runs that began today; older ones do no harm.
    pub begun: Vec<Begun>,
    /// Of jobs, and of the scheduler where no job is named.
    pub pauses: BTreeMap<Option<JobSlug>, Pause>,
    pub retries: Vec<PlannedRetry>,
    /// In which schedules were read.
    pub zone: Option<String>,
    /// What people were told of quota.
    pub quota_levels: QuotaLevels,
    pub tunings: BTreeMap<JobSlug, Tuning>,
    /// What runs told of their work, the newest of each job first; more than make a trend do no harm.
    pub signals: BTreeMap<JobSlug, Vec<Workload>>,
    /// What people should look at, or have looked at of late.
    pub attention: Vec<Item>,
    pub conversations: Conversations,
}

#[derive(Debug)]
pub struct State {
    pub limits: Limits,
    /// In which schedules are read whose job names none.
    pub zone: TimeZone,
    /// In which they were read when that was recorded last.
    recorded_zone: Option<String>,
    pub notifiers: Vec<PluginId>,
    /// Those of them that can open threads.
    pub threaded: Vec<PluginId>,
    jobs: BTreeMap<JobSlug, JobEntry>,
    /// The slugs in the order of the file.
    order: Vec<JobSlug>,
    job_states: BTreeMap<JobSlug, JobState>,
    problems: Vec<JobProblem>,
    /// When each job starts by itself next: its due time and its jitter.
    agenda: BTreeSet<(Timestamp, JobSlug)>,
    runs: Runs,
    outbox: Outbox,
    polls: Polls,
    standing: Standing,
    questions: BTreeMap<RunId, Question>,
    /// Of jobs, and of the scheduler where no job is named.
    pauses: BTreeMap<Option<JobSlug>, Pause>,
    retries: Retries,
    tunings: Tunings,
    /// By their ids.
    attention: BTreeMap<String, Item>,
    /// When the newest event was recorded.
    latest: Timestamp,
    /// When to keep house next; `None` until the host has started.
    house_due: Option<Timestamp>,
    conversations: Conversations,
}

/// Smaller steps of the clock are corrections: what waits is late or early by so much.
const MOST_CORRECTION: SignedDuration = SignedDuration::from_mins(5);
/// A start has other things to do first.
const FIRST_HOUSEKEEPING: SignedDuration = SignedDuration::from_secs(5);
const BETWEEN_HOUSEKEEPINGS: SignedDuration = SignedDuration::from_hours(24);
const AFTER_FAILED_HOUSEKEEPING: SignedDuration = SignedDuration::from_hours(1);

impl State {
    pub fn new(limits: Limits, zone: TimeZone, notifiers: Vec<PluginId>, restored: Restored, now: Timestamp) -> Self {
        let runs = Runs::new(limits.idle_timeout);
        let standing = Standing::restored(&restored.begun, restored.quota_levels, &zone);
        let mut state = Self {
            limits,
            zone,
            recorded_zone: restored.zone,
            notifiers,
            threaded: Vec::new(),
            jobs: BTreeMap::new(),
            order: Vec::new(),
            job_states: restored.job_states,
            problems: Vec::new(),
            agenda: BTreeSet::new(),
            runs,
            questions: restored.questions.into_iter().map(|question| (question.run, question)).collect(),
            outbox: Outbox::restored(restored.outbox, now),
            polls: Polls::restored(restored.poll_cursors),
            standing,
            pauses: restored.pauses,
            retries: Retries::restored(restored.retries),
            tunings: Tunings::restored(restored.tunings, restored.signals),
            attention: restored.attention.into_iter().map(|item| (item.wanted.id.clone(), item)).collect(),
            latest: restored.latest.unwrap_or(now),
            house_due: None,
            conversations: restored.conversations,
        };
        state.take_jobs(&restored.jobs, now);
        for run in restored.runs {
            state.runs.insert(run);
        }
        state
    }

    pub fn job(&self, slug: &JobSlug) -> Option<&JobEntry> {
        self.jobs.get(slug)
    }

    /// All jobs, in the order of their file.
    pub fn jobs(&self) -> impl Iterator<Item = &JobEntry> {
        self.order.iter().filter_map(|slug| self.jobs.get(slug))
    }

    pub fn job_state(&self, slug: &JobSlug) -> Option<&JobState> {
        self.job_states.get(slug)
    }

    /// What is asked about a run that has ended, while nobody has answered.
    pub fn question(&self, run: RunId) -> Option<&Question> {
        self.questions.get(&run)
    }

    pub fn questions(&self) -> impl Iterator<Item = &Question> {
        self.questions.values()
    }

    pub fn problems(&self) -> &[JobProblem] {
        &self.problems
    }

    pub fn run(&self, id: RunId) -> Option<&Run> {
        self.runs.get(id)
    }

    /// The runs that have not ended, oldest first.
    pub fn open_runs(&self) -> impl Iterator<Item = &Run> {
        self.runs.iter()
    }

    /// The waiting runs, next first.
    pub fn queue(&self) -> impl Iterator<Item = &Run> {
        self.runs.queue()
    }

    /// How many more runs of jobs may be admitted now.
    pub fn free_places(&self) -> usize {
        let of_jobs = self.limits.max_parallel_jobs.saturating_sub(self.runs.active_of_jobs());
        of_jobs.min(self.free_sessions())
    }

    /// How many more sessions there may be now.
    pub fn free_sessions(&self) -> usize {
        self.limits.max_sessions.saturating_sub(self.runs.active())
    }

    /// Whether a session of this name lives, or is about to.
    pub fn is_name_taken(&self, name: &SessionName) -> bool {
        self.runs.is_name_taken(name)
    }

    /// The run whose session has this name, or is to have it.
    pub fn run_named(&self, name: &SessionName) -> Option<&Run> {
        self.open_runs().find(|run| run.session_name() == Some(name))
    }

    pub fn conversations(&self) -> &Conversations {
        &self.conversations
    }

    /// Where an agent owes an answer, with when that is too late. One that works is not late.
    pub fn stalls(&self) -> impl Iterator<Item = (Timestamp, &Place, &Unanswered)> {
        let limit = self.limits.conversations.stall_after;
        let waiting = limit.into_iter().flat_map(|limit| self.conversations.waiting(limit));
        waiting.filter(|(_, place, _)| {
            let session = self.conversations.session_of(place);
            let talk = session.and_then(|name| self.run_named(name)).and_then(|run| run.talk.as_ref());
            talk.is_none_or(|talk| talk.activity.doing != Doing::Busy)
        })
    }

    /// The chat that a notifier is at home in: the one of its configuration, or else one that was paired.
    pub fn home_of(&self, notifier: &PluginId) -> Option<Address> {
        let chats = &self.limits.conversations.chats;
        let configured = chats.iter().find(|(id, _)| id == notifier).map(|(_, chat)| chat.clone());
        let configured = configured.map(|conversation| Address { conversation, thread: None });
        configured.or_else(|| self.conversations.paired_chat(notifier))
    }

    /// Whether the host opens threads in a chat.
    pub fn opens_threads(&self, notifier: &PluginId, chat: &str, now: Timestamp) -> bool {
        self.limits.conversations.threads
            && self.threaded.contains(notifier)
            && !self.conversations.opens_no_threads(notifier, chat, now)
    }

    /// Whether a run of this job has not ended.
    pub fn is_busy(&self, slug: &JobSlug) -> bool {
        self.runs.is_busy(slug)
    }

    /// When something starts by itself next: at once while runs wait.
    pub fn next_start(&self, now: Timestamp) -> Option<Timestamp> {
        let waits = self.queue().next().map(|_| now);
        waits.or_else(|| self.agenda.first().map(|(at, _)| *at).filter(|_| self.limits.scheduling))
    }

    /// The running runs whose time is over, and by which limit.
    pub fn overdue_runs(&self, now: Timestamp) -> impl Iterator<Item = (&Run, StopCause)> {
        self.runs.overdue(now)
    }

    /// The runs that have waited for as long as they wanted.
    pub fn due_wakes(&self, now: Timestamp) -> impl Iterator<Item = &Run> {
        self.runs.due_wakes(now)
    }

    /// The retries to make now.
    pub fn due_retries(&self, now: Timestamp) -> impl Iterator<Item = &PlannedRetry> {
        self.retries.due(now)
    }

    /// When the job is tried again.
    pub fn retry_of(&self, slug: &JobSlug) -> Option<Timestamp> {
        self.retries.next_of(slug)
    }

    /// All that wait, in the order of the runs that they follow.
    pub fn planned_retries(&self) -> impl Iterator<Item = &PlannedRetry> {
        self.retries.iter()
    }

    /// The deliveries to try now.
    pub fn due_deliveries(&self, now: Timestamp) -> impl Iterator<Item = (&PluginId, &Delivery)> {
        self.outbox.due(now)
    }

    /// Whether a notice about this, other than one of them, is being delivered.
    pub(crate) fn is_told_of(&self, notifier: &PluginId, subject: &Subject, but: NoticeId) -> bool {
        self.outbox.is_under_way(notifier, subject, but)
    }

    /// Where the next poll of a notifier goes on.
    /// These are listened to from the start.
    pub fn listen_to(&mut self, hearing: &[PluginId]) {
        self.polls.hear(hearing);
    }

    /// Whether a notifier is polled, and so goes on to be.
    pub(crate) fn is_polled(&self, notifier: &PluginId) -> bool {
        self.polls.is_polled(notifier)
    }

    /// Whether the poll of a notifier that is under way is the last one.
    pub(crate) fn is_leaving(&self, notifier: &PluginId) -> bool {
        self.polls.is_leaving(notifier)
    }

    pub fn poll_cursor(&self, notifier: &PluginId) -> Option<&String> {
        self.polls.cursor(notifier)
    }

    /// Why polls of a notifier fail, while they do.
    pub fn poll_fault(&self, notifier: &PluginId) -> Option<&PollFault> {
        self.polls.fault(notifier)
    }

    pub fn delivery(&self, notice: NoticeId, notifier: &PluginId) -> Option<&Delivery> {
        self.outbox.delivery(notice, notifier)
    }

    /// The runs of a job that have not ended.
    pub fn runs_of(&self, slug: &JobSlug) -> impl Iterator<Item = &Run> {
        self.runs.of_job(slug)
    }

    /// Whether a waiting run could start if there were a place: no other run of its job is in its way, and no pause.
    pub fn is_its_turn(&self, run: &Run) -> bool {
        let Some(slug) = &run.slug else { return true };
        if self.pause_of(slug).is_some_and(Pause::holds_runs) && !run.trigger.is_forced() {
            return false;
        }
        !run.request.overlap.waits_its_turn() || !self.runs_of(slug).any(Run::is_active)
    }

    /// By how much the clock has gone back since the newest event, where that is more than clocks are corrected by.
    pub fn clock_set_back(&self, now: Timestamp) -> Option<SignedDuration> {
        Some(self.latest.duration_since(now)).filter(|by| *by > MOST_CORRECTION)
    }

    /// When to keep house next. A time more than a day ahead was set under a wrong clock: it is now.
    pub fn house_due(&self, now: Timestamp) -> Option<Timestamp> {
        self.house_due.map(|due| if due.duration_since(now) > BETWEEN_HOUSEKEEPINGS { now } else { due })
    }

    /// When the host has to look again though nothing happens: the earliest due job, deadline, retry or
    /// housekeeping.
    /// A queue that can move is due at once.
    pub fn next_wake(&self, now: Timestamp) -> Option<Timestamp> {
        if self.free_places() > 0 && self.queue().any(|run| self.could_start(run)) {
            return Some(now);
        }
        let job = self.agenda.first().map(|(at, _)| *at).filter(|_| self.limits.scheduling);
        let stall = self.stalls().map(|(at, ..)| at).min();
        let others = [self.retries.next_due(), self.outbox.next_due(), self.house_due(now), stall];
        others.into_iter().chain([self.runs.next_end(), self.runs.next_wake(), job]).flatten().min()
    }

    /// Changes the state by a recorded event. Events that do not concern it leave it as it is.
    pub fn apply(&mut self, event: &Event) {
        self.latest = event.at;
        self.apply_fact(event);
    }

    fn apply_fact(&mut self, event: &Event) {
        self.standing.apply(event, &self.runs, &self.zone);
        self.runs.apply(event);
        match &event.fact {
            Fact::JobsRead { file } => self.apply_jobs(file, event.at),
            Fact::RunRequested { slug, trigger, .. } => self.apply_request(slug.as_ref(), trigger, event.at),
            Fact::RunStarting { slug, .. } => self.apply_launch(slug.as_ref(), event.at),
            Fact::RunWaiting { slug, since, .. } => self.apply_launch(slug.as_ref(), *since),
            Fact::HandoffLeft { slug: Some(slug), handoff, .. } => self.keep_handoff(slug, handoff),
            Fact::RunFinished(finished) => self.apply_finish(finished),
            Fact::SupervisionAsked { question } => drop(self.questions.insert(question.run, (**question).clone())),
            Fact::RunSupervised { run, .. } => drop(self.questions.remove(run)),
            Fact::OccurrencesPassed { slug, last, .. } => self.settle(slug, *last, event.at),
            Fact::ZoneSet { zone } => self.recorded_zone = Some(zone.clone()),
            Fact::JobsBegun { slugs } => self.begin_jobs(slugs, event.at),
            Fact::Paused { slug, pause } => drop(self.pauses.insert(slug.clone(), pause.clone())),
            Fact::Resumed { slug, .. } => drop(self.pauses.remove(slug)),
            Fact::RetryDropped { after, .. } => self.retries.settle(*after),
            Fact::ClockSetBack { by_ms } => self.set_back(SignedDuration::from_millis(*by_ms), event.at),
            Fact::NoticeRaised { notice, notifiers } => self.outbox.raise(notice, notifiers, event.at),
            Fact::NoticeTried { notice, notifier, attempt } => self.outbox.begin(*notice, notifier, *attempt),
            Fact::NoticePartDelivered { notice, notifier, part, .. } => self.outbox.go_on(*notice, notifier, part + 1),
            Fact::NoticeDelivered { notice, notifier, .. } => self.outbox.settle(*notice, notifier, None),
            Fact::NoticeFailed { notice, notifier, retry_at, .. } => self.outbox.settle(*notice, notifier, *retry_at),
            Fact::Conversed(fact) => self.apply_conversed(fact, event.at),
            Fact::HostStarted { .. } => self.keep_house_in(event.at, FIRST_HOUSEKEEPING),
            Fact::Listening { notifier, listening } => self.polls.apply(notifier, listening),
            Fact::PluginsChanged(loaded) => self.take_plugins(loaded),
            Fact::HousekeepingBegun => self.keep_house_in(event.at, BETWEEN_HOUSEKEEPINGS),
            Fact::HousekeepingFailed { .. } => self.keep_house_in(event.at, AFTER_FAILED_HOUSEKEEPING),
            Fact::WorkloadReported { workload } => self.tunings.note(workload),
            Fact::Tuned { slug, tuned } => self.apply_tuned(slug, tuned, event.at),
            Fact::AttentionRaised { item } => drop(self.attention.insert(item.wanted.id.clone(), (**item).clone())),
            Fact::AttentionTurned { id, status, .. } => attention::turn(&mut self.attention, id, *status, event.at),
            Fact::AttentionPruned { ids } => self.attention.retain(|id, _| !ids.contains(id)),
            Fact::JobRenamed { from, to } => self.rename(from, to, event.at),
            Fact::GateBegun { .. }
            | Fact::GateEnded { .. }
            | Fact::QuotaRead { .. }
            | Fact::QuotaStale { .. }
            | Fact::QuotaLevelChanged { .. }
            | Fact::MemoryPressed { .. }
            | Fact::RunQueued { .. }
            | Fact::RunSkipped { .. }
            | Fact::RunAdmitted { .. }
            | Fact::RunPassed { .. }
            | Fact::PluginNoted(_)
            | Fact::RunStarted { .. }
            | Fact::RunWoke { .. }
            | Fact::RunProgressed { .. }
            | Fact::RunUsed { .. }
            | Fact::RunAnswered { .. }
            | Fact::MessageAccepted { .. }
            | Fact::SessionTurned { .. }
            | Fact::RunStopping { .. }
            | Fact::SessionEnded { .. }
            | Fact::HandoffLeft { slug: None, .. }
            | Fact::HousekeepingDone { .. }
            | Fact::PredecessorImported { .. }
            | Fact::HostStopped => {}
        }
    }

    fn take_plugins(&mut self, loaded: &LoadedPlugins) {
        self.notifiers.clone_from(&loaded.notifiers);
        self.threaded.clone_from(&loaded.threaded);
        self.polls.hear(&loaded.hearing);
    }

    fn apply_conversed(&mut self, fact: &Conversed, at: Timestamp) {
        self.conversations.apply(fact, at);
        attention::follow_thread(&mut self.attention, fact);
    }

    fn keep_handoff(&mut self, slug: &JobSlug, handoff: &Handoff) {
        self.job_states.entry(slug.clone()).or_default().last_handoff = Some(handoff.clone());
    }

    fn keep_house_in(&mut self, now: Timestamp, wait: SignedDuration) {
        self.house_due = now.checked_add(wait).ok();
    }

    fn apply_jobs(&mut self, file: &JobsFile, now: Timestamp) {
        if !self.keeps_last_good(file) {
            self.take_jobs(file, now);
        }
        self.problems.clone_from(&file.problems);
    }

    fn apply_launch(&mut self, slug: Option<&JobSlug>, now: Timestamp) {
        let Some(slug) = slug else { return };
        let state = self.job_states.entry(slug.clone()).or_default();
        state.last_run = Some(now);
        state.last_result = Some(LastResult::Pending);
    }

    fn apply_finish(&mut self, finished: &RunFinished) {
        self.retries.plan(finished);
        let Some(slug) = &finished.slug else { return };
        let state = self.job_states.entry(slug.clone()).or_default();
        state.last_result = Some(finished.outcome.last_result());
        state.last_run = finished.worked_since.or(state.last_run);
        state.consecutive_failures = finished.consecutive_failures;
        let failed = finished.outcome.last_result() != LastResult::Success;
        state.last_error = failed.then(|| finished.outcome.sentence());
    }
}
