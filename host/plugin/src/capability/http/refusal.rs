//! Why there is no answer to a request.

use std::time::Duration;

use crate::capability::failure;
use crate::wit::imports::http::FetchError;
use crate::wit::imports::types::Failure;

/// A request without an answer. Its words hold no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} ({code})")]
pub struct Refusal {
    /// As the contract names it, such as `not-allowed`.
    pub code: &'static str,
    pub message: String,
    /// Whether the other side may have acted upon it all the same.
    pub sent: bool,
    /// When the same request may work; `None` when it will not.
    pub retry: Option<Duration>,
}

impl Refusal {
    /// One that trying again does not mend; nothing was sent.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), sent: false, retry: None }
    }

    /// One that may be over before long.
    pub(crate) fn passing(code: &'static str, message: impl Into<String>, sent: bool) -> Self {
        Self { sent, retry: Some(Duration::ZERO), ..Self::new(code, message) }
    }
}

impl From<Refusal> for FetchError {
    fn from(refusal: Refusal) -> Self {
        let wait = refusal.retry.filter(|wait| !wait.is_zero());
        let retry_after_ms = wait.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        let failure =
            Failure { retryable: refusal.retry.is_some(), retry_after_ms, ..failure(refusal.code, refusal.message) };
        Self { failure, sent: refusal.sent }
    }
}
