//! Listening: what a notifier brought from one poll, or why it brought nothing.

use serde::{Deserialize, Serialize};

use crate::inbound::Inbound;

/// What one poll brought.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Polled {
    /// In their order; some of them may have been heard before.
    pub events: Vec<Inbound>,
    /// Where to go on. `None`: as before.
    pub cursor: Option<String>,
    /// How long to wait before the next poll.
    pub pause_ms: u64,
}

/// Why a poll brought nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollFault {
    /// The notifier's own word, such as `other-poller`, or the host's, such as `timeout`.
    pub code: String,
    pub message: String,
    /// How long the other side wants to be left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

/// How listening goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Listening {
    /// What was heard is kept; the next poll goes on here.
    At { cursor: String },
    /// From now on polls fail for this reason.
    Failing(PollFault),
    /// Polls bring something again.
    Works,
    /// The notifier was taken away; nobody listens to it any more.
    Ended,
}

const FIRST_WAIT_MS: u64 = 1_000;
const LONGEST_WAIT_MS: u64 = 60_000;
const LONGEST_WISH_MS: u64 = 3_600_000;

impl PollFault {
    /// How long to wait after so many failures in a row before this one.
    pub fn wait_ms(&self, failures: u32) -> u64 {
        let own = FIRST_WAIT_MS.saturating_mul(1 << failures.min(16)).min(LONGEST_WAIT_MS);
        own.max(self.retry_after_ms.unwrap_or(0).min(LONGEST_WISH_MS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_minute_and_the_other_side_may_ask_for_more() {
        let fault = |retry_after_ms| PollFault { code: "x".into(), message: String::new(), retry_after_ms };
        assert_eq!(
            [0, 1, 5, 6, 99].map(|failures| fault(None).wait_ms(failures)),
            [1_000, 2_000, 32_000, 60_000, 60_000]
        );
        assert_eq!(fault(Some(90_000)).wait_ms(0), 90_000);
        assert_eq!(fault(Some(u64::MAX)).wait_ms(0), LONGEST_WISH_MS);
    }
}
