//! A host in miniature: decides, records and applies like the engine, and remembers what it was told.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use instar_core::decide::{Input, What, decide};
use instar_core::event::{Event, EventRecord, Fact};
use instar_core::id::{Ids, JobSlug, NoticeId, PluginId, RunId, SessionId};
use instar_core::jobs_file::JobsFile;
use instar_core::plan::{End, EndCause, Launch, Stdin, StepRequest};
use instar_core::run::{RunRequest, Trigger};
use instar_core::session::{Session, SessionStatus};
use instar_core::state::{Limits, Restored, State};
use instar_store::{Store, StoreError};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tempfile::TempDir;

pub(crate) const SLUGS: [&str; 3] = ["mail", "news", "tidy"];

pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

pub(crate) fn slug(text: &str) -> JobSlug {
    text.parse().unwrap()
}

/// A jobs file with these jobs, each due every minute.
pub(crate) fn jobs(slugs: &[&str]) -> JobsFile {
    let job = |slug: &&str| {
        let gate = (*slug == "tidy").then_some("./anything-to-do");
        json!({"slug": slug, "name": format!("The {slug}"), "schedule": "* * * * *", "unknown": [1.5, null],
               "retry": {"backoffSeconds": 30, "on": ["failure", "timeout", "lost"]},
               "gate": gate, "tags": ["t"], "autoTune": *slug == "mail", "execute": {"type": "script", "value": "true"}})
    };
    JobsFile::from_entries(&slugs.iter().map(job).collect::<Vec<_>>())
}

pub(crate) fn launch() -> Launch {
    Launch {
        argv: vec!["claude".into(), "-p".into()],
        env: BTreeMap::from([("TOKEN".into(), "secret \u{1F980}".into())]),
        cwd: None,
        stdin: Stdin::Bytes(b"prompt\0".to_vec()),
        shown: None,
    }
}

pub(crate) fn end(cause: EndCause) -> End {
    End { cause, duration_ms: 1234, tail: "the \"end\"\n".into(), report: None }
}

/// A request of a run, and its id.
pub(crate) fn requested(job: &str, nonce: u64, trigger: Trigger) -> (RunId, Event) {
    let now = at(nonce.try_into().unwrap());
    let run = Ids::new(now, nonce).run();
    let request = RunRequest {
        job_name: job.to_owned(),
        priority: Default::default(),
        execute_type: "script".into(),
        step: StepRequest { execute_json: "{}".into(), model: "sonnet".into(), previous: None },
        timeout_ms: Some(60_000),
        overlap: instar_core::job::Overlap::Skip,
        notify: true,
        notices: Default::default(),
        retry: None,
        grounding: None,
        supervision: Default::default(),
        works_for: None,
        admission: Default::default(),
    };
    let fact = Fact::RunRequested { run, slug: Some(slug(job)), trigger, request: Box::new(request) };
    (run, Event { at: now, fact })
}

pub(crate) fn manual() -> Trigger {
    Trigger::Manual { reason: "test".into(), force: false, depth: 0 }
}

pub(crate) fn host_started() -> Event {
    Event { at: at(0), fact: Fact::HostStarted { version: "0.1.0".into() } }
}

/// Copies a database as a crash of the machine would leave it, with the log cut at `most` bytes.
pub(crate) fn copy_database(from: &Path, to: &Path, most: Option<u64>) -> PathBuf {
    let copy = to.join("instar.db");
    std::fs::copy(from, &copy).unwrap();
    let log = |path: &Path| PathBuf::from(format!("{}-wal", path.display()));
    let _ = std::fs::remove_file(format!("{}-shm", copy.display()));
    std::fs::copy(log(from), log(&copy)).unwrap();
    if let Some(most) = most {
        std::fs::OpenOptions::new().write(true).open(log(&copy)).unwrap().set_len(most).unwrap();
    }
    copy
}

/// The engine without its effects.
pub(crate) struct Host {
    folder: TempDir,
    crashes: TempDir,
    pub(crate) store: Store,
    pub(crate) state: State,
    pub(crate) now: Timestamp,
    nonce: u64,
    restarted_at: Timestamp,
    pub(crate) deliveries: BTreeSet<(NoticeId, PluginId)>,
    sessions: BTreeMap<SessionId, Session>,
    events: Vec<EventRecord>,
    has_gone_back: bool,
}

impl Host {
    pub(crate) async fn new() -> Self {
        let folder = folder();
        let store = Store::open(&folder.path().join("instar.db")).await.unwrap();
        Self {
            crashes: tempfile::tempdir().unwrap(),
            folder,
            store,
            state: state(Restored::default(), at(0)),
            now: at(0),
            nonce: 0,
            restarted_at: at(0),
            deliveries: BTreeSet::new(),
            sessions: BTreeMap::new(),
            events: Vec::new(),
            has_gone_back: false,
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("instar.db")
    }

    pub(crate) fn wait(&mut self, millis: i64) {
        self.has_gone_back |= millis < 0;
        self.now = self.now.checked_add(SignedDuration::from_millis(millis)).unwrap();
    }

    /// As the engine does it, a taken due time included.
    pub(crate) async fn take(&mut self, what: What) -> Vec<Event> {
        let mut what = what;
        for _ in 0..1000 {
            let events = self.decide(what);
            match self.store.record(&events).await {
                Ok(first_seq) => return self.apply(events, first_seq),
                Err(StoreError::OccurrenceTaken { slug, due }) => {
                    let passed = self.decide(What::OccurrenceTaken { slug, due });
                    let first_seq = self.store.record(&passed).await.unwrap();
                    self.apply(passed, first_seq);
                    what = What::Ticked;
                }
                Err(error) => panic!("{error:?}"),
            }
        }
        panic!("one due time after the other is taken");
    }

    fn decide(&mut self, what: What) -> Vec<Event> {
        self.nonce += 1;
        decide(&self.state, Input { now: self.now, nonce: self.nonce, what }).events
    }

    fn apply(&mut self, events: Vec<Event>, first_seq: i64) -> Vec<Event> {
        for (event, seq) in events.iter().zip(first_seq..) {
            self.state.apply(event);
            self.events.push(event.record(seq));
            self.apply_fact(&event.fact);
        }
        events
    }

    /// Sessions as the engine's view keeps them.
    fn apply_fact(&mut self, fact: &Fact) {
        match fact {
            Fact::RunStarting { session, .. } | Fact::SessionEnded { session, .. } => {
                self.sessions.insert(session.id, (**session).clone());
            }
            Fact::RunStarted { session, .. } => {
                self.sessions.get_mut(session).unwrap().status = SessionStatus::Running;
            }
            Fact::MessageAccepted { session, .. } => {
                let session = self.sessions.get_mut(session).unwrap();
                if session.status != SessionStatus::Starting {
                    (session.status, session.question) = (SessionStatus::Running, None);
                }
            }
            Fact::SessionTurned { session, status, activity, .. } => {
                let session = self.sessions.get_mut(session).unwrap();
                (session.status, session.question) = (*status, activity.question.clone());
            }
            Fact::RunFinished(finished) => {
                self.sessions.extend(finished.session.clone().map(|session| (session.id, session)));
            }
            Fact::JobRenamed { from, to } => {
                let jobs = self.sessions.values_mut().filter_map(|session| session.job.as_mut());
                jobs.filter(|job| *job == from).for_each(|job| *job = to.clone());
            }
            Fact::ClockSetBack { by_ms } => {
                self.restarted_at = self.restarted_at.checked_sub(SignedDuration::from_millis(*by_ms)).unwrap();
            }
            Fact::NoticeRaised { notice, notifiers } => {
                self.deliveries.extend(notifiers.iter().map(|notifier| (notice.id, notifier.clone())));
            }
            _ => {}
        }
    }

    /// An orderly stop and a start.
    pub(crate) async fn restart(&mut self) {
        self.store.close().await;
        self.store = Store::open(&self.path()).await.unwrap();
        let mut restored = self.store.restore().await.unwrap().restored;
        restored.begun = self.store.begun_since(Timestamp::MIN).await.unwrap();
        self.state = state(restored, self.now);
        self.restarted_at = self.now;
        self.take(What::Booted { version: "0.1.0".into() }).await;
    }

    /// What a host finds after a crash at this moment is what this one knows.
    pub(crate) async fn check_crash(&self) {
        let copy = copy_database(&self.path(), self.crashes.path(), None);
        let store = Store::open(&copy).await.unwrap();
        let snapshot = store.restore().await.unwrap();
        let begun = store.begun_since(Timestamp::MIN).await.unwrap();
        store.close().await;
        assert_eq!(snapshot.sessions, self.sessions.values().cloned().collect::<Vec<_>>());
        assert_eq!(snapshot.events, self.events);
        assert_eq!(snapshot.last_seq, i64::try_from(self.events.len()).unwrap());
        self.check_deliveries(&snapshot.restored);
        let snapshot_zone = snapshot.restored.zone.clone();
        let restored = state(Restored { begun, ..snapshot.restored }, self.now);
        for job in SLUGS {
            let taken = |state: &State| state.taken_on_days(&slug(job), self.now, 8);
            assert_eq!(taken(&restored), taken(&self.state), "what {job} took");
            assert_eq!(restored.tuning(&slug(job)), self.state.tuning(&slug(job)), "pace of {job}");
            let signals = |state: &State| state.signals(&slug(job)).cloned().collect::<Vec<_>>();
            // Which are older than a change is told by their time.
            if !self.has_gone_back {
                assert_eq!(signals(&restored), signals(&self.state), "signals of {job}");
            }
        }
        let items = |state: &State| state.attention_items().cloned().collect::<Vec<_>>();
        assert_eq!(items(&restored), items(&self.state));
        assert_eq!(restored.quota_levels(), self.state.quota_levels());
        let zone = self.events.iter().rfind(|event| event.kind == "zone_set");
        let zone = zone.map(|event| event.metadata["zone"].as_str().unwrap().to_owned());
        assert_eq!(snapshot_zone, zone);
        let retries = |state: &State| state.planned_retries().cloned().collect::<Vec<_>>();
        assert_eq!(retries(&restored), retries(&self.state));
        for job in SLUGS.map(|job| Some(slug(job))).iter().chain([&None]) {
            assert_eq!(restored.own_pause(job.as_ref()), self.state.own_pause(job.as_ref()), "pause of {job:?}");
        }
        let jobs = |state: &State| state.jobs().map(|entry| Arc::clone(&entry.job)).collect::<Vec<_>>();
        assert_eq!(jobs(&restored), jobs(&self.state));
        for job in SLUGS {
            assert_eq!(restored.job_state(&slug(job)), self.state.job_state(&slug(job)), "state of {job}");
        }
        let runs = |state: &State| state.open_runs().cloned().collect::<Vec<_>>();
        assert_eq!(runs(&restored), runs(&self.state));
        let queue = |state: &State| state.queue().map(|run| run.id).collect::<Vec<_>>();
        assert_eq!(queue(&restored), queue(&self.state));
    }

    fn check_deliveries(&self, restored: &Restored) {
        let found: BTreeMap<_, _> = restored.outbox.iter().cloned().collect();
        for (notice, notifier) in &self.deliveries {
            let known = self.state.delivery(*notice, notifier).cloned();
            let mut found = found.get(&(*notice, notifier.clone())).cloned();
            if let (Some(found), Some(known)) = (&mut found, &known)
                && found.due.is_none()
                && known.due == Some(self.restarted_at)
            {
                // Under way at the last crash: this host tries it again since its start.
                found.due = known.due;
            }
            assert_eq!(found, known, "delivery of {notice} by {notifier}");
        }
        let known = self.deliveries.iter().filter(|key| self.state.delivery(key.0, &key.1).is_some());
        assert_eq!(found.len(), known.count());
    }
}

fn state(restored: Restored, now: Timestamp) -> State {
    let limits = Limits {
        scheduling: true,
        max_parallel_jobs: 2,
        max_sessions: 5,
        default_timeout_ms: 90_000,
        idle_timeout: jiff::SignedDuration::from_mins(60),
        admission: Default::default(),
        pause_after_failures: 4,
        conversations: Default::default(),
    };
    let notifiers = vec!["telegram".parse().unwrap(), "mail".parse().unwrap()];
    State::new(limits, TimeZone::UTC, notifiers, restored, now)
}
