//! What the program of a terminal session is doing, as its wrapper sees it on the screen.

use instar_core::id::SessionId;
use instar_core::talk;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::crash::Found;
use crate::folder::Folder;
use crate::sessions::{SessionError, Sessions};

/// What a program is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Doing {
    /// Nothing is known yet.
    Starting,
    Busy,
    /// It waits at its prompt.
    Ready,
    /// It waits for an answer of a person; messages are held back.
    Asking,
}

/// The doing of a session at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Activity {
    /// Grows with each change, the first is 1.
    pub number: u64,
    pub state: Doing,
    /// The line of the screen that asks, where something asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// How many messages were typed; those up to this number.
    pub typed: u64,
    /// When it became so.
    pub at: Timestamp,
}

impl From<Activity> for talk::Activity {
    fn from(activity: Activity) -> Self {
        let doing = match activity.state {
            Doing::Starting => talk::Doing::Starting,
            Doing::Busy => talk::Doing::Busy,
            Doing::Ready => talk::Doing::Ready,
            Doing::Asking => talk::Doing::Asking,
        };
        Self { number: activity.number, doing, question: activity.question, typed: activity.typed }
    }
}

impl Sessions {
    /// The doing of a session that is newer than `after`, once there is one; zero is older than any.
    ///
    /// What the wrapper wrote last can be read when the session has ended, too. Where nothing newer can come any
    /// more the answer is [`SessionError::NotLive`].
    pub async fn activity(&self, id: SessionId, after: u64) -> Result<Activity, SessionError> {
        let folder = self.terminal_folder(id)?;
        // Before the first look: a change between look and wait must not be missed.
        let mut changes = self.shared().changes.of(&folder.talk());
        loop {
            if let Some(activity) = folder.activity()?
                && activity.number > after
            {
                return Ok(activity);
            }
            let Found::Running(process) = self.survey(id).await else { return after_the_end(id, &folder, after) };
            let Some(wrapper) = &process.handle else { return after_the_end(id, &folder, after) };
            tokio::select! {
                () = changes.next() => {}
                () = wrapper.ended() => {}
            }
        }
    }

    /// The folder of a session that has a terminal.
    pub(crate) fn terminal_folder(&self, id: SessionId) -> Result<Folder, SessionError> {
        let folder = self.folder(id);
        match (folder.exists(), folder.has_terminal()) {
            (false, _) => Err(SessionError::Unknown(id)),
            (true, false) => Err(SessionError::NoTerminal(id)),
            (true, true) => Ok(folder),
        }
    }
}

/// The wrapper may have written after the last look and before it was gone.
fn after_the_end(id: SessionId, folder: &Folder, after: u64) -> Result<Activity, SessionError> {
    folder.activity()?.filter(|activity| activity.number > after).ok_or(SessionError::NotLive(id))
}
