//! Polls: a plugin says what to ask, the host asks, and the plugin reads the answer. No instance waits meanwhile.
//!
//! While another process has the turn to poll, this one waits for it, for as long as that takes.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use instar_core::decide::What;
use instar_core::id::PluginId;
use instar_core::poll::{PollFault, Polled};
use instar_plugin::{Asker, CallContext, Cause, PluginError};

use crate::act::World;
use crate::clock;
use crate::ears::{self, Turn};

/// A long poll waits 50 seconds or less; more is no answer.
const ASK_DEADLINE: Duration = Duration::from_secs(90);
/// How often it is looked whether the turn is free.
const LOOK_EVERY: Duration = Duration::from_secs(1);

impl World {
    pub(crate) async fn poll(&self, notifier: PluginId, after_ms: u64, failures: u32) -> What {
        if after_ms > 0 {
            tokio::time::sleep(Duration::from_millis(after_ms)).await;
        }
        let turn = self.turn(&notifier).await;
        let result = self.listen_once(&notifier).await.map_err(|error| fault(&error));
        drop(turn);
        What::Polled { notifier, failures, result }
    }

    async fn turn(&self, notifier: &PluginId) -> Turn {
        loop {
            match self.ears.turn(notifier) {
                Ok(Some(turn)) => return turn,
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "it cannot be found out who listens to {notifier}"),
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn listen_once(&self, notifier: &PluginId) -> Result<Polled, PluginError> {
        if let Some(polled) = self.take_over(notifier).await? {
            return Ok(polled);
        }
        let cursor = self.cursor(notifier);
        if let Some(cursor) = &cursor {
            warn(self.ears.goes_on(notifier, cursor));
        }
        let call = || CallContext::new(Asker::InboundMessage, clock::now());
        // One poll is one version's, from the question to what it makes of the answer.
        let plugins = self.plugins.now();
        let poll = plugins.next_poll(notifier, &call(), cursor.as_deref()).await?;
        let begun = Instant::now();
        let answer = plugins.ask(notifier, poll.request, ASK_DEADLINE).await?;
        let batch = plugins.receive(notifier, &call(), cursor.as_deref(), answer).await?;
        let pause_ms = u64::try_from(poll.pause.saturating_sub(begun.elapsed()).as_millis()).unwrap_or(u64::MAX);
        Ok(Polled { events: batch.events, cursor: batch.cursor, pause_ms })
    }

    /// The oldest answer that another process kept. What the poll before this one took over is recorded by now.
    async fn take_over(&self, notifier: &PluginId) -> Result<Option<Polled>, PluginError> {
        let recorded = self.taken_over.lock().unwrap_or_else(PoisonError::into_inner).remove(notifier);
        if let Some(number) = recorded {
            warn(self.ears.taken(notifier, number));
        }
        loop {
            let Ok(Some(kept)) = self.ears.kept(notifier, None).inspect_err(log) else { return Ok(None) };
            let number = kept.number;
            match ears::read(&self.plugins.now(), notifier, self.cursor(notifier).as_deref(), kept).await {
                Ok(batch) => {
                    let mut taken_over = self.taken_over.lock().unwrap_or_else(PoisonError::into_inner);
                    taken_over.insert(notifier.clone(), number);
                    return Ok(Some(Polled { events: batch.events, cursor: batch.cursor, pause_ms: 0 }));
                }
                Err(error) if !ears::is_unreadable(&error) => return Err(error),
                Err(error) => {
                    tracing::error!(%error, "what {notifier} heard cannot be read, and is set aside");
                    if let Err(error) = self.ears.set_aside(notifier, number) {
                        log(&error);
                        return Ok(None);
                    }
                }
            }
        }
    }

    fn cursor(&self, notifier: &PluginId) -> Option<String> {
        self.view.read().unwrap_or_else(PoisonError::into_inner).state().poll_cursor(notifier).cloned()
    }
}

fn warn(result: std::io::Result<()>) {
    if let Err(error) = result {
        log(&error);
    }
}

fn log(error: &std::io::Error) {
    tracing::warn!(%error, "what another process heard cannot be reached");
}

/// A plugin's own word for what is wrong says more than that it failed.
fn fault(error: &PluginError) -> PollFault {
    let code = match &error.cause {
        Cause::PluginFailed(failure) => failure.code.clone(),
        _ => error.code().to_owned(),
    };
    PollFault { code, message: error.to_string(), retry_after_ms: error.retry().filter(|wait| *wait > 0) }
}
