//! A host without a world: inputs in, events applied, effects kept for the test to look at.

use std::collections::BTreeSet;
use std::sync::Arc;

use instar_core::admission::AdmissionRules;
use instar_core::conversation::Rules;
use instar_core::decide::{Decision, Effect, Input, SpawnRequest, What, decide};
use instar_core::event::{Event, Fact};
use instar_core::id::{JobSlug, NoticeId, PluginId, RunId};
use instar_core::jobs_file::JobsFile;
use instar_core::missed::PassReason;
use instar_core::notice::Message;
use instar_core::plan::{Action, End, EndCause, FinishVerdict, Launch, Stdin, StepRequest, StepResult};
use instar_core::run::{Outcome, SkipReason, Trigger};
use instar_core::session::SessionStatus;
use instar_core::state::{Limits, Restored, State};
use instar_core::telling::Telling;
use instar_core::users::Users;
use instar_core::verdict::Verdict;
use instar_core::workload::Workload;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

pub(crate) struct World {
    pub(crate) state: State,
    pub(crate) now: Timestamp,
    pub(crate) events: Vec<Event>,
    pub(crate) effects: Vec<Effect>,
    nonce: u64,
    jobs: Vec<Value>,
    stored: Option<(Limits, Restored)>,
    /// In which the next start reads schedules.
    pub(crate) zone: TimeZone,
}

pub(crate) fn job(slug: &str, schedule: &str) -> Value {
    json!({"slug": slug, "name": slug, "schedule": schedule, "execute": {"type": "script", "value": "x"}})
}

pub(crate) fn launch() -> StepResult {
    let launch = Launch {
        argv: vec!["true".into()],
        env: Default::default(),
        cwd: None,
        stdin: Stdin::Terminal(Default::default()),
        shown: None,
    };
    StepResult { state: b"state".to_vec(), actions: vec![Action::Launch(launch)] }
}

pub(crate) fn end(cause: EndCause) -> End {
    End { cause, duration_ms: 1_500, tail: "last line\n".into(), report: None }
}

pub(crate) fn limits() -> Limits {
    Limits {
        scheduling: true,
        max_parallel_jobs: 2,
        max_sessions: 3,
        default_timeout_ms: 240 * 60_000,
        idle_timeout: SignedDuration::from_mins(60),
        admission: AdmissionRules { tag_limits: [("one-of-two".to_owned(), 1)].into(), ..AdmissionRules::default() },
        pause_after_failures: 0,
        conversations: Rules {
            chats: [("notifier-telegram".parse().expect("an id"), "-100".to_owned())].into(),
            stall_after: Some(SignedDuration::from_mins(5)),
            threads: true,
            telling: Telling::default(),
        },
    }
}

impl World {
    pub(crate) fn new(jobs: &[Value]) -> Self {
        Self::build(jobs, Vec::new())
    }

    pub(crate) fn with_notifier(jobs: &[Value], notifier: &str) -> Self {
        Self::build(jobs, vec![notifier.parse().expect("the test names what is there")])
    }

    pub(crate) fn with_notifiers(jobs: &[Value], notifiers: &[&str]) -> Self {
        Self::build(jobs, notifiers.iter().map(|id| id.parse().expect("the test names what is there")).collect())
    }

    /// Ada is a user, who is this there.
    pub(crate) fn know_ada(&mut self, channel: &str, identifier: &str) {
        let channel = json!({"type": channel, "identifier": identifier});
        let users = json!([{"id": "ada", "channels": [channel], "permissions": ["user"]}]);
        let (users, _) = Users::parse(&users.to_string()).expect("it is a list of users");
        self.tell(What::UsersRead(Arc::new(users)));
    }

    /// Every notice so far, with each notifier that it is for.
    pub(crate) fn told(&self) -> Vec<(&PluginId, &Message)> {
        let raised = self.events.iter().filter_map(|event| match &event.fact {
            Fact::NoticeRaised { notice, notifiers } => Some((notice, notifiers)),
            _ => None,
        });
        raised.flat_map(|(notice, notifiers)| notifiers.iter().map(move |id| (id, &**notice))).collect()
    }

    fn build(jobs: &[Value], notifiers: Vec<PluginId>) -> Self {
        let now: Timestamp = "2026-03-01T12:00:30Z".parse().expect("the test names what is there");
        let state = State::new(limits(), TimeZone::UTC, notifiers, Restored::default(), now);
        let mut world = Self {
            state,
            now,
            events: vec![],
            effects: vec![],
            nonce: 0,
            jobs: vec![],
            stored: None,
            zone: TimeZone::UTC,
        };
        world.read_jobs(jobs);
        world.tell(What::Booted { version: "0".into() });
        world
    }

    pub(crate) fn tell(&mut self, what: What) -> Decision {
        self.nonce += 1;
        let decision = decide(&self.state, Input { now: self.now, nonce: self.nonce, what });
        for event in &decision.events {
            self.state.apply(event);
        }
        self.events.extend(decision.events.iter().cloned());
        self.effects.extend(decision.effects.iter().cloned());
        decision
    }

    /// Lets time pass and wakes the host as it asked to be woken.
    pub(crate) fn pass_minutes(&mut self, minutes: i64) {
        self.now += SignedDuration::from_mins(minutes);
        if self.wakes_now() {
            self.tell(What::Ticked);
        }
    }

    /// Ends the host as a crash would, and starts it after so many minutes with what the store holds of it.
    pub(crate) fn restart_after(&mut self, minutes: i64) {
        self.crash(self.state.limits.clone());
        self.now += SignedDuration::from_mins(minutes);
        self.start_again();
    }

    /// The same, with the scheduler switched on or off from then on.
    pub(crate) fn restart_with_scheduling(&mut self, scheduling: bool, minutes: i64) {
        self.crash(Limits { scheduling, ..self.state.limits.clone() });
        self.now += SignedDuration::from_mins(minutes);
        self.start_again();
    }

    /// What the store would hold; a test of the store compares the two after each record.
    fn crash(&mut self, limits: Limits) {
        let slugs: BTreeSet<JobSlug> =
            self.events.iter().filter_map(|event| event.fact.slug()).cloned().chain(self.slugs()).collect();
        let state = &self.state;
        let restored = Restored {
            begun: Vec::new(),
            jobs: JobsFile { jobs: state.jobs().map(|entry| entry.job.clone()).collect(), ..JobsFile::default() },
            job_states: slugs.iter().filter_map(|slug| Some((slug.clone(), state.job_state(slug)?.clone()))).collect(),
            runs: state.open_runs().cloned().collect(),
            latest: self.events.last().map(|event| event.at),
            outbox: Vec::new(),
            poll_cursors: Default::default(),
            pauses: slugs
                .iter()
                .map(Some)
                .chain([None])
                .filter_map(|slug| Some((slug.cloned(), state.own_pause(slug)?.clone())))
                .collect(),
            retries: state.planned_retries().cloned().collect(),
            zone: self.state.zone.iana_name().map(str::to_owned),
            questions: state.questions().cloned().collect(),
            attention: state.attention_items().cloned().collect(),
            quota_levels: state.quota_levels(),
            tunings: slugs.iter().filter_map(|slug| Some((slug.clone(), state.tuning(slug)?.clone()))).collect(),
            signals: slugs.iter().map(|slug| (slug.clone(), state.signals(slug).cloned().collect())).collect(),
            conversations: state.conversations().clone(),
        };
        self.stored = Some((limits, restored));
    }

    fn start_again(&mut self) {
        let (limits, restored) = self.stored.take().expect("it crashed");
        let (notifiers, threaded) = (self.state.notifiers.clone(), self.state.threaded.clone());
        self.state = State::new(limits, self.zone.clone(), notifiers, restored, self.now);
        self.state.threaded = threaded;
        let jobs = self.jobs.clone();
        self.read_jobs(&jobs);
        self.tell(What::Booted { version: "0".into() });
        if self.wakes_now() {
            self.tell(What::Ticked);
        }
    }

    fn slugs(&self) -> Vec<JobSlug> {
        self.state.jobs().map(|entry| entry.job.slug.clone()).collect()
    }

    pub(crate) fn wakes_now(&self) -> bool {
        self.state.next_wake(self.now).is_some_and(|wake| wake <= self.now)
    }

    pub(crate) fn read_jobs(&mut self, jobs: &[Value]) {
        self.jobs = jobs.to_vec();
        self.tell(What::JobsRead(Arc::new(JobsFile::from_entries(jobs))));
    }

    pub(crate) fn read_jobs_text(&mut self, text: &str) {
        self.tell(What::JobsRead(Arc::new(JobsFile::parse("jobs.json", text))));
    }

    pub(crate) fn set_priority(&mut self, slug: &str, priority: &str) {
        self.set(slug, "priority", json!(priority));
    }

    pub(crate) fn set_enabled(&mut self, slug: &str, enabled: bool) {
        self.set(slug, "enabled", json!(enabled));
    }

    pub(crate) fn set(&mut self, slug: &str, key: &str, value: Value) {
        let mut jobs = self.jobs.clone();
        jobs.iter_mut().find(|job| job["slug"] == slug).expect("the test names what is there")[key] = value;
        self.read_jobs(&jobs);
    }

    pub(crate) fn trigger(&mut self, slug: &str) -> RunId {
        let slug: JobSlug = slug.parse().expect("the test names what is there");
        let decision = self.tell(What::TriggerAsked { slug, reason: "manual".into(), force: false, depth: 0 });
        decision.events[0].fact.run().expect("the test names what is there")
    }

    /// The run of a session that somebody wants; `None` when it is refused.
    pub(crate) fn spawn(&mut self, name: &str) -> Option<RunId> {
        let step = StepRequest { execute_json: "{}".into(), model: "sonnet".into(), previous: None };
        let name = name.parse().expect("the test names what is there");
        let request = SpawnRequest { name, works_for: None, step, by: "api".into() };
        let decision = self.tell(What::SpawnAsked(Box::new(request)));
        decision.events.first().and_then(|event| event.fact.run())
    }

    /// From admission to a running session.
    pub(crate) fn start(&mut self, run: RunId) {
        self.tell(What::Judged { run, verdict: Verdict::pass() });
        self.tell(What::Stepped { run, result: Ok(launch()) });
        self.tell(What::Started { run });
    }

    pub(crate) fn finish_step(&mut self, run: RunId, verdict: FinishVerdict, message: &str) {
        let finish = Action::Finish { verdict, message: message.into() };
        self.tell(What::Stepped { run, result: Ok(StepResult { state: vec![], actions: vec![finish] }) });
    }

    pub(crate) fn run_to_end(&mut self, run: RunId, cause: EndCause) {
        self.start(run);
        self.tell(What::SessionEnded { run, end: end(cause) });
        self.finish_step(run, FinishVerdict::Succeeded, "");
    }

    #[track_caller]
    pub(crate) fn only_run(&self) -> RunId {
        let runs: Vec<_> = self.state.open_runs().map(|run| run.id).collect();
        assert_eq!(runs.len(), 1, "{runs:?}");
        runs[0]
    }

    #[track_caller]
    pub(crate) fn expect_effect(&self, effect: &Effect) {
        assert!(self.effects.contains(effect), "{effect:?} is not in {:?}", self.effects);
    }

    pub(crate) fn delivery(&self) -> (NoticeId, PluginId) {
        let delivery = self.effects.iter().find_map(|effect| match effect {
            Effect::Deliver { notice, notifier, .. } => Some((notice.id, notifier.clone())),
            _ => None,
        });
        delivery.expect("the test names what is there")
    }

    pub(crate) fn count(&self, wanted: impl Fn(&Fact) -> bool) -> usize {
        self.events.iter().filter(|event| wanted(&event.fact)).count()
    }

    pub(crate) fn outcomes(&self) -> Vec<Outcome> {
        let finished = self.events.iter().filter_map(|event| match &event.fact {
            Fact::RunFinished(finished) => Some(finished.outcome.clone()),
            _ => None,
        });
        finished.collect()
    }

    pub(crate) fn session_statuses(&self) -> Vec<SessionStatus> {
        let finished = self.events.iter().filter_map(|event| match &event.fact {
            Fact::RunFinished(finished) => finished.session.as_ref().map(|session| session.status),
            _ => None,
        });
        finished.collect()
    }

    pub(crate) fn skips(&self) -> Vec<SkipReason> {
        let skips = self.events.iter().filter_map(|event| match &event.fact {
            Fact::RunSkipped { reason, .. } => Some(reason.clone()),
            _ => None,
        });
        skips.collect()
    }

    /// The due times that got a run, with whether they were missed.
    pub(crate) fn due_times_run(&self) -> Vec<(Timestamp, bool)> {
        let requested = self.events.iter().filter_map(|event| match &event.fact {
            Fact::RunRequested { trigger: Trigger::Scheduled { at, missed }, .. } => Some((*at, *missed)),
            _ => None,
        });
        requested.collect()
    }

    /// The due times that got none, from the first to the last.
    pub(crate) fn passed(&self) -> Vec<(Timestamp, Timestamp, PassReason)> {
        let passed = self.events.iter().filter_map(|event| match &event.fact {
            Fact::OccurrencesPassed { first, last, reason, .. } => Some((*first, *last, *reason)),
            _ => None,
        });
        passed.collect()
    }

    pub(crate) fn titles(&self) -> Vec<String> {
        let raised = self.events.iter().filter_map(|event| match &event.fact {
            Fact::NoticeRaised { notice, .. } => Some(notice.title.clone()),
            _ => None,
        });
        raised.collect()
    }

    /// Runs the job by hand and lets its command fail.
    pub(crate) fn fail(&mut self, slug: &str) {
        let run = self.trigger(slug);
        self.fail_run(run);
    }

    pub(crate) fn fail_run(&mut self, run: RunId) {
        self.start(run);
        self.tell(What::SessionEnded { run, end: end(EndCause::Exit(1)) });
        self.finish_step(run, FinishVerdict::Failed, "exit status 1");
    }

    /// What a run of the job tells of its work.
    pub(crate) fn report_work(&mut self, slug: &str, found: f64, processed: f64) {
        self.now += SignedDuration::from_secs(1);
        let workload = Workload {
            slug: slug.parse().expect("the test names what is there"),
            timestamp: self.now,
            duration: 1.0,
            skip_fast: false,
            items_found: found,
            items_processed: processed,
            saturation: Workload::saturation_of(found, processed),
            notes: None,
        };
        self.tell(What::WorkloadTold(Box::new(workload)));
    }

    pub(crate) fn queue(&self) -> Vec<&str> {
        self.state.queue().filter_map(|run| run.slug.as_ref()).map(JobSlug::as_str).collect()
    }

    pub(crate) fn next_of(&self, slug: &str) -> Option<Timestamp> {
        self.state.job(&slug.parse().expect("the test names what is there"))?.next
    }
}
