//! Effects on threads: opening one, and changing one that is there.

use std::time::Duration;

use instar_core::decide::What;
use instar_core::id::PluginId;
use instar_core::notice::Address;
use instar_core::thread::{ThreadChange, ThreadFault, ThreadState};
use instar_core::verdict::Severity;
use instar_plugin::{Asker, CallContext, Cause, PluginError};

use crate::act::{World, chain, within};
use crate::clock;

const DEADLINE: Duration = Duration::from_secs(30);

impl World {
    /// What the other side calls the thread.
    pub(crate) async fn open_thread(
        &self,
        notifier: &PluginId,
        conversation: &str,
        name: &str,
        severity: Severity,
        depth: u32,
    ) -> Result<String, ThreadFault> {
        let call = CallContext { depth, ..CallContext::new(Asker::Operator, clock::now()) };
        let plugins = self.plugins.now();
        let opened = plugins.open_thread(notifier, &call, conversation, name, severity);
        match within(DEADLINE, opened).await {
            Some(Ok(thread)) => Ok(thread),
            Some(Err(error)) => Err(ThreadFault { message: chain(&error), retry: error.retry() }),
            None => Err(ThreadFault { message: format!("no answer in {DEADLINE:?}"), retry: Some(0) }),
        }
    }

    /// A sign is worth one try.
    pub(crate) async fn change_thread(
        &self,
        notifier: &PluginId,
        address: &Address,
        change: &ThreadChange,
        depth: u32,
    ) -> What {
        let call = CallContext { depth, ..CallContext::new(Asker::Operator, clock::now()) };
        let plugins = self.plugins.now();
        let changed = async {
            match change {
                ThreadChange::Rename(name) => plugins.rename_thread(notifier, &call, address, name).await,
                ThreadChange::Close => plugins.close_thread(notifier, &call, address).await,
                ThreadChange::Reopen => plugins.reopen_thread(notifier, &call, address).await,
            }
        };
        match within(DEADLINE, changed).await {
            Some(Ok(())) => {}
            Some(Err(error)) => tracing::warn!(error = chain(&error), "a thread was not changed"),
            None => tracing::warn!(%notifier, "a thread was not changed in {DEADLINE:?}"),
        }
        What::Done
    }
}

/// Whether a message was refused for the state of its thread.
pub(crate) fn thread_state(error: &PluginError) -> Option<ThreadState> {
    match &error.cause {
        Cause::PluginFailed(failure) if failure.code == "thread-gone" => Some(ThreadState::Gone),
        Cause::PluginFailed(failure) if failure.code == "thread-closed" => Some(ThreadState::Closed),
        _ => None,
    }
}
