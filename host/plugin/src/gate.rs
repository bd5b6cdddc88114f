//! The queue before a pool: a full pool means waiting in turn, and after a while being told so.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::Cause;

/// Lets as many in as there are instances.
#[derive(Debug, Clone)]
pub(crate) struct Gate(Arc<Semaphore>);

/// A place inside; given back when dropped.
pub(crate) type Place = OwnedSemaphorePermit;

impl Gate {
    pub(crate) fn new(places: usize) -> Self {
        Self(Arc::new(Semaphore::new(places)))
    }

    #[cfg(test)]
    pub(crate) fn free(&self) -> usize {
        self.0.available_permits()
    }

    pub(crate) async fn enter(&self, wait: Duration) -> Result<Place, Cause> {
        match tokio::time::timeout(wait, Arc::clone(&self.0).acquire_owned()).await {
            Ok(place) => Ok(place.expect("the gate is never closed")),
            Err(_) => Err(Cause::Busy { waited: wait }),
        }
    }

    /// The same for a thread that may block.
    pub(crate) fn enter_blocking(&self, wait: Duration) -> Result<Place, Cause> {
        let deadline = Instant::now() + wait;
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut turn = pin!(Arc::clone(&self.0).acquire_owned());
        loop {
            if let Poll::Ready(place) = turn.as_mut().poll(&mut Context::from_waker(&waker)) {
                return Ok(place.expect("the gate is never closed"));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Cause::Busy { waited: wait });
            }
            thread::park_timeout(left);
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_waits_for_its_turn_and_no_longer_than_it_should() {
        let gate = Gate::new(1);
        let place = gate.enter_blocking(Duration::ZERO).unwrap();
        assert_eq!(gate.enter_blocking(Duration::from_millis(5)).unwrap_err().code(), "busy");
        let waiting = thread::spawn({
            let gate = gate.clone();
            move || gate.enter_blocking(Duration::from_secs(10)).is_ok()
        });
        drop(place);
        assert!(waiting.join().unwrap());
        assert_eq!(gate.free(), 1);
    }
}
