//! The host of a case: its jobs, sessions and events, and what the plugin did with them.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use instar_core::id::PluginId;
use instar_plugin::{
    Answered, EventSeen, Events, JobStanding, Jobs, OwnEvent, Refused, SessionStanding, SessionsOfHost, TriggerOrder,
    Triggered,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::cases::difference;

/// `[case.host]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct HostCase {
    /// Slugs of jobs.
    jobs: Vec<String>,
    /// What live sessions have printed, by their names.
    sessions: BTreeMap<String, String>,
    events: Vec<EventCase>,
    /// What must have been done: `triggered` (slugs), `typed` (session and text), `noted` (names); as far as it says.
    expect: Option<Value>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventCase {
    kind: String,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    metadata: Option<Value>,
}

#[derive(Debug, Default)]
pub(super) struct CaseHost {
    case: HostCase,
    done: Mutex<Done>,
}

#[derive(Debug, Default)]
struct Done {
    triggered: Vec<String>,
    typed: Vec<[String; 2]>,
    noted: Vec<String>,
}

impl CaseHost {
    pub(super) fn new(case: HostCase) -> Self {
        Self { case, done: Mutex::default() }
    }

    /// What was done otherwise than expected.
    pub(super) fn problems(&self) -> Option<String> {
        let done = self.lock();
        let found = json!({ "triggered": done.triggered, "typed": done.typed, "noted": done.noted });
        difference(self.case.expect.as_ref()?, &found, "the host")
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Done> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn printed(&self, session: &str) -> Result<&String, Refused> {
        let missing =
            || Refused { code: "no-such-session", message: "there is no such session".to_owned(), retryable: false };
        self.case.sessions.get(session).ok_or_else(missing)
    }
}

impl Jobs for CaseHost {
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
        Box::pin(async move { Ok(self.case.jobs.iter().map(standing).collect()) })
    }

    fn trigger(&self, order: TriggerOrder) -> Answered<'_, Triggered> {
        Box::pin(async move {
            if !self.case.jobs.contains(&order.slug) {
                let message = format!("there is no job `{}`", order.slug);
                return Err(Refused { code: "no-such-job", message, retryable: false });
            }
            let mut done = self.lock();
            done.triggered.push(order.slug);
            Ok(Triggered::Begun(format!("run-{}", done.triggered.len())))
        })
    }
}

impl SessionsOfHost for CaseHost {
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
        Box::pin(async move { Ok(self.case.sessions.keys().take(limit).map(standing).collect()) })
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
            self.lock().typed.push([session.to_owned(), text]);
            Ok(())
        })
    }
}

impl Events for CaseHost {
    fn newest(&self) -> Answered<'_, u64> {
        Box::pin(async move { Ok(self.case.events.len() as u64) })
    }

    fn after(&self, seq: u64, limit: u32) -> Answered<'_, Vec<EventSeen>> {
        let seen = |(event, seq): (&EventCase, u64)| EventSeen {
            seq,
            at_ms: 0,
            kind: event.kind.clone(),
            summary: event.summary.clone(),
            run: None,
            metadata_json: event.metadata.as_ref().map_or_else(|| "{}".to_owned(), Value::to_string),
        };
        let later = move |(_, number): &(&EventCase, u64)| *number > seq;
        Box::pin(
            async move { Ok(self.case.events.iter().zip(1..).filter(later).take(limit as usize).map(seen).collect()) },
        )
    }

    fn emit(&self, own: OwnEvent) -> Answered<'_, ()> {
        Box::pin(async move {
            self.lock().noted.push(own.name);
            Ok(())
        })
    }
}
