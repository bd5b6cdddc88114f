//! What plugins reach of the running host: jobs, sessions and events. What they may is checked before.

use std::sync::OnceLock;

use instar_core::event::PluginFact;
use instar_core::id::{JobSlug, PluginId, SessionId, SessionName};
use instar_core::session::Session;
use instar_core::state::State;
use instar_engine::{AskError, Engine, TriggerAnswer};
use instar_plugin::{
    Answered, EventSeen, Events, JobStanding, Jobs, OwnEvent, Refused, SessionStanding, SessionsOfHost, TriggerOrder,
    Triggered,
};
use instar_session::check_text;
use instar_store::StoreError;
use jiff::Timestamp;

use crate::guards::GuardDesk;

/// The engine and the guards, once they are there: plugins are loaded before them.
#[derive(Debug, Default)]
pub(crate) struct Reach(OnceLock<(Engine, GuardDesk)>);

impl Reach {
    /// From here on plugins reach them.
    pub(crate) fn open(&self, engine: Engine, guards: GuardDesk) {
        let _ = self.0.set((engine, guards));
    }

    pub(crate) fn engine(&self) -> Result<&Engine, Refused> {
        Ok(&self.both()?.0)
    }

    pub(crate) fn guards(&self) -> Result<&GuardDesk, Refused> {
        Ok(&self.both()?.1)
    }

    fn both(&self) -> Result<&(Engine, GuardDesk), Refused> {
        self.0.get().ok_or_else(|| refused("unavailable", "the host is coming up", true))
    }
}

pub(crate) fn refused(code: &'static str, message: impl Into<String>, retryable: bool) -> Refused {
    Refused { code, message: message.into(), retryable }
}

fn unasked(error: &AskError) -> Refused {
    match error {
        AskError::UnknownJob(_) => refused("no-such-job", error.to_string(), false),
        AskError::Ended(_) | AskError::TooManyMessages(_) => refused("takes-no-input", error.to_string(), false),
        _ => refused("unavailable", error.to_string(), true),
    }
}

fn unread(error: &StoreError) -> Refused {
    refused("unavailable", error.to_string(), true)
}

fn millis(at: Timestamp) -> u64 {
    u64::try_from(at.as_millisecond()).unwrap_or(0)
}

impl Jobs for Reach {
    fn jobs(&self) -> Answered<'_, Vec<JobStanding>> {
        Box::pin(async move {
            let view = self.engine()?.view();
            Ok(standings(view.state()))
        })
    }

    fn trigger(&self, order: TriggerOrder) -> Answered<'_, Triggered> {
        Box::pin(async move {
            let engine = self.engine()?;
            let slug: JobSlug =
                order.slug.parse().map_err(|_| refused("no-such-job", "there is no job of this name", false))?;
            let reason = format!("plugin {}: {}", order.plugin, order.reason);
            match engine.trigger_from(slug, reason, false, order.depth).await {
                Ok(TriggerAnswer::Triggered(run)) => Ok(Triggered::Begun(run.to_string())),
                Ok(TriggerAnswer::Queued(run)) => Ok(Triggered::Queued(run.to_string())),
                Ok(TriggerAnswer::Skipped(_, reason)) => Ok(Triggered::Skipped(reason.as_str().to_owned())),
                Err(error) => Err(unasked(&error)),
            }
        })
    }
}

fn standings(state: &State) -> Vec<JobStanding> {
    let standing = |entry: &instar_core::state::JobEntry| {
        let (job, been_through) = (&entry.job, state.job_state(&entry.job.slug));
        JobStanding {
            slug: job.slug.to_string(),
            name: job.name.clone(),
            schedule: job.schedule.to_string(),
            execute_type: job.execute_type.clone(),
            enabled: job.enabled,
            paused: state.pause_of(&job.slug).is_some(),
            running: state.is_busy(&job.slug),
            last_result: been_through.and_then(|it| it.last_result).map(|result| result.as_str().to_owned()),
            last_run_ms: been_through.and_then(|it| it.last_run).map(millis),
            next_run_ms: entry.next.map(millis),
        }
    };
    state.jobs().map(standing).collect()
}

impl SessionsOfHost for Reach {
    fn sessions(&self, limit: usize) -> Answered<'_, Vec<SessionStanding>> {
        Box::pin(async move {
            let view = self.engine()?.view();
            Ok(view.sessions().take(limit).map(session_standing).collect())
        })
    }

    fn output<'a>(&'a self, session: &'a str, lines: usize) -> Answered<'a, String> {
        Box::pin(async move {
            let session = self.session(session)?;
            let output = self.engine()?.output(session.id, lines).await;
            output.map_err(|error| refused("unavailable", error.to_string(), true))
        })
    }

    fn send<'a>(&'a self, plugin: &'a PluginId, session: &'a str, text: String) -> Answered<'a, ()> {
        Box::pin(async move {
            let (engine, session) = (self.engine()?, self.session(session)?);
            if !session.status.is_live() || !session.takes_input {
                let words = format!("session {} has ended, or takes no input", session.name);
                return Err(refused("takes-no-input", words, false));
            }
            tracing::info!(%plugin, session = %session.name, bytes = text.len(), "a plugin types into a session");
            if session.interactive {
                check_text(&text).map_err(|error| refused("takes-no-input", error.to_string(), false))?;
                return engine.say(&session, text).await.map_err(|error| unasked(&error));
            }
            let typed = engine.sessions().send_text(&session.name, &text).await;
            typed.map_err(|error| refused("unavailable", error.to_string(), true))
        })
    }
}

impl Reach {
    /// Of one name, the newest.
    fn session(&self, key: &str) -> Result<Session, Refused> {
        let view = self.engine()?.view();
        let by_id = key.parse::<SessionId>().ok().and_then(|id| view.session(id));
        let found = by_id.or_else(|| view.session_named(&key.parse::<SessionName>().ok()?));
        found.cloned().ok_or_else(|| refused("no-such-session", "there is no such session", false))
    }
}

fn session_standing(session: &Session) -> SessionStanding {
    SessionStanding {
        name: session.name.to_string(),
        id: session.id.to_string(),
        job: session.job.as_ref().map(ToString::to_string),
        status: session.status.as_str().to_owned(),
        interactive: session.interactive,
        question: session.question.clone(),
        started_ms: millis(session.started_at),
    }
}

impl Events for Reach {
    fn newest(&self) -> Answered<'_, u64> {
        Box::pin(async move { Ok(u64::try_from(self.engine()?.view().last_seq()).unwrap_or(0)) })
    }

    fn after(&self, seq: u64, limit: u32) -> Answered<'_, Vec<EventSeen>> {
        Box::pin(async move {
            let engine = self.engine()?;
            let after = i64::try_from(seq).unwrap_or(i64::MAX - 1);
            let held = engine.view().events_after(after, limit as usize);
            let records = match held {
                Some(records) => records,
                None => engine.store().events_after(after, limit).await.map_err(|error| unread(&error))?,
            };
            let seen = |record: instar_core::event::EventRecord| EventSeen {
                seq: u64::try_from(record.seq).unwrap_or(0),
                at_ms: millis(record.at),
                kind: record.kind,
                summary: record.summary,
                run: record.run.map(|run| run.to_string()),
                metadata_json: record.metadata.to_string(),
            };
            Ok(records.into_iter().map(seen).collect())
        })
    }

    fn emit(&self, own: OwnEvent) -> Answered<'_, ()> {
        Box::pin(async move {
            let OwnEvent { plugin, name, summary, metadata } = own;
            let noted = self.engine()?.note_for_plugin(PluginFact { plugin, name, summary, metadata }).await;
            noted.map_err(|error| unasked(&error))
        })
    }
}
