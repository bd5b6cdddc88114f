//! Calls of notifiers that tell. What they hear is `hear`'s.

use instar_core::id::PluginId;
use instar_core::notice::{Address, Message};
use instar_core::verdict::Severity;

use crate::call::Callee;
use crate::error::{Cause, PluginError};
use crate::limits::CallLimits;
use crate::plugins::{DriverHalf, Loaded, Plugins};
use crate::text;
use crate::wit::exports::{notifier, notifier_threads};
use crate::wit::since_v0_1::{self, CallContext};

/// Proof of the delivery of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// What the other side calls it; may be empty.
    pub provider_id: String,
    /// Whether the message has further parts.
    pub more: bool,
}

/// One call of a guest within the time that is left: its answer, or why there is none.
macro_rules! ask_guest {
    ($live:ident, $indices:expr, |$guest:ident| $call:expr) => {{
        let limit = $live.left();
        let outcome = tokio::time::timeout(limit, async {
            let $guest = $indices.load(&mut $live.store, &$live.instance)?;
            $call.await
        })
        .await;
        $live.settle_async(outcome)?.map_err(|failure| Cause::PluginFailed(failure.into()))
    }};
}
pub(crate) use ask_guest;

impl Plugins {
    pub fn notifiers(&self) -> Vec<PluginId> {
        let tells = |plugin: &&Loaded| plugin.driver.as_ref().is_some_and(|driver| driver.notifier.is_some());
        self.loaded.iter().filter(tells).map(|plugin| plugin.id.clone()).collect()
    }

    /// Whether it has threads, such as the topics of a forum.
    pub fn has_threads(&self, notifier: &PluginId) -> bool {
        self.half(notifier, |driver| driver.threads.as_ref()).is_ok()
    }

    /// Tells people one part, once. Whether and when to try again is the caller's business.
    pub async fn deliver(
        &self,
        notifier: &PluginId,
        call: &CallContext,
        message: &Message,
        part: u32,
    ) -> Result<Receipt, PluginError> {
        let (plugin, indices) = self.notifier(notifier)?;
        let delivered = async {
            let mut live = self.teller(plugin, call, self.limits.notifier).start_async(bytes(message)).await?;
            let blobs = &mut live.store.data_mut().blobs;
            let handles = message.attachments.iter().map(|attachment| blobs.lend(&attachment.path)).collect();
            let message = since_v0_1::message(message, handles);
            let call = call.into();
            let receipt =
                ask_guest!(live, indices, |guest| guest.call_deliver(&mut live.store, &call, &message, part))?;
            Ok(Receipt { provider_id: text::clean(&receipt.provider_id), more: receipt.more })
        };
        delivered.await.map_err(|cause| plugin.error(cause))
    }

    /// Where messages would go, in one sentence; nobody is told anything.
    pub async fn probe(&self, notifier: &PluginId, call: &CallContext) -> Result<String, PluginError> {
        let (plugin, indices) = self.notifier(notifier)?;
        let probed = async {
            let mut live = self.teller(plugin, call, self.limits.notifier).start_async(0).await?;
            let call = call.into();
            let answer = ask_guest!(live, indices, |guest| guest.call_probe(&mut live.store, &call))?;
            Ok(text::clean(&answer))
        };
        probed.await.map_err(|cause| plugin.error(cause))
    }

    /// Opens a thread, and answers what the other side calls it.
    pub async fn open_thread(
        &self,
        notifier: &PluginId,
        call: &CallContext,
        conversation: &str,
        name: &str,
        severity: Severity,
    ) -> Result<String, PluginError> {
        let (plugin, indices) = self.threads(notifier)?;
        let opened = async {
            let input = conversation.len() + name.len();
            let mut live = self.teller(plugin, call, self.limits.notifier).start_async(input).await?;
            let (call, severity) = (call.into(), severity.into());
            let opened = ask_guest!(live, indices, |guest| {
                guest.call_open(&mut live.store, &call, conversation, name, severity)
            })?;
            Ok(text::clean(&opened))
        };
        opened.await.map_err(|cause| plugin.error(cause))
    }

    pub async fn rename_thread(
        &self,
        notifier: &PluginId,
        call: &CallContext,
        address: &Address,
        name: &str,
    ) -> Result<(), PluginError> {
        let (plugin, indices) = self.threads(notifier)?;
        let renamed = async {
            let mut live = self.teller(plugin, call, self.limits.notifier).start_async(name.len()).await?;
            let (call, address) = (call.into(), address.into());
            ask_guest!(live, indices, |guest| guest.call_rename(&mut live.store, &call, &address, name))
        };
        renamed.await.map_err(|cause| plugin.error(cause))
    }

    pub async fn close_thread(
        &self,
        notifier: &PluginId,
        call: &CallContext,
        address: &Address,
    ) -> Result<(), PluginError> {
        let (plugin, indices) = self.threads(notifier)?;
        let closed = async {
            let mut live = self.teller(plugin, call, self.limits.notifier).start_async(0).await?;
            let (call, address) = (call.into(), address.into());
            ask_guest!(live, indices, |guest| guest.call_close(&mut live.store, &call, &address))
        };
        closed.await.map_err(|cause| plugin.error(cause))
    }

    pub async fn reopen_thread(
        &self,
        notifier: &PluginId,
        call: &CallContext,
        address: &Address,
    ) -> Result<(), PluginError> {
        let (plugin, indices) = self.threads(notifier)?;
        let reopened = async {
            let mut live = self.teller(plugin, call, self.limits.notifier).start_async(0).await?;
            let (call, address) = (call.into(), address.into());
            ask_guest!(live, indices, |guest| guest.call_reopen(&mut live.store, &call, &address))
        };
        reopened.await.map_err(|cause| plugin.error(cause))
    }

    fn notifier(&self, id: &PluginId) -> Result<(&Loaded, &notifier::GuestIndices), PluginError> {
        self.half(id, |driver| driver.notifier.as_ref())
    }

    fn threads(&self, id: &PluginId) -> Result<(&Loaded, &notifier_threads::GuestIndices), PluginError> {
        self.half(id, |driver| driver.threads.as_ref())
    }

    /// A notifier with the interface that is needed of it.
    pub(crate) fn half<'a, T>(
        &'a self,
        id: &PluginId,
        interface: impl Fn(&'a DriverHalf) -> Option<&'a T>,
    ) -> Result<(&'a Loaded, &'a T), PluginError> {
        let plugin = self.loaded.iter().find(|plugin| plugin.id == *id);
        let found = plugin.and_then(|plugin| Some((plugin, interface(plugin.driver.as_ref()?)?)));
        found.ok_or_else(|| PluginError::new(id, Cause::UnknownNotifier))
    }

    pub(crate) fn teller<'a>(&'a self, plugin: &'a Loaded, call: &'a CallContext, limits: CallLimits) -> Callee<'a> {
        let driver = plugin.driver.as_ref().expect("a notifier has a driver half");
        self.callee(plugin, self.driver_lane.as_ref(), &driver.pre, &call.trace_id, limits)
    }
}

fn bytes(message: &Message) -> usize {
    let choices: usize = message.choices.iter().map(|choice| choice.label.len() + choice.token.len()).sum();
    let names: usize = message.attachments.iter().map(|file| file.name.len() + file.mime.len()).sum();
    message.title.len() + message.body_markdown.len() + choices + names
}
