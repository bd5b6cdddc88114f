//! The host's clocks. A plugin without the grant is not loaded; if it asks all the same, the clocks stand still.

use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;

use crate::state::CallState;
use crate::wit::imports::clock;

/// Some moment, as the contract says.
static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Both clocks of those who try a plugin out: they move only when they are told to.
#[derive(Debug)]
pub struct StoppedClock(Mutex<Timestamp>);

impl StoppedClock {
    pub fn at(now: Timestamp) -> Self {
        Self(Mutex::new(now))
    }

    pub fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes on by so much, at most to the end of all time.
    pub fn pass(&self, time: Duration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.saturating_add(time).unwrap_or(Timestamp::MAX);
    }
}

impl clock::Host for CallState {
    fn now_ms(&mut self) -> u64 {
        if !self.may_see_the_clock() {
            return 0;
        }
        if let Some(stopped) = self.stopped_clock() {
            return u64::try_from(stopped.as_millisecond()).unwrap_or_default();
        }
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX)
    }

    fn monotonic_ns(&mut self) -> u64 {
        if !self.may_see_the_clock() {
            return 0;
        }
        if let Some(stopped) = self.stopped_clock() {
            return u64::try_from(stopped.as_nanosecond()).unwrap_or_default();
        }
        u64::try_from(ORIGIN.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

impl CallState {
    fn stopped_clock(&self) -> Option<Timestamp> {
        Some(self.rights.as_ref()?.means.stopped_clock.as_ref()?.now())
    }

    fn may_see_the_clock(&self) -> bool {
        self.rights.as_ref().is_some_and(|rights| rights.grants.clock)
    }
}
