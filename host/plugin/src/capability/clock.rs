//! The host's clocks. A plugin without the grant is not loaded; if it asks all the same, the clocks stand still.

use std::sync::LazyLock;
use std::time::{Instant, SystemTime};

use crate::state::CallState;
use crate::wit::imports::clock;

/// Some moment, as the contract says.
static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

impl clock::Host for CallState {
    fn now_ms(&mut self) -> u64 {
        if !self.may_see_the_clock() {
            return 0;
        }
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX)
    }

    fn monotonic_ns(&mut self) -> u64 {
        if !self.may_see_the_clock() {
            return 0;
        }
        u64::try_from(ORIGIN.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

impl CallState {
    fn may_see_the_clock(&self) -> bool {
        self.rights.as_ref().is_some_and(|rights| rights.grants.clock)
    }
}
