//! Answers that stay open: how many there may be at once, and how they learn that the server ends.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use super::errors::ApiError;

/// More readers of events are sent away; each holds a connection.
const MOST_EVENT_STREAMS: usize = 64;
const MOST_SOCKETS: usize = 32;

/// Cheap to clone; all clones count together.
#[derive(Debug, Clone)]
pub(crate) struct Streams {
    closing: watch::Receiver<bool>,
    events: Arc<Semaphore>,
    sockets: Arc<Semaphore>,
}

/// A stream holds one for as long as it is open.
#[derive(Debug)]
pub(super) struct Place {
    _permit: OwnedSemaphorePermit,
}

impl Streams {
    /// `closing` says true when the server ends.
    pub(crate) fn new(closing: watch::Receiver<bool>) -> Self {
        Self {
            closing,
            events: Arc::new(Semaphore::new(MOST_EVENT_STREAMS)),
            sockets: Arc::new(Semaphore::new(MOST_SOCKETS)),
        }
    }

    pub(super) fn event_place(&self) -> Result<Place, ApiError> {
        place(&self.events, "streams of events", MOST_EVENT_STREAMS)
    }

    pub(super) fn socket_place(&self) -> Result<Place, ApiError> {
        place(&self.sockets, "WebSockets", MOST_SOCKETS)
    }

    /// Returns once no WebSocket is open. They outlive the connections that they began as.
    pub(crate) async fn sockets_ended(&self) {
        let _ = self.sockets.acquire_many(u32::try_from(MOST_SOCKETS).unwrap_or(u32::MAX)).await;
    }

    pub(super) fn closing(&self) -> watch::Receiver<bool> {
        self.closing.clone()
    }
}

fn place(places: &Arc<Semaphore>, what: &str, most: usize) -> Result<Place, ApiError> {
    match places.clone().try_acquire_owned() {
        Ok(permit) => Ok(Place { _permit: permit }),
        Err(_) => Err(ApiError::unavailable(format!("{most} {what} are open already, and no more can be"))),
    }
}

/// Returns when the server ends, also when whoever says so is gone.
pub(super) async fn closed(closing: &mut watch::Receiver<bool>) {
    let _ = closing.wait_for(|closing| *closing).await;
}
