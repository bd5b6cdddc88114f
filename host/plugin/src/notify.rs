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

/// One call of a notifier: a fresh instance, its answer within the time that is left, and the plugin's name on whatever
/// went wrong. `$half` finds the plugin and the interface, `$input` is how many bytes it gets.
macro_rules! ask_notifier {
    ($plugins:ident, $half:expr, $call:expr, $input:expr, |$live:ident, $guest:ident, $ctx:ident| $answer:expr) => {{
        let (plugin, indices) = $half?;
        let answered = async {
            let mut $live = $plugins.teller(plugin, $call, plugin.limits.notifier).start_async($input).await?;
            let $ctx = $call.into();
            let limit = $live.left();
            let outcome = tokio::time::timeout(limit, async {
                let $guest = indices.load(&mut $live.store, &$live.instance)?;
                $answer
            })
            .await;
            $live.settle_async(outcome)?.map_err(|failure| $crate::error::Cause::PluginFailed(failure.into()))
        };
        answered.await.map_err(|cause| plugin.error(cause))
    }};
}
pub(crate) use ask_notifier;

impl Plugins {
    /// Those that tell people what happens. One that ships does so once it has a configuration.
    pub fn notifiers(&self) -> Vec<PluginId> {
        let tells = |plugin: &&Loaded| {
            plugin.is_set_up && plugin.driver.as_ref().is_some_and(|driver| driver.notifier.is_some())
        };
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
        let receipt = ask_notifier!(self, self.notifier(notifier), call, bytes(message), |live, guest, ctx| {
            let blobs = &mut live.store.data_mut().blobs;
            let handles = message.attachments.iter().map(|attachment| blobs.lend(&attachment.path)).collect();
            let message = since_v0_1::message(message, handles);
            guest.call_deliver(&mut live.store, &ctx, &message, part).await
        })?;
        Ok(Receipt { provider_id: text::clean(&receipt.provider_id), more: receipt.more })
    }

    /// Where messages would go, in one sentence; nobody is told anything.
    pub async fn probe(&self, notifier: &PluginId, call: &CallContext) -> Result<String, PluginError> {
        let answer = ask_notifier!(self, self.notifier(notifier), call, 0, |live, guest, ctx| {
            guest.call_probe(&mut live.store, &ctx).await
        })?;
        Ok(text::clean(&answer))
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
        let input = conversation.len() + name.len();
        let opened = ask_notifier!(self, self.threads(notifier), call, input, |live, guest, ctx| {
            guest.call_open(&mut live.store, &ctx, conversation, name, severity.into()).await
        })?;
        Ok(text::clean(&opened))
    }

    pub async fn rename_thread(
        &self,
        notifier: &PluginId,
        call: &CallContext,
        address: &Address,
        name: &str,
    ) -> Result<(), PluginError> {
        ask_notifier!(self, self.threads(notifier), call, name.len(), |live, guest, ctx| {
            guest.call_rename(&mut live.store, &ctx, &address.into(), name).await
        })
    }

    pub async fn close_thread(
        &self,
        notifier: &PluginId,
        call: &CallContext,
        address: &Address,
    ) -> Result<(), PluginError> {
        ask_notifier!(self, self.threads(notifier), call, 0, |live, guest, ctx| {
            guest.call_close(&mut live.store, &ctx, &address.into()).await
        })
    }

    pub async fn reopen_thread(
        &self,
        notifier: &PluginId,
        call: &CallContext,
        address: &Address,
    ) -> Result<(), PluginError> {
        ask_notifier!(self, self.threads(notifier), call, 0, |live, guest, ctx| {
            guest.call_reopen(&mut live.store, &ctx, &address.into()).await
        })
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
        let callee = self.callee(plugin, self.driver_lane.as_ref(), &driver.pre, &call.trace_id, limits);
        Callee { depth: call.depth, ..callee }
    }
}

fn bytes(message: &Message) -> usize {
    let choices: usize = message.choices.iter().map(|choice| choice.label.len() + choice.token.len()).sum();
    let names: usize = message.attachments.iter().map(|file| file.name.len() + file.mime.len()).sum();
    message.title.len() + message.body_markdown.len() + choices + names
}
