//! What a lifeline says of itself, in `.instar/run/lifeline.json`: written when something changed, read by people.
//!
//! It decides nothing. Whether a lifeline runs says the lock.

use std::fs;
use std::io;
use std::time::Duration;

use instar_core::supervisor::{Phase, Supervisor};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::server_process::ServerProcess;
use crate::config::Project;
use crate::disk;

/// How the server stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Standing {
    /// It was started, and has not answered yet.
    Starting,
    Up,
    /// It was asked to end.
    Ending,
    /// The next start is at `nextStart`.
    Waiting,
    /// The same, after many starts in vain.
    CoolingDown,
    /// It is not started before a person says so.
    Held,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct State {
    /// The process of the lifeline.
    pub(crate) pid: u32,
    pub(crate) since: Timestamp,
    pub(crate) standing: Standing,
    /// When that was last another one.
    pub(crate) changed: Timestamp,
    /// The process of the server.
    pub(crate) server: Option<u32>,
    /// Starts in vain since it was last steady.
    pub(crate) attempts: u32,
    /// Why it is down.
    pub(crate) reason: Option<String>,
    pub(crate) next_start: Option<Timestamp>,
}

impl State {
    pub(super) fn new() -> Self {
        let now = Timestamp::now();
        Self {
            pid: std::process::id(),
            since: now,
            standing: Standing::Starting,
            changed: now,
            server: None,
            attempts: 0,
            reason: None,
            next_start: None,
        }
    }

    /// Writes down how things stand, if that is news.
    pub(super) fn update(
        &mut self,
        project: &Project,
        supervisor: &Supervisor,
        now: Duration,
        server: Option<&ServerProcess>,
    ) {
        let Some((standing, reason)) = standing(supervisor.phase()) else { return };
        let server = server.map(ServerProcess::pid);
        let attempts = supervisor.attempts();
        if (standing, server, attempts) == (self.standing, self.server, self.attempts) && reason == self.reason {
            return;
        }
        let clock = Timestamp::now();
        let until = match supervisor.phase() {
            Phase::Waiting { until, .. } => Some(until.saturating_sub(now)),
            _ => None,
        };
        let next_start = until.and_then(|left| clock.checked_add(left).ok());
        *self = Self { standing, changed: clock, server, attempts, reason, next_start, ..self.clone() };
        if let Err(error) = self.write(project) {
            tracing::warn!(%error, "failed to write {}", project.lifeline_state().display());
        }
    }

    fn write(&self, project: &Project) -> io::Result<()> {
        disk::write(&project.lifeline_state(), &serde_json::to_vec(self)?, disk::Mode::Private)
    }

    /// What the lifeline of this process said last.
    pub(crate) fn read(project: &Project, pid: u32) -> Option<Self> {
        let bytes = fs::read(project.lifeline_state()).ok()?;
        serde_json::from_slice(&bytes).ok().filter(|state: &Self| state.pid == pid)
    }
}

/// How the server stands, and why it is down.
fn standing(phase: Phase) -> Option<(Standing, Option<String>)> {
    match phase {
        Phase::Idle | Phase::Over => None,
        Phase::Starting { .. } => Some((Standing::Starting, None)),
        Phase::Up { .. } => Some((Standing::Up, None)),
        Phase::Ending { .. } => Some((Standing::Ending, None)),
        Phase::Waiting { reason, cooling_down: false, .. } => Some((Standing::Waiting, Some(reason.to_string()))),
        Phase::Waiting { reason, cooling_down: true, .. } => Some((Standing::CoolingDown, Some(reason.to_string()))),
        Phase::Held(reason) => Some((Standing::Held, Some(reason.to_string()))),
    }
}

/// A lifeline that ends in order leaves nothing behind.
pub(super) fn remove(project: &Project) {
    if let Err(error) = fs::remove_file(project.lifeline_state()) {
        tracing::debug!(%error, "nothing to remove");
    }
}
