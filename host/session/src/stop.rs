//! Ending a session: the wrapper is asked, and ends all below it; if it cannot, the host does.

use std::time::Duration;

use instar_core::id::SessionId;
use rustix::process::Signal;

use crate::crash::Found;
use crate::process::{self, Handle};
use crate::sessions::{SessionError, Sessions, blocking};

/// What a wrapper may take beyond the grace to force its processes and to write the end down.
const BEYOND_GRACE: Duration = Duration::from_secs(5);

impl Sessions {
    /// Ends a session with everything below it; resolves when it has ended, also when it had before.
    pub async fn stop(&self, id: SessionId) -> Result<(), SessionError> {
        let folder = self.folder(id);
        if !folder.exists() {
            return Ok(());
        }
        if let Found::Ended(_) = self.survey(id).await {
            return Ok(());
        }
        // The word is left first: a wrapper that is just beginning reads it after its claim, so that
        // either it sees the word or we see the claim.
        blocking(move || folder.want_stop()).await?;
        let Found::Running(process) = self.survey(id).await else { return Ok(()) };
        let Some(wrapper) = process.handle else { return Ok(()) };
        let refused = |source| SessionError::Signal { id, source };
        wrapper.signal(Signal::TERM).map_err(refused)?;
        if ends_within(&wrapper, self.shared().settings.stop_grace + BEYOND_GRACE).await {
            return Ok(());
        }
        tracing::warn!(session = %id, pid = wrapper.pid(), "the wrapper does not end, killing it and all below it");
        // The wrapper goes last: while it lives, all its processes stay below it.
        process::clear(wrapper.pid(), Duration::ZERO).await;
        wrapper.signal(Signal::KILL).map_err(refused)?;
        if ends_within(&wrapper, BEYOND_GRACE).await { Ok(()) } else { Err(SessionError::Undead(id)) }
    }
}

async fn ends_within(wrapper: &Handle, deadline: Duration) -> bool {
    tokio::time::timeout(deadline, wrapper.ended()).await.is_ok()
}
