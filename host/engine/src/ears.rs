//! Whose turn it is to listen. Of several processes one polls a notifier at a time; what another one heard before it
//! could be recorded lies ready, and is taken over.

use std::fmt;
use std::io;

use instar_core::id::PluginId;
use instar_plugin::{Asker, Batch, CallContext, Cause, PluginError, Plugins, PollResponse};

use crate::clock;

/// The right to poll a notifier, for as long as it lives.
pub type Turn = Box<dyn fmt::Debug + Send>;

/// An answer to a poll that another process kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// Of two answers the later one has the larger number.
    pub number: u64,
    pub status: u16,
    pub body: Vec<u8>,
    /// Keys of events in it that were dealt with already.
    pub done: Vec<String>,
}

/// What other processes do for and against listening.
pub trait Ears: fmt::Debug + Send + Sync {
    /// `None` while another process has the turn.
    fn turn(&self, notifier: &PluginId) -> io::Result<Option<Turn>>;

    /// The oldest answer that was kept, or the one with this number.
    fn kept(&self, notifier: &PluginId, number: Option<u64>) -> io::Result<Option<KeptAnswer>>;

    /// What was kept under this number is recorded, and needed no more.
    fn taken(&self, notifier: &PluginId, number: u64) -> io::Result<()>;

    /// What was kept under this number cannot be read; it must not stop what follows it.
    fn set_aside(&self, notifier: &PluginId, number: u64) -> io::Result<()>;

    /// Everything up to here is recorded: whoever polls next goes on there.
    fn goes_on(&self, notifier: &PluginId, cursor: &str) -> io::Result<()>;
}

/// The SDK's word for an answer that has another form than it should have; one that is kept will not change.
const BAD_ANSWER: &str = "bad-answer";

/// Whether what was kept cannot be read at another time either.
pub(crate) fn is_unreadable(error: &PluginError) -> bool {
    let is_bad = matches!(&error.cause, Cause::PluginFailed(failure) if failure.code == BAD_ANSWER);
    is_bad || !error.is_retryable()
}

/// What stands in an answer that was kept.
pub(crate) async fn read(
    plugins: &Plugins,
    notifier: &PluginId,
    cursor: Option<&str>,
    kept: KeptAnswer,
) -> Result<Batch, PluginError> {
    let call = CallContext::new(Asker::InboundMessage, clock::now());
    let mut batch = plugins.receive(notifier, &call, cursor, PollResponse::new(kept.status, kept.body)).await?;
    batch.events.retain(|event| !kept.done.contains(&event.key));
    Ok(batch)
}
