//! Sessions, read and typed into. Who has them is the wiring's: this file checks the grant, sizes and how often.

use std::fmt;

use instar_core::id::PluginId;

use super::{Answered, failure, no_server, take_turn};
use crate::capability::rights::Rights;
use crate::state::CallState;
use crate::wit::imports::sessions;
use crate::wit::imports::types::Failure;

const MOST_SESSIONS: u32 = 200;
const MOST_LINES: u32 = 1000;
const LONGEST_TEXT: usize = 32 << 10;

/// Where the sessions are.
pub trait SessionsOfHost: fmt::Debug + Send + Sync {
    /// Newest first, at most so many.
    fn sessions(&self, limit: usize) -> Answered<'_, Vec<SessionStanding>>;
    /// The last lines of one, by its name or id.
    fn output<'a>(&'a self, session: &'a str, lines: usize) -> Answered<'a, String>;
    /// Types into one.
    fn send<'a>(&'a self, plugin: &'a PluginId, session: &'a str, text: String) -> Answered<'a, ()>;
}

/// A session and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionStanding {
    pub name: String,
    pub id: String,
    pub job: Option<String>,
    pub status: String,
    pub interactive: bool,
    pub question: Option<String>,
    pub started_ms: u64,
}

impl sessions::Host for CallState {
    async fn list(&mut self, limit: u32) -> Result<Vec<sessions::Session>, Failure> {
        let (_, sessions) = self.sessions()?;
        let found = sessions.sessions(limit.min(MOST_SESSIONS) as usize).await?;
        Ok(found.into_iter().map(told).collect())
    }

    async fn output(&mut self, session: String, lines: u32) -> Result<String, Failure> {
        let (_, sessions) = self.sessions()?;
        Ok(sessions.output(&session, lines.clamp(1, MOST_LINES) as usize).await?)
    }

    async fn send(&mut self, session: String, text: String) -> Result<(), Failure> {
        let (rights, sessions) = self.sessions()?;
        if !rights.grants.sessions.as_ref().is_some_and(|asked| asked.write) {
            rights.counter.note_denied();
            return Err(failure("not-allowed", "this plugin was not granted to type into sessions"));
        }
        if text.is_empty() || text.len() > LONGEST_TEXT {
            return Err(failure("too-large", format!("a text has 1 to {LONGEST_TEXT} bytes")));
        }
        take_turn(&rights.sessions_bucket)?;
        Ok(sessions.send(&rights.plugin, &session, text).await?)
    }
}

impl CallState {
    fn sessions(&self) -> Result<(&Rights, &dyn SessionsOfHost), Failure> {
        let granted = self.rights.as_deref().filter(|rights| rights.grants.sessions.is_some());
        let Some(rights) = granted else {
            return Err(failure("not-allowed", "sessions are not this plugin's business"));
        };
        let sessions = rights.means.sessions.as_deref().ok_or_else(|| no_server("sessions"))?;
        Ok((rights, sessions))
    }
}

fn told(session: SessionStanding) -> sessions::Session {
    sessions::Session {
        name: session.name,
        id: session.id,
        job: session.job,
        status: session.status,
        interactive: session.interactive,
        question: session.question,
        started_ms: session.started_ms,
    }
}
