//! Jobs, sessions and events that a test lays out, and what a plugin did with them.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use instar_core::id::PluginId;
use instar_plugin::{
    Answered, EventSeen, Events, JobStanding, Jobs, OwnEvent, Refused, SessionStanding, SessionsOfHost, TriggerOrder,
    Triggered,
};
use serde_json::Value;

/// What there is. Jobs are enabled and idle, sessions run and take input, events have the places 1, 2 and so on.
#[derive(Debug, Default)]
pub struct HostDouble {
    jobs: Vec<String>,
    /// What they have printed, by their names.
    sessions: BTreeMap<String, String>,
    events: Vec<EventSeen>,
    done: Mutex<Done>,
}

/// What a plugin did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Done {
    /// Jobs that it started.
    pub triggered: Vec<TriggerOrder>,
    /// Sessions that it typed into, and what.
    pub typed: Vec<(String, String)>,
    /// Events of its own.
    pub noted: Vec<OwnEvent>,
}

impl HostDouble {
    pub fn new() -> Self {
        Self::default()
    }

    /// One more job; its slug is its name as well.
    #[must_use]
    pub fn with_job(mut self, slug: &str) -> Self {
        self.jobs.push(slug.to_owned());
        self
    }

    /// A live session, and what it has printed.
    #[must_use]
    pub fn with_session(mut self, name: &str, printed: &str) -> Self {
        self.sessions.insert(name.to_owned(), printed.to_owned());
        self
    }

    /// The next event of the log; `metadata` is an object.
    #[must_use]
    pub fn with_event(mut self, kind: &str, summary: &str, metadata: &Value) -> Self {
        self.events.push(EventSeen {
            seq: self.events.len() as u64 + 1,
            at_ms: 0,
            kind: kind.to_owned(),
            summary: summary.to_owned(),
            run: None,
            metadata_json: metadata.to_string(),
        });
        self
    }

    /// What was done since this was asked last.
    pub fn done(&self) -> Done {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Done> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn printed(&self, session: &str) -> Result<&String, Refused> {
        let missing = || refused("no-such-session", format!("there is no session {session}"));
        self.sessions.get(session).ok_or_else(missing)
    }
}

/// The same jobs, sessions and events; nothing was done with them yet.
impl Clone for HostDouble {
    fn clone(&self) -> Self {
        let (jobs, sessions, events) = (self.jobs.clone(), self.sessions.clone(), self.events.clone());
        Self { jobs, sessions, events, done: Mutex::default() }
    }
}

impl Jobs for HostDouble {
    fn jobs(&self) -> Answered<'_, Vec<JobStanding>> {
        let standing = |slug: &String| JobStanding {
            slug: slug.clone(),
            name: slug.clone(),
            schedule: "@daily".to_owned(),
            execute_type: "script".to_owned(),
            enabled: true,
            paused: false,
            running: false,
            last_result: None,
            last_run_ms: None,
            next_run_ms: None,
        };
        Box::pin(async move { Ok(self.jobs.iter().map(standing).collect()) })
    }

    fn trigger(&self, order: TriggerOrder) -> Answered<'_, Triggered> {
        Box::pin(async move {
            if !self.jobs.contains(&order.slug) {
                return Err(refused("no-such-job", format!("there is no job `{}`", order.slug)));
            }
            let mut done = self.lock();
            done.triggered.push(order);
            Ok(Triggered::Begun(format!("run-{}", done.triggered.len())))
        })
    }
}

impl SessionsOfHost for HostDouble {
    fn sessions(&self, limit: usize) -> Answered<'_, Vec<SessionStanding>> {
        let standing = |name: &String| SessionStanding {
            name: name.clone(),
            id: name.clone(),
            job: None,
            status: "running".to_owned(),
            interactive: true,
            question: None,
            started_ms: 0,
        };
        Box::pin(async move { Ok(self.sessions.keys().take(limit).map(standing).collect()) })
    }

    fn output<'a>(&'a self, session: &'a str, lines: usize) -> Answered<'a, String> {
        Box::pin(async move {
            let all: Vec<&str> = self.printed(session)?.lines().collect();
            Ok(all[all.len().saturating_sub(lines)..].join("\n"))
        })
    }

    fn send<'a>(&'a self, _: &'a PluginId, session: &'a str, text: String) -> Answered<'a, ()> {
        Box::pin(async move {
            self.printed(session)?;
            self.lock().typed.push((session.to_owned(), text));
            Ok(())
        })
    }
}

impl Events for HostDouble {
    fn newest(&self) -> Answered<'_, u64> {
        Box::pin(async move { Ok(self.events.len() as u64) })
    }

    fn after(&self, seq: u64, limit: u32) -> Answered<'_, Vec<EventSeen>> {
        let later = move |event: &&EventSeen| event.seq > seq;
        Box::pin(async move { Ok(self.events.iter().filter(later).take(limit as usize).cloned().collect()) })
    }

    fn emit(&self, own: OwnEvent) -> Answered<'_, ()> {
        Box::pin(async move {
            self.lock().noted.push(own);
            Ok(())
        })
    }
}

fn refused(code: &'static str, message: String) -> Refused {
    Refused { code, message, retryable: false }
}
