//! Calls of notifiers that hear: what to ask, and what an answer says. No instance waits for the answer.

use std::path::PathBuf;
use std::time::Duration;

use instar_core::id::PluginId;
use instar_core::inbound::{Inbound, Mark};
use instar_core::notice::Address;

use crate::blobs::Blobs;
use crate::capability::http::{self, Keep, Who};
use crate::error::{Cause, PluginError};
use crate::notify::ask_notifier;
use crate::plugins::{Loaded, Plugins};
use crate::text;
use crate::wit::exports::notifier_inbound::GuestIndices;
use crate::wit::imports::http as wit_http;
use crate::wit::since_v0_1::{self, CallContext};

/// A guest that tells of more than this at once is at fault.
const MOST_EVENTS: usize = 1000;
const LONGEST_CURSOR: usize = 4096;

/// What a notifier wants the host to ask.
#[derive(Debug, Clone)]
pub struct Poll {
    pub request: PollRequest,
    /// How long after the beginning of this one the next one begins at the earliest.
    pub pause: Duration,
}

/// A request in the plugin's words; [`Plugins::ask`] carries it out within the plugin's grants.
#[derive(Debug, Clone)]
pub struct PollRequest(pub(crate) wit_http::Request);

/// What the other side answered to a poll, to be read by the plugin that asked.
#[derive(Debug, Clone)]
pub struct PollResponse(pub(crate) wit_http::Response);

impl PollResponse {
    /// One that did not come from the network, such as one that was kept.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self(wit_http::Response { status, headers: Vec::new(), body: body.into() })
    }

    pub fn status(&self) -> u16 {
        self.0.status
    }

    pub fn body(&self) -> &[u8] {
        &self.0.body
    }
}

/// What was in an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    pub events: Vec<Inbound>,
    /// Where to go on, once the events are kept. `None`: as before.
    pub cursor: Option<String>,
}

/// A file that somebody sent, brought here. It is the caller's now.
#[derive(Debug, PartialEq, Eq)]
pub struct FetchedFile {
    pub path: PathBuf,
    pub size: u64,
}

impl Plugins {
    /// Whether people can say something through it.
    pub fn hears(&self, notifier: &PluginId) -> bool {
        self.inbound(notifier).is_ok()
    }

    /// What to ask next; without a cursor for the first time ever.
    pub async fn next_poll(
        &self,
        notifier: &PluginId,
        call: &CallContext,
        cursor: Option<&str>,
    ) -> Result<Poll, PluginError> {
        let input = cursor.map_or(0, str::len);
        let poll = ask_notifier!(self, self.inbound(notifier), call, input, |live, guest, ctx| {
            guest.call_next_poll(&mut live.store, &ctx, cursor).await
        })?;
        Ok(Poll { request: PollRequest(poll.request), pause: Duration::from_millis(poll.pause_ms) })
    }

    /// Asks what a plugin wants asked, within its rights. No instance waits meanwhile.
    pub async fn ask(
        &self,
        notifier: &PluginId,
        request: PollRequest,
        time: Duration,
    ) -> Result<PollResponse, PluginError> {
        let (plugin, _) = self.inbound(notifier)?;
        let rights = plugin.rights.as_ref().ok_or_else(|| PluginError::new(notifier, Cause::UnknownNotifier))?;
        let asked = http::ask(rights, &Blobs::default(), request.0, time, Keep::Bytes, Who::Host).await;
        asked.map(|(response, _)| PollResponse(response)).map_err(|refusal| plugin.error(Cause::Unasked(refusal)))
    }

    /// What an answer says, whatever its status.
    pub async fn receive(
        &self,
        notifier: &PluginId,
        call: &CallContext,
        cursor: Option<&str>,
        response: PollResponse,
    ) -> Result<Batch, PluginError> {
        // How much comes back was limited when it was asked for.
        let batch = ask_notifier!(self, self.inbound(notifier), call, 0, |live, guest, ctx| {
            guest.call_receive(&mut live.store, &ctx, cursor, &response.0).await
        })?;
        if batch.events.len() > MOST_EVENTS || batch.cursor.as_ref().is_some_and(|it| it.len() > LONGEST_CURSOR) {
            let much = format!("more than {MOST_EVENTS} events, or a cursor of more than {LONGEST_CURSOR} bytes");
            return Err(PluginError::new(notifier, Cause::InvalidOutput(much)));
        }
        let events = batch.events.into_iter().map(|event| since_v0_1::inbound(event, call.now)).collect();
        Ok(Batch { events, cursor: batch.cursor.as_deref().map(text::clean) })
    }

    /// Brings a file that somebody sent.
    pub async fn fetch_file(
        &self,
        notifier: &PluginId,
        call: &CallContext,
        id: &str,
    ) -> Result<FetchedFile, PluginError> {
        let (plugin, indices) = self.inbound(notifier)?;
        let fetched = async {
            let mut live = self.teller(plugin, call, plugin.limits.transfer).start_async(id.len()).await?;
            let call = call.into();
            let limit = live.left();
            let outcome = tokio::time::timeout(limit, async {
                let guest = indices.load(&mut live.store, &live.instance)?;
                guest.call_fetch_file(&mut live.store, &call, id).await
            })
            .await;
            let mut blobs = std::mem::take(&mut live.store.data_mut().blobs);
            let handle = live.settle_async(outcome)?.map_err(|failure| Cause::PluginFailed(failure.into()))?;
            let Some(file) = blobs.take(&handle) else {
                return Err(Cause::InvalidOutput("the handle of a file that it did not download".to_owned()));
            };
            let unusable = |error: std::io::Error| Cause::InvalidOutput(format!("a file that is gone: {error}"));
            let size = std::fs::metadata(&file).map_err(unusable)?.len();
            Ok(FetchedFile { path: file.keep().map_err(|error| unusable(error.error))?, size })
        };
        fetched.await.map_err(|cause| plugin.error(cause))
    }

    /// Shows the sender how it went, by the smallest sign there is.
    pub async fn mark(
        &self,
        notifier: &PluginId,
        call: &CallContext,
        address: &Address,
        handle: &str,
        mark: Mark,
        note: Option<&str>,
    ) -> Result<(), PluginError> {
        let input = handle.len() + note.map_or(0, str::len);
        ask_notifier!(self, self.inbound(notifier), call, input, |live, guest, ctx| {
            guest.call_mark(&mut live.store, &ctx, &address.into(), handle, mark.into(), note).await
        })
    }

    pub(crate) fn inbound(&self, id: &PluginId) -> Result<(&Loaded, &GuestIndices), PluginError> {
        self.half(id, |driver| driver.inbound.as_ref())
    }
}
