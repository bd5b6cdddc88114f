//! What a plugin that is no guard may do beyond thinking: one capability, one file, with its check of the grant beside it.

pub(crate) mod clock;
pub(crate) mod events;
pub(crate) mod http;
pub(crate) mod jobs;
pub(crate) mod kv;
pub(crate) mod process;
mod rate;
pub(crate) mod rights;
mod secrets;
pub(crate) mod sessions;
pub(crate) mod tape;

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use wasmtime::component::Linker;

use self::rate::Bucket;
use crate::state::CallState;
use crate::wit::imports::types::Failure;

/// For the lane of notifiers and execute types; guards are linked without these.
pub(crate) fn add_to_linker(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    tape::add_to_linker(linker)
}

/// What a part of the host answers to a plugin, once it has.
pub type Answered<'a, T> = Pin<Box<dyn Future<Output = Result<T, Refused>> + Send + 'a>>;

/// Why a part of the host did not do what a plugin wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// As the contract names it.
    pub code: &'static str,
    pub message: String,
    /// Whether the same may work later.
    pub retryable: bool,
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Self { retryable: refused.retryable, ..failure(refused.code, refused.message) }
    }
}

/// There is nobody to ask in this process.
fn no_server(what: &str) -> Failure {
    failure("unavailable", format!("there is no server here that has {what}"))
}

/// One more of what a manifest counts by the minute.
fn take_turn(bucket: &Mutex<Bucket>) -> Result<(), Failure> {
    let taken = bucket.lock().unwrap_or_else(PoisonError::into_inner).take(Instant::now());
    taken.map_err(|wait| Failure {
        retryable: true,
        retry_after_ms: u64::try_from(wait.as_millis()).ok(),
        ..failure("rate-limited", "the plugin does this more often than its manifest says")
    })
}

/// A failure that trying again does not mend.
fn failure(code: &str, message: impl Into<String>) -> Failure {
    Failure { code: code.to_owned(), message: message.into(), retryable: false, retry_after_ms: None }
}
