//! Polls: a plugin says what to ask, the host asks, and the plugin reads the answer. No instance waits meanwhile.

use std::sync::PoisonError;
use std::time::Duration;

use instar_core::decide::What;
use instar_core::id::PluginId;
use instar_core::poll::{PollFault, Polled};
use instar_plugin::{Asker, CallContext, Cause, PluginError};

use crate::act::World;
use crate::clock;

/// A long poll waits 50 seconds or less; more is no answer.
const ASK_DEADLINE: Duration = Duration::from_secs(90);

impl World {
    pub(crate) async fn poll(&self, notifier: PluginId, after_ms: u64, failures: u32) -> What {
        if after_ms > 0 {
            tokio::time::sleep(Duration::from_millis(after_ms)).await;
        }
        let result = self.listen_once(&notifier).await.map_err(|error| fault(&error));
        What::Polled { notifier, failures, result }
    }

    async fn listen_once(&self, notifier: &PluginId) -> Result<Polled, PluginError> {
        let cursor = {
            let view = self.view.read().unwrap_or_else(PoisonError::into_inner);
            view.state().poll_cursor(notifier).cloned()
        };
        let call = || CallContext::new(Asker::InboundMessage, clock::now());
        // One poll is one version's, from the question to what it makes of the answer.
        let plugins = self.plugins.now();
        let poll = plugins.next_poll(notifier, &call(), cursor.as_deref()).await?;
        let answer = plugins.ask(notifier, poll.request, ASK_DEADLINE).await?;
        let batch = plugins.receive(notifier, &call(), cursor.as_deref(), answer).await?;
        let pause_ms = u64::try_from(poll.pause.as_millis()).unwrap_or(u64::MAX);
        Ok(Polled { events: batch.events, cursor: batch.cursor, pause_ms })
    }
}

/// A plugin's own word for what is wrong says more than that it failed.
fn fault(error: &PluginError) -> PollFault {
    let code = match &error.cause {
        Cause::PluginFailed(failure) => failure.code.clone(),
        _ => error.code().to_owned(),
    };
    PollFault { code, message: error.to_string(), retry_after_ms: error.retry().filter(|wait| *wait > 0) }
}
