//! The host's clocks.

use std::sync::LazyLock;
use std::time::{Instant, SystemTime};

use crate::state::CallState;
use crate::wit::imports::clock;

/// Some moment, as the contract says.
static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

impl clock::Host for CallState {
    fn now_ms(&mut self) -> u64 {
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX)
    }

    fn monotonic_ns(&mut self) -> u64 {
        u64::try_from(ORIGIN.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}
