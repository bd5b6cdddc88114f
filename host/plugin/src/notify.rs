//! Calls of notifiers.

use instar_core::id::PluginId;
use instar_core::notice::Notice;

use crate::call::Callee;
use crate::error::{Cause, PluginError};
use crate::plugins::{Loaded, Plugins};
use crate::text;
use crate::wit::exports::notifier::{self, GuestIndices};
use crate::wit::since_v0_1::CallContext;

/// Proof of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// What the other side calls the message; may be empty.
    pub provider_id: String,
}

impl Plugins {
    pub fn notifiers(&self) -> Vec<PluginId> {
        let is_notifier = |plugin: &&Loaded| indices(plugin).is_some();
        self.loaded.iter().filter(is_notifier).map(|plugin| plugin.id.clone()).collect()
    }

    /// Tells people once. Whether and when to try again is the caller's business.
    pub async fn deliver(
        &self,
        notifier: &PluginId,
        call: &CallContext,
        notice: &Notice,
    ) -> Result<Receipt, PluginError> {
        let (plugin, indices) = self.notifier(notifier)?;
        let delivered = async {
            let input = notice.title.len() + notice.body_markdown.len();
            let mut live = self.teller(plugin, &call.trace_id).start_async(input).await?;
            let notice = notifier::Notice::from(notice);
            let limit = live.left();
            let outcome = tokio::time::timeout(limit, async {
                let guest = indices.load(&mut live.store, &live.instance)?;
                guest.call_deliver(&mut live.store, &call.into(), &notice).await
            })
            .await;
            let receipt = live.settle_async(outcome)?.map_err(|failure| Cause::PluginFailed(failure.into()))?;
            Ok(Receipt { provider_id: text::clean(&receipt.provider_id) })
        };
        delivered.await.map_err(|cause| plugin.error(cause))
    }

    /// Where notices would go, in one sentence; nobody is told anything.
    pub async fn probe(&self, notifier: &PluginId, call: &CallContext) -> Result<String, PluginError> {
        let (plugin, indices) = self.notifier(notifier)?;
        let probed = async {
            let mut live = self.teller(plugin, &call.trace_id).start_async(0).await?;
            let limit = live.left();
            let outcome = tokio::time::timeout(limit, async {
                let guest = indices.load(&mut live.store, &live.instance)?;
                guest.call_probe(&mut live.store, &call.into()).await
            })
            .await;
            let answer = live.settle_async(outcome)?.map_err(|failure| Cause::PluginFailed(failure.into()))?;
            Ok(text::clean(&answer))
        };
        probed.await.map_err(|cause| plugin.error(cause))
    }

    fn notifier(&self, id: &PluginId) -> Result<(&Loaded, &GuestIndices), PluginError> {
        let plugin = self.loaded.iter().find(|plugin| plugin.id == *id);
        let found = plugin.and_then(|plugin| Some((plugin, indices(plugin)?)));
        found.ok_or_else(|| PluginError::new(id, Cause::UnknownNotifier))
    }

    fn teller<'a>(&'a self, plugin: &'a Loaded, trace_id: &'a str) -> Callee<'a> {
        let driver = plugin.driver.as_ref().expect("a notifier has a driver half");
        self.callee(plugin, self.driver_lane.as_ref(), &driver.pre, trace_id, self.limits.notifier)
    }
}

fn indices(plugin: &Loaded) -> Option<&GuestIndices> {
    plugin.driver.as_ref()?.notifier.as_ref()
}
