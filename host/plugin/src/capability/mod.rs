//! What a plugin that is no guard may do beyond thinking: one capability, one file, with its check of the grant beside it.

mod clock;
pub(crate) mod http;
pub(crate) mod kv;
mod rate;
pub(crate) mod rights;
mod secrets;

use wasmtime::component::{HasSelf, Linker};

use crate::state::CallState;
use crate::wit::imports;
use crate::wit::imports::types::Failure;

/// For the lane of notifiers and execute types; guards are linked without these.
pub(crate) fn add_to_linker(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    imports::clock::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)?;
    imports::kv::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)?;
    imports::secrets::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)?;
    imports::http::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)
}

/// A failure that trying again does not mend.
fn failure(code: &str, message: impl Into<String>) -> Failure {
    Failure { code: code.to_owned(), message: message.into(), retryable: false, retry_after_ms: None }
}
